"""What a closed case counts as: one word of each table, fixed by the events up to its first closing and by nothing that comes after.

>>> closed_case(policy, record.events).words["channel"]
'phone'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plaint.model.deadlines import Reading, readings
from plaint.model.machine import fold
from plaint.model.policy import ClockKind, Policy
from plaint.model.record import Event
from plaint.statistics.definitions import LATE, NONE, ON_TIME

CLOSED = "close"


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """When it was received and first closed; its word in each table of cases; the words of its measures; how long each clock ran."""

    received: datetime
    closed: datetime
    words: Mapping[str, str]
    measures: tuple[tuple[str, str], ...]
    """(kind, result) of each."""
    took: Mapping[str, timedelta]


def closed_case(policy: Policy, events: Sequence[Event]) -> ClosedCase | None:
    """The case as it was when first closed; None where it has not been."""
    end = next((n for n, event in enumerate(events) if event.kind == CLOSED), None)
    if end is None:
        return None
    seen = events[: end + 1]
    last = seen[-1]
    state = fold(policy, seen)
    clocks = {name: _last(each) for name, each in _by_clock(readings(policy, seen, last.at, state)).items()}
    declined = next((event for event in reversed(seen) if event.kind in ("decline", "accept", "reopen")), None)
    was_declined = declined is not None and declined.kind == "decline"
    words = {
        "channel": state.channel,
        "category": state.category,
        "screening": "declined" if was_declined else ("accepted" if state.did("accept") or state.did("reopen") else NONE),
        "reason": str(declined.codes.get("reason", NONE)) if was_declined and declined else NONE,
        "outcome": state.outcome or NONE,
        "satisfaction": str(last.codes.get("satisfaction", NONE)),
    }
    for clock in policy.clocks.values():
        if clock.kind is ClockKind.DEADLINE and not clock.per:
            words[f"clock.{clock.name}"] = _pace(clocks.get(clock.name))
    took = {name: reading.stopped - reading.started for name, reading in clocks.items() if reading.stopped}
    measures = tuple((measure.code, measure.result or NONE) for measure in state.measures)
    return ClosedCase(seen[0].at, last.at, words, measures, took)


def _by_clock(found: Iterable[Reading]) -> dict[str, list[Reading]]:
    grouped: dict[str, list[Reading]] = {}
    for reading in found:
        if reading.clock.kind is ClockKind.DEADLINE and not reading.clock.per:
            grouped.setdefault(reading.clock.name, []).append(reading)
    return grouped


def _last(found: Sequence[Reading]) -> Reading:
    return max(found, key=lambda reading: reading.started)


def _pace(reading: Reading | None) -> str:
    if reading is None or reading.stopped is None:
        return NONE
    return ON_TIME if reading.stopped <= reading.due else LATE
