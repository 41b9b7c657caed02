"""FILE.har PROXY: sends each request of the file through a proxy that replays it (`mitmdump --server-replay`), and holds
the answers against the file: status and body."""

import base64
import http.client
import json
import sys

file, proxy = sys.argv[1:]
with open(file, encoding="utf-8") as text:
    entries = json.load(text)["log"]["entries"]


def content(of):
    text = of.get("text", "")
    coded = "base64" in (of.get("encoding"), of.get("_encoding"))
    return base64.b64decode(text) if coded else text.encode()


host, port = proxy.removeprefix("http://").split(":")
played = 0
for entry in entries:
    request, response = entry["request"], entry["response"]
    expected = (response["status"], content(response["content"]))
    # Of one without an answer, and in TLS, there is nothing that a plain proxy replays. mitmproxy sends the length that is
    # in the fields, though a coded body and one with pseudonyms have another. HAR has no encoding of a request's body.
    lengths = [int(it["value"]) for it in response["headers"] if it["name"].lower() == "content-length"]
    is_sound = request["method"] == "HEAD" or response["status"] == 304 or lengths in ([], [len(expected[1])])
    is_text = "_encoding" not in request.get("postData", {})
    if response["status"] < 200 or not request["url"].startswith("http:") or not is_sound or not is_text:
        continue
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    body = content(request["postData"]) if "postData" in request else None
    kept = {"content-type", "range", "if-none-match", "cookie", "authorization"}
    fields = {it["name"]: it["value"] for it in request["headers"] if it["name"].lower() in kept}
    connection.request(request["method"], request["url"], body, fields)
    answer = connection.getresponse()
    actual = (answer.status, answer.read())
    if actual != expected:
        sys.exit(f"{request['method']} {request['url']}: {actual} instead of {expected}"[:600])
    played += 1
if not played:
    sys.exit("no exchange can be played")
