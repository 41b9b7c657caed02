#!/usr/bin/env bash
# Runs the tests of the example bot in examples/bots/own-tests under `confcall monitor`. Then breaks one line of the bot
# at a time and checks that the expected requirement is reported. CONFCALL names the binary (default: a release build).
# Skipped with the reason where there is no Node; ends with 1 if a check failed. --install installs Node first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if ! need node nodejs; then
    skip "the bot with tests of its own" "node: $lacking"
    exit 0
fi
if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --quiet --release
    CONFCALL=$PWD/target/release/confcall
fi
export CONFCALL_CA_DIR="$folder/ca"

# COPY: runs the tests of a copy of the bot; the output goes to `said` in it.
play() {
    (cd "$1" && timeout 120 "$CONFCALL" monitor -- node --test >said 2>&1)
}

cp -r examples/bots/own-tests "$folder/bot"
if play "$folder/bot"; then
    ok "own-tests: $(tail -n 1 "$folder/bot/said")"
else
    fail "own-tests: $(tail -n 30 "$folder/bot/said")"
fi

copies=0
# REQUIREMENT CHANGE: checks that a violation of the requirement is reported after sed has changed one line.
breaks() {
    local requirement=$1 change=$2 status=0
    copies=$((copies + 1))
    local copy="$folder/bot.$copies"
    cp -r examples/bots/own-tests "$copy"
    sed -i "$change" "$copy/bot.js"
    if [[ $(diff examples/bots/own-tests/bot.js "$copy/bot.js" | grep -c '^<') != 1 ]]; then
        fail "own-tests, $change: does not change exactly one line"
        return
    fi
    play "$copy" || status=$?
    if [[ "$status" == 1 ]] && grep -q "^violation: bot monitor/.* ($requirement)\$" "$copy/said"; then
        ok "own-tests, broken: $requirement by $change"
    else
        fail "own-tests, $change: exit $status: $(tail -n 30 "$copy/said")"
    fi
}

breaks request.token 's/Authorization: `Bearer/Authentication: `Bearer/'
breaks acknowledgement 's/writeHead(202)/writeHead(500)/'
breaks request.body 's/acceptedModalities: \["audio"\]/acceptedModalities: ["voice"]/'
breaks request.media-type 's/"Content-Type": "application\/json" }/"Content-Type": "text\/plain" }/'
exit "$failed"
