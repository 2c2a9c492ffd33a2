r"""Map files: how the columns of somebody's table become cases.

A map says which columns make a row itself (`key`), which say channel and category and in what words, when it was received, and what is sealed
where. `schemas/map.schema.json` is its form; examples stand in `examples/maps/`. Only channel, category and time come to stand in the open.

>>> read = load_map(b"plaint: 1\nmap: demo\nkey: row\nchannel: {constant: letter}\ncategory: {column: Kind, otherwise: other}\n"
...     b"received: {column: Date, formats: ['%d.%m.%Y']}\nsealed: {report: {narrative: Text}}\n", "demo.yaml")
>>> read.columns()
('Kind', 'Date', 'Text')
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plaint.errors import InputError
from plaint.i18n import _
from plaint.intake.spreadsheet import AUTO
from plaint.model.schema import check_document
from plaint.model.yamlio import Pointer, load_yaml, positions

WHOLE_ROW = "row"


@dataclass(frozen=True, slots=True)
class CodeRule:
    """Where an open word comes from: `constant`, or `column` by `words`; without words the column holds the policy's own."""

    constant: str = ""
    column: str = ""
    words: Mapping[str, str] | None = None
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class TimeRule:
    """Which column says when it was received, in which forms (strptime's), and in which time zone (None: the organisation's)."""

    column: str
    formats: tuple[str, ...]
    timezone: ZoneInfo | None


@dataclass(frozen=True, slots=True)
class SealRule:
    """What is sealed in one compartment: field -> column, part of the contact -> column, and columns kept under their own names."""

    texts: Mapping[str, str]
    contact: Mapping[str, str]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """A map file. `key` is None where the whole row is its own key."""

    name: str
    encoding: str
    delimiter: str
    key: tuple[str, ...] | None
    blank: frozenset[str]
    channel: CodeRule
    category: CodeRule
    received: TimeRule
    sealed: Mapping[str, SealRule]

    def columns(self) -> tuple[str, ...]:
        """Every column that the map names, once."""
        return tuple(dict.fromkeys(self._columns()))

    def _columns(self) -> Iterator[str]:
        yield from self.key or ()
        yield from (rule.column for rule in (self.channel, self.category) if rule.column)
        yield self.received.column
        for rule in self.sealed.values():
            yield from (*rule.texts.values(), *rule.contact.values(), *rule.fields)


def load_map(data: bytes, path: str) -> Map:
    """The map in a file; InputError with its line for what is wrong."""
    document = load_yaml(data, path)
    for pointer, fault, hint in _faults(document):
        raise InputError(fault, where=f"{path}:{positions(data)[pointer]}", hint=hint)
    check_document(document, "map", data, path)
    received = document["received"]
    return Map(
        name=document["map"],
        encoding=document.get("encoding", AUTO),
        delimiter=document.get("delimiter", AUTO),
        key=None if document["key"] == WHOLE_ROW else tuple(document["key"]),
        blank=frozenset(document.get("blank", ())),
        channel=_code(document["channel"]),
        category=_code(document["category"]),
        received=TimeRule(received["column"], tuple(received["formats"]), ZoneInfo(received["timezone"]) if "timezone" in received else None),
        sealed={compartment: _sealed(rule) for compartment, rule in document["sealed"].items()},
    )


def _code(rule: Mapping[str, Any]) -> CodeRule:
    return CodeRule(rule.get("constant", ""), rule.get("column", ""), rule.get("words"), rule.get("otherwise", ""))


def _sealed(rule: Mapping[str, Any]) -> SealRule:
    texts = {name: column for name, column in rule.items() if name not in {"contact", "fields"}}
    return SealRule(texts, rule.get("contact", {}), tuple(rule.get("fields", ())))


def _faults(document: object) -> Iterator[tuple[Pointer, str, str]]:
    """What only sense can see, or a schema cannot say well: place, fault, next step."""
    if not isinstance(document, Mapping):
        yield (), _("this is not a map"), _("a map starts with `plaint: 1` and `map: NAME`")
        return
    key = document.get("key")
    if key is not None and not isinstance(key, list) and key != WHOLE_ROW:
        yield ("key",), _("`key` must be a list of columns, or `row`"), _("as [Number]; row takes the whole row for its key")
    for name in ("channel", "category"):
        rule = document.get(name)
        if not isinstance(rule, Mapping):
            continue
        if "constant" in rule and len(rule) > 1:
            yield (name,), _("`{key}` has a constant and a column too").format(key=name), _("keep one of them")
        elif "constant" not in rule and "column" not in rule:
            yield (name,), _("`{key}` says neither a constant nor a column").format(key=name), _("as {constant: letter}, or {column: How}")
    encoding = document.get("encoding")
    if isinstance(encoding, str) and encoding != AUTO and not _known_encoding(encoding):
        yield ("encoding",), _("there is no encoding {name}").format(name=encoding), _("auto, utf-8, gb18030, utf-16 …")
    received = document.get("received")
    if isinstance(received, Mapping):
        yield from _time_faults(received)


def _time_faults(received: Mapping[str, Any]) -> Iterator[tuple[Pointer, str, str]]:
    formats = received.get("formats")
    for index, form in enumerate(formats if isinstance(formats, list) else ()):
        if isinstance(form, str) and not _is_time_format(form):
            yield (
                ("received", "formats", index),
                _("“{format}” is no form of a date").format(format=form[:60]),
                _("it needs year, month and day, as '%Y-%m-%d' or '%Y/%m/%d %H:%M:%S'"),
            )
    zone = received.get("timezone")
    if isinstance(zone, str):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield ("received", "timezone"), _("there is no time zone {name}").format(name=zone[:60]), _("as Asia/Shanghai")


def _known_encoding(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - there is no public way: hex and zip are codecs too
    except (LookupError, ValueError):
        return False


def _is_time_format(form: str) -> bool:
    """Whether a day written so can be read back as the same day."""
    moment = datetime(2017, 11, 23, 21, 49, 57, tzinfo=UTC)
    try:
        return datetime.strptime(moment.strftime(form), form).date() == moment.date()  # noqa: DTZ007 - only the day is asked for
    except (ValueError, UnicodeError):
        return False
