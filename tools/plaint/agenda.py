"""What is due, and whose it is: the running clocks of every case, and the duties of the organisation.

One list for the desk (`plaint todo`), the calendar and the reminders. It holds opaque ids and words of the policy, never content. Titles are in
the language in force when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from plaint.i18n import _, pick
from plaint.model.deadlines import Reading, Status, at_risk, next_steps, readings, span
from plaint.model.duties import POLICY_REVIEW, Duty, open_duties, open_policy_review
from plaint.model.machine import CaseState, fold
from plaint.model.policy import TEAM, ClockKind, Kind, Policy, Text
from plaint.model.revisions import reigns
from plaint.model.words import stretch
from plaint.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is due: a clock of a case, or a duty of the organisation (no case)."""

    case: str | None
    state: str
    state_text: Text
    clock: str
    text: Text
    part: str
    """What its title adds to the clock's: which measure, which period."""
    subject: str
    """The event that started the clock, the measure it is for, the duty's period, or the revision of the policy."""
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
    policy: Policy
    """The revision that says so."""
    kind: Kind

    @property
    def distant(self) -> bool:
        """Whether it has years to run, so that it is nobody's task before it is near."""
        return self.status is Status.RUNNING and (self.kind is Kind.RETENTION or self.clock == POLICY_REVIEW)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{pick(self.text)} {self.part}".rstrip()

    @property
    def state_title(self) -> str:
        """What people call the state of the case; nothing for a duty."""
        return pick(self.state_text)


def disposal_due(status: Status, due: datetime, now: datetime) -> bool:
    """Whether a clock is over and not late yet: a retention in its grace, the time in which what it kept is to be disposed of."""
    return status is Status.SOON and now > due


def status_word(status: Status, due: datetime, now: datetime) -> str:
    """A status in words."""
    if disposal_due(status, due, now):
        return _("due for disposal")
    words = {
        Status.LATE: _("late"),
        Status.SOON: _("soon"),
        Status.RUNNING: _("running"),
        Status.SUSPENDED: _("suspended"),
        Status.DONE: _("done"),
        Status.DONE_LATE: _("done late"),
        Status.AT_RISK: _("disposal too early"),
    }
    return words[status]


def time_left(status: Status, due: datetime, now: datetime) -> str:
    """How long there still is, or since when there is none; of a disposal, for how long it has been due."""
    form = _("for {span}") if disposal_due(status, due, now) else _("{span} over") if now > due else _("{span} left")
    return form.format(span=stretch(due - now))


def agenda(organisation: Organisation, now: datetime, *, with_members: bool = False) -> list[Item]:
    """Everything that is due, soonest first. Who can settle it is found out only where it is asked for."""
    found: list[Item] = []
    first: datetime | None = None
    for record in organisation.cases():
        first = min(first or record.events[0].at, record.events[0].at)
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        for reading in readings(policy, record.events, now, state):
            endangered = at_risk(policy, reading, state, now)
            if reading.stopped is None or endangered:
                members = _able(organisation, policy, state, reading, now, anywhere=endangered) if with_members else frozenset()
                status = Status.AT_RISK if endangered else reading.status(now)
                found.append(_of_case(record.id, policy, state, reading, status, members))
    found += _duties(organisation, first, now)
    return sorted(found, key=lambda item: item.due)


def _of_case(case: str, policy: Policy, state: CaseState, reading: Reading, status: Status, members: frozenset[str]) -> Item:
    clock = reading.clock
    return Item(
        case,
        state.state,
        policy.states[state.state].title,
        clock.name,
        clock.title,
        reading.subject if clock.per == "measure" else "",
        reading.subject,
        reading.started,
        reading.due,
        reading.provisional,
        status,
        span(clock.warn),
        tuple(next_steps(policy, reading)) if reading.stopped is None else (),
        members,
        policy,
        Kind.RETENTION if clock.kind is ClockKind.RETENTION else Kind(clock.per or "deadline"),
    )


def _able(organisation: Organisation, policy: Policy, state: CaseState, reading: Reading, now: datetime, *, anywhere: bool) -> frozenset[str]:
    """Who has a role for one of the steps, now and in the state the case is in (`anywhere`: in any)."""
    roles: set[str] = set()
    for step in next_steps(policy, reading):
        for transition in policy.transitions[step]:
            if anywhere or not transition.sources or state.state in transition.sources:
                roles |= set(transition.roles)
    roster = organisation.roster
    team = {m for m in state.team if TEAM in roles and roster.roles(m, now)}
    return frozenset(roster.with_roles(roles - {TEAM})) | team


def _duties(organisation: Organisation, first: datetime | None, now: datetime) -> Iterator[Item]:
    """What is left to review and to report since the `first` case, and whether the policy is to be reviewed: for those who keep or approve the policy."""
    concluded, published = organisation.done_periods
    revisions = organisation.revisions.values()
    if first:
        for revision, since, until in reigns(revisions, first, now):
            for duty in open_duties(revision, since, until, concluded, published):
                yield _of_house(organisation, revision.policy, duty, now)
    if review := open_policy_review(revisions, now):
        revision, duty = review
        yield _of_house(organisation, revision.policy, duty, now)


def _of_house(organisation: Organisation, policy: Policy, duty: Duty, now: datetime) -> Item:
    part = "" if duty.name == POLICY_REVIEW else duty.subject
    members = frozenset(organisation.roster.with_roles({*policy.stewards, *policy.approvers}))
    return Item(
        None, "", {}, duty.name, duty.title, part, duty.subject, duty.started, duty.due, duty.provisional,
        duty.status(now), span(duty.warn), (), members, policy, Kind.DUTY,
    )  # fmt: skip
