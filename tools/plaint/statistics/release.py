"""A release: the figures of one closed period, made safe to publish. Pure: cases in, the header of a record out.

Rules:
- A release counts the cases first closed since the last one, up to its period's end; each case counts once, in one release. Fewer than the
  threshold publish nothing, and count in the next.
- The release of a period within which others were published (a year, after its quarters) is their sum, and nothing more.
- How many reports came in is told only where so many are still in work that the difference to those closed is no small number.
- Which tables are told, and what is put together in them, says `told`.
- Cross tables are proven each by itself. That holds for several as long as no pairs of tables close a ring (their totals then fit together whatever
  the hidden cells are), and no two are of tables that say something of each other.
- The first release counts from the first day of a year: the day of the first case would be a fact of a single one.
- Nothing that happens after the period's end changes anything; made again, a release is the same byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import combinations
from typing import Any

from plaint.errors import InputError, UsageError
from plaint.i18n import _
from plaint.model.clocks import Period, parse_period, period_of
from plaint.model.policy import Policy
from plaint.model.record import Record
from plaint.statistics.closed import ClosedCase
from plaint.statistics.cross import against_crosses, cross_table
from plaint.statistics.definitions import MEASURES
from plaint.statistics.disclosure import Groups, bounds, joined
from plaint.statistics.told import course_tables, told, words_of

HIDDEN = "hidden"
"""A hidden cell of a cross table, in a record: records know no empty value."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as its record's header has it. `since` is the first day counted; `tables` holds only what may be told."""

    period: str
    policy: int
    since: date
    threshold: int
    cases: int
    tables: Mapping[str, Mapping[str, int]]
    received: int | None = None
    medians: Mapping[str, int] | None = None
    """Clock -> median in hours."""
    cross: Mapping[str, Mapping[str, Any]] | None = None
    parts: tuple[str, ...] = ()
    """The releases that this one is the sum of."""

    def header(self) -> dict[str, Any]:
        """The header of releases/PERIOD.yaml."""
        cross = {name: {**each, "cells": [[HIDDEN if n is None else n for n in line] for line in each["cells"]]} for name, each in (self.cross or {}).items()}
        optional = {"received": self.received, "medians": self.medians, "cross": cross, "parts": list(self.parts)}
        return {
            "plaint": 1,
            "release": self.period,
            "policy": self.policy,
            "since": self.since.isoformat(),
            "threshold": self.threshold,
            "cases": self.cases,
            "tables": {name: dict(groups) for name, groups in self.tables.items()},
            **{name: value for name, value in optional.items() if value},
        }


