"""Releases: each case counts once, nothing after the period's end changes anything, and a year is the sum of what was published."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import CaseBuilder
from plaint.errors import InputError, UsageError
from plaint.model.clocks import parse_period
from plaint.model.policy import load_preset
from plaint.model.record import Event, dump_event, dump_header, parse
from plaint.model.schema import check_record
from plaint.statistics.closed import ClosedCase, closed_case
from plaint.statistics.definitions import tables
from plaint.statistics.release import Counted, Release, base_release, prove, release_of, sum_release

HOUSE = load_preset("house")
Q1, Q2, Q3, YEAR = (parse_period(each) for each in ("2026-Q1", "2026-Q2", "2026-Q3", "2026"))


def made_up(seed: int, count: int, first: date = date(2026, 1, 1), days: int = 180) -> list[Counted]:
    """Cases as the statistics see them, at random; most are closed some weeks after they came in."""
    dice = random.Random(seed)
    found = []
    for _n in range(count):
        received = datetime(first.year, first.month, first.day, 9, tzinfo=UTC) + timedelta(days=dice.randrange(days), minutes=dice.randrange(600))
        closed = received + timedelta(days=dice.randrange(5, 90))
        words = {name: dice.choice(sorted(set(table.words) - {"none"})) for name, table in tables(HOUSE).items() if not name.startswith("measures")}
        words["screening"] = dice.choices(("accepted", "declined"), [3, 1])[0]
        of = {"accepted": ("reason", "clock.notice"), "declined": ("outcome", "clock.team", "clock.inquiry", "clock.decision", "clock.feedback")}
        words |= dict.fromkeys(of[words["screening"]], "none")
        words["channel"] = dice.choices(sorted(HOUSE.channels), [60, 20, 10, 8, 2])[0]
        measures = tuple((dice.choice(sorted(HOUSE.measures)), "fulfilled") for _m in range(dice.randrange(3)))
        took = {"acknowledgement": timedelta(hours=dice.randrange(30))}
        found.append(Counted(received, ClosedCase(received, closed, words, measures, took) if dice.random() < 0.9 else None))
    return found


def chain(cases: list[Counted], *periods: str) -> list[Release]:
    done: list[Release] = []
    for each in periods:
        try:
            done.append(base_release(HOUSE, parse_period(each), cases, done))
        except UsageError as error:
            assert "fewer than" in str(error)
    return done


def test_a_case_counts_as_it_was_when_first_closed() -> None:
    builder = (
        CaseBuilder(HOUSE)
        .receive(channel="letter", category="service")
        .acknowledge(after="25h")
        .decline(reason="no-grounds")
        .notify()
        .close(satisfaction="dissatisfied")
    )
    found = closed_case(HOUSE, builder.events)
    assert found is not None
    assert found.words == {
        "channel": "letter", "category": "service", "screening": "declined", "reason": "no-grounds", "outcome": "none", "satisfaction": "dissatisfied",
        "clock.acknowledgement": "late", "clock.screening": "on-time", "clock.notice": "on-time", "clock.team": "none", "clock.inquiry": "none",
        "clock.decision": "none", "clock.feedback": "none",
    }  # fmt: skip
    assert found.took["acknowledgement"] == timedelta(hours=25)
    assert closed_case(HOUSE, builder.reopen(reason="new-evidence").events) == found, "what comes after does not count"
    assert closed_case(HOUSE, builder.events[:-1]) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 300))
def test_every_release_is_proven_and_each_case_counts_once(seed: int, count: int) -> None:
    cases = made_up(seed, count)
    done = chain(cases, "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")
    prove(done)
    end = datetime(2026, 12, 31, 16, tzinfo=UTC)
    closed = sum(case.closed is not None and case.closed.closed < end for case in cases)
    told = sum(release.cases for release in done)
    assert closed - told < HOUSE.threshold
    for release in done:
        assert all(sum(groups.values()) == release.cases for name, groups in release.tables.items() if not name.startswith("measures"))
        assert all(n >= HOUSE.threshold for groups in release.tables.values() for n in groups.values())
    if len(done) > 1:
        year = sum_release(HOUSE, YEAR, done)
        prove([*done, year])
        assert year.cases == told


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 200))
def test_what_happens_outside_the_period_changes_not_a_byte(seed: int, count: int) -> None:
    cases = made_up(seed, count)
    end = datetime(2026, 3, 31, 16, tzinfo=UTC)
    try:
        before = base_release(HOUSE, Q1, cases, [])
    except UsageError:
        return
    later = [replace(case, closed=None) if case.closed and case.closed.closed >= end else case for case in cases]
    more = [Counted(end + timedelta(days=1), None), *made_up(seed + 1, 20, date(2026, 5, 1))]
    assert dump_header(base_release(HOUSE, Q1, [*later, *more], []).header()) == dump_header(before.header())


def test_too_few_publish_nothing_and_count_in_the_next() -> None:
    few = [case for case in made_up(1, 400) if case.closed]
    first = [case for case in few if case.closed and case.closed.closed < datetime(2026, 3, 31, 16, tzinfo=UTC)][:9]
    second = [case for case in few if case.closed and datetime(2026, 4, 2, tzinfo=UTC) < case.closed.closed < datetime(2026, 6, 29, tzinfo=UTC)][:30]
    with pytest.raises(UsageError, match="9 cases were closed up to the end of 2026-Q1: fewer than 10"):
        base_release(HOUSE, Q1, [*first, *second], [])
    assert base_release(HOUSE, Q2, [*first, *second], []).cases == 39


def test_periods_are_published_once_in_order_and_none_too_short() -> None:
    cases = made_up(3, 300)
    done = chain(cases, "2026-Q2")
    for wrong, said in ((Q1, "later or overlapping"), (parse_period("2026-H1"), "later or overlapping"), (parse_period("2026-08"), "too short")):
        with pytest.raises(UsageError, match=said):
            base_release(HOUSE, wrong, cases, done)
    with pytest.raises(UsageError, match="fewer than two releases"):
        sum_release(HOUSE, YEAR, done)


def test_how_many_came_in_is_told_only_beside_many_in_work() -> None:
    """Those received less those closed are those in work: where these are few, their number is not to be computed."""
    closed = [case for case in made_up(4, 300) if case.closed and case.closed.closed < datetime(2026, 3, 30, tzinfo=UTC)]
    waiting = [Counted(datetime(2026, 2, 1, tzinfo=UTC), None)] * 9
    assert base_release(HOUSE, Q1, [*closed, *waiting], []).received is None
    assert base_release(HOUSE, Q1, [*closed, *waiting, waiting[0]], []).received == len(closed) + 10


def test_a_release_made_by_hand_is_refused() -> None:
    good = chain(made_up(5, 300), "2026-Q1", "2026-Q2")
    year = sum_release(HOUSE, YEAR, good)
    small = replace(good[0], tables={"channel": {"phone": 40, "email+letter": 6}})
    with pytest.raises(InputError, match="could be known to lie between 0 and 6"):
        prove([small])
    shifted = {name: {**groups, next(iter(groups)): next(iter(groups.values())) + 1} for name, groups in year.tables.items()}
    with pytest.raises(InputError, match="is not the sum of its parts"):
        prove([*good, replace(year, tables=shifted)])


def test_a_cross_table_is_made_on_request_alone() -> None:
    cases = made_up(6, 900)
    assert base_release(HOUSE, Q2, cases, []).cross is None
    made = base_release(HOUSE, Q2, cases, [], [("channel", "category")])
    assert made.cross is not None
    table = made.cross["channel*category"]
    assert table["rows"] == list(made.tables["channel"])
    assert any(n is not None for line in table["cells"] for n in line)
    hiding = replace(made, cross={"channel*category": {**table, "cells": [[None, 12], [12, None]]}})
    event = Event("publish", "e0000001", datetime(2026, 7, 1, tzinfo=UTC), "zhou.ning")
    record = parse(dump_header(hiding.header()) + dump_event(event), "releases/2026-Q2.yaml")
    check_record(record)
    assert release_of(record) == hiding, "a hidden cell can be written down and read again"
    with pytest.raises(UsageError, match="no table nonsense"):
        base_release(HOUSE, Q2, cases, [], [("channel", "nonsense")])
