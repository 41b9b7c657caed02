#!/usr/bin/env bash
# Counts the instructions of one exchange, in confcall and in a bare hyper program that does the same on the
# wire. Unlike times, these figures do not depend on other load of the machine. Needs valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
few=500 many=2500
cargo build --release --quiet --bin confcall --example floor
confcall=target/release/confcall floor=target/release/examples/floor
folder=$(mktemp -d)
running=()
end() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT

# FILE: prints the URL of a program that listens, from the file with its output.
url_in() {
    for _ in $(seq 600); do
        if grep -q '^listening ' "$1"; then
            sed -n 's/^listening //p' "$1" | head -n 1
            return
        fi
        sleep 0.1
    done
    echo "the program does not listen: $(cat "$1")" >&2
    return 1
}

start() { # NAME PROGRAM…: starts it in the background; its address is in $url, its pid in $process
    local name=$1
    shift
    # The output of the previous program must not be read as that of this one.
    rm -f "$folder/$name"
    touch "$folder/$name"
    "$@" >>"$folder/$name" 2>&1 &
    process=$!
    running+=("$process")
    url=$(url_in "$folder/$name")
}

instructions() { # COUNT ROUNDS PROGRAM…: prints those of a program for COUNT requests, ROUNDS times
    local count=$1 rounds=$2
    shift 2
    rm -f "$folder/counted"* "$folder/recorded.jsonl"
    start measured valgrind --tool=callgrind --callgrind-out-file="$folder/counted" "$@"
    for _ in $(seq "$rounds"); do "$floor" ask "$url" 1 "$count"; done
    # What the program does at its end is not counted.
    callgrind_control --dump=served "$process" >/dev/null
    kill "$process"
    wait "$process" || true
    sed -n 's/^totals: //p' "$folder/counted.1"
}

each() { # NAME ROUNDS PROGRAM…: prints the instructions of one exchange
    local name=$1 rounds=$2 low high
    shift 2
    low=$(instructions "$few" "$rounds" "$@")
    high=$(instructions "$many" "$rounds" "$@")
    printf '%-34s %9d instructions an exchange\n' "$name" $(((high - low) / (many - few) / rounds))
}

"$floor" cassette "$many" >"$folder/cassette.jsonl"
start upstream "$floor" answer
upstream=$url
each "bare hyper, answering" 1 "$floor" answer
each "replay, asked for the first time" 1 "$confcall" replay "$folder/cassette.jsonl" --reuse
each "replay --reuse, four times" 4 "$confcall" replay "$folder/cassette.jsonl" --reuse
each "bare hyper, passing on" 1 "$floor" pass "$upstream"
each "record" 1 "$confcall" record --service "$upstream" --cassette "$folder/recorded.jsonl"
