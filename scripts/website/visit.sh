#!/usr/bin/env bash
# BASE FOLDER [OPTION...]: visits the website with curl, and prints a line of JSON for each answer. The options go to
# each call of curl. FINITE=1 leaves out the feed without an end, which some proxies never pass on.
set -euo pipefail
base=$1 folder=$2
shift 2
common=("$@")

# STEP OPTION... TARGET: prints the answer, with its body in base64.
get() {
    local step=$1 target="${*: -1}" said
    said=$(curl -sS --compressed --location -b "$folder/jar" -c "$folder/jar" -o "$folder/body" \
        -w '%{http_code} %{url_effective} %{content_type}' "${common[@]}" "${@:2:$#-2}" "$base$target")
    show "$step" "$said"
}
# STEP STATUS-URL-TYPE
show() {
    local status url type
    read -r status url type <<<"$2"
    touch "$folder/body"
    printf '{"step":"%s","status":%s,"url":"%s","type":"%s","body":"%s"}\n' \
        "$1" "$status" "$url" "$type" "$(base64 <"$folder/body" | tr -d '\n')"
    rm -f "$folder/body"
}

# NAME: the value of this field of the head on standard input.
field() { tr -d '\r' | awk -v "name=$1:" 'tolower($1) == name { printf "%s", $2 }'; }

get home /
get script /site.js
get logo /logo.png
get redirects /old
get kept -H 'Content-Type: application/json' -d '{"kept": true}' /moved
get see-other -d item=1 -d item=2 --data-urlencode 'note=жду & верю' /orders
for coding in gzip br deflate; do get "$coding" "/coded/$coding"; done
get negotiated /negotiated
curl -sS "${common[@]}" -b "$folder/jar" -c "$folder/jar" "$base/login" >"$folder/login"
csrf=$(sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' "$folder/login")
printf '{"secret":"%s"}\n' "$csrf"
get login -d user=ana --data-urlencode 'password=correct horse' --data-urlencode "csrf=$csrf" /login
get account /account
get search --get --data-urlencode 'q=café au lait' -d tag=a -d tag=b /search
head -c 3000 /dev/zero | tr '\0' '\377' >"$folder/upload.bin"
get upload -F 'title=Ёлка' -F "file=@$folder/upload.bin;type=image/x-raw;filename=a \"b\".raw" /upload
get continued -H 'Expect: 100-continue' -F "file=@$folder/upload.bin;filename=again.bin" /upload
get events /events
if [[ -z "${FINITE:-}" ]]; then
    # It reads the feed for as long as it likes.
    feed=$(curl -sS -N "${common[@]}" "$base/feed" 2>/dev/null | sed '/^id: 3$/q') || true
    printf '%s' "$feed" >"$folder/body"
    show feed "200 $base/feed text/event-stream"
fi
get lines /lines
next='/items?$top=3'
while [[ -n "$next" ]]; do
    get items "$next" | tee "$folder/page"
    next=$(sed 's/.*"body":"\([^"]*\)".*/\1/' "$folder/page" | base64 -d |
        sed -n "s|.*\"@odata.nextLink\":\"$base\([^\"]*\)\".*|\1|p")
done
get range -H 'Range: bytes=0-99' /file
get rest -H 'Range: bytes=4900-' /file
get beyond -H 'Range: bytes=9000-' /file
curl -sS "${common[@]}" --head "$base/file" | field content-length >"$folder/body"
show head "200 $base/file application/octet-stream"
get file /file
etag=$(curl -sS "${common[@]}" --head "$base/file" | field etag)
get unchanged -H "If-None-Match: $etag" /file
get unauthorized /private
get private -u 'ana:correct horse' /private
get put -X PUT -H 'Content-Type: application/json' -d '{"name": "seven", "parts": [1, 2.50]}' /things/7
get patch -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"name": null}' /things/7
get delete -X DELETE /things/7
get options -X OPTIONS /things/7
for _ in 1 2 3; do get job /job; done
for number in 1 2 3; do get "part $number" "/part?n=$number"; done
get latin1 /latin1
get numbers /numbers
get empty /empty
get wrong /wrong
get missing /missing
