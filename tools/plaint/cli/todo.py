"""`plaint todo`: what is due, soonest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from plaint.cli.common import common_options, format_option, local, print_json, session, table
from plaint.i18n import _, pick
from plaint.model.deadlines import Reading, Status, next_steps, open_readings
from plaint.model.duties import open_duties
from plaint.model.machine import CaseState, fold
from plaint.model.policy import TEAM, ClockKind, Policy
from plaint.model.revisions import reigns
from plaint.model.words import stretch

if TYPE_CHECKING:
    from plaint.organisation import Organisation

COLOURS = {Status.LATE: "red", Status.SOON: "yellow", Status.SUSPENDED: "blue"}


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


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing that is due: a clock of a case, or a duty of the organisation (no case)."""

    case: str | None
    state: str
    state_title: str
    clock: str
    title: str
    subject: str
    started: datetime
    due: datetime
    provisional: bool
    status: Status
    steps: list[str]
    retention: bool = False


@click.command("todo", help=_("What is due, soonest first: late in red, soon in yellow."))
@click.option("--mine", is_flag=True, help=_("Only what I can do."))
@click.option("--all", "everything", is_flag=True, help=_("Also what has years to run (retention)."))
@format_option("text", "json")
@common_options
def todo(mine: bool, everything: bool, fmt: str) -> None:
    """Prints the running clocks of every case, and the duties of the organisation."""
    call = session()
    organisation, now = call.organisation, call.now
    found = list(_items(organisation, now, call.actor.member if mine else None))
    if not everything:
        found = [item for item in found if not item.retention or item.status is not Status.RUNNING]
    found.sort(key=lambda item: item.due)
    if fmt == "json":
        print_json([_plain(item) for item in found])
        return
    if not found:
        click.echo(_("Nothing is due."))
        return
    zone = organisation.config.timezone
    words = status_words()
    rows = []
    for item in found:
        left = _("{span} over") if now > item.due else _("{span} left")
        due = local(item.due, zone) + ("?" if item.provisional else "")
        steps = " / ".join(item.steps)
        rows.append((due, left.format(span=stretch(item.due - now)), words[item.status], item.case or "", item.title, item.state_title, steps))
    header = (_("due"), _("time"), _("status"), _("case"), _("clock"), _("state"), _("next step"))
    table(rows, header, [COLOURS.get(item.status) for item in found])
    late = sum(item.status is Status.LATE for item in found)
    click.echo()
    click.secho(_("{late} late, {n} in all.").format(late=late, n=len(found)), bold=True)


def _items(organisation: Organisation, now: datetime, member: str | None) -> Iterator[_Item]:
    roles = organisation.roster.roles(member, now) if member else frozenset()
    first: datetime | None = None
    for record in organisation.cases():
        first = min(first or record.events[0].at, record.events[0].at)
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        for reading in open_readings(policy, record.events, now, state):
            if member and not _concerns(policy, state, reading, roles, member):
                continue
            subject = f" {reading.subject}" if reading.clock.per == "measure" else ""
            yield _Item(
                record.id,
                state.state,
                pick(policy.states[state.state].title),
                reading.clock.name,
                pick(reading.clock.title) + subject,
                reading.subject,
                reading.started,
                reading.due,
                reading.provisional,
                reading.status(now),
                next_steps(policy, reading),
                reading.clock.kind is ClockKind.RETENTION,
            )
    if first:
        yield from _duties(organisation, first, now, roles if member else None)


def _concerns(policy: Policy, state: CaseState, reading: Reading, roles: frozenset[str], member: str) -> bool:
    mine = roles | ({TEAM} if member in state.team else set())
    return any(mine & set(t.roles) and (not t.sources or state.state in t.sources) for step in next_steps(policy, reading) for t in policy.transitions[step])


def _duties(organisation: Organisation, first: datetime, now: datetime, roles: frozenset[str] | None) -> Iterator[_Item]:
    """What is left to review and to report; for one member, if they keep or approve the policy."""
    for revision, since, until in reigns(organisation.revisions.values(), first, now):
        if roles is not None and roles.isdisjoint({*revision.policy.stewards, *revision.policy.approvers}):
            continue
        for duty in open_duties(revision, since, until, *organisation.done_periods):
            title = f"{pick(duty.recurring.title)} {duty.period}"
            yield _Item(None, "", "", duty.recurring.name, title, duty.period, duty.started, duty.due, duty.provisional, duty.status(now), [])


def _plain(item: _Item) -> dict[str, Any]:
    return {
        "case": item.case,
        "state": item.state or None,
        "clock": item.clock,
        "subject": item.subject,
        "started": item.started.isoformat(),
        "due": item.due.isoformat(),
        "provisional": item.provisional,
        "status": item.status.value,
        "next": item.steps,
    }


COMMANDS = {"todo": todo}
