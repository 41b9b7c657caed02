"""EXPECTED BASE, ACTUAL BASE: compares two visits to the website, each a file and the address that was visited. Bodies of
JSON are equal in value, all others to the byte; secrets that a visitor was shown count as one."""

import base64
import decimal
import json
import sys


def read(path, base):
    steps, secrets = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            step = json.loads(line)
            if "secret" in step:
                secrets.append(step["secret"])
                continue
            body = base64.b64decode(step["body"]).replace(base.encode(), b"{base}")
            for secret in secrets:
                body = body.replace(secret.encode(), b"{secret}")
            kind = step["type"].split(";")[0].strip()
            if body and (kind == "application/json" or kind.endswith("+json")):
                body = json.loads(body, parse_float=decimal.Decimal)
            url = step["url"].replace(base, "{base}")
            steps.append((step["step"], step["status"], url, step["type"], body))
    return steps


expected, actual = (read(*sys.argv[at : at + 2]) for at in (1, 3))
pairs = zip(actual, expected)
problems = [f"{str(one)[:250]} instead of {str(other)[:250]}" for one, other in pairs if one != other]
if len(actual) != len(expected):
    problems.append(f"{len(actual)} answers instead of {len(expected)}")
for problem in problems:
    print(problem, file=sys.stderr)
if problems or not expected:
    sys.exit(1)
