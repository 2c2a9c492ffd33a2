"""Families T and D, and what R says of one case: was each event legal when it was recorded, and what is late now?

One fold over the events: the machine gives its reasons before each is applied, and the state at the end is what the clocks are read with.
Only clocks that can still be running are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from plaint.check.findings import Collector
from plaint.errors import InputError
from plaint.i18n import _, pick
from plaint.model.deadlines import Reading, Status, open_readings, readings
from plaint.model.legality import Ground, refusals
from plaint.model.machine import CaseState, apply, is_final, names
from plaint.model.policy import ClockKind, Policy
from plaint.model.record import Event, Record
from plaint.model.roster import Roster
from plaint.model.words import stretch

RULE_OF = {
    Ground.UNKNOWN_EVENT: "T101",
    Ground.STATE: "T101",
    Ground.STRANGER: "T102",
    Ground.ROLE: "T103",
    Ground.DUTIES: "T104",
    Ground.ORDER: "T105",
    Ground.CONDITION: "T106",
    Ground.SEALS: "T107",
    Ground.TEAM: "T108",
    Ground.WORDS: "T109",
    Ground.REFERENCE: "T110",
    Ground.TWICE: "T111",
    Ground.RETENTION: "R103",
}
"""The rule that stands for each ground of the machine."""
SAME_MINUTE = timedelta(minutes=1)
"""The present is given to the minute; an event of the minute under way is not in the future."""


@dataclass(slots=True)
class Clocks:
    """A policy, with the policies that have only some of its clocks: made once for each set of clocks that cases have running."""

    policy: Policy
    starts: Mapping[str, frozenset[str]]
    stops: Mapping[str, frozenset[str]]
    always: frozenset[str]
    narrowed: dict[frozenset[str], Policy] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy) -> Clocks:
        """The clocks of a policy, by the events that start and stop them."""
        starts: dict[str, set[str]] = {}
        stops: dict[str, set[str]] = {}
        always = set()
        for clock in policy.clocks.values():
            if clock.or_after:
                always |= {clock.name, clock.or_after}
            for name in clock.starts:
                starts.setdefault(name, set()).add(clock.name)
            for name in clock.stops if not clock.per else ():
                stops.setdefault(name, set()).add(clock.name)
        return cls(policy, _frozen(starts), _frozen(stops), frozenset(always))

    def open_readings(self, events: Sequence[Event], now: datetime, state: CaseState) -> list[Reading]:
        """The clocks that run, as `deadlines.open_readings` has them."""
        running = set(self.always)
        for event in events:
            for name in names(event):
                if name in self.stops:
                    running -= self.stops[name]
            for name in names(event):
                if name in self.starts:
                    running |= self.starts[name]
        if not running:
            return []
        key = frozenset(running)
        policy = self.narrowed.get(key)
        if policy is None:
            policy = replace(self.policy, clocks={n: c for n, c in self.policy.clocks.items() if n in key})
            self.narrowed[key] = policy
        return open_readings(policy, events, now, state)


def _frozen(table: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(clocks) for name, clocks in table.items()}


def check_course(record: Record, clocks: Clocks, roster: Roster, now: datetime, found: Collector) -> CaseState:
    """Every event of a case against the policy, and every running clock against the time; the state at the end."""
    policy = clocks.policy
    state = CaseState()
    events = record.events
    for index, event in enumerate(events):
        for refusal in refusals(policy, state, event, roster, events[:index]):
            found.add(RULE_OF[refusal.code], record.path, refusal.message, line=event.line, event=event.id)
        state = apply(policy, state, event)
    check_not_in_future(record, now, found)
    try:
        if is_final(policy, state):
            _check_disposal(record, policy, now, state, found)
        else:
            for reading in clocks.open_readings(events, now, state):
                _report(record, policy, reading, now, found)
    except (InputError, OverflowError) as error:
        message = error.what if isinstance(error, InputError) else str(error)
        found.add("D106", record.path, message, line=events[-1].line, event=events[-1].id)
    return state


def check_not_in_future(record: Record, now: datetime, found: Collector) -> None:
    """No event of a record is later than now."""
    for event in record.events:
        if event.at - now >= SAME_MINUTE:
            message = _("its time {at} is in the future").format(at=event.at.isoformat())
            found.add("T112", record.path, message, line=event.line, event=event.id)


def check_frame(record: Record, roster: Roster, now: datetime, found: Collector) -> None:
    """What holds for the events of every other record: by a member, in order, each once, none in the future."""
    last: Event | None = None
    seen: set[str] = set()
    for event in record.events:
        if last and event.at < last.at:
            message = _("its time {at} is before the event before it ({last})").format(at=event.at.isoformat(), last=last.at.isoformat())
            found.add("T105", record.path, message, line=event.line, event=event.id)
        # the second before, too: leaving may be the member's own last event
        if not roster.at(event.by, event.at) and not roster.at(event.by, event.at - timedelta(seconds=1)):
            message = _("{member} is not a member at that time").format(member=event.by)
            found.add("T102", record.path, message, line=event.line, event=event.id)
        if event.id in seen:
            message = _("the event id {event} stands twice").format(event=event.id)
            found.add("T111", record.path, message, line=event.line, event=event.id)
        seen.add(event.id)
        last = event
    check_not_in_future(record, now, found)


def _check_disposal(record: Record, policy: Policy, now: datetime, state: CaseState, found: Collector) -> None:
    last = record.events[-1]
    for reading in readings(policy, record.events, now, state):
        if reading.clock.kind is ClockKind.RETENTION and reading.stopped == last.at < reading.due:
            message = _("{clock} runs to {due}, and the case was disposed of on {at}").format(
                clock=pick(reading.clock.title), due=_day(reading.due, policy), at=_day(last.at, policy)
            )
            found.add("R103", record.path, message, line=last.line, event=last.id)


def _report(record: Record, policy: Policy, reading: Reading, now: datetime, found: Collector) -> None:
    status = reading.status(now)
    code = _rule_for(reading, status)
    if code is None:
        return
    event = _event_of(record, reading)
    title = pick(reading.clock.title) + (f" {reading.subject}" if reading.clock.per == "measure" else "")
    due = _minute(reading.due, policy)
    if status is Status.LATE and reading.ceiling:
        gone = _minute(reading.ceiling, policy)
        message = _("{clock}: ended {due}, and the case had to be gone by {ceiling}, {span} ago").format(
            clock=title, due=due, ceiling=gone, span=stretch(now - reading.ceiling)
        )
    elif status is Status.LATE:
        message = _("{clock}: was due {due}, {span} ago").format(clock=title, due=due, span=stretch(now - reading.due))
    elif reading.due < now and reading.ceiling:
        message = _("{clock}: ended {due}; the case must be gone by {ceiling}").format(clock=title, due=due, ceiling=_minute(reading.ceiling, policy))
    elif reading.due < now:
        message = _("{clock}: ended {due}").format(clock=title, due=due)
    elif code == "D103":
        message = _("{clock}: due {due}, unless holidays not yet announced move it").format(clock=title, due=due)
    else:
        message = _("{clock}: due {due}, in {span}").format(clock=title, due=due, span=stretch(reading.due - now))
    found.add(code, record.path, message, line=event.line, event=event.id)


def _rule_for(reading: Reading, status: Status) -> str | None:
    if status is Status.SUSPENDED:
        return None
    if reading.clock.kind is ClockKind.RETENTION:
        return {Status.LATE: "R101", Status.SOON: "R102"}.get(status)
    if status is Status.LATE:
        return {"measure": "D104", "request": "D105"}.get(reading.clock.per, "D101")
    if reading.provisional:
        return "D103"
    return "D102" if status is Status.SOON else None


def _event_of(record: Record, reading: Reading) -> Event:
    """The event that started a clock: named by its id, or by when it was (a measure's decision, a time limit missed before)."""
    by_id = next((e for e in record.events if e.id == reading.subject), None)
    return by_id or next((e for e in reversed(record.events) if e.at <= reading.started), record.events[0])


def _minute(moment: datetime, policy: Policy) -> str:
    return moment.astimezone(policy.timezone).strftime("%Y-%m-%d %H:%M")


def _day(moment: datetime, policy: Policy) -> str:
    return moment.astimezone(policy.timezone).date().isoformat()
