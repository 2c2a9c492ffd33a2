"""Due times worked out by hand from the texts of the rules (tests/vectors/due.yaml), against the clocks, `plaint due` and `plaint show`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import CaseBuilder, one_member_per_role
from checking import CASE, FOUNDED, House
from plaint.cli import run
from plaint.founding import Founding, NewMember, files
from plaint.model.clocks import due as due_after
from plaint.model.clocks import parse_duration, parse_period, period_due
from plaint.model.duties import open_policy_review
from plaint.model.policy import Policy, policy_from, preset_document
from plaint.model.record import Event, dump_event, dump_header, parse
from plaint.model.revisions import revision_of
from plaint.model.yamlio import dump_yaml
from plaint.seal.keyring import new_case_keys

Row = dict[str, Any]
VECTORS = Path(__file__).parents[1] / "vectors" / "due.yaml"
TABLE: Row = yaml.load(VECTORS.read_text("utf-8"), Loader=yaml.BaseLoader)
ROWS: list[Row] = [{**row, "policy": group["policy"], "calendar": group["calendar"]} for group in TABLE["groups"] for row in group["rows"]]
DUTIES: list[Row] = TABLE["duties"]
CASES: list[Row] = TABLE["cases"]
REVIEWS: list[Row] = TABLE["policy-reviews"]
PLAINT = Path(sys.executable).parent / "plaint"


def named(rows: list[Row]) -> list[Any]:
    return [pytest.param(row, id=row["name"]) for row in rows]


def document(row: Row) -> dict[str, Any]:
    """The preset with the row's calendar, and with its duration for the row's clock or duty."""
    found = preset_document(row["policy"])
    found["calendar"] = {"open": [], "closed": [], **row.get("calendar", found["calendar"])}
    if "within" in row:
        clocks = found["clocks"] if "clock" in row else found["recurring"]
        clocks[row.get("clock") or row["duty"]]["within"] = row["within"]
    return found


@cache
def _policy(text: str) -> Policy:
    return policy_from(json.loads(text))


def policy_of(row: Row) -> Policy:
    return _policy(json.dumps(document(row)))


def moment(text: str, policy: Policy) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=policy.timezone)


def arguments(row: Row, folder: Path) -> list[str]:
    """The row as arguments of `plaint due`."""
    file = folder / "policy.yaml"
    file.write_text(dump_yaml(document(row)), "utf-8")
    suspended = [word for stretch in row.get("suspended", ()) for word in ("--suspended", stretch)]
    return ["due", "--policy", str(file), "--clock", row["clock"], "--start", row["start"], *suspended, "--format", "json"]


def expected(row: Row) -> dict[str, Any]:
    return {"due": row["due"], "provisional": row.get("provisional") == "true", **({"ceiling": row["ceiling"]} if "ceiling" in row else {})}


def test_the_table_is_whole() -> None:
    everything = [*ROWS, *DUTIES, *REVIEWS, *CASES]
    assert len(ROWS) >= 100
    assert len({row["name"] for row in everything}) == len(everything)
    for row in everything:
        assert row["why"], row["name"]
        assert set(row["source"]) <= set(TABLE["sources"]), row["name"]
    assert {source for row in everything for source in row["source"]} == set(TABLE["sources"])


@pytest.mark.parametrize("row", named(ROWS))
def test_due(row: Row) -> None:
    policy = policy_of(row)
    within = policy.clocks[row["clock"]].within
    assert within is not None
    pauses = [(moment(a, policy), moment(b, policy)) for a, b in (stretch.split("/") for stretch in row.get("suspended", ()))]
    found = due_after(moment(row["start"], policy), within, policy.timezone, policy.calendar, pauses)
    most = policy.clocks[row["clock"]].at_most
    ceiling = {"ceiling": str(due_after(moment(row["start"], policy), most, policy.timezone, policy.calendar))} if most else {}
    assert {"due": str(found), "provisional": found.provisional, **ceiling} == expected(row), row["why"]


@pytest.mark.parametrize("row", named(ROWS))
def test_the_command_says_the_same(row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments(row, tmp_path)) == 0
    assert json.loads(capsys.readouterr().out) == expected(row), row["why"]


@pytest.mark.parametrize("row", named([row for row in ROWS if "law" in row]))
def test_never_after_the_law(row: Row) -> None:
    """To the minute is stricter than the law's whole days, by less than a day; and by the days that a weekend or holiday adds."""
    due, law = datetime.fromisoformat(row["due"]), datetime.fromisoformat(row["law"])
    assert due <= law
    calendar, day = policy_of(row).calendar, due.date()
    while not calendar.is_working(day):
        day += timedelta(days=1)
    assert law.date() == day + timedelta(days=1)


