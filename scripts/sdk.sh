#!/usr/bin/env bash
# Plays the conversations of every edition with the example bots on the official SDKs, by `confcall run`: without a
# proxy, and with confcall as their proxy; invitations also with forged notifications. Then breaks one line for each
# operation of a bot, and other lines one at a time, and checks that confcall reports the expected rule. Reports each
# skipped bot with the reason; ends with 1 if a check failed. CONFCALL names the binary (default: a release build).
# --install installs missing tools first; the packages of the bots stay in target/sdk.
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
if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --quiet --release
    CONFCALL=$PWD/target/release/confcall
fi
packages=$PWD/target/sdk

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
    (cd "$copy" && "${bare[@]}" "$CONFCALL" run --config "$config" --report json=report.json "$@" >said 2>&1)
}

# PROGRAM ARGUMENT...: runs this Python program, which has the results of the last report as `results`.
ask_report() {
    python3 -c "import json, sys; results = json.load(open(sys.argv.pop(1)))['results']; $1" \
        "$copy/report.json" "${@:2}"
}

# BOT CONFIG: checks that the bot passes every conversation of all editions that it does not decline, and that it
# declines none of the operations that the table breaks.
passes() {
    local pages said
    copy_of "$1"
    pages=$(sed -n "s/^# $1 operation: \([^ ]*\) .*/\1/p" "$0")
    if ! play "$2" --api v1.0,beta --all-editions --strict --deadline 20s; then
        fail "$1, $2: $(tail -n 20 "$copy/said")"
    elif said=$(ask_report 'passed = [it["scenario"].split("@")[0] for it in results if it["verdict"] == "pass"]
wanted = [f"{page}/{api}" for page in sys.argv[1].split() for api in ("v1.0", "beta")]
sys.exit(" ".join(it for it in wanted if it not in passed) or None)' "$pages" 2>&1); then
        ok "$1, $2: $(tail -n 1 "$copy/said")"
    else
        fail "$1, $2: no conversation passed of $said"
    fi
}

# BOT CONFIG: checks that the bot refuses every forged notification of an invitation and then continues.
refuses() {
    local found
    copy_of "$1"
    play "$2" --api v1.0 --operation invite --inject forged-tokens --deadline 20s || true
    found=$(ask_report 'forged = [it for it in results if "~" in it["scenario"]]
print(len(forged) == 4 * (len(results) - len(forged)) > 0 and all(it["verdict"] == "pass" for it in results))' || true)
    if [[ "$found" == True ]]; then
        ok "$1, $2, forged notifications: $(tail -n 1 "$copy/said")"
    else
        fail "$1, $2, forged notifications: $(tail -n 20 "$copy/said")"
    fi
}

# BOT: breaks one line in each operation, and checks that the conversations of its page fail by the expected rules. All
# are broken at once: the conversations of one page show one operation.
breaks_operations() {
    local bot=$1 file status=0 page rules edit
    local -A found=()
    copy_of "$bot"
    file=$(cd "$copy" && echo calls.*)
    while read -r page rules edit; do
        change "$copy/$file" "$edit" || true
    done < <(sed -n "s/^# $bot operation: //p" "$0")
    play confcall.toml --api v1.0 --deadline 5s || status=$?
    while read -r page rules; do
        found[$page]=$rules
    done < <(ask_report 'pages = {}
for it in results:
    page = it["scenario"].split("/")[0]
    pages.setdefault(page, set()).update(f["rule"] for f in it["failures"])
for page, rules in pages.items():
    print(page, ",".join(sorted(rules)))')
    while read -r page rules edit; do
        if [[ "$status" == 1 && "${found[$page]:-}" == "$rules" ]]; then
            ok "$bot, broken: $page, $rules by $edit"
        else
            fail "$bot, $page, $edit: exit $status, '${found[$page]:-}' instead of '$rules'"
        fi
    done < <(sed -n "s/^# $bot operation: //p" "$0")
}

# BOT CONFIG FILE CHANGE RULES: checks that invitations fail by these rules after sed has changed one line. A rule that
# is found under fault injection is followed by `~` and the kind.
breaks() {
    local bot=$1 config=$2 file=$3 edit=$4 rules=$5 injection=none status=0 found
    copy_of "$bot"
    change "$copy/$file" "$edit" || return 0
    [[ "$rules" != *~* ]] || injection=forged-tokens
    play "$config" --api v1.0 --operation invite --inject "$injection" --strict --deadline 10s || status=$?
    found=$(ask_report 'print(*sorted({f["rule"] + "".join(it["scenario"].partition("~")[1:])
        for it in results for f in it["failures"]}), sep=",")' || true)
    if [[ "$status" == 1 && "$found" == "$rules" ]]; then
        ok "$bot, broken: $rules by $file, $edit"
    else
        fail "$bot, $file, $edit: exit $status, '$found' instead of '$rules': $(tail -n 20 "$copy/said")"
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
    breaks_operations "$bot"
    while read -r config file rules edit; do
        breaks "$bot" "$config" "$file" "$edit" "$rules"
    done < <(sed -n "s/^# $bot: //p" "$0")
done
exit "$failed"

# A line for each broken operation: the bot, the page, the expected rules, and the change of calls.js or calls.py.
#
# node operation: application-post-calls request.body s/targets?.map(participantInfo)/targets?.slice(1).map(participantInfo)/
# node operation: call-get request.target s/at(call)\.get()/at().get()/
# node operation: call-delete request.missing s/at(call)\.delete()/at(call).get()/
# node operation: call-answer request.body s/{ ...settings, callbackUri: callback }/{ callbackUri: callback }/
# node operation: call-reject request.body s/post({ reason })/post({ reason: "forbidden" })/
# node operation: call-redirect request.body s/targets: targets.map/targets: targets.slice(1).map/
# node operation: call-keepalive request.missing s/at(call, "keepAlive").post()/at(call).get()/
# node operation: call-transfer request.body s/: participantInfo(transferTarget)/: participantInfo(transferee ?? transferTarget).identity/
# node operation: call-mute request.body s/at(call, "mute").post({ clientContext: randomUUID/at(call, "mute").post({ clientContext: Date.now/
# node operation: call-unmute request.missing s/at(call, "unmute")/at(call, "mute")/
# node operation: call-playprompt request.body s/{ prompts: prompts.map(prompt), loop/{ prompts: prompt(prompts[0]), loop/
# node operation: call-record request.body s/prompts: prompts?.map(prompt), clientContext/prompts: prompts?.map(({ mediaInfo }) => mediaInfo), clientContext/
# node operation: call-subscribetotone limit /"subscribeToTone")/s/randomUUID()/randomUUID().repeat(8)/
# node operation: call-cancelmediaprocessing request.body /"cancelMediaProcessing")/s/randomUUID()/[randomUUID()]/
# node operation: call-changescreensharingrole request.body s/post({ role })/post({ role: "owner" })/
# node operation: call-updaterecordingstatus request.body s/post({ status,/post({/
# node operation: call-list-participants request.missing s/ at(call, "participants").get()/ at(call).get()/
# node operation: participant-invite request.body s/participants.map(participantInfo)/[0, 0].map((at) => participantInfo(participants[at]))/
# node operation: participant-get request.missing s/at(call, "participants", participant).get()/at(call, "participants").get()/
# node operation: participant-delete request.body,request.missing s/at(call, "participants", participant).delete()/at(call, "participants", participant).get()/
# node operation: participant-mute request.missing s/at(call, "participants", participant, "mute")/at(call, "mute")/
# node operation: participant-startholdmusic request.body s/prompt(customPrompt), clientContext/customPrompt.mediaInfo, clientContext/
# node operation: participant-stopholdmusic request.missing s/participant, "stopHoldMusic")/participant, "startHoldMusic")/
# node operation: call-logteleconferencedevicequality request.body s/post({ quality })/post({ quality: {} })/
# python operation: application-post-calls request.body s/it.body(Call)/Call(callback_uri=it.callback)/
# python operation: call-get request.target s/it.call.get()/it.calls.get()/
# python operation: call-delete request.missing s/it.call.delete()/it.call.get()/
# python operation: call-answer request.body s/it.body(AnswerPostRequestBody)/AnswerPostRequestBody()/
# python operation: call-reject request.body s/it.body(RejectPostRequestBody)/RejectPostRequestBody()/
# python operation: call-redirect request.body s/it.body(RedirectPostRequestBody)/RedirectPostRequestBody()/
# python operation: call-keepalive request.missing s/it.call.keep_alive.post()/it.call.get()/
# python operation: call-transfer request.body s/it.body(TransferPostRequestBody)/TransferPostRequestBody()/
# python operation: call-mute request.body s/it.body(MutePostRequestBody)/MutePostRequestBody(additional_data={"clientContext": 1})/
# python operation: call-unmute request.missing s/it.call.unmute.post(/it.call.mute.post(/
# python operation: call-playprompt request.body s/it.body(PlayPromptPostRequestBody)/PlayPromptPostRequestBody()/
# python operation: call-record request.body s/it.body(RecordResponsePostRequestBody)/RecordResponsePostRequestBody()/
# python operation: call-subscribetotone limit s/it.body(SubscribeToTonePostRequestBody)/SubscribeToTonePostRequestBody(client_context="x" * 257)/
# python operation: call-cancelmediaprocessing request.missing s/it.call.cancel_media_processing/it.call.subscribe_to_tone/
# python operation: call-changescreensharingrole request.body s/it.body(ChangeScreenSharingRolePostRequestBody)/ChangeScreenSharingRolePostRequestBody()/
# python operation: call-updaterecordingstatus request.body s/it.body(UpdateRecordingStatusPostRequestBody)/UpdateRecordingStatusPostRequestBody()/
# python operation: call-list-participants request.missing s/: it.call.participants.get()/: it.call.get()/
# python operation: participant-invite request.body s/it.body(InvitePostRequestBody)/InvitePostRequestBody()/
# python operation: participant-get request.missing s/it.participant.get()/it.call.participants.get()/
# python operation: participant-delete request.body,request.missing s/it.participant.delete()/it.participant.get()/
# python operation: participant-mute request.missing s/it.participant.mute.post(/it.call.mute.post(/
# python operation: participant-startholdmusic request.body s/it.body(StartHoldMusicPostRequestBody)/StartHoldMusicPostRequestBody(additional_data={"customPrompt": 1})/
# python operation: participant-stopholdmusic request.missing s/it.participant.stop_hold_music/it.participant.start_hold_music/

# A line for each other change of a bot: the bot, the configuration, the file, the expected rules, and the change.
#
# node: confcall.toml bot.js acknowledgement.status s/return .202, undefined./return [500, undefined]/
# node: confcall.toml bot.js request.missing s/carryOut(client, .*)\.catch/Promise.resolve().catch/
# node: confcall.toml graph.js request.unexpected s/await this.next.execute(context)/&, &/
# node: confcall.toml graph.js request.header s/Authorization: `Bearer/Authorization: `Basic/
# node: confcall.toml notifications.js acknowledgement.status s/audience: this.#audience/audience: "another"/
# node: confcall.toml notifications.js acknowledgement.status~unsigned-notification s/throw new Unauthorized("a notification needs a token")/return/
# node: confcall.toml notifications.js acknowledgement.status~foreign-key,acknowledgement.status~unsigned-notification s/await jwtVerify(token, this.#keys,/(await import("jose")).UnsecuredJWT.decode(`eyJhbGciOiJub25lIn0.${token.split(".")[1]}.`,/
# node: confcall.toml notifications.js acknowledgement.status~expired-token s/requiredClaims: ."exp".,/clockTolerance: "1 day",/
# node: confcall.toml notifications.js acknowledgement.status~other-audience /audience: this.#audience,/d
# node: intercepted.toml calls.js request.target s/\.version(version)/.version("v2.0")/
# python: confcall.toml bot.py acknowledgement.status s/web.Response(status=202)/web.Response(status=500)/
# python: confcall.toml bot.py request.missing s/await answer$/answer.close()/
# python: confcall.toml bot.py request.unexpected s/answer = \(carry_out(.*)\)$/answer = asyncio.gather(\1, \1)/
# python: confcall.toml graph.py request.header s/answer."access_token"./""/
# python: confcall.toml notifications.py acknowledgement.status s/audience=self._audience/audience="another"/
# python: confcall.toml notifications.py acknowledgement.status~unsigned-notification s/raise Unauthorized("a notification needs a token")/return/
# python: confcall.toml notifications.py acknowledgement.status~foreign-key s/"require": .*\]/"verify_signature": False, "verify_exp": True, "verify_iss": True, "verify_aud": True/
# python: confcall.toml notifications.py acknowledgement.status~expired-token s/"require": .*\]/"verify_exp": False/
# python: confcall.toml notifications.py acknowledgement.status~other-audience s/"require": .*\]/"verify_aud": False/
# python: intercepted.toml graph.py request.target /adapter.base_url = /d
