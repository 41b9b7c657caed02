#!/usr/bin/env bash
# Replays and records under load. Compares replay and record with bare hyper programs that do the same on
# the wire, and a long replay with a short one. The programs take turns, because the speed of a machine
# varies; the result is the median of the ratios. On a busy machine, the ratio of the processor time for
# a request varies less. Needs wrk, and two processors: one for the server, one for the load and the
# upstream.
#
# BASELINE is the path of an earlier build's `confcall`; this build is then compared with that one too.
#
#   [BASELINE=PATH] scripts/throughput.sh [ROUNDS] [SECONDS]
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

listening() { # PROGRAM…: starts it on the first processor; its address is in $url, its pid in $process
    : >"$folder/said"
    taskset -c 0 "$@" >"$folder/said" 2>&1 &
    process=$!
    for _ in $(seq 400); do
        url=$(sed -n 's/^listening //p' "$folder/said" | head -n 1)
        [[ -n "$url" ]] && return
        sleep 0.05
    done
    echo "the program does not listen: $(cat "$folder/said")" >&2
    return 1
}

load() { # SCRIPT SECONDS: prints requests per second, and the number of requests
    taskset -c 1 wrk -t1 -c32 -d"${2}s" -s "$1" "$url" | awk '
        /Non-2xx/ { print "answers were refused: " $0 > "/dev/stderr" }
        /requests in/ { all = $1 }
        /^Requests\/sec/ { print $2, all }'
}

worked() { # prints the processor time of the server so far, in nanoseconds
    cat "/proc/$process/task/"*/schedstat | awk '{ all += $1 } END { printf "%.0f", all }'
}

measure() { # SCRIPT COUNT PROGRAM…: measures it after COUNT requests
    # Requests per second in $figure, nanoseconds for each in $spent, peak memory in $memory.
    local script=$1 count=$2 all before
    shift 2
    rm -f "$folder/recorded.jsonl"
    listening "$@"
    taskset -c 1 "$floor" ask "$url" 1 "$count"
    load "$script" 1 >/dev/null
    before=$(worked)
    read -r figure all <<<"$(load "$script" "$seconds")"
    spent=$((($(worked) - before) / all))
    memory=$(awk '/VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$process/status")
    kill "$process"
    wait "$process" || true
    process=''
}

# The requests: a thousand in a cycle, a hundred thousand in a cycle, and requests that are always new.
for count in 1000 100000; do
    "$floor" cassette "$count" >"$folder/$count.jsonl"
    "$floor" requests "$count" >"$folder/$count.tsv"
done
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
sed "s:REQUESTS:MANY:" "$folder/known.lua" >"$folder/many.lua"
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
export REQUESTS="$folder/1000.tsv" MANY="$folder/100000.tsv"
taskset -c 1 "$floor" answer >"$folder/upstream" &
upstream_process=$!
sleep 0.5
upstream=$(sed -n 's/^listening //p' "$folder/upstream")

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

middle() { # VALUE…: prints the median, the minimum and the maximum
    printf '%s\n' "$@" | sort -n | awk '
        { all[NR] = $1 }
        END { printf "%.2f (%.2f to %.2f)", all[int((NR + 1) / 2)], all[1], all[NR] }'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

start() { # PROGRAM…: prints the milliseconds from its start to its first response, with the client's share
    local times=() began line
    for _ in $(seq "$rounds"); do
        began=$(date +%s%N)
        exec 3< <(exec taskset -c 0 "$@" 2>"$folder/said")
        process=$!
        read -r line <&3
        taskset -c 1 "$floor" ask "${line#listening }" 1 1
        times+=("$(awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { print ns / 1e6 }')")
        kill "$process"
        exec 3<&-
        process=''
    done
    printf 'start to first answer: %s ms\n' "$(middle "${times[@]}")"
}

pair() { # NAME OTHER: compares $own with $other in turns; both are arguments of `measure`
    local figures=() others=() ratios=() times=() beside beside_spent beside_memory
    for _ in $(seq "$rounds"); do
        measure "${other[@]}"
        beside=$figure beside_spent=$spent beside_memory=$memory
        measure "${own[@]}"
        others+=("$beside") figures+=("$figure")
        ratios+=("$(ratio "$figure" "$beside")") times+=("$(ratio "$beside_spent" "$spent")")
    done
    printf '%s: %.0f requests/s, %s %.0f; median of %d ratios %s, by processor time %s; %d MiB beside %d\n' \
        "$1" "$(printf '%s\n' "${figures[@]}" | median)" \
        "$2" "$(printf '%s\n' "${others[@]}" | median)" \
        "$rounds" "$(middle "${ratios[@]}")" "$(middle "${times[@]}")" "$memory" "$beside_memory"
}

printf 'machine: %s processors, %s of memory; load %s\n' "$(nproc)" \
    "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
    "$(cut -d ' ' -f 1 /proc/loadavg)"
start "$confcall" replay "$folder/1000.jsonl" --reuse
short=("$folder/known.lua" 1000 "$confcall" replay "$folder/1000.jsonl" --reuse)
own=("${short[@]}")
other=("$folder/known.lua" 0 "$floor" answer)
pair "replay" "bare hyper"
own=("$folder/many.lua" 100000 "$confcall" replay "$folder/100000.jsonl" --reuse)
other=("${short[@]}")
pair "replay of 100,000" "of 1,000"
own=("$folder/new.lua" 0 "$confcall" record --service "$upstream"
    --cassette "$folder/recorded.jsonl")
other=("$folder/new.lua" 0 "$floor" pass "$upstream")
pair "record" "bare hyper"

[[ -n "${BASELINE:-}" ]] || exit 0
record=(--service "$upstream" --cassette "$folder/recorded.jsonl")
own=("${short[@]}")
other=("$folder/known.lua" 1000 "$BASELINE" replay "$folder/1000.jsonl" --reuse)
pair "replay" "the baseline"
own=("$folder/new.lua" 0 "$confcall" record "${record[@]}")
other=("$folder/new.lua" 0 "$BASELINE" record "${record[@]}")
pair "record" "the baseline"
