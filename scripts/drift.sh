#!/usr/bin/env bash
# Measures `confcall drift` of a release build between two editions of many pages: wall time and peak memory. The pages are
# made from those of the folder CONFCALL_PAGES; every pair differs. CONFCALL names the binary (default: a release build).
# Needs python3, GNU time and Linux.
#
#   CONFCALL_PAGES=FOLDER scripts/drift.sh [PAGES] [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
pages=${1:-5707} runs=${2:-5}
[[ -n "${CONFCALL_PAGES:-}" ]] || { echo "skipped: CONFCALL_PAGES does not name the folder of the pages"; exit 0; }
[[ -x /usr/bin/time ]] || { echo "skipped: there is no /usr/bin/time"; exit 0; }
if [[ -z "${CONFCALL:-}" ]]; then
    cargo build --release --quiet --bin confcall
    CONFCALL=target/release/confcall
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 scripts/drift/pages.py "$CONFCALL_PAGES" "$pages" "$folder"
for format in text json; do
    for _ in $(seq "$runs"); do
        /usr/bin/time -a -o "$folder/$format" -f '%e %U %S %M' \
            "$CONFCALL" drift "$folder/old" "$folder/new" --format "$format" >/dev/null
    done
    sort -n "$folder/$format" | awk -v format="$format" -v pages="$pages" '
        { wall[NR] = $1; processor[NR] = $2 + $3; if ($4 > peak) peak = $4 }
        END { middle = int((NR + 1) / 2)
              printf "%s of %d pages a side, %d runs: median %.2f s wall time (%.2f to %.2f), %.2f s of processor time, peak memory %d MiB\n",
                  format, pages, NR, wall[middle], wall[1], wall[NR], processor[middle], peak / 1024 }'
done
