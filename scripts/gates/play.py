"""Plays the steps of examples/ci/ here, as a runner or a cluster would: one process a shard, files in between.

    play.py github WORKFLOW PROJECT      every job of the workflow, in the order in which they need each other
    play.py kubernetes SHARES VERDICT PROJECT      every index of the first Job, then the second Job

PROJECT is a folder with a confcall.toml; confcall is on the PATH. Prints what was said, and ends as the last
job does. Images and volumes are not there: what is played is the commands, the folders and the environment.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

HERE = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}


def run(command, folder, **environment):
    """Run a shell command; give its exit code."""
    print(f"$ {command.strip()}", flush=True)
    code = subprocess.run(["sh", "-ec", command], cwd=folder, env={**HERE, **environment}).returncode
    print(f"exit {code}", flush=True)
    return code


class Workflow:
    """A workflow of GitHub, of matrices with one dimension and of the few actions that examples/ci/ uses."""

    def __init__(self, path, project):
        self.jobs = yaml.safe_load(pathlib.Path(path).read_text())["jobs"]
        self.project = project
        self.artifacts = pathlib.Path(tempfile.mkdtemp())
        self.results = {}

    def play(self):
        """Play all jobs; give the exit code of the last one."""
        waiting = dict(self.jobs)
        code = 1
        while waiting:
            ready = [name for name, job in waiting.items() if job.get("needs") in (None, *self.results)]
            if not ready:
                sys.exit(f"{', '.join(waiting)}: nothing can begin")
            for name in ready:
                code = self.results[name] = self.job(name, waiting.pop(name))
        return code

    def job(self, name, job):
        needed = self.results.get(job.get("needs"), 0)
        if needed and job.get("if") != "always()":
            print(f"{name}: skipped, what it needs has failed")
            return 1
        matrix = job.get("strategy", {}).get("matrix", {})
        if len(matrix) > 1:
            sys.exit(f"{name}: a matrix of one dimension is all that is played here")
        turns = [{key: value} for key, values in matrix.items() for value in values] or [{}]
        return max(self.turn(job["steps"], turn) for turn in turns)

    def turn(self, steps, matrix):
        folder = pathlib.Path(tempfile.mkdtemp())
        code = 0
        for step in steps:
            if code and step.get("if") != "always()":
                continue
            code = self.step(step, matrix, folder) or code
        return code

    def step(self, step, matrix, folder):
        told = {key: fill(value, matrix) for key, value in step.get("with", {}).items()}
        action = step.get("uses", "").partition("@")[0]
        if "run" in step:
            return run(fill(step["run"], matrix), folder, GITHUB_ACTIONS="true", CI="true")
        if action == "actions/checkout":
            shutil.copytree(self.project, folder, dirs_exist_ok=True)
        elif action == "actions/upload-artifact":
            target = self.artifacts / told["name"]
            target.mkdir()
            found = list(folder.glob(told["path"]))
            if not found:
                sys.exit(f"nothing is called {told['path']}")
            for file in found:
                shutil.copy(file, target)
        elif action == "actions/download-artifact" and told == {"merge-multiple": True}:
            for file in self.artifacts.glob("*/*"):
                shutil.copy(file, folder)
        else:
            sys.exit(f"{step}: how this is played is not known here")
        return 0


def fill(text, matrix):
    """A text with the values of this turn of a matrix."""
    if not isinstance(text, str):
        return text
    return re.sub(r"\$\{\{ matrix\.(\w+) }}", lambda found: str(matrix[found[1]]), text)


def container(path):
    """A Job and the command of its only container, without the shell before it."""
    job = yaml.safe_load(pathlib.Path(path).read_text())["spec"]
    [container] = job["template"]["spec"]["containers"]
    if container["command"] != ["sh", "-c"]:
        sys.exit(f"{path}: a command for `sh -c` is all that is played here")
    return job, *container["args"]


def kubernetes(shards, verdict, project):
    """Play both Jobs; give the exit code of the second."""
    reports = tempfile.mkdtemp()
    job, command = container(shards)
    for index in range(job["completions"]):
        command_here = command.replace("/reports", reports)
        code = run(command_here, project, JOB_COMPLETION_INDEX=str(index))
        if code:
            return code
    _, command = container(verdict)
    return run(command.replace("/reports", reports), project)


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    sys.exit({"github": lambda *it: Workflow(*it).play(), "kubernetes": kubernetes}[kind](*rest))
