"""Every `script:` of GitLab's file, run for real: green, red once a case is late, green once it is answered."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from ci.forges import GitLabApi, serve
from ci.place import AFTER, IN_TIME, LATE, found, present, runner, wheel
from ci.runner import GitLab, parse

pytestmark = pytest.mark.long


def test_a_case_is_late_and_answered(tmp_path: Path) -> None:
    org = found(tmp_path, "--forge", "gitlab")
    config = parse(org.folder / "org" / ".gitlab-ci.yml")
    assert not (org.folder / "org" / ".github").exists()
    assert config["variables"]["PLAINT_SOURCE"] == f"plaint=={version('plaint')}"
    forge = GitLab(runner() / "gitlab", org.remote, {"PLAINT_SOURCE": str(wheel()), "PLAINT_ROOT": org.git("rev-parse", "HEAD")})
    case = org.register()

    assert forge.admitted(config, "push") == {"check", "audit"}
    assert forge.admitted(config, "schedule") == forge.admitted(config, "web") - {"check", "audit"} == {"deadlines"}
    assert not forge.admitted(config, "merge_request_event")  # the branch's own pipeline stands there
    came = {"CI_COMMIT_BEFORE_SHA": org.git("rev-parse", "HEAD~1")}
    for job in ("check", "audit"):
        done = forge.run(config, job, "push", now=IN_TIME, **came, CI_PIPELINE_CREATED_AT=present())
        assert done.green, done.log
    late = forge.run(config, "audit", "push", now=IN_TIME, **came, CI_PIPELINE_CREATED_AT=present(73))
    assert not late.green
    assert "A306" in late.log
    assert "A504" not in late.log
    gone = forge.run(config, "audit", "push", now=IN_TIME, CI_COMMIT_BEFORE_SHA="1" * 40, CI_PIPELINE_CREATED_AT=present())
    assert not gone.green
    assert "A504" in gone.log
    with serve(GitLabApi) as hub:
        hub.token = "glpat-of-the-project"
        said = {"CI_API_V4_URL": hub.url, "CI_PROJECT_ID": "17", "PLAINT_GITLAB_TOKEN": hub.token}
        late = forge.run(config, "deadlines", "schedule", now=LATE, **said)
        assert not late.green
        due = (late.folder / "due.md").read_text("utf-8")
        assert f"| {case} | First reply |" in due
        assert due in late.log
        assert "D101" in late.log
        (issue,) = hub.issues
        assert issue["confidential"]
        assert f"| {case} | First reply |" in issue["description"]

        red = forge.run(config, "check", "push", now=LATE)
        assert not red.green
        assert '<failure message="First reply: was due' in (red.folder / "plaint.xml").read_text("utf-8")

        org.answer(case)
        org.push()
        done = forge.run(config, "deadlines", "schedule", now=AFTER, **said)
        assert done.green, done.log
        assert [each["state"] for each in hub.issues] == ["closed"]


def test_the_site(tmp_path: Path) -> None:
    org = found(tmp_path, "--forge", "gitlab")
    config = parse(org.folder / "org" / ".gitlab-ci.yml")
    forge = GitLab(runner() / "gitlab", org.remote, {"PLAINT_SOURCE": str(wheel())})
    assert "pages" not in forge.admitted(config, "push")
    assert "pages" not in forge.admitted(config, "schedule", PLAINT_PUBLISH="true")
    done = forge.run(config, "pages", "push", now=IN_TIME, PLAINT_PUBLISH="true")
    assert done.green, done.log
    assert "投诉举报处置制度" in (done.folder / "public" / "zh" / "policy.html").read_text("utf-8")
    org.without_site()
    assert "pages" not in forge.admitted(config, "push", PLAINT_PUBLISH="true")
