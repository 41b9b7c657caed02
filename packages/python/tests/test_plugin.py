"""The plugin, as users have it: pytest runs in another process, and the built-in bot is the target."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import confcall_cli
from confcall_cli.items import names
from confcall_cli.run import Scenario

KNOWN = """
[[known]]
scenario = "{}"
rule = "request.body"
reason = "comes with the next release"
"""
MUTANT = "replaced-call-dropped"
#: A bot whose token is that of an unset variable, which a SHOULD forbids.
UNSET = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

class Bot(BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if self.path == "/trigger":
            request = message["request"]
            body = request["body"] and json.dumps(request["body"]).encode()
            headers = {**request["headers"], "Authorization": "Bearer undefined"}
            urlopen(Request(request["url"], body, headers, method=request["method"])).close()

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Bot).serve_forever()
"""


def test_every_scenario_is_an_item(project, pytester):
    project()
    pytester.makepyfile("def test_own(): pass")
    done = pytester.runpytest_subprocess("-v")
    done.assert_outcomes(passed=7)
    done.stdout.fnmatch_lines(["confcall.toml::run PASSED*", "confcall.toml::participant-invite/v1.0-2022-05/*PASSED*"])


def test_a_part_is_selected_by_name(project, pytester):
    project()
    done = pytester.runpytest_subprocess("-v", "-k", "invite-one-pstn and v1.0-2022-05")
    done.assert_outcomes(passed=1, deselected=5)
    one = "confcall.toml::participant-invite/v1.0-2022-05/invite-one-pstn-participant-to-an-existing-call"
    pytester.runpytest_subprocess(one).assert_outcomes(passed=1)


