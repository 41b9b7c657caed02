"""Makes two editions of many pages from a folder of pages.

    pages.py FOLDER COUNT OUT    writes COUNT pages below OUT/old, and a newer text of each below OUT/new

Each page is a copy of one of the folder with its own name, source text, paths, identifiers, types and scenarios. The newer
text has another edition, status, parameter and number in its prose, so that every pair is read and compared.
"""

import hashlib
import pathlib
import re
import sys

# The last name of the path of a request, and of an `@odata.type`.
ACTION = re.compile(r"^((?:GET|POST|PUT|PATCH|DELETE) +\S*/[a-zA-Z]+)(?=[ \r]|$)", re.MULTILINE)
TYPE = re.compile(r"(#?microsoft\.graph\.[a-zA-Z]+)")
GUID = re.compile(r"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-)", re.IGNORECASE)
METADATA = re.compile(r"^ms\.(?:openlocfilehash|sourcegitcommit|lasthandoff):.*\n", re.MULTILINE)
NEWER = [
    (re.compile(r"(HTTP/1\.1 20)\d"), r"\g<1>3"),
    (re.compile(r"\bclientContext\b"), "clientWords"),
    (re.compile(r"\b256\b"), "128"),
]


def varied(text, number, side):
    """The text of one page, as the page of this number."""
    source = hashlib.sha1(f"{number} {side}".encode()).hexdigest()
    day = {"old": "03/01/2021", "new": "06/01/2022"}[side]
    text = METADATA.sub("", text).removeprefix("---\n")
    text = f"---\nms.openlocfilehash: {source}\nms.lasthandoff: {day}\n{text}"
    text = ACTION.sub(rf"\g<1>{number}", text)
    text = TYPE.sub(rf"\g<1>{number}", text)
    text = GUID.sub(f"{number:08x}", text)
    if side == "new":
        for expression, replacement in NEWER:
            text = expression.sub(replacement, text)
    return text


def make(folder, count, out):
    pages = [(it, it.read_text(encoding="utf-8-sig")) for it in sorted(pathlib.Path(folder).rglob("*.md"))]
    for number in range(count):
        page, text = pages[number % len(pages)]
        for side in ("old", "new"):
            below = page.relative_to(folder).with_name(f"{page.stem}-{number}.md")
            path = pathlib.Path(out, side, below)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(varied(text, number, side), encoding="utf-8")


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), sys.argv[3])
