"""Records and what is added to them, at random: only `InputError` comes out, the quick reading never differs from the strict one, and what is
taken for added events is that, letter by letter.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builders import CaseBuilder
from fuzz.mutation import PROGRAMS, Tally, fuzzing, inputs, mutate
from plaint.check.findings import Collector
from plaint.check.form import read_record
from plaint.check.sealing import check_sealed_texts, is_well_sealed
from plaint.errors import InputError
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, apply
from plaint.model.policy import Policy, load_preset
from plaint.model.record import Event, Record, RecordKind, dump_event, dump_header, parse, parse_events
from plaint.model.schema import validate
from plaint.model.yamlio import load_yaml
from plaint.seal.armour import inspect
from plaint.seal.envelope import seal_body
from plaint.seal.keyring import new_case_keys

VALID = Path(__file__).parents[1] / "fixtures" / "valid"
TOKENS = (
    b"- event: ", b"  id: ", b"  at: ", b"  by: ", b"  sealed:\n", b"    report: |\n", b"\nevents:\n", b"events:\n", b"plaint: 1\n", b"case: ", b"policy: ",
    b"'", b"''", b'"', b": ", b":", b"#", b" # x", b"|", b">", b"&a ", b"*a", b"!!str ", b"[]", b"{}", b"---\n", b"...\n", b"\t", b"\r\n", b"\0", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"\xc2\x85", b"\xff", b"null", b"~", b"true", b"no", b"0", b"0777", b"1e3", b"-1", b"2026-11-20T09:12:00+08:00", b"'2026-11-20T09:12:00Z'",
    b"\n", b"\n\n", b"  ", b"      ", b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----END AGE ENCRYPTED FILE-----\n", b"receive", b"accept", b"decide",
    b"  measures:\n  - id: m1\n", b"  team:\n  - li.wei\n", b"extend", b"  until: ", b"verify", b"  measure: m1\n", b"<<: ", b"? ", b"9" * 30,
)  # fmt: skip


@cache
def policy() -> Policy:
    return load_preset("house")


@cache
def case() -> tuple[bytes, tuple[Event, ...]]:
    """The header of a case, and a long course with real sealed texts."""
    keys = new_case_keys(["identity", "inquiry", "report"])
    built = CaseBuilder(policy()).to_inquiry().evidence().interview().hear().conclude().decide(("rectification", "2026-12-01")).answer()
    built = built.verify(result="fulfilled").close().hold()
    header = dump_header({"plaint": 1, "case": "Q7M4-K2XD", "policy": 1, "seals": {c: k.recipient for c, k in keys.items()}})
    events = [
        Event(e.kind, e.id, e.at, e.by, e.codes, {c: seal_body("Q7M4-K2XD", e.id, c, {"note": "text"}, keys[c].recipient) for c in e.sealed})
        for e in built.events
    ]
    return header, tuple(events)


@cache
def records() -> tuple[bytes, ...]:
    header, events = case()
    long = header + b"".join(map(dump_event, events))
    return (long, *(file.read_bytes() for kind in RecordKind for file in sorted((VALID / kind).glob("*.yaml"))))


def judged(record: Record) -> None:
    """All that check and audit do with a record's events; nothing is raised."""
    found = Collector()
    problems = validate(record.raw, record.kind)
    check_sealed_texts(record, found)
    if problems or record.kind is not RecordKind.CASE:
        return
    state = CaseState()
    roster = CaseBuilder(policy()).roster
    for index, event in enumerate(record.events):
        refusals(policy(), state, event, roster, record.events[:index])
        state = apply(policy(), state, event)


def test_records() -> None:
    tally = Tally()

    @fuzzing(0.15)
    @given(st.integers(0, len(records()) - 1), PROGRAMS)
    def check(which: int, program: bytes) -> None:
        tally.seen += 1
        data = mutate(records()[which], program, records(), TOKENS)
        for kind in (RecordKind.CASE, RecordKind.MEMBER):
            read_record(data, "cases/2026/Q7M4-K2XD.yaml", kind, Collector())
        try:
            record = parse(data, "x")
        except InputError as error:
            tally.kinds.add(error.what[:30])
            return
        tally.accepted += 1
        assert record.text() == data
        assert record.raw == load_yaml(data, "x")
        judged(record)

    check()
    assert tally.seen >= inputs(0.15)
    assert tally.seen > tally.accepted > 0
    assert len(tally.kinds) > 8


def test_tails() -> None:
    tally = Tally()
    header, events = case()
    tails = [dump_event(event) for event in events] + [b"".join(map(dump_event, events[-3:]))]

    @fuzzing(0.17)
    @given(st.integers(1, len(events)), st.integers(0, len(tails) - 1), PROGRAMS)
    def check(before: int, which: int, program: bytes) -> None:
        tally.seen += 1
        old = header + b"".join(map(dump_event, events[:before]))
        tail = mutate(tails[which], program, tails, TOKENS)
        try:
            whole = parse(old + tail, "x")
        except InputError:
            whole = None
        try:
            added = parse_events(tail, "x", old.count(b"\n") + 1)
        except InputError as error:
            tally.kinds.add(error.what[:30])
            assert whole is None or not tail or whole.events[:before] != events[:before], "refused alone, and taken as a part"
            return
        tally.accepted += 1
        assert whole is not None
        assert whole.events == (*events[:before], *added)
        assert [event.line for event in whole.events[before:]] == [event.line for event in added]
        assert b"".join(map(dump_event, added)) == tail
        judged(Record(RecordKind.CASE, whole.id, whole.header, added, "x", {**whole.header, "events": whole.raw["events"][before:]}))

    check()
    assert tally.seen >= inputs(0.17)
    assert tally.seen > tally.accepted > 0
    assert len(tally.kinds) > 8


def test_sealed_texts() -> None:
    """The cheap look at a sealed text never passes what the close look would not."""
    tally = Tally()
    _header, events = case()
    texts = [text.encode() for event in events for text in event.sealed.values()]

    @fuzzing(0.05)
    @given(st.integers(0, len(texts) - 1), PROGRAMS)
    def check(which: int, program: bytes) -> None:
        tally.seen += 1
        text = mutate(
            texts[which], program, texts, (b"=", b"A", b"\n", b"-> X25519 ", b"LT4gWDI1NTE5", b"-----END AGE ENCRYPTED FILE-----", b"\r", b" ", b"==")
        ).decode("utf-8", "replace")
        found = Collector()
        event = Event("receive", "h7q2m0xv", events[0].at, "li.wei", {}, {"report": text})
        record = Record(RecordKind.CASE, "x", {"seals": {"report": ""}}, (event,), "x", {})
        check_sealed_texts(record, found)
        seen = inspect(text)
        if is_well_sealed(text) and not validate({**valid_case(text)}, RecordKind.CASE):
            tally.accepted += 1
            assert not seen.problems
            assert (seen.x25519, seen.others) == (1, ())

    check()
    assert tally.seen >= inputs(0.05)
    assert tally.accepted


def valid_case(text: str) -> dict[str, object]:
    """A case with one sealed text, right in everything else."""
    header, events = case()
    raw = dict(parse(header + dump_event(events[0]), "x").raw)
    sealed = dict.fromkeys(events[0].sealed, text)
    return {**raw, "events": [{**raw["events"][0], "sealed": sealed}]}
