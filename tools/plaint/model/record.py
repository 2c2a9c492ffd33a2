"""Records: a short header, then `events`, and nothing is ever changed but by adding an event at the end.

- A record's text is canonical: one spelling, the one `dump_header` and `dump_event` give. So nothing (a comment, say) can hide in it, and
  appending an event appends text. Only the header of a policy may be laid out freely, and carry comments.
- The kind is told by the header's id key: `case`, `member`, `review`, `release`, or else `policy`.
- Events stand in the order of recording; each has `event`, `id`, `at`, `by`, then its open codes, and `sealed` last.

Whether the codes are the right ones is for `schema`, whether they are legal for `machine`.

>>> event = Event("receive", "h7q2m0xv", datetime.fromisoformat("2026-11-20T09:12:00+08:00"), "li.wei", {"channel": "phone"})
>>> data = dump_header({"plaint": 1, "case": "Q7M4-K2XD"}) + dump_event(event)
>>> record = parse(data, "cases/2026/Q7M4-K2XD.yaml")
>>> record.id, record.events[0].codes, record.events[0].line
('Q7M4-K2XD', {'channel': 'phone'}, 4)
>>> append(data, event).startswith(data)
True
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from yaml import YAMLError

from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.quick import guess, guess_events
from plaint.model.yamlio import MAX_BYTES, Pointer, dump_item, dump_yaml, load_yaml, positions

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_LETTERS = _CROCKFORD[10:]
_WHOLE = frozenset(("case", "member", "review", "release"))
"""The kinds of record whose header, too, has one spelling only."""
_OWN_KEYS = ("event", "id", "at", "by", "sealed")


class RecordKind(StrEnum):
    """The kinds of record; the value is the header key that holds the id."""

    CASE = "case"
    MEMBER = "member"
    POLICY = "policy"
    REVIEW = "review"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: its open codes in the order of the file, and what is sealed with it by compartment."""

    kind: str
    id: str
    at: datetime
    by: str
    codes: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A parsed record; `raw` is the whole document as plain data, `head` the header's text as it stands."""

    kind: RecordKind
    id: str
    header: Mapping[str, Any]
    events: tuple[Event, ...]
    path: str = field(default="", compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    head: bytes = field(default=b"", compare=False, repr=False)

    def text(self) -> bytes:
        """The record's file, byte for byte."""
        return self.head + b"".join(map(dump_event, self.events))

    def line_of(self, pointer: Pointer) -> int:
        """The line of a value by its path of keys and indexes, or of the nearest thing around it; costly, for errors only."""
        lines = positions(self.text())
        while pointer not in lines:
            pointer = pointer[:-1]
        return lines[pointer]


def parse(data: bytes, path: str) -> Record:
    """The record in a file; InputError at `path:line` if it is not one or its text is not canonical."""
    guessed = guess(data)
    if guessed is not None and not guessed.keys().isdisjoint(_WHOLE):
        with suppress(InputError, TypeError, LookupError, YAMLError):
            return _record(guessed, data, path)  # refuses whatever is not written so, byte for byte
    return _record(load_yaml(data, path), data, path)


def _record(raw: Any, data: bytes, path: str) -> Record:
    """The record that plain data makes, if `data` is its canonical text; for a policy the text of its events only."""
    if not isinstance(raw, dict):
        raise InputError(_("this is not a record"), where=f"{path}:1", hint=_("a record starts with `plaint: 1`"))
    if not isinstance(raw.get("events"), list) or not raw["events"]:
        raise InputError(_("`events` is missing or empty"), where=f"{path}:1", hint=_("a record holds at least one event"))
    if next(reversed(raw)) != "events":
        raise InputError(_("`events` must be the last key"), where=f"{path}:{positions(data)['events',]}")
    header = {key: value for key, value in raw.items() if key != "events"}
    kind = _kind(header, path)
    if type(header[kind]) is not (int if kind is RecordKind.POLICY else str):
        where = f"{path}:{positions(data)[(kind.value,)]}"
        raise InputError(_("`{key}` is not an id").format(key=kind.value), where=where)
    head = data[: data.rfind(b"\nevents:") + 1] + b"events:\n" if kind is RecordKind.POLICY else dump_header(header)
    events = _events(raw["events"], head, data, path)
    return Record(kind, str(header[kind]), header, events, path, raw, head)


def parse_events(tail: bytes, path: str, line: int = 1) -> tuple[Event, ...]:
    """The events in text that was appended to a record; `line` is where it starts in the file. Costs what the tail costs.

    InputError if the text is anything but whole canonical events.
    """
    return parse_added(tail, path, line)[0]


def parse_added(tail: bytes, path: str, line: int = 1) -> tuple[tuple[Event, ...], list[dict[str, Any]]]:
    """The same, and as plain data."""
    guessed = guess_events(tail) if len(tail) <= MAX_BYTES else None
    if guessed:
        with suppress(InputError, TypeError, LookupError, YAMLError):
            return _events_of(guessed, tail, path, line), guessed  # refuses whatever is not written so, byte for byte
    items = load_yaml(tail, path)
    return _events_of(items, tail, path, line), items


def _events_of(items: Any, tail: bytes, path: str, line: int) -> tuple[Event, ...]:
    if not isinstance(items, list) or not items:
        raise InputError(_("what was added is not an event"), where=f"{path}:{line}")
    return _events(items, b"", tail, path, root=(), first=line)


def _kind(header: Mapping[str, Any], path: str) -> RecordKind:
    for kind in (RecordKind.CASE, RecordKind.MEMBER, RecordKind.REVIEW, RecordKind.RELEASE, RecordKind.POLICY):
        if kind in header:
            return kind
    raise InputError(
        _("nothing tells what kind of record this is"),
        where=f"{path}:1",
        hint=_("one of these keys is missing: {keys}").format(keys=", ".join(RecordKind)),
    )


def _events(items: Sequence[object], head: bytes, data: bytes, path: str, root: Pointer = ("events",), first: int = 1) -> tuple[Event, ...]:
    """The events in plain data, if `head` and what they are written as make up the text that it was read from."""
    line = first + head.count(b"\n")
    events: list[Event] = []
    text = [head]
    for index, item in enumerate(items):
        event = _event(item, index, data, path, root, first, line)
        block = dump_event(event)
        events.append(event)
        text.append(block)
        line += block.count(b"\n")
    expected = b"".join(text)
    if expected != data:
        raise _not_canonical(data, expected, path, first)
    return tuple(events)


def _event(item: object, index: int, data: bytes, path: str, root: Pointer, first: int, line: int) -> Event:
    """The event in plain data, which stands at `line`; only its frame is looked at here."""
    try:
        if isinstance(item, dict):
            kind, id_, at, by, sealed = item["event"], item["id"], item["at"], item["by"], item.get("sealed", {})
            if type(kind) is type(id_) is type(by) is str and isinstance(sealed, dict) and all(type(s) is str for s in sealed.values()):
                codes = {key: value for key, value in item.items() if key not in _OWN_KEYS} if len(item) > 4 else {}
                time = datetime.fromisoformat(at)
                if time.utcoffset() is not None and not time.microsecond:
                    return Event(kind, id_, time, by, codes, sealed, line)
    except (KeyError, TypeError, ValueError):
        pass
    what, key = _event_problem(item)
    lines = positions(data)
    line = lines.get((*root, index, key), lines.get((*root, index), 1))
    raise InputError(what, where=f"{path}:{line + first - 1}")


def _event_problem(item: object) -> tuple[str, str]:
    """What is wrong with an event's frame, and the key it is at."""
    if not isinstance(item, dict):
        return _("an event must be a group of keys"), ""
    for key in ("event", "id", "at", "by"):
        if key not in item:
            return _("`{key}` is missing").format(key=key), key
        if not isinstance(item[key], str):
            return _("`{key}` must be text").format(key=key), key
    sealed = item.get("sealed", {})
    if not isinstance(sealed, dict) or not all(isinstance(value, str) for value in sealed.values()):
        return _("`{key}` must hold one sealed text for each compartment").format(key="sealed"), "sealed"
    return _("`{key}` must be {form}").format(key="at", form=_("a time with its offset, such as '2026-11-20T09:12:00+08:00'")), "at"


def _not_canonical(data: bytes, expected: bytes, path: str, line: int = 1) -> InputError:
    """Points at the first line that differs from what plaint would write; comments get words of their own."""
    found, wanted = data.split(b"\n"), expected.split(b"\n")
    index = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted)) - 1)
    what = _("this is not the way plaint writes a record")
    if b"#" in found[index]:
        what = _("a comment is not allowed in a record: it would stand in the clear")
    return InputError(what, where=f"{path}:{line + index}", hint=_("let plaint write records, and add only whole events at the end"))


