#!/usr/bin/env bash
# Plays every conversation with the example bots on the official SDKs, by `confcall run`: without a proxy, with
# confcall as their proxy, and with forged notifications. Then breaks one line of a bot at a time and checks that the
# expected rule is reported. Reports each skipped bot with the reason; ends with 1 if a check failed. --install
# installs missing tools first; the packages of the bots stay in target/sdk.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if ! need python3 python3; then
    skip "every bot" "the script reads the reports with python3: $lacking"
    exit 0
fi
# The bots must not use the proxies and authorities of the user's environment.
bare=(env)
for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY \
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS NODE_OPTIONS; do
    bare+=(-u "$name")
done
export CONFCALL_CA_DIR="$folder/ca"
cargo build --quiet --release
confcall=$PWD/target/release/confcall
packages=$PWD/target/sdk
# The conversations of the pages. The scenarios that were written by hand judge services only.
conversations=$("$confcall" list --edition 2021-02 --locale pt-BR --locale zh-CN --format json |
    python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')

# BOT: succeeds if the packages of the bot are in target/sdk; otherwise `why` is the reason.
why=""
prepare() {
    local list here="$packages/$1"
    why="its packages: $lacking"
    mkdir -p "$here"
    case $1 in
    node)
        list=package-lock.json
        if ! need node nodejs; then
            why="node: $lacking"
            return 1
        elif ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
            process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
            why="node $(node --version) is older than 20.19"
            return 1
        fi
        ;;
    python)
        list=requirements.txt
        # `python3` is then the one with the packages.
        PATH="$here/venv/bin:$PATH"
        ;;
    esac
    cmp -s "examples/bots/$1/$list" "$here/installed" && return
    "$installs" || return 1
    cp "examples/bots/$1/"*.json "examples/bots/$1/"*.txt "$here" 2>/dev/null || true
    case $1 in
    node) need npm npm && npm ci --prefix "$here" --no-fund --no-audit ;;
    python) python3 -m venv "$here/venv" && "$here/venv/bin/pip" install -r "$here/$list" ;;
    esac >>"$folder/log" 2>&1 && cp "$here/$list" "$here/installed"
}

# BOT: copies the bot's folder to a new folder, `copy`.
copy=""
copies=0
copy_of() {
    copies=$((copies + 1))
    copy="$folder/$1.$copies"
    mkdir "$copy"
    cp "examples/bots/$1/"*.* "$copy"
    [[ $1 != node ]] || ln -s "$packages/node/node_modules" "$copy/node_modules"
}

# CONFIG ARGUMENT...: runs confcall in `copy`; its output goes to `said`, and the report to `report.json`.
play() {
    local config=$1
    shift
    (cd "$copy" && "${bare[@]}" "$confcall" run --config "$config" --report json=report.json "$@" >said 2>&1)
}

# PROGRAM ARGUMENT...: runs this Python program, which has the results of the last report as `results`.
ask_report() {
    python3 -c "import json, sys; results = json.load(open(sys.argv.pop(1)))['results']; $1" \
        "$copy/report.json" "${@:2}"
}

# BOT CONFIG: checks that the bot passes every conversation of the edition for which it was written. In other
# editions it may have the known failures of its configuration.
passes() {
    local passed
    copy_of "$1"
    if ! play "$2"; then
        fail "$1, $2: $(tail -n 20 "$copy/said")"
        return
    fi
    passed=$(ask_report 'print(sum("@2021-02/" in it["scenario"] and it["verdict"] == "pass" for it in results))')
    if [[ "$passed" == "$conversations" ]]; then
        ok "$1, $2: $(tail -n 1 "$copy/said")"
    else
        fail "$1, $2: $passed of $conversations conversations of 2021-02 passed: $(tail -n 20 "$copy/said")"
    fi
}

# BOT CONFIG: checks that the bot refuses every forged notification of those conversations and then continues.
refuses() {
    local passed
    copy_of "$1"
    play "$2" --edition 2021-02 --inject forged-tokens || true
    passed=$(ask_report 'print(sum("~" in it["scenario"] and it["verdict"] == "pass" for it in results))' || true)
    if [[ "$passed" == $((conversations * 4)) ]]; then
        ok "$1, $2, forged notifications: $(tail -n 1 "$copy/said")"
    else
        fail "$1, $2, forged notifications: $passed of $((conversations * 4)) passed: $(tail -n 20 "$copy/said")"
    fi
}

# BOT CONFIG FILE CHANGE RULES: checks that the bot fails by these rules after sed has changed one line. A rule
# that is found under fault injection is followed by `~` and the kind.
breaks() {
    local bot=$1 config=$2 file=$3 change=$4 rules=$5 injection=none status=0 found
    copy_of "$bot"
    sed -i "$change" "$copy/$file"
    if [[ $(diff "examples/bots/$bot/$file" "$copy/$file" | grep -c '^<') != 1 ]]; then
        fail "$bot, $file, $change: does not change exactly one line"
        return
    fi
    [[ "$rules" != *~* ]] || injection=forged-tokens
    play "$config" --edition 2021-02 --locale pt-BR --inject "$injection" || status=$?
    found=$(ask_report 'print(*sorted({f["rule"] + "".join(it["scenario"].partition("~")[1:])
        for it in results for f in it["failures"]}), sep=",")' || true)
    if [[ "$status" == 1 && "$found" == "$rules" ]]; then
        ok "$bot, broken: $rules by $file, $change"
    else
        fail "$bot, $file, $change: exit $status, '$found' instead of '$rules': $(tail -n 20 "$copy/said")"
    fi
}

