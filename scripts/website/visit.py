"""CLIENT BASE [CA]: visits the website with `requests`, `httpx` or `httpx-http2`, and prints a line of JSON for each
answer."""

import base64
import concurrent.futures
import json
import re
import sys

client, base = sys.argv[1:3]
ca = sys.argv[3] if len(sys.argv) > 3 else True


def print_line(**line):
    print(json.dumps(line), flush=True)


if client == "requests":
    import requests

    session = requests.Session()
    session.verify = ca

    def send(method, target, **options):
        options.setdefault("allow_redirects", True)
        return session.request(method, base + target, timeout=20, **options)

    def stream(target):
        with session.get(base + target, stream=True, timeout=20) as answer:
            yield from answer.iter_lines()

else:
    import ssl

    import httpx

    # A context of its own: whatever is in the environment, this authority is the one that is trusted.
    trust = ssl.create_default_context(cafile=ca) if isinstance(ca, str) else True
    session = httpx.Client(
        follow_redirects=True, timeout=20, http2=client == "httpx-http2", verify=trust
    )

    def send(method, target, **options):
        return session.request(method, base + target, **options)

    def stream(target):
        with session.stream("GET", base + target) as answer:
            for line in answer.iter_lines():
                yield line.encode()


def show(step, answer, body=None):
    content = answer.content if body is None else body
    print_line(
        step=step,
        status=answer.status_code,
        url=str(answer.url),
        type=answer.headers.get("content-type", ""),
        body=base64.b64encode(content).decode(),
    )
    return answer


def get(step, method, target, **options):
    return show(step, send(method, target, **options))


get("home", "GET", "/")
get("script", "GET", "/site.js")
get("logo", "GET", "/logo.png")
get("redirects", "GET", "/old")
get("kept", "POST", "/moved", json={"kept": True})
get("see-other", "POST", "/orders", data={"item": ["1", "2"], "note": "жду & верю"})
for coding in ("gzip", "br", "deflate"):
    get(coding, "GET", f"/coded/{coding}")
get("negotiated", "GET", "/negotiated")
form = send("GET", "/login").text
csrf = re.search('name="csrf" value="([^"]*)"', form)[1]
print_line(secret=csrf)
get("login", "POST", "/login", data={"user": "ana", "password": "correct horse", "csrf": csrf})
get("account", "GET", "/account")
get("search", "GET", "/search", params={"q": "café au lait", "tag": ["a", "b"]})
raw = bytes([0, 255]) * 1500
get("upload", "POST", "/upload", data={"title": "Ёлка"}, files={"file": ('a "b".raw', raw, "image/x-raw")})
get("events", "GET", "/events")
# It reads a feed without an end for as long as it likes.
read = []
for line in stream("/feed"):
    read.append(line)
    if line == b"id: 3":
        break
print_line(step="feed", status=200, url=base, type="", body=base64.b64encode(b"\n".join(read)).decode())
get("lines", "GET", "/lines")
target = "/items?$top=3"
while target:
    page = get("items", "GET", target).json()
    target = page.get("@odata.nextLink", "").removeprefix(base)
get("range", "GET", "/file", headers={"Range": "bytes=0-99"})
get("rest", "GET", "/file", headers={"Range": "bytes=4900-"})
get("beyond", "GET", "/file", headers={"Range": "bytes=9000-"})
head = send("HEAD", "/file")
show("head", head, head.headers["content-length"].encode())
tag = get("file", "GET", "/file").headers["etag"]
get("unchanged", "GET", "/file", headers={"If-None-Match": tag})
get("unauthorized", "GET", "/private")
get("private", "GET", "/private", auth=("ana", "correct horse"))
get("put", "PUT", "/things/7", json={"name": "seven", "parts": [1, 2.5]})
get("patch", "PATCH", "/things/7", json={"name": None})
get("delete", "DELETE", "/things/7")
get("options", "OPTIONS", "/things/7")
for _ in range(3):
    get("job", "GET", "/job")
# Threads that share a connection of HTTP/2 are not safe in httpx: their HEADERS may be sent in another order than their
# streams were opened, which a server has to refuse (RFC 9113 section 5.1.1).
threads = 1 if client == "httpx-http2" else 3
with concurrent.futures.ThreadPoolExecutor(threads) as pool:
    answers = list(pool.map(lambda n: send("GET", f"/part?n={n}"), range(1, 4)))
for number, answer in enumerate(answers, 1):
    show(f"part {number}", answer)
get("latin1", "GET", "/latin1")
get("numbers", "GET", "/numbers")
get("empty", "GET", "/empty")
get("wrong", "GET", "/wrong")
get("missing", "GET", "/missing")
