"""Every clock of the policy, each late in its way: `plaint check` finds it by its rule, and `plaint todo` and `plaint calendar` show it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from checking import CASE, House
from plaint.agenda import agenda
from plaint.cli import run
from plaint.i18n import set_language
from plaint.model.deadlines import readings
from plaint.model.policy import ClockKind, load_preset
from plaint.organisation import Organisation
from plaint.publish.internal import queue
from unit import test_check_rules as spoilt

POLICY = load_preset("house")


def late_screening(h: House) -> str:
    h.add(h.case().receive().acknowledge())
    return "2026-10-20T00:01"


def late_notice(h: House) -> str:
    h.add(h.case().receive().acknowledge().decline())
    return "2026-10-20T00:01"


def late_team(h: House) -> str:
    h.add(h.case().receive().acknowledge().accept())
    return "2026-10-20T00:01"


def late_inquiry(h: House) -> str:
    h.add(h.usual())
    return "2026-12-20T00:01"


def late_decision(h: House) -> str:
    h.add(h.usual().conclude())
    return "2026-10-30T00:01"


def late_feedback(h: House) -> str:
    h.add(h.usual().conclude().decide())
    return "2026-10-30T00:01"


def proposed_early(h: House) -> str:
    """A disposal that was proposed before its time, and not carried out yet."""
    case = replace(h.case(start="2026-02-02T09:00").to_closed(), strict=False)
    h.add(case.dispose("propose", at="2027-03-01T09:00", by="steward"))
    return "2027-03-02T09:00"


SITUATIONS: list[tuple[str, str, str, Callable[[House], str | None]]] = [
    # the clock, what check says, how todo puts it
    ("acknowledgement", "D101", "late", spoilt.not_acknowledged),
    ("acknowledgement", "D102", "soon", spoilt.nearly_not_acknowledged),
    ("screening", "D101", "late", late_screening),
    ("notice", "D101", "late", late_notice),
    ("team", "D101", "late", late_team),
    ("inquiry", "D101", "late", late_inquiry),
    ("decision", "D101", "late", late_decision),
    ("feedback", "D101", "late", late_feedback),
    ("measure", "D104", "late", spoilt.measure_late),
    ("disclosure", "D105", "late", spoilt.request_late),
    ("retention", "R101", "late", spoilt.kept_too_long),
    ("retention", "R102", "soon", spoilt.retention_ends),
    ("retention", "R103", "at-risk", proposed_early),
    ("retention", "R103", "at-risk", spoilt.disposed_early),
    ("review", "R201", "late", spoilt.no_reviews),
    ("review", "R202", "soon", spoilt.review_soon),
    ("annual-report", "R203", "late", spoilt.no_reviews),
    ("annual-report", "R204", "soon", spoilt.report_soon),
    ("policy-review", "R205", "late", spoilt.policy_not_reviewed),
    ("policy-review", "R206", "soon", spoilt.policy_to_be_reviewed),
]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("founded")
    house = House.found(root)
    house.add(house.usual())
    return root


@pytest.fixture
def house(founded: Path, tmp_path: Path) -> House:
    shutil.copytree(founded, tmp_path / "house", symlinks=True)
    return House(tmp_path / "house")


def plaint(house: House, capsys: pytest.CaptureFixture[str], *args: str, lang: str = "en") -> str:
    assert run([args[0], "-C", str(house.root), "--lang", lang, *args[1:]]) == 0
    return capsys.readouterr().out


def test_every_clock_has_its_situation() -> None:
    assert {clock for clock, *_rest in SITUATIONS} == {*POLICY.clocks, *POLICY.recurring, "policy-review"}


@pytest.mark.parametrize(("clock", "code", "status", "spoil"), [pytest.param(*s, id=f"{s[1]}-{s[0]}-{s[3].__name__}") for s in SITUATIONS])
def test_a_clock_is_found_and_shown(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clock: str,
    code: str,
    status: str,
    spoil: Callable[[House], str | None],
) -> None:
    now = spoil(house)
    assert now
    house.commit()
    assert code in house.codes(now)
    monkeypatch.setenv("PLAINT_NOW", f"{now}:00+08:00")
    items: list[dict[str, Any]] = json.loads(plaint(house, capsys, "todo", "--format", "json"))
    mine = [item for item in items if item["clock"] == clock and item["status"] == status]
    assert mine, items
    (item,) = mine if clock not in POLICY.recurring else mine[:1]
    assert item["case"] == (CASE if clock in POLICY.clocks else None)
    calendar = Calendar.from_ical(plaint(house, capsys, "calendar"))
    about = item["case"] or item["subject"]
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    event = events[f"{about}-{clock}-{item['subject']}@plaint.invalid"]
    assert event["dtstart"].dt == datetime.fromisoformat(item["due"])
    assert ("disposal too early" in str(event["summary"])) == (status == "at-risk")


def test_what_runs_for_years_is_shown_when_it_is_near(house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    house.add(house.case(start="2026-02-02T09:00").to_closed())
    house.commit()
    monkeypatch.setenv("PLAINT_NOW", "2026-10-05T12:30:00+08:00")
    shown = {item["clock"] for item in json.loads(plaint(house, capsys, "todo", "--format", "json"))}
    everything = {item["clock"] for item in json.loads(plaint(house, capsys, "todo", "--all", "--format", "json"))}
    assert everything - shown == {"retention", "policy-review"}


@pytest.mark.parametrize(("lang", "soon", "due", "late"), [
    ("en", ("2 days left", "soon"), ("for 38 days", "due for disposal"), ("200 days over", "late")),
    ("zh", ("还剩 2 天", "将到期"), ("已到期 38 天", "待销毁"), ("已逾期 200 天", "逾期")),
])  # fmt: skip
def test_a_retention_in_its_grace_is_due_for_disposal(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lang: str,
    soon: tuple[str, str],
    due: tuple[str, str],
    late: tuple[str, str],
) -> None:
    case = house.case(start="2026-02-02T09:00").to_closed()
    house.add(case)
    house.commit()
    end = next(r.due for r in readings(POLICY, case.events, case.events[-1].at) if r.clock.kind is ClockKind.RETENTION)
    for (left, word), days in ((soon, -2.5), (due, 38.5), (late, 200.5)):
        now = end + timedelta(days=days)
        monkeypatch.setenv("PLAINT_NOW", now.isoformat(timespec="seconds"))
        for command in ("todo",), ("show", CASE):
            line = next(line for line in plaint(house, capsys, *command, lang=lang).splitlines() if f"{end:%Y-%m-%d}" in line)
            assert left in line and word in line, line
        set_language(lang)
        organisation = Organisation.open(house.root)
        page = queue(organisation, agenda(organisation, now), now).markdown()
        row = next(line for line in page.splitlines() if f"cases/{CASE}.html" in line and left in line)
        set_language("en")
        assert f">{word}<" in row, row


def test_who_can_is_told_of_what_is_at_risk(house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = spoilt.disposed_early(house)
    house.commit()
    monkeypatch.setenv("PLAINT_NOW", f"{now}:00+08:00")
    for member, told in (("steward", True), ("supervisor", True), ("intake", False)):
        items = json.loads(plaint(house, capsys, "todo", "--mine", "--as", member, "--format", "json"))
        assert ("at-risk" in {item["status"] for item in items}) is told
