#!/usr/bin/env bash
# Builds the packages of this platform: the wheel for Python, then the packages of npm and an archive with the same
# binary. Runs the tests of the plugins, installs each package in an empty project, and plays the bot on the package's
# page of the book there. Then builds the wheels and archives of other platforms, and plays the self-check with those
# programs that this machine can run. Prints how long each step took. Reports each skipped check with the reason; ends
# with 1 if a check failed. PROFILE is the profile of cargo (default: release; dev builds faster). OUT=DIR keeps the
# packages. --install first installs maturin, zig, pytest, mypy, Vitest and TypeScript in a folder of their own, and an
# emulator, mingw and the standard libraries of Rust for the other platforms on the machine.
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
    local name=confcall-$host
    check "archive" "$python" scripts/archive.py "$wheel" "$host" "$packages"
    check "archive: checksum and program" "$python" scripts/archive.py --try "$packages/$name.tar.gz"
    mkdir "$folder/archive-project" && cd "$folder/archive-project"
    tar -xzf "$packages/$name.tar.gz"
    check "archive: init, and a green run of the built-in bot" is_green "$name/confcall" \
        "$name/confcall" serve --bot --listen '127.0.0.1:{port}'
    cd "$root"
}

# TARGET OPTION...: builds the wheel and the archive of another platform with these options of maturin, and sets `program`
# to the program; empty if there is none.
program=""
build_for() {
    program=""
    if [[ $1 == "$host" ]]; then
        return
    elif ! rustc --print target-libdir --target "$1" | xargs test -d; then
        if ! "$installs" || ! has rustup || ! rustup target add "$1" >>"$folder/log" 2>&1; then
            skip "$1" "its standard library of Rust: $lacking"
            return
        fi
    fi
    check "$1: wheel and archive" package_for "$@"
}
package_for() {
    local target=$1 out=$folder/wheels/$1
    shift
    # The folder of the Python in which maturin looks for zig.
    (cd packages/python && PATH="$(dirname "$(command -v "$python")"):$PATH" \
        "$python" -m maturin build --locked --profile "$profile" --target "$target" --out "$out" "$@") || return
    "$python" scripts/archive.py "$out"/*.whl "$target" "$packages" || return
    "$python" -m zipfile -e "$out"/*.whl "$out/unpacked" || return
    mv "$out"/*.whl "$packages"
    program=$(echo "$out"/unpacked/confcall_cli-*.data/scripts/confcall*)
    chmod +x "$program"
}

# Files that stand for the two frameworks of macOS that confcall links. They name no function: the linker leaves all
# functions of the frameworks to the start of the program.
frameworks() {
    local name framework
    for name in CoreFoundation Security; do
        framework=$1/System/Library/Frameworks/$name.framework
        mkdir -p "$framework"
        printf '%s\n' '--- !tapi-tbd' 'tbd-version: 4' 'targets: [ arm64-macos ]' \
            "install-name: '/System/Library/Frameworks/$name.framework/Versions/A/$name'" ... >"$framework/$name.tbd"
    done
}

# TARGET COMMAND...: the self-check of the program that was built last; COMMAND runs it.
plays() {
    local target=$1
    shift
    mkdir "$folder/$target" && cd "$folder/$target"
    check "$target: the self-check" "$@" "$program"
    cd "$root"
}

other_platforms() {
    local target=x86_64-unknown-linux-musl loader=/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1
    build_for "$target" --zig
    if [[ -n $program && $host == x86_64-*-linux-* ]]; then
        plays "$target" env
    elif [[ -n $program ]]; then
        skip "$target: the self-check" "it needs Linux on x86-64"
    fi
    target=aarch64-unknown-linux-gnu
    build_for "$target" --zig
    if [[ -n $program ]] && need qemu-aarch64 qemu-user && need "$loader" libc6-arm64-cross; then
        plays "$target" qemu-aarch64 -L /usr/aarch64-linux-gnu
    elif [[ -n $program ]]; then
        skip "$target: the self-check" "qemu-aarch64 and the C library for arm64: $lacking"
    fi
    frameworks "$folder/sdk"
    SDKROOT=$folder/sdk \
        CARGO_TARGET_AARCH64_APPLE_DARWIN_RUSTFLAGS="-Clink-arg=-undefined -Clink-arg=dynamic_lookup" \
        build_for aarch64-apple-darwin --zig
    skip "aarch64-apple-darwin: the self-check" "nothing but macOS runs it"
    if need x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64; then
        build_for x86_64-pc-windows-gnu
        skip "x86_64-pc-windows-gnu: the self-check" "scripts/windows.sh runs it"
    else
        skip "x86_64-pc-windows-gnu" "x86_64-w64-mingw32-gcc: $lacking"
    fi
}

host=$(rustc -vV | sed -n 's/^host: //p')
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
if python_with ziglang maturin ziglang; then
    other_platforms
else
    skip "packages for other platforms" "ziglang: $lacking"
fi
if [[ -n ${OUT:-} ]]; then
    mkdir -p "$OUT"
    cp "$packages"/* "$OUT"
fi
exit "$failed"
