"""The entry point of pytest: loads the plugin, if this pytest is new enough for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

FILE = "confcall.toml"
MINIMUM = (7, 2)

IS_NEW_ENOUGH = tuple(int(it) for it in re.findall(r"\d+", pytest.__version__)[:2]) >= MINIMUM

#: pytest loads this module too.
pytest_plugins = ["confcall_cli.items"] if IS_NEW_ENOUGH else []


def pytest_addoption(parser: Any) -> None:
    parser.getgroup("confcall").addoption(
        "--confcall",
        metavar="FILE",
        type=Path,
        help=f"show the scenarios of this file as tests (default: {FILE} in the root folder, if it exists)",
    )


def pytest_report_header(config: Any) -> str | None:
    if IS_NEW_ENOUGH or not (config.getoption("confcall") or Path(str(config.rootdir), FILE).is_file()):
        return None
    needed = ".".join(map(str, MINIMUM))
    return f"confcall: no scenarios are shown, because the plugin needs pytest {needed} or later"