# BOT: sends requests of no conversation to the bot, which the script starts itself.
undocumented() {
    local said
    copy_of "$1"
    port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
    local command=(node bot.js)
    [[ $1 == node ]] || command=(python3 bot.py)
    start env -C "$copy" "${bare[@]}" PORT="$port" AZURE_TENANT_ID=tenant AZURE_CLIENT_ID=bot \
        AZURE_CLIENT_SECRET=secret "${command[@]}"
    if said=$(python3 scripts/sdk/undocumented.py "$port" 2>&1); then
        ok "$1, by hand: $said"
    else
        fail "$1, by hand: $said"
    fi
    read -r -t 10 said <&"$reading" || said="nothing"
    # A bot that handles the repetition too prints the first line twice.
    if [[ "$said" == "updated /communications/calls/1/participants" ]] &&
        read -r -t 10 said <&"$reading" && [[ "$said" == "deleted /communications/calls/1" ]]; then
        ok "$1, by hand: a notification that is delivered twice is handled once"
    else
        fail "$1, by hand: a notification was handled twice, or not at all: $said"
    fi
}

for bot in node python; do
    if ! prepare "$bot"; then
        skip "$bot" "$why"
        continue
    fi
    passes "$bot" confcall.toml
    passes "$bot" intercepted.toml
    refuses "$bot" confcall.toml
    refuses "$bot" intercepted.toml
    undocumented "$bot"
    while read -r config file rules change; do
        breaks "$bot" "$config" "$file" "$change" "$rules"
    done < <(sed -n "s/^# $bot: //p" "$0")
done
exit "$failed"

# A line for each change of a bot: the bot, the configuration, the file, the expected rules, and the change.
#
# node: confcall.toml bot.js acknowledgement.status s/return .202, undefined./return [500, undefined]/
# node: confcall.toml bot.js request.missing s/  action(client)\.catch/  Promise.resolve().catch/
# node: confcall.toml bot.js request.unexpected s/  action(client)\.catch/  action(client).then(() => action(client)).catch/
# node: confcall.toml graph.js request.header s/Authorization: `Bearer/Authorization: `Basic/
# node: confcall.toml calls.js request.body s/replacesCallId: replaces }/replacesCall: replaces }/
# node: confcall.toml calls.js request.body s/invitees\.map(invitation)/[invitation(invitees[0]), invitation(invitees[0])]/
# node: confcall.toml calls.js limit s/clientContext: randomUUID()/clientContext: randomUUID().repeat(8)/
# node: confcall.toml calls.js request.method s/invite`).post(/invite`).put(/
# node: confcall.toml notifications.js acknowledgement.status s/audience: this.#audience/audience: "another"/
# node: confcall.toml notifications.js acknowledgement.status~unsigned-notification s/throw new Unauthorized("a notification needs a token")/return/
# node: confcall.toml notifications.js acknowledgement.status~foreign-key,acknowledgement.status~unsigned-notification s/await jwtVerify(token, this.#keys,/(await import("jose")).UnsecuredJWT.decode(`eyJhbGciOiJub25lIn0.${token.split(".")[1]}.`,/
# node: confcall.toml notifications.js acknowledgement.status~expired-token s/requiredClaims: ."exp".,/clockTolerance: "1 day",/
# node: confcall.toml notifications.js acknowledgement.status~other-audience /audience: this.#audience,/d
# node: intercepted.toml graph.js request.target s/beta";$/v2.0";/
# python: confcall.toml bot.py acknowledgement.status s/web.Response(status=202)/web.Response(status=500)/
# python: confcall.toml bot.py request.missing s/await action(self._client)/pass/
# python: confcall.toml bot.py request.unexpected s/await action(self._client)/await action(self._client), await action(self._client)/
# python: confcall.toml graph.py request.header s/answer."access_token"./""/
# python: confcall.toml calls.py request.body /replaces_call_id=/d
# python: confcall.toml calls.py request.body s/for it in invitees\]/for it in invitees[:1]]/
# python: confcall.toml calls.py limit s/str(uuid.uuid4())/str(uuid.uuid4()) * 8/
# python: confcall.toml notifications.py acknowledgement.status s/audience=self._audience/audience="another"/
# python: confcall.toml notifications.py acknowledgement.status~unsigned-notification s/raise Unauthorized("a notification needs a token")/return/
# python: confcall.toml notifications.py acknowledgement.status~foreign-key s/"require": .*\]/"verify_signature": False, "verify_exp": True, "verify_iss": True, "verify_aud": True/
# python: confcall.toml notifications.py acknowledgement.status~expired-token s/"require": .*\]/"verify_exp": False/
# python: confcall.toml notifications.py acknowledgement.status~other-audience s/"require": .*\]/"verify_aud": False/
# python: intercepted.toml graph.py request.target /adapter.base_url = /d
