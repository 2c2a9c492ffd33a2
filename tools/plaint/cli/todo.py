"""`plaint todo`: what is due, soonest first; as Markdown for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from plaint.agenda import Item, agenda, status_word, time_left
from plaint.cli.common import common_options, format_option, print_json, session, table
from plaint.i18n import _
from plaint.model.deadlines import Status
from plaint.model.words import local

if TYPE_CHECKING:
    from plaint.organisation import Organisation

DAYS = 7
"""How far Markdown looks ahead if nothing is said."""
COLOURS = {Status.LATE: "red", Status.AT_RISK: "red", Status.SOON: "yellow", Status.SUSPENDED: "blue"}


@click.command("todo", help=_("What is due, soonest first: late in red, soon in yellow."))
@click.option("--mine", is_flag=True, help=_("Only what I can do."))
@click.option("--all", "everything", is_flag=True, help=_("Also what has years to run (retention, the review of the policy)."))
@click.option("--days", type=click.IntRange(min=0), help=_("Only what is late, or due within so many days."))
@format_option("text", "json", "markdown")
@common_options
def todo(mine: bool, everything: bool, days: int | None, fmt: str) -> None:
    """Prints the running clocks of every case, and the duties of the organisation."""
    call = session()
    now = call.now
    found = agenda(call.organisation, now, with_members=mine)
    if mine:
        found = [item for item in found if call.actor.member in item.members]
    if not everything:
        found = [item for item in found if not item.distant]
    if days is not None:
        found = [item for item in found if item.status is Status.LATE or (item.status is not Status.SUSPENDED and item.due <= now + timedelta(days=days))]
    if fmt == "json":
        print_json([_plain(item) for item in found])
        return
    if fmt == "markdown":
        from plaint.forge.board import board_of, markdown

        click.echo(markdown(board_of(found, now, DAYS if days is None else days, call.organisation.config.timezone), now), nl=False)
        return
    waiting = [*_approvals(call.organisation, call.actor.member if mine else "")]
    if not found:
        click.echo("\n".join(waiting) or _("Nothing is due."))
        return
    zone = call.organisation.config.timezone
    rows = []
    for item in found:
        due = local(item.due, zone) + ("?" if item.provisional else "")
        steps = " / ".join(item.steps)
        left, word = time_left(item.status, item.due, now), status_word(item.status, item.due, now)
        rows.append((due, left, word, item.case or "", item.title, item.state_title, steps))
    header = (_("due"), _("time"), _("status"), _("case"), _("clock"), _("state"), _("next step"))
    table(rows, header, [COLOURS.get(item.status) for item in found])
    late = sum(item.status is Status.LATE for item in found)
    click.echo()
    click.secho(_("{late} late, {n} in all.").format(late=late, n=len(found)), bold=True)
    for line in waiting:
        click.echo(line)


def _approvals(organisation: Organisation, member: str) -> Iterator[str]:
    """A line for each change of a member that waits for approval; with `member`, only those that are theirs to approve."""
    if not organisation.roster.waiting:
        return
    rules = organisation.policy_in_force(session().now).membership
    able = organisation.roster.with_roles(rules.roles) if rules else []
    for whom, proposals in sorted(organisation.roster.waiting.items()):
        for proposal in proposals:
            if not member or (member in able and member not in {whom, proposal.event.by, *proposal.given}):
                yield _("{member} waits for approval ({given} of {needed}), as {by} proposed: plaint member approve {member}").format(
                    member=whom, given=len(proposal.given), needed=proposal.needed, by=proposal.event.by
                )


def _plain(item: Item) -> dict[str, Any]:
    return {
        "case": item.case,
        "state": item.state or None,
        "clock": item.clock,
        "subject": item.subject,
        "started": item.started.isoformat(),
        "due": item.due.isoformat(),
        "provisional": item.provisional,
        "status": item.status.value,
        "next": list(item.steps),
    }


COMMANDS = {"todo": todo}
