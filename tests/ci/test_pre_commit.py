"""The hooks for pre-commit, run by pre-commit itself: it clones the toolkit, builds it in an environment of its own, and asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ci.place import ROOT, Place, found, source
from e2e.terminal import Done

pytestmark = pytest.mark.long

SCRIPTS = Path(sys.executable).parent


def pre_commit(org: Place, *arguments: str) -> Done:
    """Its environments lie in a folder of this test's own."""
    libraries = os.pathsep.join(path for path in sys.path if path.endswith("-packages"))
    offline = {
        "PRE_COMMIT_HOME": str(org.folder / "pre-commit"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PYTHONPATH": libraries,
        "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
    }
    desk = org.desk(now="").having(PLAINT_NOW="", **offline)
    return desk.run(SCRIPTS / "pre-commit", *arguments, timeout=300)


def test_pre_commit_runs_them(tmp_path: Path) -> None:
    toolkit = tmp_path / "toolkit"
    subprocess.run(["cp", "-r", source(), toolkit], check=True)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "toolkit"]):
        subprocess.run(["git", *command], cwd=toolkit, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=toolkit, check=True, capture_output=True, text=True).stdout.strip()
    assert pre_commit(found(tmp_path / "x"), "validate-manifest", str(toolkit / ".pre-commit-hooks.yaml")).code == 0

    org = found(tmp_path / "org")
    hooks = [{"id": each["id"]} for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))]
    config = {"repos": [{"repo": toolkit.as_uri(), "rev": commit, "hooks": hooks}]}
    (org.folder / "org" / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    org.git("add", ".pre-commit-config.yaml")

    good = pre_commit(org, "run", "--all-files")
    assert good.code == 0, good.stdout + good.stderr
    assert "plaint check" in good.stdout

    note = org.folder / "org" / "cases" / "note.txt"
    note.parent.mkdir()
    note.write_text("Zhang took the money", "utf-8")
    org.git("add", "cases")
    bad = pre_commit(org, "run", "--all-files")
    assert bad.code == 1
    assert "S201" in bad.stdout
    assert "Zhang" not in bad.stdout

    org.git("rm", "-qf", "cases/note.txt")
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", "commit", "-qm", "by hand")
    pushed = pre_commit(org, "run", "--all-files", "--hook-stage", "pre-push")
    assert pushed.code == 1
    assert "A101" in pushed.stdout
