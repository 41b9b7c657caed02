#!/usr/bin/env bash
# Opens HTML reports in Chromium: clicks, filters, unfolds a result, and checks accessibility with axe. Takes
# screenshots of a run that passed, one that failed, one with fault injection and one with 1,000 results, and of the
# changes of a page, also with the size of a phone and in the dark scheme. Measures how long a report of 10,000 results
# takes to open.
#
# Ends with 1 if a check failed; skips all checks if Chromium or packages of npm are missing. --install installs them.
# CONFCALL_BROWSER_KEEP=DIR keeps the reports and the screenshots in the folder DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

if ! need node nodejs || ! need chromium chromium; then
    skip "every report" "the script needs node and chromium: $lacking"
    exit 0
fi
if ! npm_packages playwright-core axe-core; then
    skip "every report" "the script needs Node's packages playwright-core and axe-core: $lacking"
    exit 0
fi
cargo build --quiet
confcall=target/debug/confcall

reports="$folder/reports"
mkdir "$reports"
passing=cassettes/participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call.jsonl
sed 's/"status":202/"status":418/' "$passing" >"$reports/refused.jsonl"

# NAME EXIT ARGUMENT...: writes the HTML and the JSON report of a command, which ends with this exit code.
report() {
    local name=$1 wanted=$2 code=0
    shift 2
    "$confcall" "$@" --report "html=$reports/$name.html" --report "json=$reports/$name.json" >"$folder/said" 2>&1 ||
        code=$?
    ((code == wanted)) || fail "$name: exit $code: $(tail -n 3 "$folder/said")"
}
report passing 0 check "$passing"
report failing 1 check "$reports/refused.jsonl"
# The built-in parties are more modern than the pages as printed.
report injected 1 run --inject fast --literal --strict --deadline 500ms call-answer call-mute participant-invite
for count in 1000 10000; do
    node scripts/browser/many.mjs "$reports/injected.json" "$count" >"$reports/$count.json"
    "$confcall" merge "$reports/$count.json" --report "html=$reports/$count.html" >/dev/null || true
done
page=tests/fixtures/pages/bodies/page.md
sed 's/HTTP\/1.1 20./HTTP\/1.1 203/; s/^ms.lasthandoff:.*/ms.lasthandoff: 01\/01\/2031/' "$page" >"$folder/page.md"
"$confcall" drift "$page" "$folder/page.md" --format html --out "$reports/drift.html"
"$confcall" show --format html "$passing" >"$reports/recording.html"

NODE_PATH="$folder/node_modules" node scripts/browser/open.mjs "$(command -v chromium)" "$reports" || failed=1
if [[ -n "${CONFCALL_BROWSER_KEEP:-}" ]]; then
    cp "$reports"/*.html "$reports"/*.png "$CONFCALL_BROWSER_KEEP/"
fi
exit "$failed"
