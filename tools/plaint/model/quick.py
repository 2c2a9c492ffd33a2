r"""A guess at what a record in canonical form says, several times faster than a YAML parser.

Nobody needs to trust the guess: `record.parse` writes it out again, and takes it only if that gives the file back byte for byte. As
loading undoes writing (`load_yaml(dump_yaml(x)) == x`, a property test), what is left is exactly what the strict loader would have read.
Anything else goes the slow way, which also knows what to say about it.

>>> guess(b"plaint: 1\ncase: Q7M4-K2XD\nevents:\n- event: accept\n  id: h7q2m0xv\n")
{'plaint': 1, 'case': 'Q7M4-K2XD', 'events': [{'event': 'accept', 'id': 'h7q2m0xv'}]}
"""

from __future__ import annotations

from typing import Any

from plaint.model.yamlio import MAX_BYTES

MAX_LINES = 20_000
"""Of keys and list items; beyond it the strict loader counts."""

_END = "-----END AGE ENCRYPTED FILE-----\n"


def guess(data: bytes) -> dict[str, Any] | None:
    """What the text of a record seems to say, or None where it is not written as plaint writes records."""
    if len(data) > MAX_BYTES:
        return None
    try:
        text = data.decode("utf-8")
        start = text.index("\nevents:\n") + len("\nevents:\n")
        document = _header(text[: start - len("events:\n")])
        document["events"] = _events(text, start)
    except (ValueError, LookupError, AttributeError, TypeError):
        return None
    return document


def guess_events(data: bytes) -> list[dict[str, Any]] | None:
    """The same for events alone, as they are added to a record."""
    try:
        return _events(data.decode("utf-8"), 0)
    except (ValueError, LookupError, AttributeError, TypeError):
        return None


def _header(text: str) -> dict[str, Any]:
    """A header: keys with scalars, and mappings of scalars."""
    header: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for line in text.splitlines():
        key, _colon, value = line.partition(":")
        if line[0] == " ":
            inner[key[2:]] = _scalar(value[1:])
        elif value:
            header[key] = _scalar(value[1:])
        else:
            header[key] = inner = {}
    return header


def _events(text: str, at: int) -> list[dict[str, Any]]:
    """The events from `at` on. What hangs on a key (`team:`, `sealed:`) is a list if its first line begins with a dash."""
    events: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    inner: Any = None
    item: dict[str, Any] = {}
    lines = 0
    size = len(text)
    while at < size:
        end = text.index("\n", at)
        line = text[at:end]
        at = end + 1
        lines += 1
        if line[0] == "-":
            event = {}
            events.append(event)
        if line[2] not in " -":  # a key of the event itself
            key, _colon, value = line[2:].partition(":")
            if value:
                event[key] = value[1:] if " a" <= value < " {" else _scalar(value[1:])  # a small letter: a word
            else:
                inner = event[key] = [] if text.startswith("  - ", at) else {}
            continue
        key, colon, value = line[4:].partition(": ")
        if line[2] == "-":
            if not colon or key[0] == "'":
                inner.append(_scalar(line[4:]))
                continue
            item = {}
            inner.append(item)
        target = item if inner.__class__ is list else inner
        if value == "|":  # an armoured text, indented by six
            end = text.index(_END, at) + len(_END)
            target[key] = text[at + 6 : end].replace("\n      ", "\n")
            at = end
        else:
            target[key] = _scalar(value)
    if lines > MAX_LINES:
        raise ValueError(lines)
    return events


def _scalar(text: str) -> str | int | list[Any] | dict[str, Any]:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    if text.isdecimal():
        return int(text)
    return [] if text == "[]" else {} if text == "{}" else text
