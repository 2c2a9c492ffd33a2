"""What is due, and whose it is: the running clocks of every case, and the duties of the organisation.

One list for the desk (`plaint todo`), the calendar and the reminders. It holds opaque ids and words of the policy, never content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from plaint.i18n import _, pick
from plaint.model.deadlines import Reading, Status, next_steps, open_readings, span
from plaint.model.duties import open_duties
from plaint.model.machine import CaseState, fold
from plaint.model.policy import TEAM, ClockKind, Policy
from plaint.model.revisions import reigns
from plaint.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is due: a clock of a case, or a duty of the organisation (no case). Titles are in the language in force."""

    case: str | None
    state: str
    state_title: str
    clock: str
    title: str
    subject: str
    """The event that started the clock, the measure it is for, or the duty's period."""
    started: datetime
    due: datetime
    provisional: bool
    status: Status
    warn: timedelta
    """How long before it is due a warning is due."""
    steps: tuple[str, ...]
    """The commands that settle it."""
    members: frozenset[str]
    """Who can."""
    retention: bool = False


def status_words() -> dict[Status, str]:
    """Each status in words."""
    return {
        Status.LATE: _("late"),
        Status.SOON: _("soon"),
        Status.RUNNING: _("running"),
        Status.SUSPENDED: _("suspended"),
        Status.DONE: _("done"),
        Status.DONE_LATE: _("done late"),
    }


def agenda(organisation: Organisation, now: datetime, *, with_members: bool = False) -> list[Item]:
    """Everything that is due, soonest first. Who can settle it is found out only where it is asked for."""
    found: list[Item] = []
    first: datetime | None = None
    for record in organisation.cases():
        first = min(first or record.events[0].at, record.events[0].at)
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        for reading in open_readings(policy, record.events, now, state):
            members = _able(organisation, policy, state, reading, now) if with_members else frozenset()
            found.append(_of_case(record.id, policy, state, reading, now, members))
    if first:
        found += _duties(organisation, first, now)
    return sorted(found, key=lambda item: item.due)


def _of_case(case: str, policy: Policy, state: CaseState, reading: Reading, now: datetime, members: frozenset[str]) -> Item:
    clock = reading.clock
    return Item(
        case,
        state.state,
        pick(policy.states[state.state].title),
        clock.name,
        pick(clock.title) + (f" {reading.subject}" if clock.per == "measure" else ""),
        reading.subject,
        reading.started,
        reading.due,
        reading.provisional,
        reading.status(now),
        span(clock.warn),
        tuple(next_steps(policy, reading)),
        members,
        clock.kind is ClockKind.RETENTION,
    )


def _able(organisation: Organisation, policy: Policy, state: CaseState, reading: Reading, now: datetime) -> frozenset[str]:
    """Who has a role for one of the steps, now and in the state the case is in."""
    roles: set[str] = set()
    for step in next_steps(policy, reading):
        for transition in policy.transitions[step]:
            if not transition.sources or state.state in transition.sources:
                roles |= set(transition.roles)
    roster = organisation.roster
    team = {m for m in state.team if TEAM in roles and roster.roles(m, now)}
    return frozenset(roster.with_roles(roles - {TEAM})) | team


def _duties(organisation: Organisation, first: datetime, now: datetime) -> Iterator[Item]:
    """What is left to review and to report: for those who keep or approve the policy."""
    concluded, published = organisation.done_periods
    for revision, since, until in reigns(organisation.revisions.values(), first, now):
        policy = revision.policy
        members = frozenset(organisation.roster.with_roles({*policy.stewards, *policy.approvers}))
        for duty in open_duties(revision, since, until, concluded, published):
            recurring = duty.recurring
            title = f"{pick(recurring.title)} {duty.period}"
            warn = span(recurring.warn)
            yield Item(None, "", "", recurring.name, title, duty.period, duty.started, duty.due, duty.provisional, duty.status(now), warn, (), members)
