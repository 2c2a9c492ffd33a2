"""`plaint register`: a conversation in a terminal, in the order people tell things; flags and `--body` in a script."""

from __future__ import annotations

import sys
from typing import Any

import click

from plaint.cli.bodies import ask_body, read_bodies
from plaint.cli.common import common_options, format_option, local, parse_time, session
from plaint.cli.events import print_recorded
from plaint.desk import Entry, register
from plaint.errors import UsageError
from plaint.i18n import _, pick
from plaint.model.deadlines import open_readings
from plaint.model.policy import Policy, Text


@click.command("register", help=_("Registers a complaint or report: asks for everything in a terminal; in a script, give flags and --body."))
@click.option("--channel", metavar="WORD", help=_("How it came: phone, email, online, letter, visit …"))
@click.option("--category", metavar="WORD", help=_("What it is about, in a word of the policy."))
@click.option("--received", "--at", "received", metavar="TIME", help=_("When it arrived; now if not given. The clocks start there."))
@click.option("--exclude", multiple=True, metavar="MEMBER", help=_("A member in conflict of interest, who must not open it; once for each."))
@click.option("--body", metavar="FILE", help=_("The texts to seal, as YAML: identity and report; - is standard input."))
@format_option("text", "json")
@common_options
def register_command(channel: str | None, category: str | None, received: str | None, exclude: tuple[str, ...], body: str | None, fmt: str) -> None:
    """Registers one case."""
    call = session()
    organisation = call.organisation
    zone = organisation.config.timezone
    policy = organisation.policy_in_force(call.now)
    actor = call.actor
    wizard = sys.stdin.isatty() and body is None
    if not wizard:
        for name, value in (("channel", channel), ("category", category), ("body", body)):
            if not value:
                raise UsageError(_("--{option} is missing").format(option=name), hint=_("in a terminal, plaint register asks for everything"))
    channel = _word(channel, policy.channels, _("How did it reach us?"), "--channel")
    if wizard and received is None:
        received = click.prompt(_("When did it arrive?"), default=local(call.now, zone), err=True)
    moment = parse_time(received, "--received", zone) if received else call.now
    if moment > call.now:
        raise UsageError(_("{time} is still to come").format(time=local(moment, zone)), where="--received", hint=_("say when it arrived"))
    bodies = _conversation() if wizard else read_bodies(body, "report")
    category = _word(category, policy.categories, _("What is it about?"), "--category")
    if wizard and not exclude:
        exclude = _ask_excluded(organisation.roster.active())
    entry = Entry("receive", {"channel": channel, "category": category}, bodies, moment.astimezone(zone))
    if not bodies.get("report"):
        raise UsageError(_("there is no report text"), where="--body", hint=_("write what was reported under `report:`"))
    done = register(actor, entry, exclude)
    print_recorded(done, fmt)
    if fmt == "text":
        _tell_clocks(policy, done.case)


def _word(value: str | None, words: dict[str, Text] | Any, question: str, where: str) -> str:
    if value is None:
        for word, text in words.items():
            click.echo(f"  {word:<12} {pick(text)}", err=True)
        chosen: str = click.prompt(question, type=click.Choice(list(words)), show_choices=False, err=True)
        return chosen
    if value not in words:
        raise UsageError(_("{word} is none of: {words}").format(word=value, words=", ".join(words)), where=where)
    return value


def _conversation() -> dict[str, dict[str, Any]]:
    identity: dict[str, Any] = {}
    if not click.confirm(_("Does the reporter wish to stay anonymous?"), default=False, err=True):
        identity["name"] = _optional(_("Name"))
        contact = {"phone": _optional(_("Telephone")), "email": _optional(_("Email"))}
        identity["contact"] = {k: v for k, v in contact.items() if v}
    identity["relation"] = _optional(_("Relation to us (staff, customer, supplier …)"))
    report = {
        "title": _optional(_("In one line: what happened?")),
        "when": _optional(_("When did it happen?")),
        "where": _optional(_("Where?")),
        "who": _optional(_("Who is it about?")),
        "witnesses": _optional(_("Who else knows of it?")),
        "evidence": _optional(_("Is there evidence?")),
        "earlier": _optional(_("Was it reported before, and to whom?")),
        "risks": _optional(_("Does the reporter fear any detriment?")),
        "wishes": _optional(_("What does the reporter hope for?")),
    }
    report |= ask_body("receive", "report")
    bodies = {"identity": {k: v for k, v in identity.items() if v}, "report": {k: v for k, v in report.items() if v}}
    return {c: b for c, b in bodies.items() if b}


def _optional(question: str) -> str:
    answer: str = click.prompt(question + " " + _("(empty if not known)"), default="", show_default=False, err=True)
    return answer.strip()


def _ask_excluded(members: list[str]) -> tuple[str, ...]:
    if not click.confirm(_("Is a member of staff concerned, who must not read it?"), default=False, err=True):
        return ()
    click.echo("  " + ", ".join(members), err=True)
    answer: str = click.prompt(_("Who? (member ids, with commas between)"), err=True)
    return tuple(part.strip() for part in answer.split(",") if part.strip())


def _tell_clocks(policy: Policy, case: str) -> None:
    from plaint.organisation import Organisation

    call = session()
    events = Organisation(call.organisation.repository).case(case).events
    for reading in open_readings(policy, events, call.now):
        click.echo(_("  {clock}: due {due}").format(clock=pick(reading.clock.title), due=local(reading.due, policy.timezone)))


COMMANDS = {"register": register_command}
