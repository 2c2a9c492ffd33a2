"""The runners of two forges on this machine: they take a job of a workflow file and run its steps for real, in a clean folder, from a bare remote.

What they stand in for: `actions/checkout` (git, as that action calls it), the uploads (they keep what is sent), the expressions of GitHub
and the rules of GitLab as far as these files use them. Anything else in a file fails the test, so nothing is passed over.

>>> done = GitHub(place, remote, {"PLAINT_SOURCE": wheel}).run(workflow, "check", event="push", now="2026-11-20T12:00:00+08:00")
>>> done.green
True
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml

Document = dict[Any, Any]
SCRIPTS = Path(sys.executable).parent
_TOKEN = re.compile(r"'([^']*)'|\b(cancelled)\(\)|\b([a-z_]+(?:\.[A-Za-z_]+)+)\b|(&&|\|\||!(?!=))")
_numbers = count(1)


def parse(path: Path) -> Document:
    """A workflow file; `on` is a key like any other."""
    found: Document = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # YAML 1.1 would read `on` as true
    return found


@cache
def _machine(place: Path) -> dict[str, str]:
    """A machine that has Python with pip, as those of both forges do, and every library already, so that no package index is asked."""
    subprocess.run([sys.executable, "-m", "venv", place / "python"], check=True)
    (place / "libraries").mkdir()
    for each in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"(__editable__|_editable|_?plaint\b)", each.name):
            (place / "libraries" / each.name).symlink_to(each)
    path = [str(place / "python" / "bin"), *(p for p in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(p) != SCRIPTS)]
    return {"PATH": os.pathsep.join(path), "PYTHONPATH": str(place / "libraries"), "PIP_NO_INDEX": "1"}


def clean(place: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a fresh machine: no plaint but the one a step installs, no git settings, no keys."""
    return {**_machine(place), "HOME": str(place / "home"), "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "CI": "true", **more}


def bash(script: str, folder: Path, env: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """A script as the forge gives it to bash, standard error with standard output."""
    file = folder.parent / f"step-{next(_numbers)}.sh"
    file.write_text(script, "utf-8")
    command = ["bash", *options, "-e", "-o", "pipefail", str(file)]
    return subprocess.run(
        command, cwd=folder, env=dict(env), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300
    )


def checkout(remote: Path, folder: Path, ref: str, depth: int, env: Mapping[str, str]) -> None:
    """A commit of the remote in a new folder, with all branches and their history where depth is 0."""
    folder.mkdir(parents=True)
    for command in (
        ["init", "-q", "-b", "main"],
        ["remote", "add", "origin", remote.as_uri()],
        ["fetch", "-q", "--no-tags", *([f"--depth={depth}", "origin", ref] if depth else ["origin", "+refs/heads/*:refs/remotes/origin/*"])],
        ["checkout", "-q", "--detach", ref],
    ):
        subprocess.run(["git", *command], cwd=folder, env=dict(env), check=True, capture_output=True)


@dataclass
class Done:
    """A job that has run."""

    outcomes: dict[str, str] = field(default_factory=dict)
    """Step -> success, failure or skipped."""
    log: str = ""
    summary: str = ""
    folder: Path = Path()
    uploaded: dict[str, Path] = field(default_factory=dict)
    """Action -> what it was given."""
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def green(self) -> bool:
        return bool(self.outcomes) and "failure" not in self.outcomes.values()

    @property
    def failed(self) -> list[str]:
        return [name for name, outcome in self.outcomes.items() if outcome == "failure"]


@dataclass
class GitHub:
    """GitHub Actions, one runner for all jobs: what is in its temporary folder stays there, as on a self-hosted one."""

    place: Path
    remote: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    """More of what expressions may ask, as `github.event.repository.visibility`."""
    env: Mapping[str, str] = field(default_factory=dict)
    """More that a runner sets, as GITHUB_API_URL."""

    def run(self, workflow: Document, job: str, *, event: str, now: str, ref: str = "main", **context: Any) -> Done:
        """The job on an event of a branch; more context by names with `__` for the dots. A job that is not to run has no outcomes."""
        assert event in workflow["on"], f"{event} starts nothing"
        sha = _git(self.remote, "rev-parse", f"refs/heads/{ref}")
        known: dict[str, Any] = {f"vars.{name}": value for name, value in self.variables.items()}
        known |= {
            "github.sha": sha,
            "github.event_name": event,
            "github.ref": f"refs/heads/{ref}",
            "github.ref_name": ref,
            "github.token": "the-token-of-the-job",
        }
        known |= {"github.event.repository.visibility": "private", "github.event.repository.default_branch": "main", "runner.temp": str(self.temp)}
        known |= {**self.context, **{name.replace("__", "."): value for name, value in context.items()}}
        found = workflow["jobs"][job]
        if not evaluate(found.get("if", "true"), known):
            return Done()
        more = {**self.env, **{name: fill(value, known) for name, value in workflow.get("env", {}).items()}}
        done = self._steps(found["steps"], known, now, more=more)
        done.outputs = {name: fill(value, known) for name, value in found.get("outputs", {}).items()}
        return done

    def act(self, action: Document, folder: Path, inputs: Mapping[str, str], *, now: str, path: Path, **context: Any) -> Done:
        """A composite action that lies in `path`, with a checkout in `folder`."""
        assert set(inputs) <= set(action["inputs"])
        assert all(step["shell"] == "bash" for step in action["runs"]["steps"])
        known = {"github.action_path": str(path), **{name.replace("__", "."): value for name, value in context.items()}}
        known |= {f"inputs.{name}": fill(given.get("default", ""), known) for name, given in action["inputs"].items()}
        known |= {f"inputs.{name}": value for name, value in inputs.items()}
        return self._steps(action["runs"]["steps"], known, now, folder, {**self.env, "GITHUB_ACTION_PATH": str(path)})

    @property
    def temp(self) -> Path:
        return self.place / "temp"

    def _steps(self, steps: Sequence[Document], known: dict[str, Any], now: str, folder: Path | None = None, more: Mapping[str, str] | None = None) -> Done:
        for each in (self.temp, self.place / "home"):
            each.mkdir(parents=True, exist_ok=True)
        files = {name: self.place / f"{name}-{next(_numbers)}" for name in ("GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_OUTPUT")}
        for file in files.values():
            file.touch()
        done = Done(folder=folder or self.place / f"work-{next(_numbers)}")
        env = clean(self.place, {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(self.temp), "PLAINT_NOW": now, **(more or {})})
        env |= {"GITHUB_WORKSPACE": str(done.folder), **{name: str(file) for name, file in files.items()}}
        for number, step in enumerate(steps):
            name = step.get("name") or f"{number} {step.get('uses', '').partition('@')[0]}"
            condition = step.get("if", "success()")
            if (done.green or not done.outcomes or "cancelled()" in condition) and (condition == "success()" or evaluate(condition, known)):
                done.outcomes[name] = self._step(step, known, env, files["GITHUB_PATH"], done)
            else:
                done.outcomes[name] = "skipped"
            if "id" in step:
                known[f"steps.{step['id']}.outcome"] = done.outcomes[name]
                known |= {f"steps.{step['id']}.outputs.{key}": value for key, value in _pairs(files["GITHUB_OUTPUT"])}
            files["GITHUB_OUTPUT"].write_text("")
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return done

    def _step(self, step: Document, known: Mapping[str, Any], env: dict[str, str], path: Path, done: Done) -> str:
        given = {key: fill(value, known) for key, value in step.get("with", {}).items()}
        used, _at, version = step.get("uses", "").partition("@")
        if used:
            assert re.fullmatch(r"[0-9a-f]{40}", version), f"{used} is not pinned"
        if used == "actions/checkout":
            assert given["persist-credentials"] == "false"
            checkout(self.remote, done.folder, given.get("ref") or known["github.sha"], int(given.get("fetch-depth", "1")), env)
            return "success"
        if used in {"github/codeql-action/upload-sarif", "actions/upload-pages-artifact"}:
            done.uploaded[used] = done.folder / (given.get("sarif_file") or given["path"])
            assert done.uploaded[used].exists()
            return "success"
        assert not used, f"nobody here knows {used}"
        assert "${{" not in step["run"], "an expression in a script: it belongs in env"
        added = path.read_text("utf-8").split()
        own = {key: fill(value, known) for key, value in step.get("env", {}).items()}
        ran = bash(step["run"], done.folder, {**env, "PATH": os.pathsep.join([*reversed(added), env["PATH"]]), **own}, "--noprofile", "--norc")
        done.log += ran.stdout
        return "failure" if ran.returncode else "success"


def _pairs(file: Path) -> list[tuple[str, str]]:
    lines = [line.partition("=") for line in file.read_text("utf-8").splitlines()]
    return [(name, value) for name, _equals, value in lines]


def evaluate(text: str, known: Mapping[str, Any]) -> Any:
    """An expression of GitHub Actions: names, strings, `==`, `!=`, `&&`, `||`, `!` and cancelled(); a name that is not known is empty."""

    def python(match: re.Match[str]) -> str:
        string, cancelled, name, operator = match.groups()
        if operator:
            return {"&&": " and ", "||": " or ", "!": " not "}[operator]
        return "False" if cancelled else repr(known.get(name, "") if name else string)

    python_text = _TOKEN.sub(python, " ".join(text.replace("${{", "").replace("}}", "").split()))
    return eval(python_text, {"__builtins__": {}, "true": True, "false": False})


def fill(text: str, known: Mapping[str, Any]) -> str:
    """A value with its expressions worked out, as text."""

    def value(match: re.Match[str]) -> str:
        found = evaluate(match[1], known)
        return {True: "true", False: "false"}[found] if isinstance(found, bool) else str(found)

    return re.sub(r"\$\{\{(.*?)\}\}", value, text, flags=re.DOTALL)


@dataclass
class GitLab:
    """GitLab CI with a shell executor: the default's before_script and a job's script in one bash."""

    place: Path
    remote: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def admitted(self, config: Document, source: str, ref: str = "main", **variables: str) -> set[str]:
        """The jobs that the rules let run for a pipeline of a branch from this source."""
        known = self._known(config, source, ref, variables)
        if not _holds(config["workflow"]["rules"], known, ()):
            return set()
        there = _git(self.remote, "ls-tree", "-r", "--name-only", known["CI_COMMIT_SHA"]).splitlines()
        jobs = {name: job for name, job in config.items() if isinstance(job, dict) and "script" in job}
        return {name for name, job in jobs.items() if _holds(job["rules"], known, there)}

    def _known(self, config: Document, source: str, ref: str, variables: Mapping[str, str]) -> dict[str, str]:
        found = {"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": "" if source == "merge_request_event" else ref, "CI_DEFAULT_BRANCH": "main"}
        found |= {"CI_COMMIT_SHA": _git(self.remote, "rev-parse", f"refs/heads/{ref}"), "CI_COMMIT_BEFORE_SHA": "0" * 40}
        return {**config["variables"], **found, **self.variables, **variables}

    def run(self, config: Document, name: str, source: str, *, now: str, ref: str = "main", **variables: str) -> Done:
        """A job of such a pipeline."""
        assert name in self.admitted(config, source, ref, **variables)
        job, done = config[name], Done(folder=self.place / f"work-{next(_numbers)}")
        variables = {**self._known(config, source, ref, {}), **job.get("variables", {}), **self.variables, "CI_PIPELINE_CREATED_AT": now, **variables}
        for each in ("builds", "home"):
            (self.place / each).mkdir(parents=True, exist_ok=True)
        env = clean(self.place, {**variables, "CI_BUILDS_DIR": str(self.place / "builds"), "CI_JOB_ID": "1", "GITLAB_CI": "true", "PLAINT_NOW": now})
        checkout(self.remote, done.folder, variables["CI_COMMIT_SHA"], int(variables["GIT_DEPTH"]), env)
        ran = bash("\n".join([*config["default"]["before_script"], *job["script"]]), done.folder, env)
        done.log = ran.stdout
        done.outcomes["script"] = "failure" if ran.returncode else "success"
        return done


def _holds(rules: Sequence[Document], known: Mapping[str, str], there: Sequence[str]) -> bool:
    """The first rule that holds decides; none, and it does not run."""

    def value(match: re.Match[str]) -> str:
        return repr(known.get(match[1], "")) if match[1] else {"&&": " and ", "||": " or "}[match[0]]

    for rule in rules:
        if eval(re.sub(r"\$([A-Z_]+)|&&|\|\|", value, rule["if"]), {"__builtins__": {}}) and set(rule.get("exists", there)) <= set(there):
            return bool(rule.get("when") != "never")
    return False


def _git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
