"""Asks a bot on this port for what no conversation asks for, and says what it did, or what was wrong."""

import json
import sys
import urllib.error
import urllib.request

ROSTER = {"changeType": "updated", "resource": "/communications/calls/1/participants"}
ENDED = {"changeType": "deleted", "resource": "/communications/calls/1"}
MIXED = {
    "method": "POST",
    "url": "http://service/beta/communications/calls/1/participants/configureMixer",
    "body": {},
}
ASKED = [
    ("callback", {"value": [ROSTER]}, 202),
    ("callback", {"value": [ROSTER]}, 202),
    ("callback", {"value": [ENDED], "unknown": 1}, 202),
    ("callback", {"value": ROSTER}, 400),
    ("callback", {"value": [None]}, 400),
    ("callback", [], 400),
    ("callback", b"{", 400),
    ("trigger", {"scenario": "mixer", "step": 1, "request": MIXED}, 501),
    ("trigger", {"scenario": "nothing", "step": 1}, 501),
    ("elsewhere", {}, 404),
]


def post(url, body):
    """Post a JSON value, or bytes as they are; give the status and the body of the answer."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, payload, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


for path, body, expected in ASKED:
    status, answer = post(f"http://127.0.0.1:{sys.argv[1]}/{path}", body)
    if status != expected:
        sys.exit(f"{body} to /{path} was answered {status} instead of {expected}: {answer}")
    if status == 501 and not json.loads(answer).get("reason"):
        sys.exit(f"{body} was declined without a reason")
print(f"{len(ASKED)} answers are as they should be")
