#!/usr/bin/env bash
# The workflow and the Jobs of examples/ci/, as far as a machine without a runner and a cluster goes: each file is
# held against its published schema, and its commands are played, shard by shard, with a bot that passes and
# with one that does not. Says what was skipped and why; ends with 1 where something else came about.
# With --install it fetches what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

# FILE COMMAND...: the file fits its schema, as the command says.
fits() {
    local file=$1 said
    shift
    if said=$("$@" "$file" 2>&1); then
        ok "$file fits its schema"
    else
        fail "$file does not fit its schema"
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
skip "a runner of GitHub, a cluster" "there is none here; what follows plays their commands"

if ! python_with yaml pyyaml; then
    skip "the commands of examples/ci" "pyyaml: $lacking"
    exit "$failed"
fi
cargo build --quiet --release
export PATH=$PWD/target/release:$PATH

# NAME EXIT TEXT ARGUMENT...: played so, it ends with this exit code, and says this on the way.
plays() {
    local name=$1 expected=$2 text=$3 code=0
    shift 3
    "$python" scripts/gates/play.py "$@" >"$folder/said" 2>&1 || code=$?
    if ((code == expected)) && grep -q -- "$text" "$folder/said"; then
        ok "$name: exit $code, and says \`$text\`"
    else
        fail "$name: exit $code instead of $expected, or nowhere \`$text\`"
        cat "$folder/said"
    fi
}
for bot in right broken; do
    fault=()
    expected=0
    text="19 passed, 0 failed"
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