FEW = ("eu-feedback", "over-spring-festival-2025", "us-sixty-days-into-the-gap", "two-weeks-over-national-day", "into-2027", "the-eve-given-off")


@pytest.mark.parametrize("row", named([row for row in ROWS if row["name"] in FEW]))
def test_the_installed_command(row: Row, tmp_path: Path) -> None:
    assert json.loads(plaint(tmp_path, *arguments(row, tmp_path))) == expected(row)


@pytest.mark.parametrize("row", named(DUTIES))
def test_duties(row: Row) -> None:
    policy = policy_of(row)
    within = parse_duration(str(policy.recurring[row["duty"]].within))
    found = period_due(parse_period(row["period"]), within, policy.timezone, policy.calendar)
    assert {"due": str(found), "provisional": found.provisional} == expected(row), row["why"]


@pytest.mark.parametrize("row", named(REVIEWS))
def test_policy_reviews(row: Row) -> None:
    document = {**preset_document(row["policy"]), "effective": row["effective"]}
    approval = Event("approve", "h7q2m0xv", datetime.fromisoformat(row["approved"]), "supervisor")
    record = parse(dump_header(document) + dump_event(approval), "policy/1.yaml")
    policy = policy_from(record.header)
    revision = revision_of(policy, record, {}, one_member_per_role(policy))
    found = open_policy_review([revision], approval.at + timedelta(days=60))
    assert found is not None
    assert str(found[1].due.isoformat()) == row["due"], row["why"]


@pytest.mark.parametrize("row", named(CASES))
def test_whole_cases(row: Row, tmp_path: Path) -> None:
    house = organisation(row, tmp_path / "org")
    case = CaseBuilder(house.policy)
    for kind, at, *codes in row["events"]:
        case = case.step(kind, at=at, **(codes[0] if codes else {}))
    house.add(case)
    house.commit()
    now = moment(row["now"], house.policy).isoformat()
    shown = json.loads(plaint(house.root, "show", CASE, "--format", "json", now=now))
    assert [{"clock": c["clock"], "due": c["due"], "status": c["status"]} for c in shown["clocks"]] == row["clocks"], row["why"]


def plaint(folder: Path, *args: str, now: str = "2026-11-20T12:00:00+08:00") -> str:
    """What the installed command prints."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PLAINT_", "GIT_"))}
    env = {**kept, "HOME": str(folder), "PLAINT_NOW": now}
    done = subprocess.run([PLAINT, *args], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def organisation(row: Row, root: Path) -> House:
    """An organisation on disk with the row's policy."""
    house = House(root, policy_of(row))
    roster = CaseBuilder(house.policy).roster
    keys = new_case_keys([*roster.members, "recovery"])
    members = tuple(
        NewMember(name, tuple(sorted(m[0].roles)), tuple(sorted(m[0].expertise)), f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n:043}", keys[name].recipient)
        for n, (name, m) in enumerate(roster.members.items())
    )
    calendar = document(row)["calendar"]
    founding = Founding({"en": "Test"}, ("en",), row["policy"], calendar["country"], calendar["timezone"], None, keys["recovery"].recipient, members)
    for path, data in files(founding, FOUNDED).items():
        house.write(path, data)
    subprocess.run(["git", "init", "-q", "-b", "main", root], check=True, capture_output=True)
    return house