def release_of(record: Record) -> Release:
    """The release in a record."""
    head = record.header
    return Release(
        record.id,
        head["policy"],
        date.fromisoformat(head["since"]),
        head["threshold"],
        head["cases"],
        head["tables"],
        head.get("received"),
        head.get("medians"),
        {name: {**each, "cells": [[None if n == HIDDEN else n for n in line] for line in each["cells"]]} for name, each in head.get("cross", {}).items()}
        or None,
        tuple(head.get("parts", ())),
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """One case, for the statistics: when it was received, and what it was when first closed, if it was."""

    received: datetime
    closed: ClosedCase | None


def base_release(policy: Policy, period: Period, cases: Iterable[Counted], earlier: Sequence[Release], cross: Sequence[tuple[str, str]] = ()) -> Release:
    """The release of one period of the policy's own length; UsageError where there is too little to tell."""
    shortest = period_of(period.start, policy.publication_every)
    if shortest.start != period.start or shortest.end > period.end:
        hint = _("the policy publishes no shorter period than {period}").format(period=shortest.id)
        raise UsageError(_("{period} is too short to be published").format(period=period.id), where="--period", hint=hint)
    before = [release for release in earlier if not release.parts]
    if any(parse_period(release.period).end > period.start for release in before):
        raise UsageError(_("a later or overlapping period was published already"), where="--period", hint=_("cases count once, in order of time"))
    start = max((parse_period(release.period).end for release in before), default=date.min)
    k, zone = policy.threshold, policy.timezone
    end = datetime.combine(period.end, time(), zone)
    begin = datetime.combine(start, time(), zone) if start > date.min else None
    everything = [case for case in cases if case.received < end]
    closed = [case.closed for case in everything if case.closed and case.closed.closed < end and (begin is None or case.closed.closed >= begin)]
    if len(closed) < k:
        said = _("{n} cases were closed up to the end of {period}: fewer than {k} are not published").format(n=len(closed), period=period.id, k=k)
        raise UsageError(said, where="--period", hint=_("they count in the next release"))
    received = sum(begin is None or case.received >= begin for case in everything)
    in_work = sum(case.closed is None or case.closed.closed >= end for case in everything)
    shown = told(policy, closed, k)
    since = start if begin else date(min(case.received for case in everything).astimezone(zone).year, 1, 1)
    return Release(
        period.id,
        policy.revision,
        since,
        k,
        len(closed),
        shown.tables,
        received if received >= k and in_work >= k else None,
        shown.medians,
        _cross(policy, closed, shown.tables, cross) or None,
    )


def sum_release(policy: Policy, period: Period, earlier: Sequence[Release]) -> Release:
    """The release of a longer period: the sum of those published within it."""
    within = [r for r in earlier if not r.parts and period.start <= parse_period(r.period).start and parse_period(r.period).end <= period.end]
    if len(within) < 2:
        hint = _("first publish the periods it is made of, each when it is over")
        raise UsageError(_("{period} is the sum of fewer than two releases").format(period=period.id), where="--period", hint=hint)
    names = [name for name in within[0].tables if all(name in release.tables for release in within)]
    tables_of = {name: joined([release.tables[name] for release in within]) for name in names}
    received = [release.received for release in within]
    return Release(
        period.id,
        policy.revision,
        min(release.since for release in within),
        max(release.threshold for release in within),
        sum(release.cases for release in within),
        {name: groups for name, groups in tables_of.items() if len(groups) > 1},
        sum(n for n in received if n is not None) if None not in received else None,
        parts=tuple(release.period for release in within),
    )


def prove(releases: Sequence[Release]) -> None:
    """InputError where from all of these together a count could be known to be small, or known too well."""
    base = [release for release in releases if not release.parts]
    for release in base:
        for bound in bounds([release.tables]):
            if not bound.safe(release.threshold):
                message = _("{table}: {word} could be known to lie between {least} and {most}")
                raise InputError(
                    message.format(table=bound.table, word=bound.word, least=bound.least, most=bound.most), where=f"releases/{release.period}.yaml"
                )
    for release in releases:
        parts = [part for part in base if part.period in release.parts]
        for name, groups in release.tables.items():
            if release.parts and dict(groups) != joined([part.tables[name] for part in parts]):
                raise InputError(_("{table} is not the sum of its parts").format(table=name), where=f"releases/{release.period}.yaml")


def _cross(policy: Policy, closed: Sequence[ClosedCase], shown: Mapping[str, Groups], wanted: Sequence[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    found = {}
    for first, second in wanted:
        for name in (first, second):
            if name not in shown or name.startswith(MEASURES):
                known = ", ".join(" * ".join(pair) for pair in combinations((n for n in shown if not n.startswith(MEASURES)), 2))
                raise UsageError(_("there is no table {name} to cross").format(name=name), where="--cross", hint=known)
    if against := against_crosses(wanted, course_tables(policy)):
        raise UsageError(against, where="--cross")
    words = words_of(policy, closed)
    for first, second in wanted:
        cells = Counter((each[first], each[second]) for each in words)
        made = cross_table(cells, shown[first], shown[second], policy.threshold)
        if made:
            found[f"{first}*{second}"] = {"rows": list(made.rows), "columns": list(made.columns), "cells": [list(line) for line in made.cells]}
    return found
