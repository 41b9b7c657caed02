"""The plugin, as users have it: pytest runs in another process, and the built-in bot is the target."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from confcall_cli.pytest_plugin import names
from confcall_cli.run import Scenario

KNOWN = """
[[known]]
scenario = "{}"
rule = "request.body"
reason = "comes with the next release"
"""
MUTANT = "replaced-call-dropped"


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
    project()
    pytester.runpytest_subprocess().assert_outcomes(passed=7)
    pytester.runpytest_subprocess("tests").assert_outcomes(passed=1)


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


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT between processes")
def test_an_interrupted_run_leaves_no_process(project, pytester):
    marker = pytester.path / "pid"
    bot = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    project(run=[sys.executable, "-c", bot])
    process = subprocess.Popen([sys.executable, "-m", "pytest"], stdout=subprocess.PIPE, cwd=pytester.path)
    while not (marker.exists() and marker.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == pytest.ExitCode.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        __import__("os").kill(int(marker.read_text()), 0)


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
