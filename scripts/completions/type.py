"""Types lines with a tab at their ends into a shell on a terminal of its own, and prints the arguments that `confcall`
then gets, a line for each: SHELL SCRIPT LINE... SCRIPT is the completion script. `confcall` in the search path prints
its arguments between `<` and `>`."""

import os
import pty
import re
import select
import sys
import time

SECONDS = 30
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source '{}'"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; source '{}'"),
    "fish": (["fish", "--no-config", "--interactive"], "source '{}'"),
}

shell, script, *lines = sys.argv[1:]
program, setup = START[shell]
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "dumb"
    os.execvp(program[0], program)
# A wide terminal, so that no line is wrapped.
os.system(f"stty columns 400 <&{terminal}")


def type_in(text, pattern):
    """What the pattern finds in the output after this text."""
    os.write(terminal, text.encode())
    said, end = "", time.monotonic() + SECONDS
    while not (found := re.search(pattern, said)):
        left = end - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit(f"{shell}: {text!r}: {said!r}")
        said += os.read(terminal, 4096).decode(errors="replace")
    return found[1]


# The shell joins the parts, so that the echo is not what is found.
type_in(setup.format(script) + "; printf '%s%s\\n' rea dy\r", "(ready)")
for line in lines:
    print(type_in(line + "\t\r", "<(.*)>"), flush=True)
os.close(terminal)
