"""Plays a workflow of GitHub and the action of this repository on this machine: their steps, environment and artifacts."""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

HERE = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))}
ARCHITECTURES = {"x86_64": "X64", "aarch64": "ARM64"}


class Workflow:
    """A workflow with matrices of one dimension, with the action and the few others that this repository uses.

    `action` is the folder of the action, `inputs` are added to those of its steps, and `environment` to that of all.
    """

    def __init__(self, path, project, action, inputs, environment):
        self.jobs = yaml.safe_load(pathlib.Path(path).read_text())["jobs"]
        self.project = pathlib.Path(project)
        self.action = pathlib.Path(action)
        self.inputs = inputs
        self.environment = environment
        self.artifacts = pathlib.Path(tempfile.mkdtemp())
        self.results = {}

    def play(self):
        """Play all jobs in the order in which they need each other; give the exit code of the last one."""
        waiting = dict(self.jobs)
        code = 1
        while waiting:
            ready = [name for name, job in waiting.items() if job.get("needs") in (None, *self.results)]
            if not ready:
                sys.exit(f"{', '.join(waiting)}: nothing can begin")
            for name in ready:
                code = self.results[name] = self.job(name, waiting.pop(name))
        for folder in sorted(self.artifacts.iterdir()):
            print(f"artifact {folder.name}: {' '.join(sorted(file.name for file in folder.iterdir()))}")
        return code

    def job(self, name, job):
        has_failed = self.results.get(job.get("needs"), 0) != 0
        if not is_due(job, has_failed, {}):
            print(f"{name}: skipped, what it needs has failed")
            return 1
        matrix = job.get("strategy", {}).get("matrix", {})
        if len(matrix) > 1:
            sys.exit(f"{name}: only a matrix of one dimension is played here")
        turns = [{key: value} for key, values in matrix.items() for value in values] or [{}]
        return max(Job(self, turn).play(job["steps"]) for turn in turns)


class Job:
    """A job of a workflow, with the values of one turn of its matrix."""

    def __init__(self, workflow, matrix):
        self.workflow = workflow
        self.context = {"matrix": matrix}
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.temporary = pathlib.Path(tempfile.mkdtemp())
        self.path = []

    def play(self, steps):
        code = self.steps(steps, self.context)
        for summary in sorted(self.temporary.glob("summary-*")):
            if summary.stat().st_size:
                print(f"summary: {summary.read_text()}")
        return code

    def steps(self, steps, context):
        """Play the steps; give the exit code of the first one that failed, or 0."""
        code = 0
        for step in steps:
            if is_due(step, code != 0, context):
                result = self.step(step, context)
                code = code or result
        return code

    def step(self, step, context):
        given = {key: filled(value, context) for key, value in step.get("with", {}).items()}
        action = step.get("uses", "").partition("@")[0]
        if "run" in step:
            return self.run(step, context)
        if action.endswith("/confcall"):
            return self.confcall(given)
        if action == "actions/checkout":
            shutil.copytree(self.workflow.project, self.folder, dirs_exist_ok=True)
        elif action == "actions/upload-artifact":
            self.upload(**given)
        elif action == "actions/download-artifact":
            self.download(**given)
        else:
            sys.exit(f"{step}: how this is played is not known here")
        return 0

    def confcall(self, given):
        action = yaml.safe_load((self.workflow.action / "action.yml").read_text())
        inputs = {name: it.get("default", "") for name, it in action["inputs"].items()}
        given = {**given, **self.workflow.inputs}
        unknown = given.keys() - inputs.keys()
        if unknown:
            sys.exit(f"the action has no input {', '.join(unknown)}")
        inputs.update({name: text(value) for name, value in given.items()})
        return self.steps(action["runs"]["steps"], {"inputs": inputs, "steps": {}})

    def run(self, step, context):
        """Run the script of a step as a runner does; give its exit code."""
        if "${{" in step["run"]:
            sys.exit(f"{step['run']}: an expression in a script is an injection")
        name = step.get("id", "step")
        files = {kind: self.temporary / f"{kind}-{name}" for kind in ("path", "output", "summary")}
        for file in files.values():
            file.touch()
        environment = {
            **HERE,
            **self.workflow.environment,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.workflow.action),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_PATH": str(files["path"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_WORKSPACE": str(self.folder),
            "RUNNER_ARCH": ARCHITECTURES[platform.machine()],
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temporary),
            **{key: text(filled(value, context)) for key, value in step.get("env", {}).items()},
        }
        environment["PATH"] = ":".join([*self.path, environment["PATH"]])
        folder = self.folder / filled(step.get("working-directory", "."), context)
        print(f"$ {step.get('name', step['run'].strip())}", flush=True)
        code = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=folder, env=environment
        ).returncode
        print(f"exit {code}", flush=True)
        self.path = [*reversed(files["path"].read_text().splitlines()), *self.path]
        outputs = dict(line.split("=", 1) for line in files["output"].read_text().splitlines())
        context.setdefault("steps", {})[name] = {"outputs": outputs}
        return code

    def upload(self, name, path, **options):
        target = self.workflow.artifacts / name
        if target.exists() and not options.get("overwrite"):
            sys.exit(f"there is an artifact {name} already")
        files = [file for file in pathlib.Path(self.folder, path).rglob("*") if file.is_file()]
        if not files and options.get("if-no-files-found") != "ignore":
            sys.exit(f"nothing is called {path}")
        target.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, target)

    def download(self, pattern, path, **options):
        if options:
            sys.exit(f"{options}: how this is downloaded is not known here")
        for artifact in self.workflow.artifacts.glob(pattern):
            shutil.copytree(artifact, pathlib.Path(self.folder, path, artifact.name), dirs_exist_ok=True)


def is_due(step, has_failed, context):
    """Whether a step or a job is played, after others that have failed or not."""
    condition = str(step.get("if", "success()"))
    condition = re.sub(r"^\$\{\{|\}\}$", "", condition).strip()
    terms = [term.strip() for term in condition.split("&&")]
    if has_failed and not {"always()", "!cancelled()"} & set(terms):
        return False
    return all(is_true(term, context) for term in terms)


def is_true(term, context):
    if term in ("always()", "!cancelled()", "success()"):
        return True
    name, operator, literal = re.fullmatch(r"([\w.-]+) (==|!=) '(.*)'", term).groups()
    return (text(looked_up(name, context)) == literal) == (operator == "==")


def looked_up(name, context):
    """The value of a name such as `inputs.shard`; an absent one is empty, as on GitHub."""
    value = context
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


def filled(value, context):
    """A text with the values of its expressions."""
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\{ ([\w.-]+) }}", lambda found: text(looked_up(found[1], context)), value)


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
