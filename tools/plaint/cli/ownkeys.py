"""`plaint member keys`: one's own signing key and age identity, made where they stay."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from plaint.cli.common import ask_passphrase, common_options, session
from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.folders import config_folder
from plaint.founding import new_signing_key, valid_member_id
from plaint.i18n import _


@click.command("keys", help=_("Makes your own signing key and age identity, and prints what to send to the steward. Where they are already, prints it again."))
@click.argument("member_id", metavar="ID")
@click.option("--again", is_flag=True, help=_("You are a member already (a clone knows): prints the line that puts these keys in the place of the old ones."))
@common_options
def keys(member_id: str, again: bool) -> None:
    """Makes what is missing of a member's keys, on their own machine; the line leaves out what their record has already."""
    from plaint.store.signing import load_signing_key

    valid_member_id(member_id)
    on_record = _on_record(member_id)
    here = config_folder()
    here.mkdir(parents=True, exist_ok=True)
    signing = here / f"{member_id}.signing"
    complete = signing.exists() and (here / f"{member_id}.age-identity").exists()
    recipient = _recipient(here / f"{member_id}.age-identity")
    if not signing.exists():
        new_signing_key(signing, member_id)
    public = load_signing_key(signing).public
    new = [*(["--signing-key", f'"{public}"'] if public not in on_record else []), *(["--recipient", recipient] if recipient not in on_record else [])]
    if not new:
        raise UsageError(
            _("{member}'s record has these keys already").format(member=member_id), where=str(here), hint=_("to make new ones, move the old away first")
        )
    if complete:
        click.echo(_("Nothing new was made: both keys were here already."), err=True)
    click.echo(_("Send this line to the steward; it holds nothing secret:"), err=True)
    if again or on_record:
        click.echo(" ".join(["plaint", "member", "rotate", member_id, *new]))
        click.echo(_("Once that is recorded, in your clone: git config user.signingkey {file}, then plaint sync.").format(file=signing), err=True)
        return
    click.echo(f'plaint member add {member_id} --signing-key "{public}" --recipient {recipient} --role …')
    click.echo(_("Once you are a member, in your clone: git config user.signingkey {file}, then plaint sync.").format(file=signing), err=True)


def _on_record(member_id: str) -> set[str]:
    """The public keys of a member of the organisation around this folder; none of a stranger, or where there is no organisation."""
    try:
        now = session().organisation.roster.now(member_id)
    except EnvironmentFaultError:
        return set()
    return {*now.signing, now.recipient} if now else set()


def _recipient(file: Path) -> str:
    """The recipient of the identity that is there, or of a new one."""
    from plaint.seal.age import recipient_of
    from plaint.seal.identity import load_identity, new_identity, write_identity

    if file.exists():
        try:
            return recipient_of(load_identity(file, lambda: ask_passphrase(str(file))))
        except InputError as error:
            raise InputError(error.what, where=str(file), hint=_("to make new ones, move the old away first")) from error
    passphrase = os.environ.get("PLAINT_PASSPHRASE")
    if passphrase is None and sys.stdin.isatty():
        passphrase = click.prompt(_("A passphrase for your age identity"), hide_input=True, confirmation_prompt=True, err=True)
    if not passphrase:
        raise UsageError(_("an age identity needs a passphrase"), hint=_("set PLAINT_PASSPHRASE or run this in a terminal"))
    recipient, secret = new_identity()
    write_identity(file, secret, passphrase)
    return recipient
