"""`plaint register`: a conversation in a terminal, in the order people tell things; flags and `--body` in a script."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from plaint.actor import Actor
from plaint.cli import scans
from plaint.cli.asking import ask_yes
from plaint.cli.bodies import read_bodies
from plaint.cli.common import common_options, format_option, parse_time, session
from plaint.cli.conversation import Conversation
from plaint.cli.events import print_recorded
from plaint.desk import Entry, record, register
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
@click.option("--attach", multiple=True, metavar="FILE", type=click.Path(path_type=Path), help=_("A scan of the letter, or what was handed in; once for each."))
@click.option(
    "--shows-reporter/--hides-reporter",
    "shows",
    default=None,
    help=_("Whether these files show who the reporter is: then they are for the custodians alone. If not given: where the reporter gave a name."),
)
@click.option("--receipt", is_flag=True, help=_("Make a receipt for the reporter to come back with; it is shown once and kept nowhere."))
@click.option("--to-check", is_flag=True, help=_("With --receipt: let the reporter read on the site what was written down, to check it."))
@format_option("text", "json")
@common_options
def register_command(
    channel: str | None,
    category: str | None,
    received: str | None,
    exclude: tuple[str, ...],
    body: str | None,
    attach: tuple[Path, ...],
    shows: bool | None,
    receipt: bool,
    to_check: bool,
    fmt: str,
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
        given = {"channel": channel, "category": category, "received": moment, "excluded": exclude, "attach": attach, "shows": shows, "by": actor.member}
        conversation = Conversation(organisation, policy, call.now, given)
        entry, exclude = conversation.hold()
        attach, shows = conversation.files()
    else:
        bodies = read_bodies(body, "report")
        if not bodies.get("report"):
            raise UsageError(_("there is no report text"), where="--body", hint=_("write what was reported under `report:`"))
        entry = Entry("receive", {"channel": channel, "category": category}, bodies, (moment or call.now).astimezone(zone))
    if wizard and not receipt:
        receipt = ask_yes(_("Does the reporter want a receipt, to read our answers on the site and write back?"), default=False)
        to_check = receipt and ask_yes(_("Shall the reporter read on the site what was written down, to check it?"), default=False)
    if to_check and not receipt:
        raise UsageError(_("only who has a receipt can read it on the site"), where="--to-check", hint=_("give --receipt too"))
    digits = new_digits() if receipt else ""
    if digits:
        entry = _with_receipt(entry, digits)
    part = scans.part_for(entry.bodies, shows)
    if attach:
        scans.refuse(actor, organisation.policy_in_force(entry.at or call.now), entry, attach, part, call.local_now)
    done = register(actor, entry, exclude)
    actor = actor.up_to_date()
    pieces = scans.keep(actor, done.case, attach, part, entry.at or call.local_now, call.local_now) if attach else []
    if to_check:
        _let_check(actor, done.case, entry.bodies["report"], call.local_now)
    if fmt == "json":
        print_recorded(done, fmt, {**({"receipt": spoken(digits)} if digits else {}), **({"evidence": pieces} if pieces else {})})
        return
    print_recorded(done, fmt)
    scans.tell(attach, pieces, part)
    _tell_clocks(policy, done.case)
    if digits:
        click.echo(_("  receipt: {receipt}").format(receipt=spoken(digits)))
        click.echo(_("  Read it out, or give it in writing; let the reporter read it back. It is kept nowhere and cannot be shown again."))


def _with_receipt(entry: Entry, digits: str) -> Entry:
    keys = keys_of(digits)
    bodies = {**entry.bodies, "report": {**entry.bodies.get("report", {}), "receipt": keys.token_hash}}
    return replace(entry, bodies=bodies, receipt=keys.recipient)


def _let_check(actor: Actor, case: str, report: Mapping[str, Any], now: datetime) -> None:
    """Writes to the reporter what was written down from their words."""
    from plaint.cli.correcting import readable

    text = readable(report) + "\n\n" + _("If something is wrong or missing, please write back.")
    bodies = {
        "report": {"note": _("What was written down was sent to the reporter to check.")},
        "reporter": {"title": _("Please check what we wrote down"), "text": text},
    }
    record(actor, case, Entry("message", {"direction": "to-reporter"}, bodies), now)


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
