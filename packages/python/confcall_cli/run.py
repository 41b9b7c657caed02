"""A run of confcall: the scenarios that confcall selects, and the results, which are read from the events of the run.

This module decides nothing: verdicts, reasons and texts come from confcall.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from . import find_binary

#: Exit codes of a run that was played to its end.
PLAYED = (0, 1)
#: How often a process looks whether the test runner has ended, in seconds.
PAUSE = 0.5


class ConfcallError(Exception):
    """confcall cannot be started, or refuses its input."""


class Scenario(NamedTuple):
    """A scenario, and the party that is judged."""

    id: str
    role: str


@dataclass(frozen=True)
class Result:
    """The result of a scenario for one party. `text` is the part of confcall's report about it."""

    verdict: str
    reason: str
    text: str

    @property
    def has_failed(self) -> bool:
        return self.verdict not in ("pass", "skip", "known")


@dataclass
class Played:
    """The outcome of a run."""

    exit: int | None
    errors: list[str] = field(default_factory=list)
    #: The output of confcall.
    output: str = ""
    results: dict[Scenario, Result] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """False if confcall ended before it had played everything."""
        return self.exit in PLAYED

    @property
    def message(self) -> str:
        """The reason that the run as a whole has failed."""
        return "\n".join(self.errors) or self.output.strip() or f"confcall ended with exit code {self.exit}"


def listed(config: Path) -> list[Scenario]:
    """The scenarios that `confcall run` plays against the target of this `confcall.toml`; none without a target."""
    command = _command("list", "--config", str(config), "--format", "json", "--of-target")
    try:
        done = subprocess.run(
            command, cwd=config.parent, check=False, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ConfcallError(f"{command[0]} cannot be started: {error}") from error
    if done.returncode != 0:
        raise ConfcallError(done.stderr.strip() or f"confcall ended with exit code {done.returncode}")
    return [Scenario(it["id"], role) for it in json.loads(done.stdout) for role in it["roles"]]


def played_once(config: Path, ids: Sequence[str], events: Path, has_ended: Callable[[], bool]) -> Played:
    """The outcome of one run with this `confcall.toml`. `events` is the file of the run's events.

    The first process that calls this plays the run; other processes wait for the end of the run. `ids` are the
    scenarios to play; without ids, confcall plays all. The run ends early once `has_ended` is true of the test runner.
    """
    log = events.with_suffix(".log")
    with _locked(events.with_suffix(".lock")):
        if not log.exists():
            _play(config, ids, events, log, has_ended)
    return _read(events, log)


def _play(config: Path, ids: Sequence[str], events: Path, log: Path, has_ended: Callable[[], bool]) -> None:
    arguments = ["run", "--config", str(config), "--report", f"events={events}", "--end-with-stdin", "--", *ids]
    unfinished = events.with_suffix(".output")
    with unfinished.open("wb") as output:
        try:
            command = _command(*arguments)
            # The pipe ends with this process, and the run ends with the pipe, also after SIGKILL.
            process = subprocess.Popen(
                command, cwd=config.parent, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        except (OSError, ConfcallError) as error:
            output.write(f"confcall cannot be started: {error}".encode())
        else:
            with process:
                try:
                    _wait(process, has_ended)
                except BaseException:
                    # confcall ends its target before it ends itself.
                    process.terminate()
                    process.wait()
                    raise
    unfinished.replace(log)


def _wait(process: subprocess.Popen[bytes], has_ended: Callable[[], bool]) -> None:
    while True:
        if has_ended():
            raise KeyboardInterrupt("the test runner has ended")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
            return


def _read(events: Path, log: Path) -> Played:
    played = Played(exit=None, output=log.read_text(encoding="utf-8", errors="replace"))
    lines = events.read_text(encoding="utf-8").splitlines() if events.exists() else []
    for line in lines:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "scenario-finished":
            result = event["result"]
            played.results[Scenario(result["scenario"], result["role"])] = Result(
                result["verdict"], result["reason"], event.get("text", "")
            )
        elif event["event"] == "run-finished":
            played.exit, played.errors = event["exit"], event["errors"]
    return played


def _command(*arguments: str) -> list[str]:
    try:
        return [str(find_binary()), "--color", "never", *arguments]
    except FileNotFoundError as error:
        raise ConfcallError(str(error)) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a lock that the system releases if this process dies."""
    with path.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                # `locking` gives up after ten seconds.
                with contextlib.suppress(OSError):
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
