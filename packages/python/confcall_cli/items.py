"""A plugin for pytest: each scenario of a `confcall.toml` with a target is an item below that file.

confcall plays all selected items in one run, also under pytest-xdist. The item `run` stands for the run as a whole: it
fails if confcall reports an error that belongs to no scenario. If `run` is not selected, such an error is a warning. If
confcall cannot play, only that item fails, or the first one if it is not selected.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .pytest_plugin import FILE
from .run import ConfcallError, Played, Result, Scenario, listed, played_once

MARKER = "confcall"
#: The folder of the events, which the processes of pytest-xdist share.
FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARKER}: a scenario that confcall plays")
    if shared := getattr(config, "workerinput", {}).get(MARKER):
        config.stash[FOLDER] = Path(shared)
    else:
        config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="confcall-"))
        config.add_cleanup(lambda: shutil.rmtree(config.stash[FOLDER], ignore_errors=True))
    path, is_chosen = _project(config), config.getoption("confcall") is not None
    if is_chosen and not path.is_file():
        raise pytest.UsageError(f"--confcall: {path} is no file")
    # Paths on the command line say what is collected. Without them, `testpaths` may leave out the root folder, and the
    # chosen file may be in a folder that is not collected.
    source, sources = config.args_source, pytest.Config.ArgsSource
    is_left_out = source is sources.TESTPATHS or (is_chosen and source is not sources.ARGS)
    if is_left_out and path.is_file() and str(path) not in config.args:
        config.args.append(str(path))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Passes the folder of the events to a process of pytest-xdist."""
    node.workerinput[MARKER] = str(node.config.stash[FOLDER])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path == _project(parent.config):
        return Project.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Before pytest 8, a file that is named and also lies in a collected folder is collected twice.
    first: dict[str, pytest.Item] = {}
    items[:] = [it for it in items if not isinstance(it, Item) or first.setdefault(it.nodeid, it) is it]


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        if isinstance(item, Item):
            item.project.selected.append(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Plays the run, and marks skipped items and known failures, before pytest reads the marks."""
    if isinstance(item, Item):
        item.mark()


def _project(config: pytest.Config) -> Path:
    chosen: Path | None = config.getoption("confcall")
    if chosen is None:
        return config.rootpath / FILE
    # In `addopts`, a path is relative to the root folder, whatever folder pytest is started in.
    paths = [(folder / chosen).resolve() for folder in (config.invocation_params.dir, config.rootpath)]
    return next((it for it in paths if it.is_file()), paths[0])


def _has_ended(config: pytest.Config) -> Callable[[], bool]:
    """A function that is true once the runner of this process has ended: a process of pytest-xdist outlives it."""
    if not hasattr(config, "workerinput"):
        return lambda: False
    runner = os.getppid()
    return lambda: os.getppid() != runner


class Project(pytest.File):
    """A `confcall.toml`."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.count = 0
        #: The items of this session.
        self.selected: list[Item] = []
        self._played: Played | None = None

    def collect(self) -> Iterator[pytest.Item]:
        try:
            scenarios = listed(self.path)
        except ConfcallError as error:
            raise self.CollectError(str(error)) from error
        if not scenarios:
            return
        self.count = len(scenarios)
        yield Item.from_parent(self, name="run", scenario=None)
        for name, scenario in zip(names(scenarios), scenarios):
            yield Item.from_parent(self, name=name, scenario=scenario)

    def played(self) -> Played:
        """The run of all selected items."""
        if self._played is None:
            scenarios = [it.scenario for it in self.selected if it.scenario is not None]
            is_whole = len(scenarios) in (0, self.count)
            # A scenario may have an item for each party.
            ids = [] if is_whole else list(dict.fromkeys(it.id for it in scenarios))
            digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
            folder = self.config.stash[FOLDER]
            self._played = played_once(self.path, ids, folder / f"{digest}.jsonl", _has_ended(self.config))
        return self._played

    @property
    def reporter(self) -> Item:
        """The item that reports the problem of the run as a whole: `run`, or the first one if `run` is not selected."""
        return next((it for it in self.selected if it.scenario is None), self.selected[0])

    def problem(self) -> str | None:
        """The problem of the run as a whole."""
        played = self.played()
        if played.errors or not played.is_complete:
            return played.message
        is_explained = any(it.result is not None and it.result.has_failed for it in self.selected)
        if played.exit != 0 and self.reporter.scenario is None and not is_explained:
            return played.message
        return None

    @property
    def fails(self) -> bool:
        """True if the problem is a failure of its reporter: no scenario fails because of an error of other ones."""
        return self.problem() is not None and (self.reporter.scenario is None or not self.played().is_complete)


class Item(pytest.Item):
    """A scenario, or the run as a whole."""

    def __init__(self, *, scenario: Scenario | None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.scenario = scenario
        self.add_marker(MARKER)

    @property
    def project(self) -> Project:
        assert isinstance(self.parent, Project)
        return self.parent

    @property
    def result(self) -> Result | None:
        return self.scenario and self.project.played().results.get(self.scenario)

    @property
    def is_reporter(self) -> bool:
        return self.project.reporter is self

    def mark(self) -> None:
        project, result = self.project, self.result
        if self.is_reporter and project.fails:
            return
        if result is None or result.has_failed:
            if not project.played().is_complete:
                self.add_marker(pytest.mark.skip(f"confcall could not play it, see {project.reporter.nodeid}"))
        elif result.verdict == "skip":
            self.add_marker(pytest.mark.skip(result.reason))
        elif result.verdict == "known":
            self.add_marker(pytest.mark.xfail(reason=result.reason, strict=False))

    def runtest(self) -> None:
        if self.is_reporter and (problem := self.project.problem()) is not None:
            if self.project.fails:
                raise Violation(problem)
            self.report(problem)
        if self.scenario is None:
            return
        result = self.result
        if result is None:
            raise Violation(f"confcall has no result of {self.scenario.id} for the {self.scenario.role}")
        if result.verdict != "pass":
            raise Violation(result.text or result.reason)
        if result.text:
            self.report(result.text)

    def report(self, text: str) -> None:
        """Reports a warning. Its line is 0, because the warnings of pytest have the text of another line with them."""
        warnings.warn_explicit(ConfcallWarning(text), None, str(self.path), 0)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        # With `-W error`, a warning is raised.
        if isinstance(excinfo.value, (Violation, ConfcallWarning)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        # If the title is the end of the item's id, pytest replaces the dots in it.
        title = f"{self.scenario.id} ({self.scenario.role})" if self.scenario else self.name
        return self.path, 0, title


class Violation(Exception):
    """A failure, with the part of confcall's report about the scenario."""


class ConfcallWarning(pytest.PytestWarning):
    """A SHOULD that was not met, or an error of the run if the item `run` is not selected."""


def names(scenarios: Sequence[Scenario]) -> list[str]:
    """A name for each scenario, with only characters that `-k` accepts. The kind of fault injection is in brackets."""
    count = Counter(it.id for it in scenarios)
    taken: Counter[str] = Counter()
    found = []
    for scenario in scenarios:
        plain, _, kind = scenario.id.partition("~")
        name = re.sub(r"[^\w./-]", "-", plain)
        inside = [it for it in (kind, scenario.role if count[scenario.id] > 1 else "") if it]
        if inside:
            name += f"[{'-'.join(inside)}]"
        taken[name] += 1
        found.append(name if taken[name] == 1 else f"{name}-{taken[name]}")
    return found