def test_a_failure_is_the_block_of_the_report(project, pytester):
    project(MUTANT)
    done = pytester.runpytest_subprocess()
    outcomes = done.parseoutcomes()
    assert outcomes["failed"] >= 1 and outcomes["passed"] >= 2, outcomes
    done.stdout.fnmatch_lines(
        ["FAIL bot participant-invite/*", "  request.body at step 1*", "*expected: *", "  traffic"]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_known_failures_and_skips_have_their_reasons(project, pytester):
    project(MUTANT, more=KNOWN.format("*") + '[claims]\nfeatures = ["peer-call", "chat"]\n')
    done = pytester.runpytest_subprocess("-rsx", "-k", "replacing or pstn")
    done.assert_outcomes(xfailed=1, skipped=1, deselected=4)
    done.stdout.fnmatch_lines(["XFAIL confcall.toml::*comes with the next release*"])
    done.stdout.fnmatch_lines(["SKIPPED *confcall.toml:*number*"])


def test_a_known_failure_that_matches_nothing_fails_the_run(project, pytester):
    project(more=KNOWN.format("*no-such*"))
    done = pytester.runpytest_subprocess("-rf")
    done.assert_outcomes(passed=5, failed=1)
    done.stdout.fnmatch_lines(["FAILED confcall.toml::run*"])
    # Without the item `run`, no scenario is blamed.
    done = pytester.runpytest_subprocess("-k", "pstn")
    done.assert_outcomes(passed=1, deselected=5, warnings=1)
    done.stdout.fnmatch_lines(["*no-such*matches nothing*"])


@pytest.mark.parametrize("text", ["", '[monitor.env]\nGRAPH_BASE_URL = "service"\n', '[reports]\njunit = "x.xml"\n'])
def test_a_file_without_a_target_has_no_items(project, pytester, text):
    project().write_text(text)
    pytester.makepyfile("def test_own(): pass")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.runpytest_subprocess("--confcall", "confcall.toml").assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments, outcome", [((), "passed"), (("-W", "error"), "failed")])
def test_a_warning_is_the_block_of_the_report(project, pytester, arguments, outcome):
    pytester.makepyfile(bot=UNSET)
    project(run=[sys.executable, "bot.py", "{port}"]).write_text(
        "#:schema ./confcall.schema.json\n" + (pytester.path / "confcall.toml").read_text()
    )
    done = pytester.runpytest_subprocess("-k", "pstn", *arguments)
    assert done.parseoutcomes()[outcome] == 1
    done.stdout.fnmatch_lines(["*WARN bot participant-invite/*", "*request.header at step 1*"])
    for other in ("*#:schema*", "*Traceback*", "*items.py*"):
        done.stdout.no_fnmatch_line(other)


@pytest.mark.parametrize("filters", [(), ("-k", "invite")])
def test_a_target_that_does_not_start_is_one_failure(project, pytester, filters):
    project(run=[sys.executable, "-c", "raise SystemExit('no such bot')"])
    done = pytester.runpytest_subprocess(*filters)
    outcomes = done.parseoutcomes()
    assert outcomes["failed"] == 1 and outcomes["skipped"] >= 4, outcomes
    done.stdout.fnmatch_lines(["*no such bot*"])


def test_a_program_that_cannot_start_is_one_error(project, pytester, monkeypatch):
    project()
    monkeypatch.setenv("CONFCALL_BINARY", str(pytester.path / "missing"))
    done = pytester.runpytest_subprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*missing cannot be started*"])


def test_a_wrong_file_is_one_error(project, pytester):
    project(more="[judgement]\n")
    done = pytester.runpytest_subprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*judgement*"])


def test_another_file_and_testpaths(project, pytester):
    project(name="bots/other.toml")
    pytester.makepyfile(**{"tests/test_own": "def test_own(): pass"})
    pytester.makeini("[pytest]\ntestpaths = tests")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.runpytest_subprocess("--confcall", "bots/other.toml").assert_outcomes(passed=7)
    pytester.runpytest_subprocess("--confcall", "absent.toml").stderr.fnmatch_lines(["*absent.toml is no file*"])
    pytester.runpytest_subprocess("--confcall", "bots/other.toml", "tests").assert_outcomes(passed=1)
    project()
    pytester.runpytest_subprocess().assert_outcomes(passed=7)
    pytester.runpytest_subprocess("tests").assert_outcomes(passed=1)


def test_a_file_in_addopts_is_below_the_root_folder(project, pytester, monkeypatch):
    project(name="bots/other.toml")
    pytester.makepyfile(**{"tests/test_own": "def test_own(): pass"})
    pytester.makeini("[pytest]\naddopts = --confcall bots/other.toml")
    pytester.runpytest_subprocess().assert_outcomes(passed=7)
    one = "bots/other.toml::participant-invite/v1.0-2022-05/invite-one-pstn-participant-to-an-existing-call"
    pytester.runpytest_subprocess(one).assert_outcomes(passed=1)
    pytester.runpytest_subprocess("tests/test_own.py").assert_outcomes(passed=1)
    monkeypatch.chdir(pytester.path / "tests")
    process = subprocess.run([sys.executable, "-m", "pytest"], check=False, stdout=subprocess.PIPE, text=True)
    assert "7 passed" in process.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no locale of C")
def test_a_path_of_any_characters_in_any_locale(project, pytester, monkeypatch):
    folder = pytester.mkdir("Ünï 'q' $x")
    project().rename(folder / "confcall.toml")
    for variable, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(variable, value)
    command = [sys.executable, "-m", "pytest", "-k", "pstn"]
    process = subprocess.run(command, check=False, stdout=subprocess.PIPE, cwd=folder)
    assert b"1 passed" in process.stdout, process.stdout


def test_a_relative_program_is_one_from_the_folder_of_the_tests(project, pytester, monkeypatch):
    project(name="bots/other.toml")
    monkeypatch.setenv("CONFCALL_BINARY", os.path.relpath(os.environ["CONFCALL_BINARY"], pytester.path))
    pytester.runpytest_subprocess("--confcall", "bots/other.toml", "-k", "pstn").assert_outcomes(passed=1, deselected=5)


def test_all_processes_of_xdist_share_one_run(project, pytester):
    pytest.importorskip("xdist")
    project(MUTANT, more='[reports]\njson = "report.json"\n')
    counted = pytester.path / "starts"
    config = pytester.path / "confcall.toml"
    wrapped = f"run = ['sh', '-c', 'echo >> {counted}; exec \"$@\"', 'sh', "
    config.write_text(config.read_text().replace("run = [", wrapped))
    alone = pytester.runpytest_subprocess().parseoutcomes()
    apart = pytester.runpytest_subprocess("-n", "3").parseoutcomes()
    assert (alone["passed"], alone["failed"]) == (apart["passed"], apart["failed"])
    assert len(counted.read_text()) == 2, "one start for each run of pytest"
    one = pytester.runpytest_subprocess("-n", "2", "-k", "pstn")
    one.assert_outcomes(passed=1)
    assert len(json.loads((pytester.path / "report.json").read_text())["results"]) == 1


def test_one_failure_under_xdist_if_the_target_does_not_start(project, pytester):
    pytest.importorskip("xdist")
    project(run=[sys.executable, "-c", "raise SystemExit('no such bot')"])
    assert pytester.runpytest_subprocess("-n", "3").parseoutcomes()["failed"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_a_run_that_is_ended_by_a_signal_leaves_no_process(project, pytester, name, arguments):
    if arguments:
        pytest.importorskip("xdist")
    marker = pytester.path / "pid"
    bot = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    project(run=[sys.executable, "-c", bot])
    command = [sys.executable, "-m", "pytest", *arguments]
    # Processes of pytest-xdist have the same output.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=pytester.path)
    while not (marker.exists() and marker.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    code = process.wait(60)
    assert name != "SIGINT" or code == pytest.ExitCode.INTERRUPTED
    for _ in range(600):
        if not is_alive(int(marker.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("the bot is still running")


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("version, is_active", [("6.2.5", False), ("7.1.3", False), ("7.2.0", True), ("10.0", True)])
def test_the_plugin_is_inactive_in_old_versions_of_pytest(tmp_path, monkeypatch, version, is_active):
    monkeypatch.setattr(pytest, "__version__", version)
    plugin = runpy.run_path(Path(confcall_cli.__file__).with_name("pytest_plugin.py"))
    assert bool(plugin["pytest_plugins"]) == is_active
    config = SimpleNamespace(rootdir=tmp_path, getoption=lambda name: None)
    assert plugin["pytest_report_header"](config) is None
    (tmp_path / "confcall.toml").touch()
    line = plugin["pytest_report_header"](config)
    assert line is None if is_active else line.endswith("needs pytest 7.2 or later")


def test_the_program_is_found_by_python_3_9(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9))
    monkeypatch.delattr(sysconfig, "get_preferred_scheme", raising=False)
    assert confcall_cli._user_scheme() in sysconfig.get_scheme_names()


def test_names_can_be_selected():
    both = [Scenario("p/beta@2021-02/one", "service"), Scenario("p/beta@2021-02/one", "bot")]
    other = [Scenario("p/beta@2021-02/one~throttled", "bot"), Scenario("p/b~x", "bot"), Scenario("p/a b", "bot")]
    found = names([*both, *other])
    assert found == [
        "p/beta-2021-02/one[service]",
        "p/beta-2021-02/one[bot]",
        "p/beta-2021-02/one[throttled]",
        "p/b[x]",
        "p/a-b",
    ]
    assert all(re.fullmatch(r"[\w./\[\]-]+", it) for it in found)
    assert len(set(names([Scenario("p/a b", "bot"), Scenario("p/a-b", "bot")]))) == 2
