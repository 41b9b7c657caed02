#!/usr/bin/env bash
# Measures how long `confcall run --watch` takes from a change of a file until it begins the next run, in a project with
# 2,000 files. Ends with 1 if a run begins later than 300 ms after a change.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh
cargo build --quiet
confcall=$PWD/target/debug/confcall

project=$folder/project
for at in {1..100}; do
    mkdir -p "$project/src/$at"
    touch "$project/src/$at"/{1..20}.js
done
cat >"$project/confcall.toml" <<END
[target]
role = "bot"
url = "http://127.0.0.1:{port}/callback"
trigger = "http://127.0.0.1:{port}/trigger"

[target.command]
run = ["$confcall", "serve", "--bot", "--listen", "{port}"]

[scenarios]
filters = ["call-mute/v1.0"]
END
cd "$project"
exec {said}< <(exec "$confcall" run --watch)
processes+=($!)
outputs+=("$said")

# Reads lines up to one that begins with a text.
read_to() {
    local line
    while read -r line <&"$said"; do
        [[ $line != "$1"* ]] || return 0
    done
    fail "no line begins with \`$1\`"
    exit 1
}
read_to watching
for at in {1..10}; do
    changed=${EPOCHREALTIME/./}
    echo "// $at" >>"src/$at/1.js"
    read_to changed
    took=$(((${EPOCHREALTIME/./} - changed) / 1000))
    ((took <= 300)) && ok "the run began after $took ms" || fail "the run began after $took ms"
    read_to watching
done
exit "$failed"
