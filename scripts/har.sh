#!/usr/bin/env bash
# Exchanges HAR 1.2 files with other tools, in both directions.
#
# Reading: Chromium's network panel, Playwright and mitmproxy write HAR files of a conversation with
# `confcall serve`, and `confcall check` judges these files. If the browser uses `confcall record` as its proxy,
# `confcall check` judges the cassette too. The tools also write HAR files of a visit to the website of
# `scripts/website`, Playwright in each of its modes. `confcall replay` then plays the website to the same
# visitor, which must see the same answers.
# Writing: `confcall show --format har` converts the cassettes. The files are checked against the JSON
# Schema of HAR, mitmproxy and Chromium's network panel show them, and mitmproxy and Playwright replay them.
#
# Reports each skipped tool with the reason; ends with 1 if a check failed. --install installs missing
# tools first. CONFCALL_HAR_KEEP=DIR keeps the files of the tools, for tests/fixtures/har.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

need python3 python3 python3-venv || true
need node nodejs || true
need chromium chromium || true
need openssl openssl || true
need certutil libnss3-tools || true
need curl curl || true
cargo build --quiet
confcall=target/debug/confcall
# The token has the form of a pseudonym, so that the files of the tools contain no secret.
token=redacted-secret-0123456789ab
conversation=participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call

export NODE_PATH="$folder/node_modules"
browses=true
if ! has chromium; then
    skip "Chromium" "$lacking"
    browses=false
elif ! has node || ! npm_packages playwright-core; then
    skip "Chromium" "the script needs Node with its package playwright-core: $lacking"
    browses=false
fi
mitmdump=""
if has mitmdump; then
    mitmdump=mitmdump
elif has python3 && "$installs" && python_with mitmproxy mitmproxy; then
    mitmdump=$(dirname "$python")/mitmdump
else
    skip "mitmproxy" "$lacking"
fi
mitm() { "$mitmdump" --set confdir="$folder/mitmproxy" "$@"; }

# NAME FILE: checks that the conversation of the file is recognised and that both parties pass.
judge() {
    local name=$1 file=$2 passed
    if ! "$confcall" check --edition 2021-02 --report json="$folder/report.json" "$file" \
        >"$folder/said" 2>&1; then
        fail "$name: $(tail -n 5 "$folder/said")"
        return
    fi
    passed=$(grep -c '"verdict": "pass"' "$folder/report.json" || true)
    if ((passed < 2)) || grep -qE '^warning|participants/invite' "$folder/said"; then
        fail "$name: $(grep -E '^warning|invite|passed' "$folder/said")"
        return
    fi
    ok "$name"
}

