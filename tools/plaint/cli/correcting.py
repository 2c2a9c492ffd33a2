"""The conversation that corrects what was written down: the reporter hears it, says what is wrong, and each field is put right.

What stands is the event's text with every correction of it since; the record keeps all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from plaint.actor import Actor
from plaint.cli.asking import ask_text, ask_word, prepare
from plaint.cli.conversation import asked
from plaint.errors import NotAllowedError
from plaint.i18n import _
from plaint.model.record import Record
from plaint.opening import open_case

PART, DONE = "report", "done"


def fields() -> dict[str, str]:
    """The fields of a report that a person fills in, and what people call them."""
    return {**{name: label for name, label, _question in asked()}, "narrative": _("The whole story"), "reply": _("Message"), "note": _("Note")}


def readable(body: Mapping[str, Any]) -> str:
    """What was written down, to be read to somebody or by them."""
    return "\n".join(f"{label}: {body[name]}".rstrip() for name, label in fields().items() if body.get(name))


def standing(actor: Actor, record: Record, event: str) -> Mapping[str, str]:
    """What was reported in an event, as it stands after its corrections; NotAllowedError where the actor cannot open it."""
    found: dict[str, str] = {}
    opened = False
    for each, _part, body in open_case(actor, record, PART):
        opened = True
        if each.id == event or (each.kind == "correct" and each.codes.get("corrects") == event):
            found |= {name: body[name] for name in fields() if body.get(name)}
    if not opened:
        raise NotAllowedError(_("{member} cannot open {compartment} of case {case}").format(member=actor.member, compartment=PART, case=record.id))
    return found


def converse(actor: Actor, record: Record, event: str) -> dict[str, dict[str, Any]]:
    """Shows what stands, asks what is wrong until nothing is, and gives the bodies to record."""
    prepare()
    before = standing(actor, record, event)
    changed: dict[str, str] = {}
    click.echo(_("Read to the reporter what was written down:"), err=True)
    while True:
        now = {**before, **changed}
        click.echo(readable(now), err=True)
        choices = {DONE: _("it is right as it stands"), **fields()}
        field = ask_word(_("What is to be corrected?"), choices, DONE)
        if field == DONE:
            break
        changed[field] = ask_text(fields()[field], "correct", now.get(field, "")).removesuffix("\n")
    if not changed:
        return {PART: {"note": _("Read to the reporter, who agreed to it.")}}
    return {PART: {**changed, **({} if "note" in changed else {"note": _("Corrected as the reporter said, and read to them.")})}}
