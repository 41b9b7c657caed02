"""Draws the coloured output of a run as a terminal in SVG: standard input to standard output.

The traffic of the conversation is left out of the middle. The picture has no fonts and no scripts, and follows the
reader's choice of a light or a dark theme.
"""

import re
import sys
from xml.sax.saxutils import escape

CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "36": "c"}
WIDTH, LINE, MARGIN = 8.4, 20, 24
STYLE = """
  svg { color-scheme: light dark; }
  .window { fill: #ffffff; stroke: #d0d7de; }
  .dot { fill: #d0d7de; }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; white-space: pre; }
  .b { font-weight: bold; }
  .d { fill: #6e7781; }
  .r { fill: #cf222e; }
  .g { fill: #116329; }
  .y { fill: #7d4e00; }
  .c { fill: #0550ae; }
  @media (prefers-color-scheme: dark) {
    .window { fill: #0d1117; stroke: #30363d; }
    .dot { fill: #30363d; }
    text { fill: #e6edf3; }
    .d { fill: #8b949e; }
    .r { fill: #ff7b72; }
    .g { fill: #7ee787; }
    .y { fill: #e3b341; }
    .c { fill: #79c0ff; }
  }
"""


def shown(output):
    """The lines of the output, without the traffic between its heading and the summary."""
    lines = output.rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    traffic = plain.index("  traffic")
    summary = next(at for at, line in enumerate(plain) if line.startswith("service at "))
    return lines[: traffic + 1] + ["    \x1b[2m…\x1b[0m", ""] + lines[summary:]


def spans(line):
    """A line as `tspan`s, one for each stretch of one style."""
    classes, found = [], []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            codes = piece[2:-1].split(";")
            if codes in (["0"], [""]):
                classes = []
            else:
                classes = classes + [CLASSES[it] for it in codes if it in CLASSES]
        elif piece and classes:
            found.append(f'<tspan class="{" ".join(classes)}">{escape(piece)}</tspan>')
        elif piece:
            found.append(f"<tspan>{escape(piece)}</tspan>")
    return "".join(found)


def main():
    lines = [f"\x1b[2m$\x1b[0m \x1b[1m{sys.argv[1]}\x1b[0m"] + shown(sys.stdin.read())
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = round(columns * WIDTH + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN + 24
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">')
    print(f"<title>{escape(sys.argv[1])}</title>")
    print(f"<style>{STYLE}</style>")
    print(f'<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>')
    for at in range(3):
        print(f'<circle class="dot" cx="{MARGIN + at * 18}" cy="20" r="5"/>')
    for at, line in enumerate(lines):
        print(f'<text x="{MARGIN}" y="{MARGIN + 30 + at * LINE}" xml:space="preserve">{spans(line)}</text>')
    print("</svg>")


main()
