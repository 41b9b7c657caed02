#!/usr/bin/env bash
# Builds confcall for Windows with mingw, and runs it under Wine: the self-check, targets with children, Ctrl-C, record,
# replay, check, extract, snapshots, the authority, and the tests that need no Unix.
# Reports what it skips, with the reason; ends with 1 if a check failed. --install installs missing programs first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

root=$PWD
triple=x86_64-pc-windows-gnu
one=2021-02/invite-one-pstn
scenario=participant-invite/beta@2021-02/invite-one-pstn-participant-to-an-existing-group-call

for missing in wine:wine:wine64 x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64; do
    IFS=: read -r -a words <<<"$missing"
    if ! need "${words[@]}"; then
        skip "Windows" "${words[0]}: $lacking"
        exit 0
    fi
done
if ! rustc --print target-libdir --target "$triple" | xargs test -d; then
    if ! "$installs" || ! has rustup || ! rustup target add "$triple" >>"$folder/log" 2>&1; then
        skip "Windows" "the target $triple of Rust: $lacking"
        exit 0
    fi
fi

# The debug profile without debug information, which would only make the link slower.
export CARGO_PROFILE_DEV_DEBUG=0
cargo build --quiet --locked --target "$triple" --bin confcall
# They would replace the certificate store.
unset SSL_CERT_FILE SSL_CERT_DIR
export WINEARCH=win64 WINEPREFIX="$folder/wine" WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
end_wine() {
    wineserver -k && wineserver -w || true
    end
}
trap end_wine EXIT
mkdir "$folder/project"
if ! wineboot -i >>"$folder/log" 2>&1 || ! wineserver -w; then
    fail "Wine: $(tail -n 20 "$folder/log")"
    exit 1
fi
x86_64-w64-mingw32-gcc -shared -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" \
    scripts/windows/bcryptprimitives.c -ladvapi32
cd "$folder/project"
# A name of its own, by which the processes of this script are found.
confcall=confcall-$$.exe
cp "$root/target/$triple/debug/confcall.exe" "$confcall"

