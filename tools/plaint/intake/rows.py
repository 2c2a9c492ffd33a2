"""Turns a row of a table into what is to be registered, by the map.

- A word that neither the map nor the policy knows, a time in no known form or one still to come, a report without any text: the row is refused.
- A date without a time of day means local midnight, the day's beginning: no clock then ends later than it should.
- Times are cut to the minute: the second somebody pressed a button would point at them. The cell itself can be sealed, as a field.
- Only the words of channel and category come from the row into the open; everything else is sealed, and blank cells are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from plaint.desk import Entry
from plaint.errors import InputError
from plaint.i18n import _
from plaint.intake.importkey import source_of
from plaint.intake.mapping import CodeRule, Map, SealRule
from plaint.intake.spreadsheet import Row, Table

_SHOWN = 40  # characters of a cell in a message


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is whole, with its `source`."""

    line: int
    source: str
    cells: Mapping[str, str]


@dataclass(slots=True)
class RowReader:
    """Reads rows by a map; knows how often it has met the same whole row."""

    plan: Map
    key: bytes
    zone: ZoneInfo
    now: datetime
    _met: dict[str, int] = field(default_factory=dict)

    def candidate(self, table: Table, row: Row) -> Candidate:
        """The row with its source; InputError for a row that is not whole or has no key."""
        if row.fault:
            raise InputError(row.fault)
        cells = dict(zip(table.header, (value.strip() for value in row.values), strict=True))
        if self.plan.key is not None:
            own = [(name, cells[name]) for name in self.plan.key]
            if not any(value for _name, value in own):
                raise InputError(_("its key ({names}) is empty").format(names=", ".join(self.plan.key)))
            return Candidate(row.line, source_of(self.key, self.plan.name, own), cells)
        own = list(zip(table.header, (value.strip() for value in row.values), strict=True))
        first = source_of(self.key, self.plan.name, own)
        count = self._met[first] = self._met.get(first, 0) + 1
        return Candidate(row.line, source_of(self.key, self.plan.name, [*own, ("", str(count))]), cells)

    def entry(self, candidate: Candidate) -> Entry:
        """What to register; InputError where the row does not say it."""
        cells = {name: value for name, value in candidate.cells.items() if value and value not in self.plan.blank}
        codes = {
            "channel": _word(self.plan.channel, cells, "channel"),
            "category": _word(self.plan.category, cells, "category"),
            "source": candidate.source,
        }
        bodies = {compartment: _body(rule, cells) for compartment, rule in self.plan.sealed.items()}
        if not bodies.get("report"):
            raise InputError(_("there is nothing in it to be sealed as the report"))
        return Entry("receive", codes, {c: body for c, body in bodies.items() if body}, self._received(cells))

    def _received(self, cells: Mapping[str, str]) -> datetime:
        rule = self.plan.received
        text = cells.get(rule.column, "")
        moment = parse_moment(text, rule.formats)
        if moment is None:
            if not text:
                raise InputError(_("the column {column} is empty").format(column=rule.column))
            raise InputError(_("{column}: “{value}” is in none of the map's forms of a time").format(column=rule.column, value=text[:_SHOWN]))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=rule.timezone or self.zone)
        try:
            moment = moment.astimezone(self.zone).replace(second=0, microsecond=0)
        except OverflowError:
            offset = None
        else:
            offset = moment.utcoffset()
        if offset is None or offset.total_seconds() % 60:  # local mean time, before the zones
            raise InputError(_("{column}: “{value}” is too long ago").format(column=rule.column, value=text[:_SHOWN]))
        if moment > self.now:
            raise InputError(_("{column}: “{value}” is still to come").format(column=rule.column, value=text[:_SHOWN]))
        return moment


def parse_moment(text: str, formats: Sequence[str]) -> datetime | None:
    """The time in the first form that fits.

    >>> parse_moment("2019/4/25 9:32:09", ["%Y-%m-%d", "%Y/%m/%d %H:%M:%S"])
    datetime.datetime(2019, 4, 25, 9, 32, 9)
    """
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the map's, added by the caller
        except ValueError:
            continue
    return None


def _word(rule: CodeRule, cells: Mapping[str, str], code: str) -> str:
    if rule.constant:
        return rule.constant
    value = cells.get(rule.column, "")
    word = (value if rule.words is None else rule.words.get(value, "")) or rule.otherwise
    if not word:
        if not value:
            raise InputError(_("the column {column} is empty").format(column=rule.column))
        raise InputError(
            _("{column}: the map has no {code} for “{value}”").format(column=rule.column, code=code, value=value[:_SHOWN]),
            hint=_("add it under words, or say otherwise"),
        )
    return word


def _body(rule: SealRule, cells: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = dict(_texts(rule.texts, cells))
    contact = dict(_texts(rule.contact, cells))
    if contact:
        body["contact"] = contact
    fields = {column: _clean(cells[column]) for column in rule.fields if column in cells}
    if fields:
        body["fields"] = fields
    return body


def _texts(columns: Mapping[str, str], cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, column in columns.items():
        if column in cells:
            yield name, _clean(cells[column])


def _clean(text: str) -> str:
    """The text with the line ends of this house."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
