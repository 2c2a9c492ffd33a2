"""`plaint due`: one clock of a policy, worked out."""

from __future__ import annotations

from datetime import datetime

import click

from plaint.cli.common import common_options, format_option, parse_time, print_json
from plaint.cli.policy import find_policy
from plaint.errors import UsageError
from plaint.i18n import _, pick
from plaint.model.clocks import due as due_after
from plaint.model.policy import Policy
from plaint.model.policy_tables import duration
from plaint.model.words import local


@click.command("due", help=_("When a clock of a policy is due, counted from a start."))
@click.option("--policy", "policy_file", required=True, metavar="FILE", help=_("A policy file, the name of a preset, or the number of a revision."))
@click.option("--clock", required=True, metavar="NAME", help=_("Which clock of it."))
@click.option("--start", required=True, metavar="TIME", help=_("When it starts."))
@click.option("--suspended", multiple=True, metavar="FROM/TO", help=_("A time in which it stood still; once for each."))
@format_option("text", "json")
@common_options
def due(policy_file: str, clock: str, start: str, suspended: tuple[str, ...], fmt: str) -> None:
    """Prints the due time, RFC 3339."""
    policy = find_policy(policy_file).policy
    if clock not in policy.clocks:
        raise UsageError(_("the policy has no clock {clock}").format(clock=clock), where=policy_file, hint=", ".join(policy.clocks))
    within = policy.clocks[clock].within
    if within is None:
        raise UsageError(_("{clock} is due on the date that each measure names").format(clock=clock), where=policy_file)
    started = parse_time(start, "--start", policy.timezone)
    pauses = [_pause(text, policy) for text in suspended]
    found = due_after(started, within, policy.timezone, policy.calendar, pauses)
    most = policy.clocks[clock].at_most
    ceiling = due_after(started, most, policy.timezone, policy.calendar).at if most else None
    if fmt == "json":
        print_json({"due": found.at.isoformat(), "provisional": found.provisional, **({"ceiling": ceiling.isoformat()} if ceiling else {})})
        return
    click.echo(found.at.isoformat())
    if ceiling:
        click.echo(_("the case must be gone by {ceiling}").format(ceiling=ceiling.isoformat()), err=True)
    if found.provisional:
        click.echo(_("provisional: not all holidays up to then are announced"), err=True)
    click.echo(
        _("{title}: {within} from {start}").format(title=pick(policy.clocks[clock].title), within=duration(within), start=local(started, policy.timezone)),
        err=True,
    )


def _pause(text: str, policy: Policy) -> tuple[datetime, datetime]:
    # dates may be written with slashes nowhere here: the slash parts the two times (ISO 8601 intervals)
    begin, slash, end = text.partition("/")
    if not slash:
        raise UsageError(_("{text} is no stretch of time").format(text=text), where="--suspended", hint=_("write FROM/TO"))
    since, until = parse_time(begin, "--suspended", policy.timezone), parse_time(end, "--suspended", policy.timezone)
    if until < since:
        raise UsageError(_("{text} ends before it begins").format(text=text), where="--suspended")
    return since, until


COMMANDS = {"due": due}