# COMMAND...: runs confcall; what it prints is in `said`. Windows has other line ends in what it prints itself.
run() {
    local code=0
    timeout 300 wine "$confcall" "$@" >"$folder/out" 2>&1 </dev/null || code=$?
    said=$(tr -d '\r' <"$folder/out")
    return "$code"
}
# NAME COMMAND...: a check that the command succeeds, and how long it took.
check() {
    local name=$1 began=$SECONDS
    shift
    if "$@"; then
        ok "$name ($((SECONDS - began)) s)"
    else
        fail "$name: $(tail -n 20 <<<"$said")"
    fi
}
# CODE COMMAND...: succeeds if confcall ends with this code.
ends_with() {
    local expected=$1 code=0
    shift
    run "$@" || code=$?
    ((code == expected))
}
# TEXT: succeeds if confcall has printed it.
prints() { grep -qF -- "$1" <<<"$said"; }
# WORD: the processes with this word in their command line.
processes_of() { pgrep -f -- "$1" || true; }
# WORD: waits until there are none.
gone() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [[ -z $(processes_of "$1") ]] && return
        sleep 0.1
    done
    said="processes are left: $(processes_of "$1")"
    return 1
}
# SIGNAL: ends the last process of `start` by this signal, and returns its exit code. Wine makes Ctrl-C of SIGINT.
signal() {
    local code=0
    kill -"$1" "${processes[-1]}"
    ended >"$folder/out" 2>/dev/null || code=$?
    said=$(tr -d '\r' <"$folder/out")
    return "$code"
}
begin() { start wine "$confcall" "$@" </dev/null; }
url_of() {
    local url=${started#listening }
    url=${url%$'\r'}
    echo "${url%/}"
}
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

check "the self-check" run run

# The target is a command with confcall as its child.
cat >confcall.toml <<END
[target]
role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger"

[target.command]
run = ["cmd", "/c", "$confcall", "serve", "--bot", "--listen", "127.0.0.1:{port}"]
log = "logs/target.log"
END
check "a project: its target is started with its child" run run
check "a project: the child has ended with the target" gone "$confcall serve"

started_target() {
    begin monitor -- cmd /c "$confcall" serve --bot --listen "127.0.0.1:$(free_port)"
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        [[ -n $(processes_of "$confcall serve") ]] && return
        sleep 0.1
    done
    said="the command was not started"
    return 1
}
on_ctrl_c() {
    local code=0
    started_target || return
    signal INT || code=$?
    said+=" exit code $code"
    ((code == 130)) && gone "$confcall serve"
}
when_killed() {
    started_target || return
    signal KILL || true
    gone "$confcall serve"
}
check "Ctrl-C ends a run with its command and the child of that" on_ctrl_c
check "a command and its child end with a confcall that is killed" when_killed

begin serve
service=$(url_of)
bot=$(free_port)
mkdir recordings
record() { begin record --cassette 'recordings\call.jsonl' --service "$service" --bot "http://127.0.0.1:$bot" "$@"; }
recorded() {
    run run "$one" --service "$(url_of)" --callback-listen "127.0.0.1:$bot"
}
is_read_meanwhile() {
    run show recordings/call.jsonl && prints 'POST' || return
    ends_with 2 record --cassette recordings/call.jsonl --append --service "$service" &&
        prints 'recordings/call.jsonl: another recorder is writing to it'
}
record
check "record: a conversation through the recorder" recorded
check "record: others read the cassette meanwhile, and only one recorder writes it" is_read_meanwhile
check "record: Ctrl-C ends it with a summary" signal INT
appended() { recorded && signal INT; }
record --append
check "record --append" appended
checked() { run check 'recordings\call.jsonl' && prints 'service at recordings/call.jsonl'; }
check "check, with paths that have /" checked
check "replay of a service" run replay 'recordings\call.jsonl' --service "$service"

snapshots() {
    ends_with 1 run "$one" --service "$service" --snapshots snapshots || return
    run accept snapshots --all || return
    run run "$one" --service "$service" --snapshots snapshots || return
    [[ -f "snapshots/${scenario//\//__}__service.snap" ]] && return
    said=$(find snapshots)
    return 1
}
check "snapshots: proposed, accepted, compared" snapshots

# Longer than 260 characters.
long=$(printf 'long-%.0s' {1..20})
long=$long/$long/$long
extracted() {
    run extract "$(wine winepath -w "$root/tests/fixtures/pages/line-ends/page.md" | tr -d '\r')" --out "${long//\//\\}" || return
    prints "wrote $long/page/beta@2020-03/windows.json" && [[ -f "$long/page/beta@2020-03/windows.json" ]]
}
check "extract into a path of more than 260 characters, with ids and paths that have /" extracted

makes_no_refused_name() {
    local name
    for name in con.json 'a.b:c.json' 'a*.json' 'reports/nul/a.json' 'a.json.'; do
        ends_with 3 run "$one" --service "$service" --report "json=$name" || return
        prints 'invalid filename' || return
    done
    [[ -z $(find . -name 'a*' -o -name 'con*.json' -o -name 'nul') ]]
}
check "no file gets a name that Windows refuses" makes_no_refused_name

names_no_signal() {
    local command
    run --help || return
    for command in $(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' <<<"$said"); do
        [[ "$command" == help ]] || run "$command" --help || return
        ! prints SIGTERM || return
    done
}
check "the help names no signal of Unix" names_no_signal

authority() {
    run ca --ca-dir authority && prints 'authority/ca.pem' && [[ -f authority/ca.pem ]]
}
check "ca: the local authority" authority
begin serve --tls --ca-dir authority
secured=$(url_of)
play() { run run "$one" --service "$secured" "$@"; }
not_trusted() { ! play && prints certificate; }
check "TLS: an authority that is not trusted" not_trusted
check "TLS: --ca" play --ca authority/ca.pem
trusted() {
    sed '/^-----/d' authority/ca.pem | tr -d '\r' | base64 -d >ca.der
    x86_64-w64-mingw32-gcc -o trust.exe "$root/scripts/windows/trust.c" -lcrypt32 && wine trust.exe ca.der && play
}
check "TLS: an authority in the certificate store of Windows" trusted
stop || true
stop || true

skip "Ctrl-Break" "Wine 8 does not pass it on to other processes; so targets are ended by their job alone"

cd "$root"
# TARGET OPTION...: runs a test binary of cargo with these options of libtest.
tests() {
    local target=$1 binary code=0
    shift
    read -r -a target <<<"$target"
    binary=$(cargo test --locked --target "$triple" "${target[@]}" --no-run --message-format json 2>>"$folder/log" |
        sed -n '/"overflow_checks":true,"test":true/s/.*"executable":"\([^"]*\.exe\)".*/\1/p')
    timeout 900 wine "$binary" "$@" >"$folder/out" 2>&1 </dev/null || code=$?
    said=$(grep -aE 'FAILED|panicked|^test result|^  |^error' "$folder/out")
    return "$code"
}
# Each of them has hundreds of conversations at a time.
slow=(every_mutant every_alteration no_variant_stops whatever_the_seed the_pair_meets selftest::)
check "the unit tests of the library" tests "--lib --package confcall" "${slow[@]/#/--skip=}"
skip "the unit tests ${slow[*]}" "each has hundreds of conversations at a time, for which the sockets of Wine are too slow"
check "tests/secrets" tests "--test secrets"
check "tests/library" tests "--test library" --skip=a_suite
skip "tests/library: a_suite" "the path of a program that is built here has no drive, and the tests are on another one"
check "tests/cli" tests "--test cli"
skip "the other tests" "they need programs or signals of Unix, or more connections than Wine serves in time"
exit "$failed"
