"""Live figures, for members: everything that happened in a period, unprotected. Never for the public (see `release`).

Unlike a release, they count events where they happened: received, accepted, declined, concluded, closed in the period, whatever became of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from plaint.model.deadlines import readings
from plaint.model.machine import CaseState, apply, event_name
from plaint.model.policy import ClockKind, Policy
from plaint.model.record import Event


@dataclass(slots=True)
class Pace:
    """How a clock was kept: those stopped in the period, how many in time, and how long they took."""

    on_time: int = 0
    late: int = 0
    took: list[timedelta] = field(default_factory=list)

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
        self.tables.setdefault(table, Counter())[word] += 1


# table -> (event, the open code that is counted)
_CODES = {
    "declined.reason": ("decline", "reason"),
    "concluded.outcome": ("conclude", "outcome"),
    "reopened.reason": ("reopen", "reason"),
    "closed.satisfaction": ("close", "satisfaction"),
    "verified.result": ("verify", "result"),
}
TABLES = ("received.channel", "received.category", "events", *_CODES, "decided.measure", "in-work.state")


def figures(cases: Iterable[tuple[Policy, Sequence[Event]]], begin: datetime | None, end: datetime) -> Figures:
    """What happened from `begin` (None: ever) until before `end`; what was in work is what was at `end`."""
    found = Figures({name: Counter() for name in TABLES})
    for policy, events in cases:
        seen = [event for event in events if event.at < end]
        if seen:
            _count(found, policy, seen, begin, end)
    return found


def _count(found: Figures, policy: Policy, events: Sequence[Event], begin: datetime | None, end: datetime) -> None:
    state = CaseState()
    for event in events:
        state = apply(policy, state, event)
        if begin is not None and event.at < begin:
            continue
        found.count("events", event_name(event))
        for table, (kind, code) in _CODES.items():
            if event.kind == kind and code in event.codes:
                found.count(table, str(event.codes[code]))
        for measure in event.codes.get("measures", ()) if event.kind == "decide" else ():
            found.count("decided.measure", measure["measure"])
    if begin is None or events[0].at >= begin:
        found.count("received.channel", state.channel)
        found.count("received.category", state.category)
    if not state.did("close"):
        found.count("in-work.state", state.state)
    for reading in readings(policy, events, end, state):
        if reading.stopped and (begin is None or reading.stopped >= begin) and reading.clock.kind is not ClockKind.RETENTION:
            pace = found.clocks.setdefault(reading.clock.name, Pace())
            pace.took.append(reading.stopped - reading.started)
            if reading.stopped <= reading.due:
                pace.on_time += 1
            else:
                pace.late += 1
