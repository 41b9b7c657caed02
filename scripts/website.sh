#!/usr/bin/env bash
# Records the visits of common HTTP clients to a website on loopback, and replays each recording to the same client,
# twice. The website behaves as public ones do: redirects, content codings, cookies, forms, uploads, event streams,
# pages of results, ranges, HEAD, conditional requests, authentication. Checks that a client sees the same statuses,
# addresses and decoded bodies without confcall, through `confcall record` and in each replay; JSON is equal in value.
#
# Reports each skipped client with the reason; ends with 1 if a check failed. --install installs missing clients first.
# CONFCALL_WEBSITE_KEEP=DIR keeps the cassettes and what each client saw in the folder DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

for needed in node:nodejs openssl:openssl python3:python3; do
    if ! need "${needed%:*}" "${needed#*:}"; then
        skip "every client" "the website needs ${needed%:*}: $lacking"
        exit 0
    fi
done
need curl curl || true
need chromium chromium || true
cargo build --quiet
confcall=target/debug/confcall

# The clients must not use the proxies and authorities of the user's environment.
for name in http_proxy https_proxy no_proxy all_proxy; do unset "$name" "${name^^}"; done
unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS NODE_OPTIONS
export CONFCALL_CA_DIR="$folder/ca" NODE_PATH="$folder/node_modules"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=site \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$folder/site.key" -out "$folder/site.pem" 2>/dev/null
ca=$("$confcall" ca | head -n 1)

# NAME MODE VISITOR: the visitor is a function that takes the address of the website, an authority for it and, while
# it is recorded as the client of a forward proxy, the address of that.
try() {
    local name="$1, $2" mode=$2 visitor=$3 seen="$folder/seen" tls=() site base proxy="" trusted="$folder/site.pem" at
    local -A bases=()
    rm -rf "$seen"
    mkdir "$seen"
    [[ "$mode" == "reverse proxy" ]] || tls=("$folder/site.pem" "$folder/site.key")
    # Each of them has a website of its own, which counts its requests.
    for at in direct recorded; do
        start node scripts/website/site.mjs "${tls[@]}"
        site=$started
        bases[$at]=$site
        if [[ "$at" == recorded && "$mode" == "reverse proxy" ]]; then
            start "$confcall" record --cassette "$seen/visit.jsonl" --service "$site"
            bases[recorded]=${started#listening }
        elif [[ "$at" == recorded ]]; then
            start "$confcall" record --cassette "$seen/visit.jsonl" --intercept localhost --ca "$folder/site.pem"
            proxy=${started#listening }
            trusted=$ca
        fi
        bases[$at]=${bases[$at]%/}
        if ! "$visitor" "${bases[$at]}" "$trusted" $proxy >"$seen/$at" 2>"$folder/error"; then
            fail "$name, $at: $(tail -n 5 "$folder/error")"
        fi
        if [[ "$at" == recorded ]]; then
            stop || fail "$name: the recorder ended with $?: $(tail -n 5 "$folder/log")"
        fi
        stop || true
    done
    for at in first second; do
        start "$confcall" replay "$seen/visit.jsonl" --deadline 15s ${tls:+--tls}
        base=${started#listening }
        bases[$at]=${base%/}
        "$visitor" "${bases[$at]}" "$ca" >"$seen/$at" 2>"$folder/error" ||
            fail "$name, the $at replay: $(tail -n 5 "$folder/error")"
        ended >"$seen/$at.said" || fail "$name, the $at replay: $(tail -n 20 "$seen/$at.said")"
    done
    for at in recorded first second; do
        if python3 scripts/website/same.py "$seen/direct" "${bases[direct]}" "$seen/$at" "${bases[$at]}" \
            2>"$folder/error"; then
            ok "$name, $at: $(wc -l <"$seen/$at") answers"
        else
            fail "$name, $at: $(head -n 5 "$folder/error")"
        fi
    done
    if [[ -n "${CONFCALL_WEBSITE_KEEP:-}" ]]; then
        rm -rf "$CONFCALL_WEBSITE_KEEP/${name//\//}"
        cp -r "$seen" "$CONFCALL_WEBSITE_KEEP/${name//\//}"
    fi
}

# BASE CA [PROXY]
with_curl() {
    rm -rf "$folder/curl"
    mkdir "$folder/curl"
    scripts/website/visit.sh "$1" "$folder/curl" --cacert "$2" ${3:+--proxy "$3"}
}
with_requests() { env ${3:+HTTPS_PROXY="$3"} "$python" scripts/website/visit.py requests "$1" "$2"; }
with_httpx() { env ${3:+HTTPS_PROXY="$3"} "$python" scripts/website/visit.py httpx "$1" "$2"; }
with_httpx_http2() { env ${3:+HTTPS_PROXY="$3"} "$python" scripts/website/visit.py httpx-http2 "$1" "$2"; }
with_fetch() { NODE_EXTRA_CA_CERTS="$2" node scripts/website/visit.mjs "$1"; }
with_chromium() { node scripts/website/browse.mjs "$(command -v chromium)" "$1" "{${3:+\"proxy\":\"$3\"}}"; }

if has curl; then
    try "curl" "reverse proxy" with_curl
    try "curl" "forward proxy" with_curl
else
    skip "curl" "$lacking"
fi
if python_with "requests, brotli" requests brotli; then
    try "Python requests" "reverse proxy" with_requests
    try "Python requests" "forward proxy" with_requests
else
    skip "Python requests" "it or its package brotli: $lacking"
fi
if python_with "httpx, h2, brotli" "httpx[http2,brotli]"; then
    try "Python httpx" "reverse proxy" with_httpx
    try "Python httpx, HTTP/2" "forward proxy" with_httpx_http2
else
    skip "Python httpx" "it or its packages for HTTP/2 and Brotli: $lacking"
fi
try "Node fetch" "reverse proxy" with_fetch
if ! has chromium; then
    skip "Chromium" "$lacking"
elif ! npm_packages playwright-core; then
    skip "Chromium" "the script needs Node's package playwright-core: $lacking"
else
    try "Chromium" "reverse proxy" with_chromium
    try "Chromium" "forward proxy" with_chromium
fi

exit "$failed"
