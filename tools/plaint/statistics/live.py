"""Live figures, for members: everything that happened in a period, unprotected. Never for the public (see `release`).

Unlike a release, they count events where they happened: received, accepted, declined, concluded, closed in the period, whatever became of them.
What each figure means stands in `titles`. They can be told apart by channel or category (as the case has it at the end) and by shorter periods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from plaint.model.deadlines import Status, readings
from plaint.model.machine import event_name, fold
from plaint.model.policy import ClockKind, Policy
from plaint.model.record import Event


@dataclass(slots=True)
class Pace:
    """How a clock was kept: those stopped in the period, how many in time, and how long they took; and those that ran on at its end."""

    on_time: int = 0
    late: int = 0
    took: list[timedelta] = field(default_factory=list)
    running: int = 0
    overdue: int = 0
    """Of those running."""

    def with_(self, other: Pace) -> Pace:
        """Both together."""
        return Pace(self.on_time + other.on_time, self.late + other.late, self.took + other.took, self.running + other.running, self.overdue + other.overdue)

    @property
    def median_hours(self) -> float | None:
        """Half took no longer than this; None where there were none."""
        return round(median(each.total_seconds() for each in self.took) / 3600, 1) if self.took else None


@dataclass(slots=True)
class Figures:
    """Table -> word -> how many, and how each clock was kept."""

    tables: dict[str, Counter[str]] = field(default_factory=dict)
    clocks: dict[str, Pace] = field(default_factory=dict)

    def count(self, table: str, word: str) -> None:
        """One more."""
        self.tables[table][word] += 1

    def with_(self, other: Figures) -> Figures:
        """Those of two sets of cases together."""
        names = {**self.clocks, **other.clocks}
        empty = Counter[str]()
        return Figures(
            {name: self.tables.get(name, empty) + other.tables.get(name, empty) for name in {**self.tables, **other.tables}},
            {name: self.clocks.get(name, Pace()).with_(other.clocks.get(name, Pace())) for name in names},
        )

    @property
    def stopped(self) -> tuple[int, int]:
        """How many time limits ended, and how many of them late."""
        return sum(pace.on_time + pace.late for pace in self.clocks.values()), sum(pace.late for pace in self.clocks.values())

    @property
    def overdue(self) -> int:
        """How many time limits were over and not met at the end."""
        return sum(pace.overdue for pace in self.clocks.values())


Code = Literal["channel", "category"]
CODES: tuple[Code, ...] = ("channel", "category")

# event -> (table, the open code that is counted)
_COUNTED = {
    "decline": ("declined.reason", "reason"),
    "conclude": ("concluded.outcome", "outcome"),
    "reopen": ("reopened.reason", "reason"),
    "close": ("closed.satisfaction", "satisfaction"),
    "verify": ("verified.result", "result"),
}
TABLES = ("received.channel", "received.category", "events", *(table for table, _code in _COUNTED.values()), "decided.measure", "in-work.state")


Case = tuple[Policy, Sequence[Event]]


def figures(cases: Iterable[Case], begin: datetime | None, end: datetime) -> Figures:
    """What happened from `begin` (None: ever) until before `end`; what was in work is what was at `end`."""
    found = _empty()
    for policy, events in cases:
        seen = _until(events, end)
        if seen:
            _count(found, policy, seen, begin, end)
    return found


def by_code(cases: Iterable[Case], code: Code, begin: datetime | None, end: datetime) -> dict[str, Figures]:
    """The same for the cases of each channel or category by themselves."""
    found: dict[str, Figures] = {}
    for policy, events in cases:
        seen = _until(events, end)
        if seen:
            word = next((str(event.codes[code]) for event in reversed(seen) if event.kind in ("receive", "correct") and code in event.codes), "")
            _count(found.setdefault(word, _empty()), policy, seen, begin, end)
    return found


def by_period(cases: Iterable[Case], spans: Mapping[str, tuple[datetime, datetime]]) -> dict[str, Figures]:
    """The same for each of some spans of time."""
    found = {name: _empty() for name in spans}
    for policy, events in cases:
        for name, (begin, end) in spans.items():
            seen = _until(events, end)
            if seen and not _over_before(seen, begin):
                _count(found[name], policy, seen, begin, end)
    return found


def _empty() -> Figures:
    return Figures({name: Counter() for name in TABLES})


def _until(events: Sequence[Event], end: datetime) -> Sequence[Event]:
    """The events before `end`; they stand in the order of time."""
    return events if events[-1].at < end else [event for event in events if event.at < end]


def _over_before(events: Sequence[Event], begin: datetime) -> bool:
    """Whether the case was closed and nothing happened from `begin` on."""
    return events[-1].at < begin and next((event.kind for event in reversed(events) if event.kind in ("close", "reopen")), "") == "close"


def _count(found: Figures, policy: Policy, events: Sequence[Event], begin: datetime | None, end: datetime) -> None:
    state = fold(policy, events)
    for event in events:
        if begin is not None and event.at < begin:
            continue
        found.count("events", event_name(event))
        if event.kind in _COUNTED:
            table, code = _COUNTED[event.kind]
            if code in event.codes:
                found.count(table, str(event.codes[code]))
        for measure in event.codes.get("measures", ()) if event.kind == "decide" else ():
            found.count("decided.measure", measure["measure"])
    if begin is None or events[0].at >= begin:
        found.count("received.channel", state.channel)
        found.count("received.category", state.category)
    if not state.did("close"):
        found.count("in-work.state", state.state)
    for reading in readings(policy, events, end, state):
        if reading.clock.kind is ClockKind.RETENTION or (reading.stopped and begin is not None and reading.stopped < begin):
            continue
        pace = found.clocks.setdefault(reading.clock.name, Pace())
        if reading.stopped:
            pace.took.append(reading.stopped - reading.started)
            pace.on_time += reading.stopped <= reading.due
            pace.late += reading.stopped > reading.due
        else:
            pace.running += 1
            pace.overdue += reading.status(end) is Status.LATE
