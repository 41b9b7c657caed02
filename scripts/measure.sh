#!/usr/bin/env bash
# Measures the default run of a release build as a process: wall time, CPU time, peak memory. Also prints the
# cores and the memory of the machine. Needs bash and Linux.
set -euo pipefail
cd "$(dirname "$0")/.."
runs="${1:-20}"
cargo build --release --quiet
printf 'machine: %s cores, %s memory\n' "$(nproc)" "$(awk '/MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo)"
measure() {
    local begun ended
    begun=$(date +%s%N)
    target/release/confcall >/dev/null
    ended=$(date +%s%N)
    echo $(((ended - begun) / 1000))
}
measure >/dev/null
for _ in $(seq "$runs"); do measure; done | sort -n | awk '
    { wall[NR] = $1 }
    END { printf "default run, wall time of %d runs: median %.1f ms, fastest %.1f, slowest %.1f\n",
          NR, wall[int((NR + 1) / 2)] / 1000, wall[1] / 1000, wall[NR] / 1000 }'
if [[ -x /usr/bin/time ]]; then
    /usr/bin/time -f 'one run: %U s user, %S s system, peak memory %M KiB' target/release/confcall 2>&1 >/dev/null | tail -n 1
else
    echo "skipped: peak memory (there is no /usr/bin/time)"
fi
