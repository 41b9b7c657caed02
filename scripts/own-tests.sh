#!/usr/bin/env bash
# Runs the tests of the example bots in examples/bots/own-tests under `confcall monitor`: the tests of the bot in Node
# with node:test, those of the bot in Python with pytest. Then breaks one line of a bot at a time, and checks that
# confcall reports the expected requirement. CONFCALL names the binary (default: a release build). Reports each skipped
# bot with the reason; ends with 1 if a check failed. --install installs Node and pytest first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --quiet --release
    CONFCALL=$PWD/target/release/confcall
fi
export CONFCALL_CA_DIR="$folder/ca"

# BOT: succeeds if its tests can be run by `tests`; otherwise `why` is the reason.
why=""
tests=()
prepare() {
    case $1 in
    node)
        why="node: $lacking"
        need node nodejs && tests=(node --test)
        ;;
    python)
        why="pytest: $lacking"
        need python3 python3 && python_with pytest pytest && tests=("$python" -m pytest -x -p no:cacheprovider)
        ;;
    esac
}

# BOT: copies the bot's folder to a new folder, `copy`.
copy=""
copies=0
copy_of() {
    copies=$((copies + 1))
    copy="$folder/$1.$copies"
    cp -r "examples/bots/own-tests/$1" "$copy"
}

# Runs the tests in `copy`; the output goes to `said` in it.
play() {
    (cd "$copy" && timeout 120 "$CONFCALL" monitor -- "${tests[@]}" >said 2>&1)
}

# BOT: checks that the bot passes its own tests, and breaks no requirement meanwhile.
passes() {
    copy_of "$1"
    if play; then
        ok "$1: $(tail -n 1 "$copy/said")"
    else
        fail "$1: $(tail -n 30 "$copy/said")"
    fi
}

# BOT FILE REQUIREMENT CHANGE: checks that a violation of the requirement is reported after sed has changed one line.
breaks() {
    local bot=$1 file=$2 requirement=$3 change=$4 status=0
    copy_of "$bot"
    change "$copy/$file" "$change" || return 0
    play || status=$?
    if [[ "$status" == 1 ]] && grep -q "violation: bot monitor/.* ($requirement)\$" "$copy/said"; then
        ok "$bot, broken: $requirement by $change"
    else
        fail "$bot, $change: exit $status: $(tail -n 30 "$copy/said")"
    fi
}

for bot in node python; do
    if ! prepare "$bot"; then
        skip "$bot" "$why"
        continue
    fi
    passes "$bot"
    while read -r file requirement change; do
        breaks "$bot" "$file" "$requirement" "$change"
    done < <(sed -n "s/^# $bot: //p" "$0")
done
exit "$failed"

# A line for each change of a bot: the bot, the file, the expected requirement, and the change.
#
# node: bot.js request.token s/Authorization: `Bearer/Authentication: `Bearer/
# node: bot.js acknowledgement s/writeHead(202)/writeHead(500)/
# node: bot.js request.body s/acceptedModalities: ."audio"./acceptedModalities: ["voice"]/
# node: bot.js request.media-type s/"Content-Type": "application.json" }/"Content-Type": "text\/plain" }/
# python: bot.py request.token s/"Authorization": f"Bearer/"Authentication": f"Bearer/
# python: bot.py acknowledgement s/send_response(202)/send_response(500)/
# python: bot.py request.body s/"callbackUri": self/"callbackUrl": self/
# python: bot.py request.body s/"transferTarget": colleague/"target": colleague/
# python: bot.py invite.context-limit s/subscribeToTone", {"clientContext": str(uuid.uuid4())/& * 8/
