#!/usr/bin/env bash
# Plays every conversation of v1.0 with the bots on the pages of the book, a page for each language: once with the
# service's address in the triggers, and once with confcall as the bot's proxy. Then breaks one line of a bot at a time,
# and checks that confcall reports the expected rule. A bot in Python also writes its requests as the .NET library does.
# LANGUAGES="java go" plays only these bots. CONFCALL names the binary (default: a release build). Reports each skipped
# language with the reason; ends with 1 if a check failed. --install first installs missing toolchains from packages of
# Debian, and a parser of C# for .NET.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if ! need python3 python3; then
    skip "every language" "the script reads the reports with python3: $lacking"
    exit 0
fi
# The bots must not use the proxies and authorities of the user's environment.
bare=(env)
for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY \
    SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS NODE_OPTIONS JAVA_TOOL_OPTIONS; do
    bare+=(-u "$name")
done
export CONFCALL_CA_DIR="$folder/ca"
if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --quiet --release
    CONFCALL=$PWD/target/release/confcall
fi

# The file of the bot on each page, and the command that starts it.
declare -A files=([node]=bot.mjs [python]=bot.py [dotnet]=bot.cs [java]=Bot.java [go]=bot.go [rust]=src/main.rs)
declare -A commands=([node]="node bot.mjs" [python]="python3 bot.py" [dotnet]="dotnet run bot.cs"
    [java]="java Bot.java" [go]="./bot")

# LANGUAGE: succeeds if its toolchain is there; otherwise `why` is the reason.
why=""
prepare() {
    why="$1: $lacking"
    case $1 in
    node) need node nodejs ;;
    python) ;;
    dotnet)
        why="dotnet is not installed, and Debian has no package for it"
        has dotnet
        ;;
    java) need javac default-jdk-headless && has keytool ;;
    go) need go golang-go ;;
    rust)
        why="cargo is not installed"
        has cargo
        ;;
    esac
}

# NAME: the code block of the page of Rust whose first line names this file.
block_of() {
    awk -v name="$1" '/^```/ { inside = 0 } inside { print } $2 == name { inside = 1 }' docs/src/guide/rust.md
}

# LANGUAGE: puts the bot of its page, and its confcall.toml, in a new folder, `copy`.
copy=""
copies=0
copy_of() {
    copies=$((copies + 1))
    copy="$folder/$1.$copies"
    mkdir -p "$copy/src"
    if [[ $1 == rust ]]; then
        for name in Cargo.toml src/main.rs confcall.toml; do
            block_of "$name" >"$copy/$name"
        done
        return
    fi
    of_page "$1" "${files[$1]}" >"$copy/${files[$1]}"
    local trigger=(--trigger 'http://127.0.0.1:{port}/trigger')
    [[ $1 != java ]] || trigger=()
    # shellcheck disable=SC2086
    (cd "$copy" && "$CONFCALL" init --role bot --url 'http://127.0.0.1:{port}/callback' "${trigger[@]}" \
        -- ${commands[$1]} >/dev/null)
    sed -i 's/^# ready-within = .*/ready-within = "2m"/' "$copy/confcall.toml"
    of_page "$1" confcall.toml >>"$copy/confcall.toml"
}

# LANGUAGE: compiles the bot in `copy` if its page does.
compile() {
    case $1 in
    go) (cd "$copy" && go build -o bot bot.go) ;;
    rust) (cd "$copy" && CARGO_TARGET_DIR="$folder/rust-target" cargo build --quiet &&
        mkdir -p target/debug && cp "$folder/rust-target/debug/bot" target/debug/bot) ;;
    esac >>"$folder/log" 2>&1
}

# LANGUAGE: makes confcall the proxy of the bot in `copy`, as its page describes it; false if its client has none.
intercept() {
    sed -i 's/^\[target\]$/&\nintercept = ["graph.microsoft.com", "login.microsoftonline.com"]/' "$copy/confcall.toml"
    case $1 in
    node)
        # `fetch` of older versions ignores the proxy.
        node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
            process.exit(major >= 24 || (major === 22 && minor >= 21) ? 0 : 1)'
        ;;
    java)
        "$CONFCALL" ca | grep -A 1 '^  keytool' | (cd "$copy" && bash) >>"$folder/log" 2>&1
        # The setting of the page, on two lines.
        local command
        command=$(sed -n '/^run = \["sh", "-c"/,/"""\]$/p' docs/src/guide/java.md)
        python3 -c 'import sys; path, command = sys.argv[1:]; text = open(path).read()
