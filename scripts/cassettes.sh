#!/usr/bin/env bash
# Records the files of cassettes/: each documented invitation of the editions 2021-02 and 2019-05, between
# the built-in service and confcall as the bot. Ids and pseudonyms differ in each recording.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
confcall=target/release/confcall
work=$(mktemp -d)
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -r "$work"
}
trap finish EXIT

# COUNT COMMAND...: starts a command that prints `listening URL` COUNT times; the URLs are then in $urls.
start() {
    local lines=$1
    shift
    : >"$work/said"
    "$@" >"$work/said" &
    started+=("$!")
    until (($(grep -c '^listening ' "$work/said") >= lines)); do sleep 0.05; done
    mapfile -t urls < <(sed -n 's/^listening //p' "$work/said")
}
end() {
    kill -TERM "$1"
    wait "$1"
}

bot=127.0.0.1:${CONFCALL_BOT_PORT:-18090}
for edition in 2021-02 2019-05; do
    "$confcall" list --operation invite --api beta --edition "$edition" --format json |
        sed -n 's/^ *"id": "\(.*\)",$/\1/p' | grep -v '/en/' | while read -r id; do
        cassette=cassettes/$id.jsonl
        # A glob must match the whole id; a plain word would also match longer ids.
        only="[${id:0:1}]${id:1}"
        mkdir -p "$(dirname "$cassette")"
        rm -f "$cassette"
        started=()
        start 1 "$confcall" serve --edition "$edition"
        service=${urls[0]%/}
        start 2 "$confcall" record --cassette "$cassette" --service "$service" --bot "http://$bot"
        to_service=${urls[0]} to_bot=${urls[1]}
        given=(--given create)
        if "$confcall" list --format json "$only" | grep -q '"incoming-call"\|"operation-fails"'; then
            # Only the service can bring these states about. It notifies the bot through the recorder.
            given=(--given "$service/control/given" --callback-url "$to_bot")
        fi
        "$confcall" run "$only" --service "$to_service" --callback-listen "$bot" \
            --settle 50ms "${given[@]}" | tail -n 1
        for process in "${started[@]}"; do end "$process"; done
    done
done
"$confcall" check $(find cassettes -name '*.jsonl' | sort) | tail -n 1
