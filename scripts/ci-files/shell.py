"""Writes the shell scripts of an action, a workflow or a pipeline into a folder, a file for each: shell.py FILE FOLDER."""

import pathlib
import sys

import yaml


def scripts(value):
    """Every script in a part of the file: those of `run`, and the lines of `script` and `before_script`."""
    if isinstance(value, list):
        for part in value:
            yield from scripts(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == "run" and isinstance(part, str):
                yield part
            elif key in ("script", "before_script"):
                yield "\n".join(part)
            else:
                yield from scripts(part)


file, folder = map(pathlib.Path, sys.argv[1:])
for number, script in enumerate(scripts(yaml.safe_load(file.read_text())), start=1):
    name = "-".join(file.with_suffix("").parts).lstrip(".")
    # The options are those with which the runner starts the shell.
    (folder / f"{name}-{number}.bash").write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{script}\n")