before = "run = [\"java\", \"Bot.java\"]"
assert text.count(before) == 1
open(path, "w").write(text.replace(before, command))' "$copy/confcall.toml" "$command"
        ;;
    esac
}

# ARGUMENT...: runs confcall in `copy`; its output goes to `said`, and the report to `report.json`.
play() {
    (cd "$copy" && "${bare[@]}" "$CONFCALL" run --report json=report.json "$@" >said 2>&1)
}

# NAME: checks that the bot in `copy` passes all that it is played.
passes() {
    if play --strict --deadline 20s; then
        ok "$1: $(grep ' passed, ' "$copy/said" | tail -n 1)"
    else
        fail "$1: $(tail -n 30 "$copy/said")"
    fi
}

# NAME RULES ARGUMENT...: checks that the scenarios fail by these rules, and by no others.
fails() {
    local name=$1 rules=$2 status=0 found
    play "${@:3}" || status=$?
    found=$(python3 -c 'import json, sys
results = json.load(open(sys.argv[1]))["results"]
print(*sorted({f["rule"] for it in results for f in it["failures"]}), sep=",")' "$copy/report.json" || true)
    if [[ "$status" == 1 && "$found" == "$rules" ]]; then
        ok "$name: $rules"
    else
        fail "$name: exit $status, '$found' instead of '$rules': $(tail -n 20 "$copy/said")"
    fi
}

# LANGUAGE RULES CHANGE: checks that the rules are reported after sed has changed one line of the bot.
breaks() {
    copy_of "$1"
    change "$copy/${files[$1]}" "$3" || return 0
    if compile "$1"; then
        fails "$1, broken by $3" "$2" --deadline 5s
    else
        fail "$1, $3: does not compile: $(tail -n 20 "$folder/log")"
    fi
}

for language in ${LANGUAGES:-node python dotnet java go rust}; do
    if ! prepare "$language"; then
        skip "$language" "$why"
        continue
    fi
    copy_of "$language"
    if ! compile "$language"; then
        fail "$language: does not compile: $(tail -n 20 "$folder/log")"
        continue
    fi
    passes "$language"
    if intercept "$language"; then
        passes "$language, through the proxy"
    else
        skip "$language, through the proxy" "this version does not read the variables of a proxy"
    fi
    while read -r rules edit; do
        breaks "$language" "$rules" "$edit"
    done < <(sed -n "s/^# $language: //p" "$0")
done

# The facts of the page of .NET, by the bot of the page of Python.
copy_of python
sed -i '/request = message."request"./r scripts/languages/as_dotnet.py' "$copy/bot.py"
passes "python, with requests as the .NET library writes them"
change "$copy/bot.py" 's/PRESERVES_REFERENCES = False/PRESERVES_REFERENCES = True/' || true
fails 'python, with $values around arrays' request.body --operation invite
if python_with tree_sitter_c_sharp tree-sitter tree-sitter-c-sharp; then
    # The first line belongs to `dotnet run` and not to C#.
    if of_page dotnet bot.cs | sed 1d | "$python" -c 'import sys, tree_sitter, tree_sitter_c_sharp as language
parser = tree_sitter.Parser(tree_sitter.Language(language.language()))
sys.exit(parser.parse(sys.stdin.buffer.read()).root_node.has_error)'; then
        ok "dotnet: the bot of the page is C#"
    else
        fail "dotnet: the bot of the page is not C#"
    fi
else
    skip "the syntax of the bot in C#" "tree-sitter-c-sharp: $lacking"
fi
exit "$failed"

# A line for each change of a bot: the language, the expected rules, and the change.
#
# node: acknowledgement.status s/writeHead(202)/writeHead(500)/
# node: request.header s/"Bearer token"/"Basic token"/
# python: acknowledgement.status s/send_response(202)/send_response(500)/
# python: request.header s/"Bearer token"/"Basic token"/
# java: acknowledgement.missing s/sendResponseHeaders(202, -1)/sendResponseHeaders(202, 0)/
# java: request.header /"Content-Type"/d
# go: acknowledgement.status /, _ .http.Request) {$/{n;s/StatusAccepted/StatusNotFound/}
# go: request.body /body.Write/d
# rust: acknowledgement.status s/|| async { StatusCode::ACCEPTED }/|| async { StatusCode::NOT_FOUND }/
# rust: request.header s/.bearer_auth("token")//
