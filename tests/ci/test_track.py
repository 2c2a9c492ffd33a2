"""`plaint track` against the REST API of both forges, kept by a real server: one issue, found again, written only where something changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ci.forges import GitHubApi, GitLabApi, Hub, serve
from ci.place import ANSWERED, DUE, IN_TIME, LATE, Place, found, hours
from e2e.terminal import Desk, Done
from plaint.agenda import Item
from plaint.forge.board import board_of, markdown
from plaint.forge.tracker import marked
from plaint.i18n import set_language
from plaint.model.deadlines import Status
from plaint.model.policy import Kind, load_preset

pytestmark = pytest.mark.long

DUE_AT = DUE[:16].replace("T", " ")
HIDDEN = re.compile(r"<!-- plaint:late [0-9a-f]{16} -->\n\Z")


@pytest.fixture(scope="module")
def late_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    """An organisation with one case that nobody has answered, and the case."""
    org = found(tmp_path_factory.mktemp("late"), "--forge", "none")
    return org, org.register()


@pytest.fixture
def org(late_once: tuple[Place, str]) -> Iterator[Place]:
    org, _case = late_once
    head = org.git("rev-parse", "HEAD")
    yield org
    org.git("reset", "-q", "--hard", head)


@pytest.fixture
def case(late_once: tuple[Place, str]) -> str:
    return late_once[1]


def job(org: Place, hub: Hub, now: str) -> Desk:
    """A job of GitHub Actions."""
    env = {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "acme/complaints", "GITHUB_TOKEN": hub.token}
    return org.desk(now).having(**env)


def lab_job(org: Place, hub: Hub, now: str) -> Desk:
    """A job of GitLab CI."""
    env = {"GITLAB_CI": "true", "CI_API_V4_URL": hub.url, "CI_PROJECT_ID": "17", "PLAINT_GITLAB_TOKEN": hub.token}
    return org.desk(now).having(**env)


@pytest.mark.parametrize(("api", "at_work", "text"), [(GitHubApi, job, "body"), (GitLabApi, lab_job, "description")])
def test_opened_updated_closed_reopened(org: Place, case: str, api: type, at_work: type, text: str) -> None:
    with serve(api) as hub:
        assert at_work(org, hub, IN_TIME).good("track") == "nothing is late, and there is no issue\n"
        assert not hub.writes

        assert at_work(org, hub, LATE).good("track").startswith("issue 1 opened: https://")
        (issue,) = hub.issues
        assert issue["title"] == "plaint: 1 thing is late."
        assert f"| {DUE_AT} | {case} | First reply | Received | acknowledge / notify |" in issue[text]
        assert HIDDEN.search(issue[text])
        assert "账本" not in str(issue)

        for later in (LATE, hours(30)):  # nothing has changed, though time has passed
            assert at_work(org, hub, later).good("track") == "issue 1 is as it should be\n"
        assert len(hub.writes) == 1

        second = org.desk(hours(3)).register()
        assert at_work(org, hub, hours(28)).data("track")["action"] == "updated"
        assert issue["title"] == "plaint: 2 things are late."
        assert second in issue[text]

        for each in (case, second):
            org.answer(each, now=ANSWERED)
        said = at_work(org, hub, hours(29)).data("track")
        assert said == {"action": "closed", "issue": 1, "url": said["url"], "late": 0, "soon": said["soon"]}
        assert issue["state"] == "closed"
        assert "Nothing is late." in issue[text]
        assert at_work(org, hub, hours(30)).data("track")["action"] == "nothing"

        third = org.desk(hours(29)).register()
        assert at_work(org, hub, hours(54)).data("track")["action"] == "reopened"
        assert issue["state"] in ("open", "opened")
        assert third in issue[text]
        assert hub.issues == [issue]
        assert len(hub.writes) == 4


def test_it_is_found_among_many(org: Place) -> None:
    """On the third page, after pull requests, and after the same words in an issue of somebody else."""
    with serve(GitHubApi) as hub:
        stranger = {"login": "mallory", "type": "User"}
        for number in range(1, 250):
            body = "<!-- plaint:late 0123456789abcdef -->" if number == 5 else None
            hub.issues.append({"number": number, "title": "x", "body": body, "state": "closed", "user": stranger, "html_url": ""})
        hub.issues[6] |= {"user": GitHubApi.JOB, "body": hub.issues[4]["body"], "pull_request": {}}
        assert job(org, hub, LATE).data("track") | {"soon": 0, "url": ""} == {"action": "opened", "issue": 250, "url": "", "late": 1, "soon": 0}
        assert job(org, hub, LATE).data("track")["action"] == "nothing"
        assert hub.issues[4]["title"] == hub.issues[6]["title"] == "x"


def test_a_person_with_a_token(org: Place) -> None:
    with serve(GitHubApi, login="li-wei") as hub:
        hub.issues.append({"number": 1, "title": "", "body": "<!-- plaint:late 0 -->", "state": "open", "user": GitHubApi.JOB, "html_url": ""})
        assert job(org, hub, LATE).having(GITHUB_ACTIONS="").good("track", "--forge", "github").startswith("issue 2 opened")
        assert job(org, hub, LATE).data("track")["action"] == "nothing"


def test_a_forge_edited_by_hand_and_by_windows(org: Place) -> None:
    """A body saved by a browser has other line ends; that is no change. A title set by hand is set back."""
    with serve(GitHubApi) as hub:
        job(org, hub, LATE).good("track")
        hub.issues[0]["body"] = hub.issues[0]["body"].replace("\n", "\r\n")
        assert job(org, hub, LATE).data("track")["action"] == "nothing"
        hub.issues[0]["title"] = "all is well"
        assert job(org, hub, LATE).data("track")["action"] == "updated"


def test_dry_run_asks_nobody(org: Place, case: str) -> None:
    said = org.desk(LATE).good("track", "--dry-run")
    assert said.startswith("plaint: 1 thing is late.\n\n**1 thing is late.**\n\n| due | case |")
    assert f"| {DUE_AT} | {case} |" in said
    assert HIDDEN.search(said)
    with serve(GitHubApi) as hub:
        assert job(org, hub, LATE).good("track", "--dry-run") == said
        assert not hub.asked


def test_in_chinese(org: Place, case: str) -> None:
    said = org.desk(LATE).having(PLAINT_LANG="zh").good("track", "--dry-run")
    assert f"| {case} | " in said
    assert "首次回复" in said or "确认" in said


def refused(done: Done, code: int, *words: str) -> None:
    line = done.fails(code, *words)
    assert "the-token" not in line


def test_what_goes_wrong_is_said_in_one_line(org: Place) -> None:
    refused(org.desk(LATE).plaint("track"), 2, "no job of GitHub or GitLab", "--dry-run")
    refused(org.desk(LATE).plaint("track", "--forge", "github"), 3, "GITHUB_TOKEN, GITHUB_REPOSITORY is not set")
    refused(
        org.desk(LATE).having(CI_API_V4_URL="https://x", CI_PROJECT_ID="1").plaint("track", "--forge", "gitlab"),
        3,
        "PLAINT_GITLAB_TOKEN",
        "project access token",
    )
    with serve(GitHubApi) as hub:
        at_work = job(org, hub, LATE)
        refused(at_work.having(GITHUB_TOKEN="another").plaint("track"), 3, "401 Bad credentials", "token")
        refused(at_work.having(GITHUB_REPOSITORY="acme/other").plaint("track"), 3, "404 Not Found")
        refused(at_work.having(GITHUB_API_URL="http://forge.example").plaint("track"), 3, "over https only")
        hub.fail = {"POST": (403, '{"message": "Resource not accessible by integration"}')}
        refused(at_work.plaint("track"), 3, "403 Resource not accessible by integration", "issues: write")
        hub.fail = {"POST": (410, '{"message": "Issues are disabled for this repo"}')}
        refused(at_work.plaint("track"), 3, "410 Issues are disabled", "switched off")
        hub.fail = {"GET": (200, "<html>sign in, please\x1b[2J</html>")}
        refused(at_work.plaint("track"), 3, "not of its API")
        hub.fail = {"GET": (302, "http://127.0.0.1:9/elsewhere")}
        refused(at_work.plaint("track"), 3, "302")
        hub.fail = {"POST": (500, "oops")}  # it may have been done: not asked again
        refused(at_work.plaint("track"), 3, "500")
        assert hub.writes == ["POST /repos/acme/complaints/issues"] * 3
        assert not hub.issues
        hub.fail = {"GET": (503, "busy")}  # what only reads is
        assert at_work.data("track")["action"] == "opened"


def test_it_survives_a_forge_that_is_gone(org: Place) -> None:
    with serve(GitHubApi) as hub:
        pass
    refused(job(org, hub, LATE).plaint("track"), 3, "cannot be reached", "/user")


def test_more_than_an_issue_holds() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    one = Item(
        case="Q7M4-K2XD",
        state="received",
        state_text={"en": "|<b>@all</b>" * 6, "zh": "已收到"},
        clock="c",
        text={"en": "首次*回复*" * 9, "zh": "首次回复"},
        part="",
        subject="e",
        started=now,
        due=now,
        provisional=True,
        status=Status.LATE,
        warn=timedelta(),
        steps=("acknowledge",),
        members=frozenset(),
        policy=load_preset("house"),
        kind=Kind.DEADLINE,
    )
    set_language("en")
    text = markdown(board_of([one] * 10_000, now, 7, ZoneInfo("Asia/Shanghai")))
    assert "and 9850 more" in text
    assert len(marked("title", text)) < 65536
    assert "| 2026-11-20 08:00? | Q7M4-K2XD | 首次\\*回复\\*" in text
    assert "@all" not in text
    assert "<b>" not in text


def test_a_board_of_what_is_suspended_or_far(org: Place) -> None:
    assert "Nothing more is due within 0 days." in org.desk(LATE).good("todo", "--days", "0", "--format", "markdown")
    everything = org.desk(LATE).data("todo")
    assert len(everything) > len(org.desk(LATE).data("todo", "--days", "1")) == 1
