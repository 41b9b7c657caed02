#!/usr/bin/env bash
# Fuzzes each target of fuzz/ for some seconds (600 by default), and adds a selection of the inputs that the fuzzer
# found to fuzz/corpus. Inputs with descriptive names stay; the other inputs are selected anew.
# Needs a nightly toolchain and a C++ compiler. TARGETS="page har" selects targets.
#
#   [TARGETS="TARGET…"] scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"

# The limits of an input and of a corpus, in bytes.
longest=4096
greatest=100000

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "skipped: the sanitizer needs a nightly toolchain (rustup toolchain install nightly)"
    exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked
fi
read -ra targets <<<"${TARGETS:-$(cd fuzz/fuzz_targets && echo *.rs | sed 's/\.rs//g')}"

failed=()
for target in "${targets[@]}"; do
    printf '\n== %s\n' "$target"
    # The folder of the fuzzer is not part of the repository. The next run continues from it.
    work=fuzz/work/$target kept=fuzz/corpus/$target
    mkdir -p "$work"
    cp "$kept"/* "$work"
    dictionary=fuzz/dictionaries/$target.dict
    [[ -e $dictionary ]] || dictionary=fuzz/dictionaries/json.dict
    if ! cargo +nightly fuzz run "$target" "$work" -- -max_total_time="$seconds" \
        -max_len=$longest -timeout=10 -rss_limit_mb=3000 -dict="$dictionary" -print_final_stats=1; then
        failed+=("$target")
    fi
    cargo +nightly fuzz cmin "$target" "$work" -- -max_len=$longest -timeout=10 -rss_limit_mb=3000
    # Every n-th input by length is kept, as many as the limit allows: a tenth of the files covers
    # nearly as much code as all of them.
    find "$kept" -regextype egrep -regex '.*/[0-9a-f]{40}' -delete
    room=$((greatest - $(cat "$kept"/* | wc -c)))
    step=$(($(cat "$work"/* | wc -c) / room + 1))
    find "$work" -type f -printf '%s %p\n' | sort -n | awk -v n="$step" 'NR % n == 0 { print $2 }' |
        while read -r found; do cp "$found" "$kept"; done
done
if ((${#failed[@]})); then
    echo "these targets failed; the inputs are in fuzz/artifacts: ${failed[*]}" >&2
    echo "correct the library, and move each input into fuzz/corpus under a descriptive name" >&2
    exit 1
fi
