import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

BOT = """
[target]
role = "bot"
url = "http://127.0.0.1:{{port}}/callback"
trigger = "http://127.0.0.1:{{port}}/trigger"

[target.command]
run = [{run}]

[scenarios]
filters = [{filters}]
"""

INVITE = "participant-invite/*"


def is_installed() -> bool:
    try:
        importlib.metadata.distribution("confcall-cli")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Writes a project with the built-in bot, or another command."""
    from confcall_cli import find_binary

    binary = str(find_binary().resolve())
    monkeypatch.setenv("CONFCALL_BINARY", binary)
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    for variable in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(variable, raising=False)
    if not is_installed():
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
        monkeypatch.setenv("PYTEST_PLUGINS", "confcall_cli.pytest_plugin")

    def write(*mutant: str, filters=(INVITE,), run=None, more="", name="confcall.toml") -> Path:
        words = run or [binary, "serve", "--bot", "--listen", "127.0.0.1:{port}"]
        words = [*words, *(["--mutant", *mutant] if mutant else [])]
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        texts = [", ".join(json.dumps(it) for it in group) for group in (words, filters)]
        path.write_text(BOT.format(run=texts[0], filters=texts[1]) + more, encoding="utf-8")
        return path

    return write


sys.path.insert(0, str(Path(__file__).parent.parent))
