"""`plaint init`: makes an organisation's repository, asking in a terminal for what the flags do not say."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from plaint.cli.asking import ask, ask_word, ask_words, prepare
from plaint.cli.common import common_options, session
from plaint.errors import InputError, UsageError
from plaint.files import read_plain
from plaint.folders import config_folder
from plaint.forge.workflows import FORGES
from plaint.founding import Founding, NewMember, found, joining, new_signing_key, policy_document, valid_member_id
from plaint.i18n import LANGUAGES, _, pick, reason
from plaint.model.policy import Policy, policy_from, preset_document, preset_names
from plaint.seal.age import check_recipient, recipient_of
from plaint.seal.identity import new_identity, write_identity
from plaint.store.git import Git
from plaint.store.signing import load_signing_key

SPOKEN = {"en": "English", "zh": "中文"}


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
@click.option(
    "--members",
    "lines",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help=_("Who else is there: a file of the lines of plaint member keys, with roles."),
)
@click.option("--forge", type=click.Choice(list(FORGES)), help=_("Whose workflows to write: they tell what is late. GitHub's if not given."))
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
    lines: Path | None,
    forge: str | None,
    recovery: str | None,
) -> None:
    """Founds an organisation. Everything is asked and checked before anything is written."""
    wizard = sys.stdin.isatty()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(_("{folder} is not empty").format(folder=folder), hint=_("name a new folder"))
    if wizard:
        prepare()
        click.echo(_("A new organisation. Enter takes what stands in brackets; Ctrl-C stops, and nothing is written."), err=True)
        name = name or ask(_("What is the organisation called?"), _not_empty, folder.resolve().name)
        languages = languages or ask_words(_("In which languages does it work? (numbers, with commas between)"), SPOKEN, ",".join(LANGUAGES))
        preset = preset or ask_word(_("Which policy to begin with?"), {each: pick(preset_document(each)["title"]) for each in preset_names()}, "house")
    if preset is None:
        raise UsageError(_("--{option} is missing").format(option="preset"), hint=", ".join(preset_names()))
    ours = preset_document(preset)["calendar"]
    if wizard:
        country = country or ask(_("Whose holidays count? (CN, DE-BE …)"), lambda text: (_policy(preset, text, timezone), text)[1], ours["country"])
        timezone = timezone or ask(_("Which time zone?"), lambda text: (_policy(preset, country, text), text)[1], ours["timezone"])
    policy = _policy(preset, country, timezone)
    known = {role: pick(title) for role, title in policy.roles.items()}
    if wizard:
        founder = founder or ask(_("Your id here (small letters, as li.wei)"), valid_member_id, _own_id())
        roles = roles or ask_words(_("Your roles (numbers, with commas between)"), known, ",".join(known))
    founder = valid_member_id(founder or session().member or _own_id())
    others = [joining(line) for line in _lines(lines) if line.strip() and not line.startswith("#")]
    if wizard and lines is None:
        others = _ask_others(known)
    if wizard:
        places = {"github": "GitHub", "gitlab": "GitLab", "none": _("nowhere, or elsewhere")}
        forge = forge or ask_word(_("On which forge will it lie? It then tells what is late, without a server of yours."), places, "github")
    if recovery:
        check_recipient(recovery)
    key_path = signing_key or config_folder() / f"{founder}.signing"
    identity = identity or config_folder() / f"{founder}.age-identity"
    me = _own_keys(founder, key_path, identity, roles or tuple(policy.roles), tuple(policy.expertise), wizard=wizard)
    recovery_secret = None
    if recovery is None:
        recovery, recovery_secret = new_identity()
    chosen, title = languages or LANGUAGES, name or folder.resolve().name
    founding = Founding(dict.fromkeys(chosen, title), tuple(chosen), preset, country, timezone, None, recovery, (me, *others), forge or "github")
    repository = found(folder, founding, load_signing_key(key_path), session().now.astimezone(policy.timezone))
    Git(folder).run("config", "user.signingkey", str(key_path.resolve()))
    click.echo(_("Founded {name} in {folder}. Genesis commit: {commit}").format(name=title, folder=folder, commit=repository.head()))
    click.echo(_("  signing key   {file}").format(file=key_path))
    click.echo(_("  age identity  {file}").format(file=identity))
    if recovery_secret:
        click.secho(_("Recovery key, shown this once. Print it, lock it away, and never keep it on this machine:"), bold=True)
        click.echo(f"  {recovery_secret}")
    click.echo(_("Next: plaint member add, plaint register, plaint todo; git remote add origin URL and plaint sync bring it to a shared repository."))


def _policy(preset: str, country: str | None, timezone: str | None) -> Policy:
    """The policy as it will be; InputError where the country or time zone is none."""
    policy = policy_from(policy_document(Founding({}, (), preset, country, timezone, None, "", ())))
    policy.calendar.is_provisional(session().now.year)  # the library is asked only now whether it knows the country
    return policy


def _not_empty(text: str) -> str:
    if not text:
        raise UsageError(_("this is empty"))
    return text


def _ask_others(roles: Mapping[str, str]) -> list[NewMember]:
    """The other first members, by the lines that `plaint member keys` printed for them."""
    found: list[NewMember] = []
    click.echo(_("Who else is there already? Each runs plaint member keys and sends you the line that it prints. Others can be added at any time."), err=True)
    while True:
        member = ask(_("The line (empty to go on)"), lambda line: joining(line) if line else None, "")
        if member is None:
            return found
        chosen = member.roles or ask_words(_("{member}'s roles (numbers, with commas between)").format(member=member.id), roles)
        found.append(replace(member, roles=chosen))


def _lines(path: Path | None) -> list[str]:
    """The lines of a file, or of standard input for `-`; none where none is given."""
    if path is None:
        return []
    try:
        return (sys.stdin.buffer.read() if str(path) == "-" else read_plain(path)).decode("utf-8").splitlines()
    except UnicodeError as error:
        raise InputError(_("this is not text in UTF-8"), where=str(path)) from error
    except OSError as error:
        raise UsageError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def _own_keys(founder: str, key_path: Path, identity: Path, roles: tuple[str, ...], expertise: tuple[str, ...], *, wizard: bool) -> NewMember:
    """The founder with their keys, which are made where there are none."""
    recipient = _own_recipient(identity, wizard)
    if not key_path.exists():
        new_signing_key(key_path, founder)
    return NewMember(founder, roles, expertise, load_signing_key(key_path).public, recipient)


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
