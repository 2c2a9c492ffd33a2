"""`plaint register`: a conversation in a terminal, in the order people tell things; flags and `--body` in a script."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

import click

from plaint.actor import Actor
from plaint.cli.asking import ask_yes
from plaint.cli.bodies import read_bodies
from plaint.cli.common import common_options, format_option, parse_time, session
from plaint.cli.conversation import Conversation
from plaint.cli.events import print_recorded
from plaint.desk import Entry, register
from plaint.errors import NotAllowedError, UsageError
from plaint.i18n import _, pick
from plaint.model.deadlines import open_readings
from plaint.model.legality import Ground, refusals
from plaint.model.machine import CaseState
from plaint.model.policy import Policy, Text
from plaint.model.record import Event, new_event_id
from plaint.model.words import local
from plaint.seal.receipt import keys_of, new_digits, spoken


@click.command("register", help=_("Registers a complaint or report: asks for everything in a terminal; in a script, give flags and --body."))
@click.option("--channel", metavar="WORD", help=_("How it came: phone, email, online, letter, visit …"))
@click.option("--category", metavar="WORD", help=_("What it is about, in a word of the policy."))
@click.option("--received", "--at", "received", metavar="TIME", help=_("When it arrived; now if not given. The clocks start there."))
@click.option("--exclude", multiple=True, metavar="MEMBER", help=_("A member in conflict of interest, who must not open it; once for each."))
@click.option("--body", metavar="FILE", help=_("The texts to seal, as YAML: identity and report; - is standard input."))
@click.option("--receipt", is_flag=True, help=_("Make a receipt for the reporter to come back with; it is shown once and kept nowhere."))
@format_option("text", "json")
@common_options
def register_command(
    channel: str | None, category: str | None, received: str | None, exclude: tuple[str, ...], body: str | None, receipt: bool, fmt: str
) -> None:
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
    _known(channel, policy.channels, "--channel")
    _known(category, policy.categories, "--category")
    moment = parse_time(received, "--received", zone) if received else None
    if moment and moment > call.now:
        raise UsageError(_("{time} is still to come").format(time=local(moment, zone)), where="--received", hint=_("say when it arrived"))
    if wizard:
        _may_register(actor, policy)
        given = {"channel": channel, "category": category, "received": moment, "excluded": exclude, "by": actor.member}
        entry, exclude = Conversation(organisation, policy, call.now, given).hold()
    else:
        bodies = read_bodies(body, "report")
        if not bodies.get("report"):
            raise UsageError(_("there is no report text"), where="--body", hint=_("write what was reported under `report:`"))
        entry = Entry("receive", {"channel": channel, "category": category}, bodies, (moment or call.now).astimezone(zone))
    if wizard and not receipt:
        receipt = ask_yes(_("Does the reporter want a receipt, to read our answers on the site and write back?"), default=False)
    digits = new_digits() if receipt else ""
    if digits:
        entry = _with_receipt(entry, digits)
    done = register(actor, entry, exclude)
    if fmt == "json":
        print_recorded(done, fmt, {"receipt": spoken(digits)} if digits else {})
        return
    print_recorded(done, fmt)
    _tell_clocks(policy, done.case)
    if digits:
        click.echo(_("  receipt: {receipt}").format(receipt=spoken(digits)))
        click.echo(_("  Read it out, or give it in writing; let the reporter read it back. It is kept nowhere and cannot be shown again."))


def _with_receipt(entry: Entry, digits: str) -> Entry:
    keys = keys_of(digits)
    bodies = {**entry.bodies, "report": {**entry.bodies.get("report", {}), "receipt": keys.token_hash}}
    return replace(entry, bodies=bodies, receipt=keys.recipient)


def _known(value: str | None, words: Mapping[str, Text], where: str) -> None:
    if value is not None and value not in words:
        raise UsageError(_("{word} is none of: {words}").format(word=value, words=", ".join(words)), where=where)


def _may_register(actor: Actor, policy: Policy) -> None:
    """Before anything is asked: does this person hold the role and the key for it?"""
    call = session()
    event = Event("receive", new_event_id(), call.now, actor.member, {}, {})
    for refusal in refusals(policy, CaseState(), event, actor.organisation.roster):
        if refusal.code in {Ground.ROLE, Ground.STRANGER}:
            raise NotAllowedError(str(refusal))
    _key = actor.signing_key


def _tell_clocks(policy: Policy, case: str) -> None:
    from plaint.organisation import Organisation

    call = session()
    events = Organisation(call.organisation.repository).case(case).events
    for reading in open_readings(policy, events, call.now):
        click.echo(_("  {clock}: due {due}").format(clock=pick(reading.clock.title), due=local(reading.due, policy.timezone)))


COMMANDS = {"register": register_command}
