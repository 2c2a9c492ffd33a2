"""`plaint remind`: mail each member what is due to them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import UsageError
from plaint.folders import config_folder, state_folder
from plaint.i18n import _, ngettext

if TYPE_CHECKING:
    from email.message import EmailMessage

    from plaint.remind.run import Result

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "remind",
    help=_("Mail each member what is due to them, once, and supervisors what stays late, as the policy says. Run it every hour or morning."),
    epilog=_(
        "The addresses file is YAML: `plaint: 1`, `members: {li.wei: {address: li.wei@example.org, language: zh}}` and, if you like, "
        "`server: {…}` with `host`, `port`, `security`, `user`, `password-file`, `certificates`, `from`. Without --addresses it is addresses.yaml in the folder of your keys. "
        "The password may also stand in PLAINT_SMTP_PASSWORD."
    ),
)
@click.option("--dry-run", is_flag=True, help=_("Print the mails that would be sent, and send none."))
@click.option("--addresses", envvar="PLAINT_ADDRESSES", metavar="FILE", type=FILE, help=_("Where everybody is written to; outside the repository."))
@click.option("--smtp", envvar="PLAINT_SMTP", metavar="HOST[:PORT]", help=_("The mail server."))
@click.option(
    "--security",
    envvar="PLAINT_SMTP_SECURITY",
    type=click.Choice(["starttls", "tls", "plain"]),
    help=_("starttls (port 587, what is meant otherwise), tls (465), or plain, to this machine itself only."),
)
@click.option("--user", envvar="PLAINT_SMTP_USER", metavar="NAME", help=_("Who logs in at the mail server."))
@click.option("--password-file", envvar="PLAINT_SMTP_PASSWORD_FILE", metavar="FILE", type=FILE, help=_("A file with the password in its first line."))
@click.option("--from", "sender", envvar="PLAINT_SMTP_FROM", metavar="ADDRESS", help=_("The address that the mails come from."))
@click.option("--state", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help=_("Where plaint remembers what was sent."))
@format_option("text", "json")
@common_options
@click.pass_context
def remind(
    context: click.Context,
    dry_run: bool,
    addresses: Path | None,
    smtp: str | None,
    security: str | None,
    user: str | None,
    password_file: Path | None,
    sender: str | None,
    state: Path | None,
    fmt: str,
) -> None:
    """Prints what became of each mail; exits with 1 where one could not be sent."""
    from plaint.remind.addresses import Security, checked_address, load_addresses, overlaid, settle
    from plaint.remind.run import FAILED, Outcome, Round, rehearse, send

    call = session()
    organisation = call.organisation
    root = organisation.repository.top
    book = load_addresses(addresses or config_folder() / "addresses.yaml", root, named=addresses is not None)
    folder = state or state_folder()
    if folder.resolve().is_relative_to(root.resolve()):
        raise UsageError(_("what was sent is not remembered in the repository"), where=str(folder), hint=_("name a folder outside: --state DIR"))
    given = {
        "security": Security(security) if security else None,
        "user": user,
        "password_file": str(password_file or ""),
        "sender": checked_address(sender) if sender else "",
    }
    server = overlaid(book.server, address=smtp, **given)
    if not dry_run:
        server = settle(server, os.environ)
    this = Round(organisation, call.now, book.members, server.sender or "plaint@plaint.invalid")
    results = []
    for result in rehearse(this, folder) if dry_run else send(this, server, folder):
        results.append(result)
        if fmt == "text":
            if result.outcome is Outcome.PLANNED and result.message:
                _print_mail(result.message)
            _print_outcome(result)
    if fmt == "json":
        print_json([_plain(result) for result in results if result.outcome is not Outcome.VOID])
    else:
        done = sum(result.outcome in {Outcome.SENT, Outcome.PLANNED} for result in results)
        if dry_run:
            click.secho(ngettext("{n} mail would be sent.", "{n} mails would be sent.", done).format(n=done), bold=True)
        else:
            click.secho(ngettext("{n} mail sent.", "{n} mails sent.", done).format(n=done), bold=True)
    context.exit(1 if any(result.outcome in FAILED for result in results) else 0)


def _print_mail(message: EmailMessage) -> None:
    """A mail that would be sent."""
    for name in ("To", "Subject", "Message-ID"):
        click.echo(f"{name}: {message[name]}")
    text = message.get_content().replace("\r\n", "\n")  # as base64 carries lines through the mail
    click.echo(f"\n{text}")


def _print_outcome(result: Result) -> None:
    """One line; what went wrong on standard error."""
    from plaint.remind.letter import subject
    from plaint.remind.run import Outcome

    member, about = result.mail.intent.member, subject(result.mail)
    match result.outcome:
        case Outcome.SENT:
            click.echo(_("{member}: sent: {about}").format(member=member, about=about))
        case Outcome.REFUSED:
            click.echo(_("{member}: not sent: {reply}. It is tried again next time.").format(member=member, reply=result.reply), err=True)
        case Outcome.UNKNOWN:
            text = _("{member}: perhaps sent: {reply}. It is sent again next time, with the same Message-ID.")
            click.echo(text.format(member=member, reply=result.reply), err=True)
        case Outcome.NO_ADDRESS:
            click.echo(_("{member}: not sent, for there is no address: {about}").format(member=member, about=about), err=True)
        case _other:
            pass  # nothing of it holds any more; or it has been shown


def _plain(result: Result) -> dict[str, Any]:
    intent = result.mail.intent
    return {
        "member": intent.member,
        "outcome": result.outcome.value,
        "message-id": intent.id,
        "things": [thing._asdict() for thing in intent.things],
        "reply": result.reply or None,
    }


COMMANDS = {"remind": remind}