def dump_header(header: Mapping[str, Any]) -> bytes:
    """The text of a header, with the line `events:` that ends it; header and events together are the dump of the whole."""
    return f"{dump_yaml(header)}events:\n".encode()


def dump_event(event: Event) -> bytes:
    """The text of an event, as it stands in its record's list."""
    item: dict[str, Any] = {"event": event.kind, "id": event.id, "at": _time(event.at), "by": event.by, **event.codes}
    if event.sealed:
        item["sealed"] = event.sealed
    return dump_item(item).encode()


def _time(at: datetime) -> str:
    offset = at.utcoffset()
    if offset is None or at.microsecond or offset.seconds % 60:
        raise InputError(_("a time needs its offset and whole seconds: {time}").format(time=at.isoformat()))
    return at.isoformat()


def append(old: bytes, event: Event) -> bytes:
    """The record's file with one more event: the old file, byte for byte, and the event's text after it."""
    new = old + dump_event(event)
    if not old.endswith(b"\n"):
        raise InputError(_("the record does not end with a line end"), hint=_("restore the file with git"))
    if len(new) > MAX_BYTES:
        raise InputError(_("the record would be larger than {size} MiB").format(size=MAX_BYTES // 1024 // 1024))
    return new


def new_event_id() -> str:
    """A random event id: 8 characters of Crockford's alphabet, the first a letter, so that no YAML reader sees a number."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_CROCKFORD) for _index in range(7))


def event_id_of(digest: bytes) -> str:
    """The event id that follows from a keyed hash: the same event is recorded once, however often it is tried.

    >>> event_id_of(bytes(8)), event_id_of(bytes(range(200, 232)))
    ('a0000000', 'bnwgrty7')
    """
    number = int.from_bytes(digest[:8], "big")
    number, first = divmod(number, len(_LETTERS))
    text = _LETTERS[first]
    for _index in range(7):
        number, place = divmod(number, len(_CROCKFORD))
        text += _CROCKFORD[place]
    return text


def new_case_id() -> str:
    """A random case id such as Q7M4-K2XD; it tells neither order nor volume."""
    text = new_event_id().upper()
    return f"{text[:4]}-{text[4:]}"
