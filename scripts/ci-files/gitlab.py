"""Plays a pipeline of GitLab on this machine: its jobs in order, one process a script, with their artifacts."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml


class Pipeline:
    """A pipeline with the keywords that examples/ci/ uses. `prepares` decides if `before_script` is run."""

    def __init__(self, path, project, prepares):
        content = yaml.safe_load(pathlib.Path(path).read_text())
        self.jobs = {
            name: {**content.get(job.get("extends"), {}), **job}
            for name, job in content.items()
            if not name.startswith(".")
        }
        self.project = project
        self.prepares = prepares
        self.artifacts = {}

    def play(self):
        """Play all jobs in the order of the file; give the exit code of the last one."""
        code = 1
        may_go_on = True
        for name, job in self.jobs.items():
            if not may_go_on and job.get("when") != "always":
                print(f"{name}: skipped, a job before it has failed")
                continue
            count = job.get("parallel", 1)
            codes = [self.job(name, job, index, count) for index in range(1, count + 1)]
            code = max(codes)
            allowed = job.get("allow_failure", {}).get("exit_codes")
            may_go_on = all(it in (0, allowed) for it in codes)
        return code

    def job(self, name, job, index, count):
        folder = pathlib.Path(tempfile.mkdtemp())
        shutil.copytree(self.project, folder, dirs_exist_ok=True)
        for needed in job.get("needs", []):
            if needed not in self.artifacts:
                sys.exit(f"{name}: there is no job {needed} before it")
            for file in self.artifacts[needed]:
                shutil.copy(file, folder)
        script = job["script"]
        environment = {"CI": "true", "GITLAB_CI": "true", "CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": str(count)}
        if self.prepares:
            subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
            environment["PATH"] = f"{folder}/.venv/bin:{os.environ['PATH']}"
            script = [*job["before_script"], *script]
        print(f"$ {name} {index}/{count}", flush=True)
        code = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(script)], cwd=folder, env={**os.environ, **environment}
        ).returncode
        print(f"exit {code}", flush=True)
        kept = job["artifacts"]
        for pattern in [*kept["paths"], *kept.get("reports", {}).values()]:
            files = list(folder.glob(pattern))
            if not files:
                sys.exit(f"{name}: no file is called {pattern}")
            self.artifacts.setdefault(name, []).extend(files)
        return code
