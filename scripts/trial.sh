# Functions for the scripts that try programs of other projects. The scripts source this file in the root
# of the repository. At its end, a script removes `$folder` and ends the processes that `start` has started.

folder=$(mktemp -d)
# Each process of `start`, and the descriptor of what it says.
processes=()
outputs=()
end() {
    for process in "${processes[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap end EXIT

# Ends the last process of `start`; `ended` waits until it has ended itself, and prints what it said after its first
# line. Both return its exit code.
stop() {
    kill "${processes[-1]}" 2>/dev/null || true
    ended >/dev/null
}
ended() {
    local process=${processes[-1]} output=${outputs[-1]}
    cat <&"$output"
    exec {output}<&-
    unset 'processes[-1]' 'outputs[-1]'
    rm "$folder/said.${#processes[@]}"
    wait "$process"
}

failed=0
ok() { echo "ok:      $1"; }
fail() {
    echo "FAILED:  $1"
    failed=1
}
skip() { echo "skipped: $1 ($2)"; }

# PAGE NAME: the file of this name that the console of a page of the guide writes.
of_page() {
    sed -n "/^\\$ cat >>\? $2 <</,/^> END/p" "docs/src/guide/$1.md" | sed '1d; $d; s/^> \?//'
}

# FILE CHANGE: changes the file by sed; fails unless that changes exactly one line.
change() {
    cp "$1" "$folder/before"
    sed -i "$2" "$1"
    [[ $(diff "$folder/before" "$1" | grep -c '^<') == 1 ]] && return
    fail "$1, $2: does not change exactly one line"
    return 1
}

# Starts a program in the background and waits for its first line, which is then in `started`.
started=""
start() {
    local said="$folder/said.${#processes[@]}"
    mkfifo "$said"
    "$@" >"$said" 2>>"$folder/log" &
    processes+=($!)
    exec {reading}<"$said"
    outputs+=("$reading")
    if ! read -r -t 30 started <&"$reading"; then
        echo "error: $1 did not start" >&2
        cat "$folder/log" >&2
        exit 3
    fi
}

# With --install, missing packages are installed: those of Debian on the machine, those of Python and Node
# in `$folder`. Without it, programs that need missing packages are skipped.
installs=false
if [[ "${1:-}" == --install ]]; then
    installs=true
elif (($#)); then
    echo "usage: $0 [--install]" >&2
    exit 2
fi
lacking="it is not installed; --install installs it"
if "$installs"; then
    lacking="it could not be installed"
fi

has() { command -v "$1" >/dev/null; }

# COMMAND PACKAGE...: succeeds if the command exists. Installs these Debian packages first if it is missing.
need() {
    local command=$1
    shift
    has "$command" && return
    "$installs" && has apt-get || return 1
    if [[ ! -e "$folder/apt" ]]; then
        : >"$folder/apt"
        apt-get update >>"$folder/log" 2>&1 || return 1
    fi
    apt-get install -y --no-install-recommends "$@" >>"$folder/log" 2>&1 && has "$command"
}

# MODULE PACKAGE...: sets `python` to a Python that can import the module: the one of the machine, or one in
# `$folder` with these packages of the Python Package Index.
python=python3
python_with() {
    python=python3
    python3 -c "import $1" 2>/dev/null && return
    "$installs" || return 1
    python="$folder/venv/bin/python"
    [[ -e "$python" ]] || python3 -m venv "$folder/venv" >>"$folder/log" 2>&1 || return 1
    "$python" -m pip install --quiet --disable-pip-version-check "${@:2}" >>"$folder/log" 2>&1 &&
        "$python" -c "import $1" 2>>"$folder/log"
}

# PACKAGE...: installs these packages of npm in `$folder/node_modules`.
npm_packages() {
    "$installs" && need npm npm || return 1
    npm install --prefix "$folder" --no-fund --no-audit "$@" >>"$folder/log" 2>&1
}