start "$confcall" serve --edition 2021-02 --token "$token"
service=${started#listening }
service=${service%/}

if "$browses"; then
    # NAME FILES ADDRESS [PROXY]: judges the two files that the browser writes.
    browse() {
        local name=$1 panel="$folder/chromium-$2.har" recorded="$folder/playwright-$2.har"
        shift 2
        if node scripts/har/record.mjs "$(command -v chromium)" "$1" "$panel" "$recorded" "${@:2}" \
            2>"$folder/error"; then
            judge "Chromium's network panel, $name, is read" "$panel"
            judge "Playwright, $name, is read" "$recorded"
        else
            fail "Chromium, $name: $(tail -n 20 "$folder/error")"
        fi
    }
    start node scripts/har/site.mjs "$service"
    plain=$started
    browse "HTTP/1.1" http11 "$plain"
    start "$confcall" record --cassette "$folder/reverse.jsonl" --service "$plain"
    browse "through the reverse proxy" reverse "${started#listening }"
    judge "the cassette of the reverse proxy" "$folder/reverse.jsonl"
    if has openssl; then
        export CONFCALL_CA_DIR="$folder/ca"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=service \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
            -keyout "$folder/site.key" -out "$folder/site.pem" 2>/dev/null
        start node scripts/har/site.mjs "$service" "$folder/site.pem" "$folder/site.key"
        secured=$started
        browse "HTTP/2" http2 "$secured"
        if has certutil; then
            start "$confcall" record --cassette "$folder/connect.jsonl" --intercept 127.0.0.1 \
                --ca "$folder/site.pem"
            # In this home the browser trusts the authority, set up as `confcall ca` describes.
            home="$folder/home"
            mkdir -p "$home/.pki/nssdb"
            certutil -d "sql:$home/.pki/nssdb" -N --empty-password
            certutil -d "sql:$home/.pki/nssdb" -A -t C,, -n confcall -i "$("$confcall" ca | head -n 1)"
            HOME="$home" browse "through CONNECT, HTTP/2" connect "$secured" "${started#listening }"
            judge "the cassette of CONNECT" "$folder/connect.jsonl"
            grep -q '"participants":.*"version":"2"' "$folder/connect.jsonl" ||
                fail "CONNECT: not in HTTP/2"
        else
            skip "Chromium, CONNECT" "certutil, which adds the authority to its store: $lacking"
        fi
    else
        skip "Chromium, CONNECT and HTTP/2" "openssl, which makes the certificate: $lacking"
    fi
fi

# Prints three free ports.
free='import socket
all = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(it.getsockname()[1] for it in all))'
if [[ -n "$mitmdump" ]]; then
    # One proxy for the service and one for the bot, so that one file has both directions.
    read -r to_service to_bot bot <<<"$(python3 -c "$free")"
    har="$folder/mitmproxy.har"
    PYTHONUNBUFFERED=1 start "$mitmdump" --set confdir="$folder/mitmproxy" --set flow_detail=0 \
        --set hardump="$har" --mode "reverse:$service@127.0.0.1:$to_service" \
        --mode "reverse:http://127.0.0.1:$bot@127.0.0.1:$to_bot"
    # The second line: the second proxy listens.
    read -r -t 30 _ <&"$reading"
    "$confcall" run "[p]${conversation#p}" --service "http://127.0.0.1:$to_service" --token "$token" \
        --given create --callback-listen "127.0.0.1:$bot" --callback-url "http://127.0.0.1:$to_bot" \
        >"$folder/said" || fail "through mitmproxy: $(tail -n 5 "$folder/said")"
    stop || true
    judge "mitmproxy is read" "$har"
fi

