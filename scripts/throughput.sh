#!/usr/bin/env bash
# Replays and records under load, each beside bare hyper doing the same on the wire, in turns: the
# figures of a machine swing, so what counts is the median of the ratios. Needs wrk, and two
# processors: the server has the first, the load and the upstream have the second.
#
#   scripts/throughput.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
for needed in wrk taskset; do
    command -v "$needed" >/dev/null || { echo "skipped: $needed is not installed"; exit 0; }
done
(($(nproc) > 1)) || { echo "skipped: there is one processor"; exit 0; }
rounds=${1:-7} seconds=${2:-3}
cargo build --release --quiet --bin confcall --example floor
confcall=target/release/confcall floor=target/release/examples/floor
folder=$(mktemp -d)
process='' upstream_process=''
end() {
    for one in $process $upstream_process; do kill "$one" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT

listening() { # PROGRAM…: on the first processor, its address in $url, its number in $process
    : >"$folder/said"
    taskset -c 0 "$@" >"$folder/said" 2>&1 &
    process=$!
    for _ in $(seq 400); do
        url=$(sed -n 's/^listening //p' "$folder/said" | head -n 1)
        [[ -n "$url" ]] && return
        sleep 0.05
    done
    echo "nothing listens: $(cat "$folder/said")" >&2
    return 1
}

load() { # SCRIPT SECONDS: requests a second
    taskset -c 1 wrk -t1 -c32 -d"${2}s" -s "$1" "$url" | awk '
        /Non-2xx/ { print "answers were refused: " $0 > "/dev/stderr" }
        /^Requests\/sec/ { print $2 }'
}

measure() { # SCRIPT PROGRAM…: requests a second, in $figure; the peak of memory in $memory
    local script=$1
    shift
    rm -f "$folder/recorded.jsonl"
    listening "$@"
    load "$script" 1 >/dev/null
    figure=$(load "$script" "$seconds")
    memory=$(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$process/status")
    kill "$process"
    wait "$process" || true
    process=''
}

# What is asked: a thousand things over and over, and ever new ones.
"$floor" cassette 1000 >"$folder/cassette.jsonl"
"$floor" requests 1000 >"$folder/requests.tsv"
cat >"$folder/known.lua" <<'LUA'
local requests, at = {}, 0
for line in io.lines(os.getenv("REQUESTS")) do
  local path, body = line:match("^([^\t]+)\t(.*)$")
  requests[#requests + 1] = { path, body }
end
local fields = { ["Content-Type"] = "application/json" }
function init()
  for at, it in ipairs(requests) do requests[at] = wrk.format("POST", it[1], fields, it[2]) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
LUA
cat >"$folder/new.lua" <<'LUA'
local line = io.lines(os.getenv("REQUESTS"))()
local path, body = line:match("^([^\t]+)\t(.*)$")
local number, before, behind = os.time() % 65536 * 65536, nil, nil
function init()
  local whole = wrk.format("POST", path, { ["Content-Type"] = "application/json" }, body)
  before, behind = whole:match("^(.-/calls/)%x%x%x%x%x%x%x%x(.*)$")
end
function request()
  number = number + 1
  return before .. string.format("%08x", number % 4294967296) .. behind
end
LUA
export REQUESTS="$folder/requests.tsv"
taskset -c 1 "$floor" answer >"$folder/upstream" &
upstream_process=$!
sleep 0.5
upstream=$(sed -n 's/^listening //p' "$folder/upstream")

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

pair() { # NAME SCRIPT FLOOR… -- PROGRAM…: both in turns
    local name=$1 script=$2 bare=() own ratios='' figures='' floors=''
    shift 2
    while [[ $1 != -- ]]; do bare+=("$1") && shift; done
    shift
    own=("$@")
    for _ in $(seq "$rounds"); do
        measure "$script" "${bare[@]}"
        local other=$figure
        measure "$script" "${own[@]}"
        floors+="$other"$'\n' figures+="$figure"$'\n'
        ratios+="$(awk -v a="$figure" -v b="$other" 'BEGIN { printf "%.3f", a / b }')"$'\n'
    done
    printf '%-8s %8.0f requests/s, bare hyper %8.0f; median of %d ratios %.2f (%.2f to %.2f); %d MiB\n' \
        "$name" "$(printf %s "$figures" | median)" "$(printf %s "$floors" | median)" "$rounds" \
        "$(printf %s "$ratios" | median)" "$(printf %s "$ratios" | sort -n | head -n 1)" \
        "$(printf %s "$ratios" | sort -n | tail -n 1)" "$memory"
}

printf 'machine: %s processors, %s of memory\n' "$(nproc)" \
    "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
pair replay "$folder/known.lua" "$floor" answer -- \
    "$confcall" replay "$folder/cassette.jsonl" --reuse
pair record "$folder/new.lua" "$floor" pass "$upstream" -- \
    "$confcall" record --service "$upstream" --cassette "$folder/recorded.jsonl"
