"""Records: canonical text, appending, and lines."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.model.record import Event, Record, RecordKind, append, dump_event, dump_header, new_case_id, new_event_id, parse, parse_events
from plaint.model.yamlio import dump_yaml

VALID = Path(__file__).parents[1] / "fixtures" / "valid"
RECORDS = sorted(file for kind in RecordKind for file in (VALID / kind).glob("*.yaml"))
AT = datetime.fromisoformat("2026-11-20T09:12:00+08:00")
HEADER = {"plaint": 1, "case": "Q7M4-K2XD", "policy": 1}

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
CODES = st.dictionaries(
    TEXT.filter(lambda key: key not in {"event", "id", "at", "by", "sealed"}),
    TEXT | st.integers(0, 99) | st.lists(TEXT, max_size=3) | st.lists(st.dictionaries(TEXT, TEXT, max_size=3), max_size=3),
    max_size=5,
)
TIMES = st.datetimes(AT.replace(tzinfo=None, year=1971), AT.replace(tzinfo=None, year=2099)).flatmap(
    lambda at: st.integers(-14 * 4, 14 * 4).map(lambda quarters: at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters))))
)
EVENTS: st.SearchStrategy[Event] = st.builds(Event, kind=TEXT, id=TEXT, at=TIMES, by=TEXT, codes=CODES, sealed=st.dictionaries(TEXT, TEXT, max_size=3))
MANY = st.lists(EVENTS, min_size=1, max_size=4)


def _record(events: list[Event], header: dict[str, Any] = HEADER) -> bytes:
    return dump_header(header) + b"".join(map(dump_event, events))


@given(MANY)
@settings(max_examples=150, deadline=None)
def test_round_trip(events: list[Event]) -> None:
    data = _record(events)
    record = parse(data, "x")
    assert record.events == tuple(events)
    assert record.text() == data
    assert (record.kind, record.id, record.header) == (RecordKind.CASE, "Q7M4-K2XD", HEADER)


@given(MANY)
@settings(max_examples=100, deadline=None)
def test_header_and_events_are_the_dump_of_the_whole(events: list[Event]) -> None:
    data = _record(events)
    assert dump_yaml(parse(data, "x").raw).encode() == data


@given(MANY, EVENTS)
@settings(max_examples=150, deadline=None)
def test_appending_adds_text_and_one_event(events: list[Event], event: Event) -> None:
    old = _record(events)
    new = append(old, event)
    assert new == old + dump_event(event)
    assert parse(new, "x").events == (*events, event)
    line = old.count(b"\n") + 1
    [added] = parse_events(new[len(old) :], "x", line)
    assert (added, added.line) == (event, line)
    assert parse(new, "x").events[-1].line == line


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([b"events:\n", b"- event: x\n", b"  id: y\n", b"  at: '2026'\n", b"case: a\n", b"  by: []\n", b"- 1\n"])).map(b"".join)
)
@settings(max_examples=400, deadline=None)
def test_only_input_errors_come_out(data: bytes) -> None:
    for read in (parse, parse_events):
        try:
            read(data, "x")
        except InputError as error:
            assert error.where.startswith("x")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_record_is_refused_or_means_what_it_says(data: st.DataObject) -> None:
    whole = _record([Event("receive", "h7q2m0xv", AT, "li.wei", {"channel": "phone"}, {"report": "a\nb\n"})] * 2)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 3)) :]
    try:
        record = parse(damaged, "x")
    except InputError:
        return
    assert record.text() == damaged


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_lines(file: Path) -> None:
    data = file.read_bytes()
    record = parse(data, file.name)
    assert record.text() == data
    assert record.kind == file.parent.name
    lines = data.decode().splitlines()
    for index, event in enumerate(record.events):
        assert lines[event.line - 1] == f"- event: {event.kind}"
        assert record.line_of(("events", index)) == event.line
        assert lines[record.line_of(("events", index, "by")) - 1].startswith("  by: ")
        assert record.line_of(("events", index, "no such key")) == event.line


def test_the_header_of_a_policy_may_be_laid_out_freely() -> None:
    record = parse((VALID / "policy/free-layout.yaml").read_bytes(), "policy/1.yaml")
    assert (record.kind, record.id) == (RecordKind.POLICY, "1")
    assert record.head.startswith(b"# ")


def test_a_tail_must_be_whole_canonical_events() -> None:
    event = Event("accept", "h7q2m0xv", AT, "li.wei")
    good = dump_event(event)
    assert parse_events(good * 2, "x", 7)[1].line == 11
    for bad in (b"", b"# note\n" + good, good[:-1], good + b"\n", b"events:\n" + good, good + b"case: x\n", b"  by: li.wei\n"):
        with pytest.raises(InputError):
            parse_events(bad, "x")
    with pytest.raises(InputError) as caught:
        parse_events(good + b"- event: accept\n  id: h7q2m0xv\n", "x", 10)
    assert (caught.value.where, caught.value.what) == ("x:14", "`at` is missing")


def test_a_time_is_written_with_offset_and_whole_seconds() -> None:
    assert b"  at: '2026-11-20T09:12:00+08:00'\n" in dump_event(Event("accept", "h7q2m0xv", AT, "li.wei"))
    local_mean_time = timezone(timedelta(hours=8, seconds=343))
    for at in (AT.replace(tzinfo=None), AT.replace(microsecond=1), AT.replace(tzinfo=local_mean_time)):
        with pytest.raises(InputError):
            dump_event(Event("accept", "h7q2m0xv", at, "li.wei"))


def test_append_needs_a_whole_file() -> None:
    event = Event("accept", "h7q2m0xv", AT, "li.wei")
    with pytest.raises(InputError):
        append(_record([event])[:-1], event)
    with pytest.raises(InputError):
        append(_record([event]) + b"#" * 5_000_000 + b"\n", event)


def test_ids_are_random_and_no_reader_sees_a_number() -> None:
    cases, events = {new_case_id() for _ in range(200)}, {new_event_id() for _ in range(200)}
    assert len(cases) == len(events) == 200
    assert all(re.fullmatch(r"[A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{4}", case) for case in cases)
    assert all(re.fullmatch(r"[a-hjkmnp-tv-z][0-9a-hjkmnp-tv-z]{7}", event) for event in events)


def test_records_are_values() -> None:
    data = (VALID / "case/every-event.yaml").read_bytes()
    first, second = parse(data, "a"), parse(data, "b")
    assert first == second
    assert isinstance(first, Record)
    with pytest.raises(AttributeError):
        first.id = "x"  # type: ignore[misc]
