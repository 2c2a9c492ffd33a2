"""The action of the toolkit, for others to use: its steps run for real, in a checkout of an organisation."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from ci.place import AFTER, IN_TIME, LATE, ROOT, found, runner, source
from ci.runner import Done, GitHub, parse

pytestmark = pytest.mark.long


def test_a_case_is_late_and_answered(tmp_path: Path) -> None:
    """It installs the plaint beside which it lies."""
    org = found(tmp_path, "--forge", "none")
    case = org.register()
    action = parse(ROOT / ".github" / "actions" / "check" / "action.yml")
    forge = GitHub(runner() / "action", org.remote, env={"PIP_NO_BUILD_ISOLATION": "0"})  # so that pip asks no index for what builds plaint
    folder = org.folder / "org"

    def act(now: str, where: Path = folder, **inputs: str) -> Done:
        return forge.act(action, where, inputs, now=now, path=source() / ".github" / "actions" / "check")

    sarif = tmp_path / "plaint.sarif"
    good = act(IN_TIME, root=org.git("rev-list", "--max-parents=0", "HEAD"), sarif=str(sarif))
    assert good.green, good.log
    assert set(good.outcomes.values()) == {"success"}
    assert json.loads(sarif.read_text("utf-8"))["version"] == "2.1.0"

    again = f"plaint=={version('plaint')}"  # which is there already
    late = act(LATE, org.folder, directory="org", source=again, audit="false", sarif=str(sarif))
    assert {name: outcome for name, outcome in late.outcomes.items() if outcome != "success"} == {"Check": "failure", "Audit": "skipped"}
    assert f"| {case} | First reply |" in late.summary
    assert "D101" in sarif.read_text("utf-8")

    org.answer(case)
    done = act(AFTER, source=again, summary="false")
    assert done.outcomes["Check"] == done.outcomes["Audit"] == "success", done.log
    strict = act(AFTER, source=again, strict="true", root=org.git("rev-parse", "HEAD"))
    assert strict.failed == ["Check", "Audit"]  # one member alone is warned of; the root is another
