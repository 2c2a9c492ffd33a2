"""Every `run:` step of the workflows for GitHub, run for real: green, red once a case is late, green once it is answered."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ci.forges import GitHubApi, serve
from ci.place import AFTER, DUE, IN_TIME, LATE, SOON, Place, found, runner, wheel
from ci.runner import Document, Done, GitHub, parse

pytestmark = pytest.mark.long

DUE_AT = DUE[:16].replace("T", " ")


def workflow(place: Place, name: str) -> Document:
    return parse(place.folder / "org" / ".github" / "workflows" / f"{name}.yml")


def came(before: str, *, hours: float = 0, created: bool = False) -> dict[str, Any]:
    """What GitHub tells of a push, so many hours from now."""
    when = datetime.now().astimezone() + timedelta(hours=hours)
    pushed = {"github__event__repository__pushed_at": str(int(when.timestamp()))}
    return {"github__event__before": before, "github__event__created": created, **pushed}


def line_of(done: Done, case: str) -> str:
    """The line of the checkout that the one error points to."""
    (place,) = re.findall(r"^::error file=([^,]+),line=(\d+),title=D101 ", done.log, re.MULTILINE)
    assert place[0] == f"cases/2026/{case}.yaml"
    return (done.folder / place[0]).read_text("utf-8").splitlines()[int(place[1]) - 1]


def test_a_case_is_late_and_answered(tmp_path: Path) -> None:
    org = found(tmp_path)
    check, deadlines = workflow(org, "check"), workflow(org, "deadlines")
    with serve(GitHubApi) as hub:
        env = {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "acme/complaints"}
        forge = GitHub(runner(), org.remote, {"PLAINT_SOURCE": str(wheel()), "PLAINT_ROOT": org.git("rev-parse", "HEAD")}, env=env)

        founded = org.git("rev-parse", "HEAD")
        case = org.register()
        pushed = forge.run(check, "check", event="push", now=IN_TIME, **came(founded))
        assert pushed.green, pushed.log
        assert pushed.outcomes["Audit"] == pushed.outcomes["Findings as SARIF"] == "success"
        assert pushed.outcomes["Send them to code scanning"] == "skipped"
        assert "::error" not in pushed.log

        soon = forge.run(deadlines, "deadlines", event="workflow_dispatch", now=SOON)
        assert soon.green, soon.log
        assert f"| {DUE_AT} | 1 hour left | {case} | First reply | Received |" in soon.summary
        assert re.search(rf"^::warning file=cases/2026/{case}.yaml,line=\d+,title=D1", soon.log, re.MULTILINE)
        assert not hub.issues

        late = forge.run(deadlines, "deadlines", event="schedule", now=LATE)
        assert late.failed == ["Check"]
        assert "- event: receive" in line_of(late, case)
        assert "**1 thing is late.**" in late.summary
        assert f"| {case} | First reply | Received | acknowledge / notify |" in late.summary
        assert "账本" not in late.log + late.summary
        (issue,) = hub.issues
        assert issue["state"] == "open"
        assert f"| {DUE_AT} | {case} | First reply | Received | acknowledge / notify |" in issue["body"]

        red = forge.run(check, "check", event="push", now=LATE, github__event__repository__visibility="public")
        assert red.failed == ["Check"]
        assert "- event: receive" in line_of(red, case)
        sent = json.loads(red.uploaded["github/codeql-action/upload-sarif"].read_text("utf-8"))
        (result,) = [each for each in sent["runs"][0]["results"] if each["level"] == "error"]
        assert result["ruleId"] == "D101"
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == f"cases/2026/{case}.yaml"

        org.answer(case)
        org.push("answer")
        proposed = forge.run(check, "check", event="pull_request", now=AFTER, github__event__pull_request__head__sha=org.git("rev-parse", "HEAD"))
        assert proposed.green, proposed.log
        org.push()
        done = forge.run(deadlines, "deadlines", event="schedule", now=AFTER)
        assert done.green, done.log
        assert "::error" not in done.log
        assert [each["state"] for each in hub.issues] == ["closed"]


def test_the_history_is_audited(tmp_path: Path) -> None:
    org = found(tmp_path)
    check = workflow(org, "check")
    file = org.folder / "org" / ".github" / "workflows" / "deadlines.yml"
    file.write_text(file.read_text("utf-8").replace("plaint check", "true"), "utf-8")
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", "commit", "-qam", "quiet")
    org.push()
    forge = GitHub(runner(), org.remote, {"PLAINT_SOURCE": str(wheel()), "PLAINT_ROOT": org.git("rev-parse", "HEAD")})
    done = forge.run(check, "check", event="push", now=IN_TIME)
    assert done.failed == ["Audit"]
    assert re.search(r"^::error .*title=A101", done.log, re.MULTILINE), done.log
    assert "title=A503" in done.log, "it begins elsewhere than it should"


def test_times_are_witnessed(tmp_path: Path) -> None:
    """A clock that was set back is seen at the push, on a new branch too; and what was there before is still there."""
    org = found(tmp_path)
    founded = org.git("rev-parse", "HEAD")
    org.register()
    pushed = org.git("rev-parse", "HEAD")
    check = workflow(org, "check")
    forge = GitHub(runner(), org.remote, {"PLAINT_SOURCE": str(wheel())})
    org.desk(IN_TIME).good("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: x}")
    org.push("other")
    late = forge.run(check, "check", event="push", now=IN_TIME, ref="other", **came("0" * 40, hours=73, created=True))
    assert late.failed == ["Audit"]
    assert re.findall(r"title=(A\d+)", late.log) == ["A306"]

    org.git("reset", "-q", "--hard", founded)
    org.desk(IN_TIME).good("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: x}")
    org.git("push", "-q", "--force", "origin", "HEAD:main")
    forced = forge.run(check, "check", event="push", now=IN_TIME, **came(pushed))
    assert forced.failed == ["Audit"]
    assert re.findall(r"title=(A\d+)", forced.log) == ["A504"]


def test_it_says_when_plaint_cannot_be_had(tmp_path: Path) -> None:
    org = found(tmp_path)
    forge = GitHub(runner(), org.remote, {"PLAINT_SOURCE": str(tmp_path / "nothing.whl")})
    done = forge.run(workflow(org, "deadlines"), "deadlines", event="schedule", now=IN_TIME)
    assert done.failed == ["Install plaint"]
    assert "nothing.whl" in done.log
    assert [step for step, outcome in done.outcomes.items() if outcome == "success"] == ["0 actions/checkout"]


def test_the_site_is_built_where_there_is_one(tmp_path: Path) -> None:
    org = found(tmp_path)
    publish = workflow(org, "publish")
    forge = GitHub(runner(), org.remote, {"PLAINT_SOURCE": str(wheel())})
    assert not forge.run(publish, "build", event="push", now=IN_TIME, github__event__repository__has_pages=False).outcomes
    built = forge.run(publish, "build", event="push", now=IN_TIME, github__event__repository__has_pages=True)
    assert built.green, built.log
    assert built.outputs == {"site": "true"}
    folder = built.uploaded["actions/upload-pages-artifact"]
    assert "投诉举报处置制度" in (folder / "zh" / "policy.html").read_text("utf-8")
    assert not list(folder.rglob("queue.html"))
    org.without_site()
    none = forge.run(publish, "build", event="workflow_dispatch", now=IN_TIME)
    assert none.green, none.log
    assert none.outputs == {"site": "false"}
    assert not none.uploaded
    assert publish["jobs"]["deploy"]["if"] == "${{ needs.build.outputs.site == 'true' }}"


def test_who_may_do_what(tmp_path: Path) -> None:
    """Nothing is granted but what a job needs, and no secret is named."""
    org = found(tmp_path)
    granted = {}
    for name in ("check", "deadlines", "publish"):
        text = (org.folder / "org" / ".github" / "workflows" / f"{name}.yml").read_text("utf-8")
        assert "secrets." not in text
        assert workflow(org, name)["permissions"] == {}
        assert "concurrency" in workflow(org, name)
        granted |= {f"{name}/{job}": found["permissions"] for job, found in workflow(org, name)["jobs"].items()}
    assert granted == {
        "check/check": {"contents": "read", "security-events": "write"},
        "deadlines/deadlines": {"contents": "read", "issues": "write"},
        "publish/build": {"contents": "read"},
        "publish/deploy": {"pages": "write", "id-token": "write"},
    }
    (schedule,) = workflow(org, "deadlines")["on"]["schedule"]
    assert re.fullmatch(r"[0-9,*/]+ \* \* \* \*", schedule["cron"]), "at least once in an hour"


def test_the_version_and_language_that_wrote_it(tmp_path: Path) -> None:
    org = found(tmp_path / "zh", "--language", "zh", "--language", "en")
    assert sorted(path.name for path in (org.folder / "org" / ".github" / "workflows").iterdir()) == ["check.yml", "deadlines.yml", "publish.yml"]
    for name, jobs in (("check", ["check"]), ("deadlines", ["deadlines"]), ("publish", ["build"])):
        for job in jobs:
            (install,) = [step for step in workflow(org, name)["jobs"][job]["steps"] if "PLAINT_SOURCE" in step.get("env", {})]
            assert install["env"]["PLAINT_SOURCE"] == f"${{{{ vars.PLAINT_SOURCE || 'plaint=={version('plaint')}' }}}}"
    assert workflow(org, "deadlines")["env"] == {"PLAINT_LANG": "zh"}
    assert not list((found(tmp_path / "none", "--forge", "none").folder / "org").glob(".git[hl]*"))
