#!/usr/bin/env bash
# Real clients through `confcall record`, each as `confcall ca` tells people to set it up, against a
# service on loopback: as a reverse proxy, through CONNECT, over HTTP/2. Says what was skipped and why;
# ends with 1 where a client failed or was not recorded.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
processes=()
end() {
    for process in "${processes[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap end EXIT

for needed in openssl python3; do
    if ! command -v "$needed" >/dev/null; then
        echo "skipped: every client (there is no $needed to make the service with)"
        exit 0
    fi
done

# What the environment says of proxies and trust is the user's, not that of the clients here.
unset http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS
export CONFCALL_CA_DIR="$folder/ca"
cargo build --quiet
confcall=target/debug/confcall

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=service \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$folder/service.key" -out "$folder/service.pem" 2>/dev/null

# The first line that a program prints, once it is there; its process goes to `processes`.
started=""
start() {
    local said="$folder/said.$RANDOM"
    mkfifo "$said"
    "$@" >"$said" 2>>"$folder/log" &
    processes+=($!)
    exec {reading}<"$said"
    if ! read -r -t 20 started <&"$reading"; then
        echo "error: $1 did not start" >&2
        cat "$folder/log" >&2
        exit 3
    fi
}

start python3 scripts/clients/service.py "$folder/service.pem" "$folder/service.key"
tls=$started
start python3 scripts/clients/service.py
plain=$started
start "$confcall" record --cassette "$folder/reverse.jsonl" --service "https://localhost:$tls" \
    --ca "$folder/service.pem"
reverse=${started#listening }
start "$confcall" record --cassette "$folder/forward.jsonl" --intercept localhost 127.0.0.1 \
    --ca "$folder/service.pem"
forward=${started#listening }
port=${forward##*:}
ca=$("$confcall" ca | head -n 1)

failed=0
# NAME PATH CASSETTE VERSION COMMAND...: the answer is the path, and the exchange is in the cassette,
# its request in this version of HTTP.
try() {
    local name=$1 path=$2 cassette="$folder/$3.jsonl" version=$4 answer recorded
    shift 4
    if ! answer=$("$@" 2>"$folder/error"); then
        echo "FAILED:  $name: $(tail -n 3 "$folder/error")"
        failed=1
        return
    fi
    recorded=$(grep -F "\"target\":\"$path\"" "$cassette" || true)
    if [[ "$answer" != "$path" || -z "$recorded" ]]; then
        echo "FAILED:  $name: answered '$answer', recorded '$recorded'"
        failed=1
    elif [[ "$version" == 2 && "${recorded%%\"response\"*}" != *'"version":"2"'* ]]; then
        echo "FAILED:  $name: not in HTTP/2: $recorded"
        failed=1
    else
        echo "ok:      $name"
    fi
}
skip() { echo "skipped: $1 ($2)"; }

if command -v curl >/dev/null; then
    try "curl, reverse proxy" /curl-reverse reverse 1.1 curl -sS "$reverse/curl-reverse"
    try "curl, CONNECT" /curl-connect forward 1.1 \
        curl -sS --http1.1 --proxy "$forward" --cacert "$ca" "https://localhost:$tls/curl-connect"
    try "curl, CONNECT, by its environment" /curl-environment forward 1.1 \
        env HTTPS_PROXY="$forward" CURL_CA_BUNDLE="$ca" curl -sS "https://localhost:$tls/curl-environment"
    try "curl, plain HTTP" /curl-plain forward 1.1 \
        curl -sS --proxy "$forward" "http://127.0.0.1:$plain/curl-plain"
    try "curl, plain HTTP through CONNECT" /curl-tunnel forward 1.1 \
        curl -sS --proxytunnel --proxy "$forward" "http://127.0.0.1:$plain/curl-tunnel"
    if curl --version | grep -q HTTP2; then
        try "curl, CONNECT, HTTP/2" /curl-http2 forward 2 \
            curl -sS --http2 --proxy "$forward" --cacert "$ca" "https://localhost:$tls/curl-http2"
    else
        skip "curl, HTTP/2" "this curl has none"
    fi
    if command -v node >/dev/null && curl --version | grep -q HTTP2; then
        start node scripts/clients/service.js "$folder/service.pem" "$folder/service.key"
        try "curl, CONNECT, HTTP/2 on both sides" /curl-both forward 2 \
            curl -sS --http2 --proxy "$forward" --cacert "$ca" "https://localhost:$started/curl-both"
        try "curl, CONNECT, HTTP/2 behind HTTP/1.1" /curl-behind forward 1.1 \
            curl -sS --http1.1 --proxy "$forward" --cacert "$ca" "https://localhost:$started/curl-behind"
    else
        skip "curl, HTTP/2 on both sides" "it takes node, for the service, and a curl with HTTP/2"
    fi
else
    skip "curl" "it is not installed"
fi

get='import sys, urllib.request as it; print(it.urlopen(sys.argv[1], timeout=10).read().decode())'
try "Python urllib, reverse proxy" /urllib-reverse reverse 1.1 python3 -c "$get" "$reverse/urllib-reverse"
try "Python urllib, CONNECT" /urllib forward 1.1 \
    env HTTPS_PROXY="$forward" SSL_CERT_FILE="$ca" python3 -c "$get" "https://localhost:$tls/urllib"
try "Python http.client, CONNECT" /http.client forward 1.1 \
    python3 scripts/clients/tunnel.py "$port" "$tls" /http.client "$ca"
if python3 -c 'import requests' 2>/dev/null; then
    get='import sys, requests; print(requests.get(sys.argv[1], timeout=10).text)'
    try "Python requests, CONNECT" /requests forward 1.1 \
        env HTTPS_PROXY="$forward" REQUESTS_CA_BUNDLE="$ca" python3 -c "$get" "https://localhost:$tls/requests"
else
    skip "Python requests" "it is not installed"
fi

if command -v node >/dev/null; then
    get='fetch(process.argv[1]).then((it) => it.text()).then(console.log)'
    try "Node fetch, reverse proxy" /fetch-reverse reverse 1.1 node -e "$get" "$reverse/fetch-reverse"
    try "Node https, CONNECT" /node-https forward 1.1 \
        env NODE_EXTRA_CA_CERTS="$ca" node scripts/clients/tunnel.js "$port" "$tls" /node-https
    if node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major >= 24 || (major === 22 && minor >= 21) ? 0 : 1)'; then
        try "Node fetch, CONNECT" /fetch forward 1.1 \
            env HTTPS_PROXY="$forward" NODE_USE_ENV_PROXY=1 NODE_EXTRA_CA_CERTS="$ca" \
            node -e "$get" "https://localhost:$tls/fetch"
    else
        skip "Node fetch, CONNECT" "node $(node --version) does not know NODE_USE_ENV_PROXY"
    fi
else
    skip "Node" "it is not installed"
fi

if command -v java >/dev/null && command -v keytool >/dev/null; then
    keytool -importcert -noprompt -alias confcall -file "$ca" -keystore "$folder/confcall.p12" \
        -storetype PKCS12 -storepass confcall 2>/dev/null
    try "Java, CONNECT" /java forward 1.1 \
        java -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="$port" -Dhttp.nonProxyHosts= \
        -Djavax.net.ssl.trustStore="$folder/confcall.p12" -Djavax.net.ssl.trustStorePassword=confcall \
        scripts/clients/Fetch.java "https://localhost:$tls/java"
else
    skip "Java" "it is not installed, or keytool is not"
fi
skip "Go" "its clients never send to hosts of this machine through a proxy"
skip ".NET" "not tried by this script"

exit "$failed"
