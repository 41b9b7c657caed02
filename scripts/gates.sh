#!/usr/bin/env bash
# Tests the workflow and the Jobs of examples/ci/ without a runner of GitHub and without a cluster. Each file is
# checked against its published schema, and its commands are run, shard by shard, with a bot that passes and with a
# broken one. Reports each skipped check with the reason; ends with 1 if a check failed. --install installs missing
# tools first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

# FILE COMMAND...: checks by the command that the file matches its schema.
fits() {
    local file=$1 said
    shift
    if said=$("$@" "$file" 2>&1); then
        ok "$file matches its schema"
    else
        fail "$file does not match its schema"
        echo "$said"
    fi
}
workflow=examples/ci/github.yml
shards=examples/ci/shards.yaml
verdict=examples/ci/verdict.yaml
if python_with check_jsonschema check-jsonschema; then
    fits "$workflow" "$python" -m check_jsonschema --builtin-schema vendor.github-workflows
else
    skip "the schema of $workflow" "check-jsonschema: $lacking"
fi
if python_with kubernetes_validate kubernetes-validate; then
    for file in "$shards" "$verdict"; do
        fits "$file" "${python%python*}kubernetes-validate" --strict
    done
else
    skip "the schema of $shards and $verdict" "kubernetes-validate: $lacking"
fi
skip "a runner of GitHub, a cluster" "this script has neither; it runs their commands itself"

if ! python_with yaml pyyaml; then
    skip "the commands of examples/ci" "pyyaml: $lacking"
    exit "$failed"
fi
cargo build --quiet --release
export PATH=$PWD/target/release:$PATH

# NAME EXIT TEXT ARGUMENT...: checks the exit code and the output of play.py with these arguments.
plays() {
    local name=$1 expected=$2 text=$3 code=0
    shift 3
    "$python" scripts/gates/play.py "$@" >"$folder/said" 2>&1 || code=$?
    if ((code == expected)) && grep -q -- "$text" "$folder/said"; then
        ok "$name: exit $code, and prints \`$text\`"
    else
        fail "$name: exit $code, expected $expected with \`$text\` in the output"
        cat "$folder/said"
    fi
}
for bot in right broken; do
    fault=()
    expected=0
    text="15 passed, 0 failed"
    annotated=$text
    if [[ $bot == broken ]]; then
        fault=(--mutant replaced-call-dropped)
        expected=1
        text=" failed, 0 known"
        annotated="^::error "
    fi
    mkdir "$folder/$bot"
    (cd "$folder/$bot" && confcall init --role bot --url 'http://127.0.0.1:{port}/callback' \
        --trigger 'http://127.0.0.1:{port}/trigger' \
        -- confcall serve --bot --listen '127.0.0.1:{port}' "${fault[@]}" >>"$folder/log")
    plays "$workflow with a $bot bot" "$expected" "$annotated" github "$workflow" "$folder/$bot"
    plays "$shards with a $bot bot" "$expected" "$text" kubernetes "$shards" "$verdict" "$folder/$bot"
done
exit "$failed"
