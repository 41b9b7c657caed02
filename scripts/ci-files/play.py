"""Plays the files of examples/ci/ and the action here, as a runner or a cluster would: a process for each script.

    play.py github WORKFLOW PROJECT FROM [INPUT=VALUE...]    every job of the workflow
    play.py gitlab PIPELINE PROJECT                          every job of the pipeline
    play.py installer SCRIPT                                 the shell installer of a release, in an empty home
    play.py kubernetes SHARDS VERDICT PROJECT                every index of the first Job, then the second Job

PROJECT is a folder with a confcall.toml, and CONFCALL names the program. FROM is an input of the action: `path`;
`release`, from a server on this machine; `damaged`, the same with an archive that does not match its checksum; `pypi`
and `npm`, with the packages in the folder PACKAGES. The script prints the output and ends with the exit code of the last
job. It plays scripts, files and environment; there are no images, runners or volumes.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

from github import Workflow
from gitlab import Pipeline
from registry import Registry
from release import ROOT, Release

PACKAGES = os.environ.get("PACKAGES")
# pip finds nothing but the wheel there.
FROM_WHEEL = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": PACKAGES or ""}
# `confcall` is found on the PATH.
WITH_PROGRAM = {"PATH": f"{pathlib.Path(os.environ['CONFCALL']).parent}:{os.environ['PATH']}"}


def github(workflow, project, source, *inputs):
    """Play a workflow; give the exit code of its last job."""
    action, environment = ROOT, {}
    if source in ("release", "damaged"):
        release = Release(os.environ["CONFCALL"], is_damaged=source == "damaged")
        action, environment, source = release.action, release.environment, "release"
    elif source == "pypi":
        environment = FROM_WHEEL
    elif source == "npm":
        environment = Registry(PACKAGES).environment
    elif source == "path":
        environment = WITH_PROGRAM
    given = dict(it.split("=", 1) for it in inputs)
    return Workflow(workflow, project, action, {"from": source, **given}, environment).play()


def gitlab(pipeline, project):
    """Play a pipeline; give the exit code of its last job."""
    os.environ.update(FROM_WHEEL if PACKAGES else WITH_PROGRAM)
    return Pipeline(pipeline, project, prepares=bool(PACKAGES)).play()


def installer(script):
    """Run the shell installer, then what it has installed; give the exit code."""
    release = Release(os.environ["CONFCALL"])
    home = tempfile.mkdtemp()
    own = {"HOME": home, "CONFCALL_DOWNLOAD_URL": release.downloads, "CONFCALL_NO_MODIFY_PATH": "1"}
    command = f"sh {script} && {home}/.local/bin/confcall --version"
    return run(command, home, **release.environment, **own)


def kubernetes(shards, verdict, project):
    """Play both Jobs; give the exit code of the second."""
    reports = tempfile.mkdtemp()
    job, command = container(shards)
    for index in range(job["completions"]):
        code = run(command.replace("/reports", reports), project, JOB_COMPLETION_INDEX=str(index))
        if code:
            return code
    _, command = container(verdict)
    return run(command.replace("/reports", reports), project)


def container(path):
    """A Job and the command of its only container, without the shell before it."""
    job = yaml.safe_load(pathlib.Path(path).read_text())["spec"]
    [container] = job["template"]["spec"]["containers"]
    if container["command"] != ["sh", "-c"]:
        sys.exit(f"{path}: only a command for `sh -c` is played here")
    return job, *container["args"]


def run(command, folder, **environment):
    """Run a shell command; give its exit code."""
    print(f"$ {command.strip()}", flush=True)
    environment = {**os.environ, **WITH_PROGRAM, **environment}
    code = subprocess.run(["sh", "-ec", command], cwd=folder, env=environment).returncode
    print(f"exit {code}", flush=True)
    return code


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    kinds = {"github": github, "gitlab": gitlab, "installer": installer, "kubernetes": kubernetes}
    sys.exit(kinds[kind](*rest))
