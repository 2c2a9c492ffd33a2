"""`plaint review`: a sample that nobody picks, findings that only those who supervise read, and a clock that stops."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from conftest import Plaint, copy_of

pytestmark = pytest.mark.long

PERIOD, NOW = "2026-Q3", "2026-11-20T12:00:00+08:00"


@pytest.fixture
def org(busy: Plaint, tmp_path: Path) -> Plaint:
    return copy_of(busy, tmp_path)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    file = tmp_path / "findings.yaml"
    file.write_text(
        "findings: Replies came in time. 保密良好。\neffectiveness: good\nfollow-up: train the deputies\nchecklist: {replied: met, heard: partly, measures: not-arisen}\n"
    )
    return file


def test_the_sample_is_drawn_as_the_rules_say(org: Plaint) -> None:
    """Drawn again by hand: by hash of entry, period and case, among the cases in which something happened in the period."""
    head = org.head
    told = org.data("review", "begin", PERIOD, "--sample", "4", member="sun.li")
    among = []
    for path in (org.folder / "cases").rglob("*.yaml"):
        record = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        if any("2026-07-01" <= event["at"][:10] < "2026-10-01" for event in record["events"]):
            among.append(record["case"])
    assert len(among) > 4
    order = sorted(among, key=lambda case: hashlib.sha256(f"plaint review 1\n{head}\n{PERIOD}\n{case}".encode()).hexdigest())
    assert told["cases"] == order[:4]
    shown = org.data("review", "show", PERIOD, member="li.wei")
    assert (shown["cases"], shown["drawn"], shown["result"]) == (order[:4], True, None)
    assert org.run("check").returncode == 0
    assert org.run("audit").returncode == 0


def test_a_sample_that_was_picked_shows(org: Plaint) -> None:
    head = org.head
    org.good("review", "begin", PERIOD, "--sample", "4", member="sun.li")
    path = org.folder / "reviews" / f"{PERIOD}.yaml"
    drawn = org.data("review", "show", PERIOD)["cases"]
    other = next(each["case"] for each in org.cases() if each["case"] not in drawn)
    path.write_text(path.read_text().replace(drawn[0], other))
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", "-m", "picked")
    done = org.run("review", "show", PERIOD)
    assert done.returncode == 1
    assert "NOT the one" in done.stdout
    found = json.loads(org.run("check", "--format", "json").stdout)["findings"]
    assert [(f["rule"], f["record"]) for f in found if f["severity"] == "error"] == [("R207", f"reviews/{PERIOD}.yaml")]
    assert org.run("audit").returncode == 1
    assert head != org.head


def test_findings_are_sealed_and_the_duty_is_done(org: Plaint, body: Path) -> None:
    (org.folder / "reviews" / "2026-H1.yaml").unlink()  # an organisation that has not made it yet
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", "-m", "gone")
    late = json.loads(org.run("check", "--format", "json").stdout)["findings"]
    assert any(finding["rule"] == "R201" for finding in late)
    assert "may not review" in org.refused("review", "begin", "2026-H1", member="wang.fang")
    assert "is not over" in org.refused("review", "begin", "2026-H2", member="sun.li")
    assert "there is no review" in org.refused("review", "conclude", "2026-H1", "--result", "sound", "--body", body, member="sun.li")
    org.good("review", "begin", "2026-H1", member="sun.li")
    assert "begun already" in org.refused("review", "begin", "2026-H1", member="sun.li")
    org.good("review", "conclude", "2026-H1", "--result", "improvable", "--body", body, member="sun.li")
    assert "concluded already" in org.refused("review", "conclude", "2026-H1", "--result", "sound", "--body", body, member="sun.li")
    assert "Replies" not in (org.folder / "reviews" / "2026-H1.yaml").read_text()
    for member in ("sun.li", "liu.yang", "zhou.ning"):
        found = org.data("review", "show", "2026-H1", member=member)["findings"]
        assert (found["effectiveness"], found["checklist"]["heard"]) == ("good", "partly")
    for member in ("li.wei", "wang.fang", "he.ping"):
        shown = org.data("review", "show", "2026-H1", member=member)
        assert (shown["result"], shown["findings"]) == ("improvable", None)
    sealed = yaml.safe_load((org.folder / "reviews" / "2026-H1.yaml").read_text())["events"][-1]["sealed"]["inquiry"]
    opened = org.age(org.folder / ".demo-keys" / "recovery.age-identity", sealed.encode())
    assert "保密良好" in opened.stdout.decode()
    after = json.loads(org.run("check", "--format", "json").stdout)["findings"]
    assert not any(finding["rule"] == "R201" for finding in after)


def test_what_is_refused_changes_nothing(org: Plaint, tmp_path: Path) -> None:
    org.good("review", "begin", PERIOD, member="sun.li")
    before = org.snapshot()
    wrong = tmp_path / "wrong.yaml"
    for text, said in (
        ("note: x", "`findings` is missing"),
        ("findings: x\ncases: {ABCD-2345: fine}", "not in the sample"),
        ("- x", "mapping"),
        ("findings: x\nchecklist: {replied: maybe}", "it may be met"),
    ):
        wrong.write_text(text)
        assert said in org.refused("review", "conclude", PERIOD, "--result", "sound", "--body", wrong, member="sun.li")
    assert "body" in org.refused("review", "conclude", PERIOD, "--result", "sound", member="sun.li")
    assert "no period" in org.refused("review", "begin", "lately", member="sun.li")
    assert org.snapshot() == before
