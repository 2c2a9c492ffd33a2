"""Every clock of a case, read at a time: when it started, when it is due, whether it is late.

Rules:
- A clock runs from each of its start events to the first of its stop events; a new start takes the place of the running one unless the
  policy says `restart: never`. `per: measure` gives each measure its own, due at the end of its date; `per: request` each request its own.
- Suspended time is added back where the clock has `pause: suspend`; while suspended nothing is late.
- `extend` moves the due time of the running clock it names.
- `or-after: X` starts a clock when X falls due without being stopped (EU 2019/1937, Art. 9(1)(f)).
- A retention runs from its start events alone: what else is recorded meanwhile (a message, evidence that comes late) moves neither its end nor its
  ceiling. Only opening the case again stops it, and closing it again starts it anew.
- A case that is under a hold is never due for disposal.
- What a retention keeps is at risk where its disposal was proposed, or even carried out, before the retention is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from plaint.model.clocks import Duration, Unit
from plaint.model.clocks import due as due_after
from plaint.model.machine import CaseState, Measure, fold, is_final, names, verified
from plaint.model.policy import Clock, ClockKind, Policy
from plaint.model.record import Event


class Status(StrEnum):
    """What a clock says at a time."""

    DONE = "done"
    DONE_LATE = "done-late"
    SUSPENDED = "suspended"
    RUNNING = "running"
    SOON = "soon"
    LATE = "late"
    AT_RISK = "at-risk"


@dataclass(frozen=True, slots=True)
class Reading:
    """One running or stopped clock."""

    clock: Clock
    subject: str
    """The event that started it, or the measure it is for."""
    started: datetime
    due: datetime
    provisional: bool = False
    stopped: datetime | None = None
    suspended: bool = False
    ceiling: datetime | None = None
    """When what a retention keeps must be gone."""

    def status(self, now: datetime) -> Status:
        """What it says at `now`."""
        if self.stopped:
            return Status.DONE if self.stopped <= self.due or self.clock.kind is ClockKind.RETENTION else Status.DONE_LATE
        if self.suspended:
            return Status.SUSPENDED
        if now > self.latest:
            return Status.LATE
        return Status.SOON if now >= self.due - span(self.clock.warn) else Status.RUNNING

    @property
    def latest(self) -> datetime:
        """The last moment that is not late: the due time, with the grace that a retention has; or its ceiling."""
        return self.ceiling or self.due + span(self.clock.grace)


def span(duration: Duration | None) -> timedelta:
    """A warning or grace as a plain span; months and years as 30 and 365 days, for neither is a lawful limit."""
    if duration is None:
        return timedelta()
    match duration.unit:
        case Unit.HOURS:
            return timedelta(hours=duration.n)
        case Unit.MONTHS:
            return timedelta(days=30 * duration.n)
        case Unit.YEARS:
            return timedelta(days=365 * duration.n)
        case _:
            return timedelta(days=duration.n)


def readings(policy: Policy, events: Sequence[Event], now: datetime, state: CaseState | None = None) -> list[Reading]:
    """Every clock of a case that was started, stopped ones too, in the policy's order; `state` saves a second fold."""
    state = state or fold(policy, events)
    pauses = [*state.suspensions, *([(state.suspended_since, max(now, state.suspended_since))] if state.suspended_since else [])]
    found: dict[str, list[Reading]] = {}
    kinds = {event.kind for event in events}
    for clock in policy.clocks.values():
        begun = clock.or_after or clock.per == "measure" or not kinds.isdisjoint(_kinds(clock.starts))
        found[clock.name] = list(_read(policy, clock, events, now, state, pauses, found)) if begun else []
    return [reading for each in found.values() for reading in each]


def _read(
    policy: Policy,
    clock: Clock,
    events: Sequence[Event],
    now: datetime,
    state: CaseState,
    pauses: Sequence[tuple[datetime, datetime]],
    others: dict[str, list[Reading]],
) -> Iterator[Reading]:
    if clock.per == "measure":
        yield from (_measure_reading(policy, clock, measure) for measure in _all_measures(events))
        return
    running: list[Reading] = []
    starts, stops = frozenset(clock.starts), frozenset(clock.stops)
    for subject, at, event in _starts_and_stops(clock, events, now, others):
        mine = names(event) if event else clock.starts
        if event and not stops.isdisjoint(mine):
            answered = event.codes.get("request")
            # an event that answers no one request (the case is reopened, say) ends them all
            stopping = [r for r in running if answered is None or not clock.per or r.subject == answered]
            yield from (Reading(clock, r.subject, r.started, r.due, r.provisional, at) for r in stopping)
            running = [r for r in running if r not in stopping]
        if clock.within and not starts.isdisjoint(mine):
            if running and not clock.restarts:
                continue
            due = due_after(at, clock.within, policy.timezone, policy.calendar, pauses if clock.suspends else ())
            ceiling = due_after(at, clock.at_most, policy.timezone, policy.calendar).at if clock.at_most else None
            new = Reading(clock, subject, at, due.at, due.provisional, suspended=clock.suspends and state.suspended, ceiling=ceiling)
            running = [*running, new] if clock.per else [new]
        if event and event.kind == "extend" and event.codes.get("clock") == clock.name:
            until = _after_pauses(event, pauses if clock.suspends else ())
            running = [replace(r, due=until, provisional=False) for r in running]
    held = state.held and clock.kind is ClockKind.RETENTION
    yield from (replace(r, suspended=True) for r in running) if held else running


