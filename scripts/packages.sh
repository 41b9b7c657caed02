#!/usr/bin/env bash
# Builds the packages of this platform: the wheel for Python, then the packages of npm and an archive with the same
# binary. Runs the tests of the plugins, installs each package in an empty project, and plays the bot on the package's
# page of the book there. Prints how long each step took. Reports each skipped check with the reason; ends with 1 if a
# check failed. PROFILE is the profile of cargo (default: release; dev builds faster). OUT=DIR keeps the packages.
# --install installs maturin, pytest, mypy, Vitest and TypeScript first, in a folder of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

root=$PWD
profile=${PROFILE:-release}
packages=$folder/packages
mkdir "$packages"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
unset CONFCALL_BINARY GITHUB_ACTIONS GITHUB_STEP_SUMMARY
export XDG_CACHE_HOME="$folder/cache" CONFCALL_CA_DIR="$folder/ca"

# NAME COMMAND...: runs a check, and says how long it took.
check() {
    local name=$1 began=$SECONDS
    shift
    if "$@" >"$folder/said" 2>&1; then
        ok "$name ($((SECONDS - began)) s)"
    else
        fail "$name: $(tail -n 30 "$folder/said")"
    fi
}

# CONFCALL COMMAND...: describes the bot that COMMAND starts, and plays every scenario with it, in the current folder.
is_green() {
    local confcall=$1
    shift
    "$confcall" init --role bot --url 'http://127.0.0.1:{port}/callback' \
        --trigger 'http://127.0.0.1:{port}/trigger' -- "$@" && "$confcall"
}

# Builds the wheel, and sets `wheel` and `binary`.
build() {
    (cd packages/python && "$python" -m maturin build --locked --profile "$profile" --out "$packages") || return
    wheel=$(echo "$packages"/confcall_cli-*.whl)
    "$python" -m zipfile -e "$wheel" "$folder/wheel" || return
    binary=$(echo "$folder"/wheel/confcall_cli-*.data/scripts/confcall)
    chmod +x "$binary"
}

python_package() {
    local venv=$folder/empty-python
    python3 -m venv "$venv"
    check "pip install $(basename "$wheel")" "$venv/bin/pip" install --quiet "$wheel"
    mkdir "$folder/python-project" && of_page python bot.py >"$folder/python-project/bot.py"
    cd "$folder/python-project"
    check "Python: init, and a green run of the bot of the page" is_green "$venv/bin/confcall" python3 bot.py
    cd "$root"
    if ! "$installs"; then
        skip "pytest" "$lacking"
        return
    fi
    "$venv/bin/pip" install --quiet pytest pytest-xdist mypy >>"$folder/log" 2>&1
    cd "$folder/python-project"
    check "Python: its scenarios as tests of pytest" "$venv/bin/pytest" -q
    check "Python: the same under pytest-xdist" "$venv/bin/pytest" -q -n 2
    cd "$root"
    check "Python: types" "$venv/bin/mypy" --cache-dir /dev/null --strict packages/python/confcall_cli
    check "Python: the tests of the plugin" "$venv/bin/pytest" -q -p no:cacheprovider packages/python/tests
}

node_packages() {
    local platform project=$folder/node-project
    platform=$(node -p '`${process.platform}-${process.arch}`')
    check "npm pack" pack "$platform"
    mkdir "$project" && of_page node bot.mjs >"$project/bot.mjs"
    cat >"$project/conformance.test.mjs" <<'END'
import { conformance } from "confcall/node-test";
conformance({ config: "confcall.toml" });
END
    cd "$project"
    echo '{}' >package.json
    check "npm install, offline" npm install --offline --no-fund --no-audit "$packages/confcall-$platform-$version.tgz" \
        "$packages/confcall-$version.tgz"
    check "Node: init, and a green run of the bot of the page" is_green node_modules/.bin/confcall node bot.mjs
    check "Node: its scenarios as tests of node:test" node --test
    if ! "$installs"; then
        skip "Vitest" "$lacking"
    elif npm install --no-fund --no-audit vitest typescript @types/node >>"$folder/log" 2>&1; then
        check "Node: types" npx tsc --noEmit --strict --module nodenext --allowJs --checkJs conformance.test.mjs
        sed 's/node-test/vitest/' conformance.test.mjs >vitest.test.mjs
        check "Node: its scenarios as tests of Vitest" npx vitest run vitest.test.mjs
    else
        skip "Vitest" "$lacking"
    fi
    cd "$root/packages/node"
    check "Node: the tests of the package" env CONFCALL_BINARY="$binary" CONFCALL_NODE_MODULES="$project/node_modules" \
        npm test
    cd "$root"
}

# PLATFORM: makes the packages of npm.
pack() {
    node packages/node/pack.js "$folder/npm" "$1=$binary" || return
    local package
    for package in "$1" confcall; do
        npm pack --pack-destination "$packages" "$folder/npm/$package" || return
    done
}

archive() {
    local target name
    target=$(rustc -vV | sed -n 's/^host: //p')
    name=confcall-$target
    check "archive" "$python" scripts/archive.py "$wheel" "$target" "$packages"
    check "archive: checksum and program" "$python" scripts/archive.py --try "$packages/$name.tar.gz"
    mkdir "$folder/archive-project" && cd "$folder/archive-project"
    tar -xzf "$packages/$name.tar.gz"
    check "archive: init, and a green run of the built-in bot" is_green "$name/confcall" \
        "$name/confcall" serve --bot --listen '127.0.0.1:{port}'
    cd "$root"
}

if ! need python3 python3 python3-venv; then
    skip "all packages" "python3: $lacking"
    exit "$failed"
elif ! python_with maturin maturin; then
    skip "all packages" "maturin: $lacking"
    exit "$failed"
fi
check "maturin build --profile $profile" build
[[ -x ${binary:-} ]] || exit 1
python_package
if need node nodejs && need npm npm; then
    node_packages
else
    skip "the packages of npm" "Node and npm: $lacking"
fi
archive
skip "packages for other platforms" "this script builds for the platform that it runs on"
if [[ -n ${OUT:-} ]]; then
    mkdir -p "$OUT"
    cp "$packages"/* "$OUT"
fi
exit "$failed"
