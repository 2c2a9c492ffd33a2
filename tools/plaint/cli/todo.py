"""`plaint todo`: what is due, soonest first."""

from __future__ import annotations

from typing import Any

import click

from plaint.cli.common import common_options, format_option, local, print_json, session, span, table
from plaint.i18n import _, pick
from plaint.model.deadlines import Reading, Status, next_steps, open_readings
from plaint.model.machine import CaseState, fold
from plaint.model.policy import TEAM, ClockKind, Policy

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


def _concerns(policy: Policy, state: CaseState, reading: Reading, roles: frozenset[str], member: str) -> bool:
    mine = roles | ({TEAM} if member in state.team else set())
    return any(mine & set(t.roles) and (not t.sources or state.state in t.sources) for step in next_steps(policy, reading) for t in policy.transitions[step])


@click.command("todo", help=_("What is due, soonest first: late in red, soon in yellow."))
@click.option("--mine", is_flag=True, help=_("Only what I can do."))
@click.option("--all", "everything", is_flag=True, help=_("Also what has years to run (retention)."))
@format_option("text", "json")
@common_options
def todo(mine: bool, everything: bool, fmt: str) -> None:
    """Prints the running clocks of every case."""
    call = session()
    organisation, now = call.organisation, call.now
    found: list[tuple[str, CaseState, Policy, Reading, Status]] = []
    member = call.actor.member if mine else ""
    roles = organisation.roster.roles(member, now) if mine else frozenset()
    for record in organisation.cases():
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        for reading in open_readings(policy, record.events, now, state):
            status = reading.status(now)
            if mine and not _concerns(policy, state, reading, roles, member):
                continue
            if reading.clock.kind is ClockKind.RETENTION and status is Status.RUNNING and not everything:
                continue
            found.append((record.id, state, policy, reading, status))
    found.sort(key=lambda item: item[3].due)
    if fmt == "json":
        print_json([_plain(case, state, policy, reading, status) for case, state, policy, reading, status in found])
        return
    if not found:
        click.echo(_("Nothing is due."))
        return
    zone = organisation.config.timezone
    words = status_words()
    rows = []
    for case, state, policy, reading, status in found:
        left = _("{span} over") if now > reading.due else _("{span} left")
        due = local(reading.due, zone) + ("?" if reading.provisional else "")
        steps = " / ".join(next_steps(policy, reading))
        title = pick(reading.clock.title) + (f" {reading.subject}" if reading.clock.per == "measure" else "")
        rows.append((due, left.format(span=span(reading.due - now)), words[status], case, title, pick(policy.states[state.state].title), steps))
    header = (_("due"), _("time"), _("status"), _("case"), _("clock"), _("state"), _("next step"))
    table(rows, header, [COLOURS.get(item[4]) for item in found])
    late = sum(item[4] is Status.LATE for item in found)
    click.echo()
    click.secho(_("{late} late, {n} in all.").format(late=late, n=len(found)), bold=True)


def _plain(case: str, state: CaseState, policy: Policy, reading: Reading, status: Status) -> dict[str, Any]:
    return {
        "case": case,
        "state": state.state,
        "clock": reading.clock.name,
        "subject": reading.subject,
        "started": reading.started.isoformat(),
        "due": reading.due.isoformat(),
        "provisional": reading.provisional,
        "status": status.value,
        "next": next_steps(policy, reading),
    }


COMMANDS = {"todo": todo}
