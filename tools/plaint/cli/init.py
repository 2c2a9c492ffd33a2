"""`plaint init`: makes an organisation's repository, asking in a terminal for what the flags do not say."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from plaint.actor import config_folder
from plaint.cli.common import common_options, session
from plaint.errors import UsageError
from plaint.founding import Founding, NewMember, found, new_signing_key, policy_document, valid_member_id
from plaint.i18n import LANGUAGES, _
from plaint.model.policy import policy_from, preset_names
from plaint.seal.age import recipient_of
from plaint.seal.identity import new_identity, write_identity
from plaint.store.git import Git
from plaint.store.signing import load_signing_key


@click.command("init", help=_("Makes an organisation's repository in DIR, ready to push. You become its first member."))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--preset", type=click.Choice(preset_names()), help=_("The handling policy to begin with."))
@click.option("--name", help=_("The organisation's name."))
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help=_("A language of the organisation; once for each."))
@click.option("--country", metavar="CODE", help=_("Whose holidays count, as CN or DE-BE; the preset's if not given."))
@click.option("--timezone", metavar="ZONE", help=_("As Asia/Shanghai; the preset's if not given."))
@click.option("--member", "founder", metavar="ID", help=_("Your id as its first member, as li.wei."))
@click.option("--role", "roles", multiple=True, help=_("Your roles; all of them if not given, to begin with."))
@click.option("--signing-key", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_("Your SSH key; a new one if not given."))
@click.option("--identity", metavar="FILE", type=click.Path(path_type=Path), help=_("Where your age identity is, or is to be written."))
@click.option("--recovery", metavar="RECIPIENT", help=_("The age recipient of a recovery key you already hold; otherwise one is made and shown once."))
@common_options
def init(
    folder: Path,
    preset: str | None,
    name: str | None,
    languages: tuple[str, ...],
    country: str | None,
    timezone: str | None,
    founder: str | None,
    roles: tuple[str, ...],
    signing_key: Path | None,
    identity: Path | None,
    recovery: str | None,
) -> None:
    """Founds an organisation."""
    ask = sys.stdin.isatty()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(_("{folder} is not empty").format(folder=folder), hint=_("name a new folder"))
    if ask:
        name = name or click.prompt(_("What is the organisation called?"), err=True)
        preset = preset or click.prompt(_("Which policy to begin with?"), type=click.Choice(preset_names()), default="house", err=True)
        founder = founder or click.prompt(_("Your id here (small letters, as li.wei)"), default=_own_id(), err=True)
    if preset is None:
        raise UsageError(_("--{option} is missing").format(option="preset"), hint=", ".join(preset_names()))
    founder = valid_member_id(founder or session().member or _own_id())
    chosen = languages or LANGUAGES
    title = name or folder.resolve().name
    here = config_folder()
    key_path = signing_key or here / f"{founder}.signing"
    if signing_key is None and not key_path.exists():
        new_signing_key(key_path, founder)
    key = load_signing_key(key_path)
    identity = identity or here / f"{founder}.age-identity"
    recipient = _own_recipient(identity, ask)
    recovery_secret = None
    if recovery is None:
        recovery, recovery_secret = new_identity()
    base = Founding(dict.fromkeys(chosen, title), tuple(chosen), preset, country, timezone, None, recovery, ())
    policy = policy_from(policy_document(base))
    me = NewMember(founder, roles or tuple(policy.roles), tuple(policy.expertise), key.public, recipient)
    repository = found(
        folder, Founding(base.name, base.languages, preset, country, timezone, None, recovery, (me,)), key, session().now.astimezone(policy.timezone)
    )
    Git(folder).run("config", "user.signingkey", str(key_path.resolve()))
    click.echo(_("Founded {name} in {folder}. Genesis commit: {commit}").format(name=title, folder=folder, commit=repository.head()))
    click.echo(_("  signing key   {file}").format(file=key_path))
    click.echo(_("  age identity  {file}").format(file=identity))
    if recovery_secret:
        click.secho(_("Recovery key, shown this once. Print it, lock it away, and never keep it on this machine:"), bold=True)
        click.echo(f"  {recovery_secret}")
    click.echo(_("Next: plaint member add, plaint register, plaint todo; push it with git push and git push origin 'refs/plaint/*:refs/plaint/*'."))


def _own_id() -> str:
    name = os.environ.get("USER") or os.environ.get("USERNAME") or "founder"
    parts = re.findall(r"[a-z0-9]+", name.lower())
    joined = ".".join(parts) or "founder"
    return joined if joined[0].isalpha() else f"m{joined}"


def _own_recipient(path: Path, ask: bool) -> str:
    from plaint.cli.common import ask_passphrase
    from plaint.seal.identity import load_identity

    if path.exists():
        return recipient_of(load_identity(path, lambda: ask_passphrase(str(path))))
    passphrase = os.environ.get("PLAINT_PASSPHRASE")
    if passphrase is None and ask:
        passphrase = click.prompt(_("A passphrase for your age identity"), hide_input=True, confirmation_prompt=True, err=True)
    if not passphrase:
        click.echo(_("warning: {file} has no passphrase; set PLAINT_PASSPHRASE or run plaint init in a terminal").format(file=path), err=True)
    recipient, secret = new_identity()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_identity(path, secret, passphrase or None)
    return recipient


COMMANDS = {"init": init}