# NAME FILE SEEN BASE VISITOR...: plays the recorded website to a visitor, a command that takes the address of a website.
# It must see what it saw at BASE when the file was written.
replay() {
    local name=$1 file=$2 seen=$3 base=$4 address
    shift 4
    start "$confcall" replay "$file" --deadline 15s
    address=${started#listening }
    address=${address%/}
    timeout 120 "$@" "$address" >"$folder/now" 2>"$folder/error" || fail "$name: $(tail -n 5 "$folder/error")"
    if ! ended >"$folder/said"; then
        fail "$name: $(tail -n 20 "$folder/said")"
    elif python3 scripts/website/same.py "$seen" "$base" "$folder/now" "$address" 2>"$folder/error"; then
        ok "$name"
    else
        fail "$name: $(head -n 5 "$folder/error")"
    fi
}
browser() { node scripts/website/browse.mjs "$(command -v chromium)" "${@: -1}" "${@:1:$#-1}"; }
export -f browser
visit=(bash -c 'browser "$@"' browser)
curl_visit() {
    rm -rf "$folder/curl"
    mkdir "$folder/curl"
    FINITE=1 timeout 120 scripts/website/visit.sh "$1" "$folder/curl"
}
export -f curl_visit
export folder

if "$browses"; then
    # The mode, the content and the form of the file.
    for how in full-embed.har full-attach.har full-attach.zip minimal-embed.har minimal-attach.zip \
        full-omit.har minimal-omit.har; do
        har="$folder/$how"
        mode=${how%%-*}
        content=${how#*-}
        content=${content%.*}
        start node scripts/website/site.mjs
        options="{\"finite\": true, \"recordHar\": {\"path\": \"$har\", \"mode\": \"$mode\", \"content\": \"$content\"}}"
        if ! timeout 120 "${visit[@]}" "$options" "$started" >"$folder/seen" 2>"$folder/error"; then
            fail "Playwright, $how: $(tail -n 5 "$folder/error")"
        elif [[ "$content" == omit ]]; then
            shown=$("$confcall" show "$har" --format har | grep -c '"startedDateTime"' || true)
            if ((shown >= $(wc -l <"$folder/seen"))); then
                ok "Playwright, $how, is read: $shown exchanges"
            else
                fail "Playwright, $how: $shown exchanges are shown"
            fi
        else
            replay "Playwright, $how, is replayed" "$har" "$folder/seen" "$started" \
                "${visit[@]}" '{"finite": true}'
        fi
        stop || true
    done
    start node scripts/website/site.mjs
    har="$folder/panel.har"
    if timeout 120 "${visit[@]}" "{\"scripts\": true, \"finite\": true, \"panel\": \"$har\"}" "$started" \
        >"$folder/seen" 2>"$folder/error"; then
        replay "Chromium's network panel is replayed" "$har" "$folder/seen" "$started" \
            "${visit[@]}" '{"scripts": true, "finite": true}'
    else
        fail "Chromium's network panel: $(tail -n 5 "$folder/error")"
    fi
    stop || true
fi
if [[ -n "$mitmdump" ]] && has curl; then
    start node scripts/website/site.mjs
    port=$(python3 -c "$free" | cut -d ' ' -f 1)
    PYTHONUNBUFFERED=1 start "$mitmdump" --set confdir="$folder/mitmproxy" --set flow_detail=0 \
        --set hardump="$folder/website.har" --set keep_host_header=true \
        --mode "reverse:$started@127.0.0.1:$port"
    curl_visit "http://127.0.0.1:$port" >"$folder/seen" 2>"$folder/error" || fail "mitmproxy: $(cat "$folder/error")"
    stop || true
    stop || true
    replay "mitmproxy is replayed" "$folder/website.har" "$folder/seen" "http://127.0.0.1:$port" bash -c 'curl_visit "$1"' visit
fi

# The cassettes of the repository, and a fixture that has every field of the format.
cassettes=(tests/fixtures/cassettes/version-1.jsonl)
if has curl; then
    start node scripts/website/site.mjs
    start "$confcall" record --cassette "$folder/website.jsonl" --service "$started"
    address=${started#listening }
    curl_visit "${address%/}" >/dev/null
    stop || fail "the recorder ended with $?"
    stop || true
    cassettes+=("$folder/website.jsonl")
fi
while read -r cassette; do cassettes+=("$cassette"); done < <(find cassettes -name '*.jsonl' | sort)
ours=()
for at in "${!cassettes[@]}"; do
    ours+=("$folder/ours.$at.har")
    "$confcall" show "${cassettes[$at]}" --format har >"${ours[$at]}"
done
if has node && npm_packages har-schema ajv@6; then
    if node scripts/har/schema.cjs "${ours[@]}" 2>"$folder/error"; then
        ok "${#ours[@]} files of confcall are valid by the JSON Schema of HAR 1.2"
    else
        fail "the JSON Schema of HAR 1.2: $(cat "$folder/error")"
    fi
else
    skip "the JSON Schema of HAR 1.2" "Node or its packages har-schema and ajv: $lacking"
fi
# NAME COMMAND...: checks that the command succeeds with each file of confcall.
each() {
    local name=$1 at
    shift
    for at in "${!ours[@]}"; do
        if ! "$@" "${ours[$at]}" 2>"$folder/error"; then
            fail "$name: ${cassettes[$at]}: $(tail -n 20 "$folder/error")"
            return
        fi
    done
    ok "$name"
}
shows_all() {
    local shown expected
    shown=$(mitm -nr "$1" --set flow_detail=1 | grep -c ' << ' || true)
    expected=$(grep -c '"startedDateTime"' "$1")
    [[ "$shown" == "$expected" ]] || {
        echo "$shown exchanges of $expected are shown" >&2
        return 1
    }
}
mitm_replays() {
    local port
    port=$(python3 -c "$free" | cut -d ' ' -f 1)
    PYTHONUNBUFFERED=1 start "$mitmdump" --set confdir="$folder/mitmproxy" --set flow_detail=0 --listen-host 127.0.0.1 \
        --listen-port "$port" --server-replay "$1" --set server_replay_extra=kill
    python3 scripts/har/play.py "$1" "127.0.0.1:$port"
    local replayed=$?
    stop || true
    return "$replayed"
}
if [[ -n "$mitmdump" ]]; then
    each "mitmproxy shows each exchange" shows_all
    each "mitmproxy replays each exchange" mitm_replays
fi
if "$browses"; then
    each "Chromium's network panel shows each exchange" \
        node scripts/har/show.mjs "$(command -v chromium)"
    each "Playwright answers a page from it" \
        node scripts/har/play.mjs "$(command -v chromium)"
fi

if [[ -n "${CONFCALL_HAR_KEEP:-}" ]]; then
    cp "$folder"/{chromium,playwright}-http{11,2}.har "$folder/mitmproxy.har" "$CONFCALL_HAR_KEEP"
fi
exit "$failed"
