"""`plaint inbox`: what reporters sent becomes cases, and messages of cases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from plaint.cli.common import common_options, format_option, parse_time, print_json, session
from plaint.errors import UsageError
from plaint.i18n import _
from plaint.intake.inbox import Inbox
from plaint.model.words import local


@click.group("inbox", help=_("What reporters sent: new reports become cases, answers become messages of their cases."))
@common_options
def inbox() -> None:
    """See `help` above."""


@inbox.command(
    "import",
    help=_(
        "Registers mail (.eml, .msg, mbox, Maildir) and the sealed files of the site's pages, one case for each; an answer becomes a message of its case. "
        "Safe to run twice. What cannot be brought in is set aside with the reason, and stays where it is."
    ),
)
@click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--received", metavar="TIME", help=_("When they arrived; the files' own time if not given. The clocks start there."))
@click.option("--category", metavar="WORD", help=_("What it is about, where the reporter's own word will not do. Mail has none, and is other."))
@click.option("--anyway", is_flag=True, help=_("Bring in, too, what is set aside: automatic answers, notices of delivery, what is marked as spam."))
@format_option("text", "json")
@common_options
def import_command(paths: tuple[Path, ...], received: str | None, category: str | None, anyway: bool, fmt: str) -> int:
    """Brings in every file; the exit code is 1 if one was set aside."""
    call = session()
    organisation = call.organisation
    zone = organisation.config.timezone
    moment = parse_time(received, "--received", zone) if received else None
    if moment and moment > call.now:
        raise UsageError(_("{time} is still to come").format(time=local(moment, zone)), where="--received", hint=_("say when it arrived"))
    words = organisation.policy_in_force(call.now).categories
    if category and category not in words:
        raise UsageError(_("{word} is none of: {words}").format(word=category, words=", ".join(words)), where="--category")
    found = []
    for done in Inbox(call.actor, call.now, category or "", moment, anyway=anyway).bring_in(paths):
        found.append(done)
        if fmt == "text":
            click.echo(_line(done.what, Path(done.file).name, done.case, done.reason))
    count = Counter(done.what for done in found)
    if fmt == "json":
        print_json(
            {
                "registered": count["registered"],
                "known": count["known"],
                "set_aside": [{"file": done.file, "reason": done.reason} for done in found if done.what == "set-aside"],
                "cases": [{"file": done.file, "case": done.case, "event": done.event} for done in found if done.what == "registered"],
            }
        )
    else:
        click.echo(_("registered {n}, known {known}, set aside {aside}").format(n=count["registered"], known=count["known"], aside=count["set-aside"]))
    return 1 if count["set-aside"] else 0


def _line(what: str, file: str, case: str, why: str) -> str:
    if what == "registered":
        return _("{file}: registered in case {case}").format(file=file, case=case)
    if what == "known":
        return _("{file}: known already").format(file=file)
    return _("{file}: set aside: {reason}").format(file=file, reason=why)


COMMANDS = {"inbox": inbox}
