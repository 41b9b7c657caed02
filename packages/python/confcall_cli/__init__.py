"""The program `confcall`, and a plugin for pytest that shows each scenario of a project as a test."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

__all__ = ["find_binary"]


def find_binary() -> Path:
    """The path of the program `confcall`.

    It is `CONFCALL_BINARY`, or else the program of this installation, or else the first one in `PATH`. Raises
    `FileNotFoundError` if there is none.
    """
    if chosen := os.environ.get("CONFCALL_BINARY"):
        # A relative path is one from the folder of this process, whatever folder confcall is started in.
        return Path(shutil.which(chosen) or chosen).absolute()
    scripts = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", _user_scheme())]
    for folder in [*scripts, None]:
        if found := shutil.which("confcall", path=folder):
            return Path(found)
    raise FileNotFoundError("`confcall` is not installed: `pip install confcall-cli`")


def _user_scheme() -> str:
    if sys.version_info >= (3, 10):
        return sysconfig.get_preferred_scheme("user")
    if sys.platform == "darwin" and sysconfig.get_config_var("PYTHONFRAMEWORK"):
        return "osx_framework_user"
    return f"{os.name}_user"
