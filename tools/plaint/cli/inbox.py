"""`plaint inbox`: what reporters sent becomes cases, and messages of cases."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plaint.cli.common import common_options, format_option, parse_time, print_json, session
from plaint.errors import UsageError
from plaint.files import open_plain
from plaint.folders import config_folder, state_folder
from plaint.i18n import _, reason
from plaint.intake.inbox import Done, Inbox
from plaint.model.words import local

if TYPE_CHECKING:
    from plaint.postbox.acknowledge import Answer


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
    for path in paths:
        if not path.is_dir():
            _readable(path)
    found = []
    for done in Inbox(call.actor, call.now, category or "", moment, anyway=anyway).bring_in(paths):
        found.append(done)
        if fmt == "text":
            click.echo(_line(done.what, Path(done.file).name, done.case, done.reason))
    return _summed_up(found, fmt)


@inbox.command(
    "fetch",
    help=_(
        "Registers what lies in a mailbox (IMAP over TLS), acknowledges it by mail, and then moves each mail to another folder. Run it every few minutes. "
        "Automatic answers, notices of delivery and spam are moved to a folder of their own; what cannot be brought in stays where it is."
    ),
    epilog=_(
        "The mailbox file is YAML, outside the repository: `plaint: 1`, `imap` with `host`, `user`, `password-file` (or `token-file`), "
        "`port`, `security`, `certificates`, `folder`, `done`, `aside`; `server` as in the addresses file of plaint remind, "
        "without which nothing is acknowledged; `category`, `own`, `plus`. "
        "Without --mailbox it is mailbox.yaml in the folder of your keys. The passwords may also stand in PLAINT_IMAP_PASSWORD and PLAINT_SMTP_PASSWORD."
    ),
)
@click.option(
    "--mailbox", envvar="PLAINT_MAILBOX", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help=_("The account; outside the repository.")
)
@click.option("--folder", metavar="NAME", help=_("Another folder of the account, to bring in what was set aside there, say."))
@click.option("--anyway", is_flag=True, help=_("Bring in, too, what is set aside: automatic answers, notices of delivery, what is marked as spam."))
@click.option("--state", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help=_("Where plaint remembers what was sent."))
@format_option("text", "json")
@common_options
def fetch_command(mailbox: Path | None, folder: str | None, anyway: bool, state: Path | None, fmt: str) -> int:
    """Brings in every mail; the exit code is 1 if one was set aside, or its acknowledgement is left."""
    from dataclasses import replace

    from plaint.postbox.account import load_postbox
    from plaint.postbox.run import fetch

    call = session()
    top = call.organisation.repository.top
    ledgers = state or state_folder()
    if ledgers.resolve().is_relative_to(top.resolve()):
        raise UsageError(_("what was sent is not remembered in the repository"), where=str(ledgers), hint=_("name a folder outside: --state DIR"))
    postbox = load_postbox(mailbox or config_folder() / "mailbox.yaml", top, os.environ)
    if folder:
        postbox = replace(postbox, account=replace(postbox.account, folder=folder))
    inbox = Inbox(call.actor, call.now, postbox.category, anyway=anyway)
    found = []
    for fetched in fetch(inbox, postbox, ledgers):
        found.append(fetched)
        if fmt == "text":
            click.echo(_line(fetched.done.what, fetched.done.file, fetched.done.case, fetched.done.reason))
            if fetched.answer:
                _print_answer(fetched.done.case, fetched.answer)
    code = _summed_up([each.done for each in found], fmt, {each.done.file: each.answer for each in found if each.answer})
    return code or int(not all(each.fine for each in found))


def _summed_up(found: Sequence[Done], fmt: str, answers: Mapping[str, Answer] | None = None) -> int:
    """Prints what became of all of them; the exit code is 1 if one was set aside."""
    count = Counter(done.what for done in found)
    if fmt == "json":
        acknowledged = [
            {"case": done.case, "outcome": answers[done.file].outcome.value, "reason": answers[done.file].reason or None}
            for done in found
            if answers and done.file in answers
        ]
        print_json(
            {
                "registered": count["registered"],
                "known": count["known"],
                "set_aside": [{"file": done.file, "reason": done.reason} for done in found if done.what == "set-aside"],
                "cases": [{"file": done.file, "case": done.case, "event": done.event} for done in found if done.what == "registered"],
                **({"acknowledged": acknowledged} if answers is not None else {}),
            }
        )
    else:
        click.echo(_("registered {n}, known {known}, set aside {aside}").format(n=count["registered"], known=count["known"], aside=count["set-aside"]))
    return 1 if count["set-aside"] else 0


def _print_answer(case: str, answer: Answer) -> None:
    """One line on an acknowledgement; what somebody must see to on standard error."""
    from plaint.postbox.acknowledge import Outcome

    match answer.outcome:
        case Outcome.SENT:
            click.echo(_("case {case}: acknowledged").format(case=case))
        case Outcome.NOT:
            click.echo(_("case {case}: not acknowledged by mail: {reason}").format(case=case, reason=answer.reason))
        case Outcome.LATER:
            click.echo(_("case {case}: not acknowledged yet: {reason}. It is tried again next time.").format(case=case, reason=answer.reason), err=True)
        case Outcome.LEFT:
            text = _("case {case}: not acknowledged: {reason}. Tell the reporter yourself, then: plaint acknowledge {case}")
            click.echo(text.format(case=case, reason=answer.reason), err=True)
        case _already:
            pass


def _readable(path: Path) -> None:
    """A mistaken path is told before anything is brought in; what cannot be read in a folder is set aside."""
    try:
        open_plain(path, handed_over=False).close()
    except OSError as error:
        raise UsageError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def _line(what: str, file: str, case: str, why: str) -> str:
    if what == "registered":
        return _("{file}: registered in case {case}").format(file=file, case=case)
    if what == "known":
        return _("{file}: known already").format(file=file)
    return _("{file}: set aside: {reason}").format(file=file, reason=why)


COMMANDS = {"inbox": inbox}