def _after_pauses(extension: Event, pauses: Sequence[tuple[datetime, datetime]]) -> datetime:
    """The time an extension names, moved by what the clock stood still after it was granted."""
    until = datetime.fromisoformat(extension.codes["until"])
    for since, end in pauses:
        begin = max(since, extension.at)
        if begin < min(until, end):
            until += end - begin
    return until


def _starts_and_stops(clock: Clock, events: Sequence[Event], now: datetime, others: dict[str, list[Reading]]) -> Iterator[tuple[str, datetime, Event | None]]:
    """The events in order; for `or-after`, the other clock's missed due time stands in for the start that did not come in time."""
    missed: datetime | None = None
    late: set[str] = set()
    if clock.or_after:
        first = next(iter(others.get(clock.or_after, ())), None)
        if first and (first.stopped or now) > first.due and now > first.due:
            missed, late = first.due, set(first.clock.stops)
    given = False
    kinds = _kinds(clock.starts, clock.stops, ("extend",))
    for event in events:
        if event.kind not in kinds:
            continue
        if missed and not given and event.at > missed:
            given = True
            yield f"after-{clock.or_after}", missed, None
        if given and late & set(names(event)) & set(clock.starts):
            continue  # what came too late does not start it anew
        yield event.id, event.at, event
    if missed and not given:
        yield f"after-{clock.or_after}", missed, None


@lru_cache(maxsize=256)
def _kinds(*names_of: tuple[str, ...]) -> frozenset[str]:
    """The kinds of events that have these names."""
    return frozenset(name.partition(":")[0] for each in names_of for name in each)


def _all_measures(events: Sequence[Event]) -> list[Measure]:
    measures: list[Measure] = []
    for event in events:
        if event.kind == "decide":
            measures += [Measure(m["id"], m["measure"], m["due"], event.at) for m in event.codes.get("measures", ())]
        if event.kind == "verify":
            measures = [*verified(measures, event)]
    return measures


def _measure_reading(policy: Policy, clock: Clock, measure: Measure) -> Reading:
    end = datetime.combine(date.fromisoformat(measure.due) + timedelta(days=1), time(), policy.timezone)
    return Reading(clock, measure.id, measure.decided, end, stopped=measure.settled)


def kept_until(policy: Policy, events: Sequence[Event], event: Event, seen: datetime, state: CaseState | None = None) -> list[datetime]:
    """The due times that an event kept by its own time, and that were over when somebody else could first see it. `events` are those up to it."""
    return [
        reading.due
        for reading in readings(policy, events, seen, state)
        if reading.stopped == event.at <= reading.due < seen and not set(names(event)).isdisjoint(reading.clock.stops)
    ]


def open_readings(policy: Policy, events: Sequence[Event], now: datetime, state: CaseState | None = None) -> list[Reading]:
    """The clocks that still run, soonest due first."""
    return sorted((r for r in readings(policy, events, now, state) if r.stopped is None), key=lambda r: r.due)


def at_risk(policy: Policy, reading: Reading, state: CaseState, now: datetime) -> bool:
    """Whether what a retention keeps is about to be destroyed before its time, or was; until that time has come."""
    if reading.clock.kind is not ClockKind.RETENTION or now >= reading.due:
        return False
    if is_final(policy, state):
        return reading.stopped == state.last
    disposals = (t for t in policy.transitions.get("dispose", ()) if state.state in t.sources and t.target)
    return reading.stopped is None and any(policy.states[t.target].final for t in disposals if t.target)


def next_steps(policy: Policy, reading: Reading) -> list[str]:
    """The events that stop a clock, by the name of the command."""
    kinds = dict.fromkeys(stop.partition(":")[0] for stop in reading.clock.stops)
    # to open a case again or to dispose of it ends other clocks too, but is no answer to them
    aside = {"reopen"} if reading.clock.kind is ClockKind.RETENTION else {"reopen", "dispose"}
    return [kind for kind in kinds if kind in policy.transitions and kind not in aside]
