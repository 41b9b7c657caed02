#!/usr/bin/env bash
# Fuzzes each target of fuzz/ for so many seconds (600 where nothing is said), and minimises what
# was found into fuzz/corpus. Named inputs there are kept; those of the fuzzer are chosen anew.
# Needs a nightly toolchain and a C++ compiler. TARGETS="page har" fuzzes only those.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}"

# Of no input more is kept than this, in bytes, and of a corpus no more than that.
longest=4096
greatest=100000

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "skipped: there is no nightly toolchain, which the sanitizer needs" \
        "(rustup toolchain install nightly)"
    exit 0
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked
fi
read -ra targets <<<"${TARGETS:-$(cd fuzz/fuzz_targets && echo *.rs | sed 's/\.rs//g')}"

failed=()
for target in "${targets[@]}"; do
    printf '\n== %s\n' "$target"
    # What the fuzzer gathers is out of the repository; it goes on from there the next time.
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
    # Of what was found every n-th by length is kept, as many as there is room for: a tenth of the
    # files reaches nearly all that the others do.
    find "$kept" -regextype egrep -regex '.*/[0-9a-f]{40}' -delete
    room=$((greatest - $(cat "$kept"/* | wc -c)))
    step=$(($(cat "$work"/* | wc -c) / room + 1))
    find "$work" -type f -printf '%s %p\n' | sort -n | awk -v n="$step" 'NR % n == 0 { print $2 }' |
        while read -r found; do cp "$found" "$kept"; done
done
if ((${#failed[@]})); then
    echo "these found something, which is in fuzz/artifacts: ${failed[*]}" >&2
    echo "once it is fixed, move the input into fuzz/corpus under a name that says what it is" >&2
    exit 1
fi
