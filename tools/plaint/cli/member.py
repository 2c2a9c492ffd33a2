"""`plaint member`: who is here, with which roles and keys."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from plaint.actor import Actor, config_folder
from plaint.cli.common import common_options, format_option, print_json, session, table
from plaint.errors import NotAllowedError, UsageError
from plaint.founding import NewMember, member_record, new_signing_key, valid_member_id, valid_public_key
from plaint.i18n import _, listed, pick
from plaint.model.lint_people import against_people
from plaint.model.record import Event, append, new_event_id, parse
from plaint.model.roster import Roster
from plaint.model.schema import check_record
from plaint.organisation import Organisation


@click.group("member", help=_("Members, their roles and keys."))
def member() -> None:
    """See `help` above."""


@member.command("list", help=_("Who is a member."))
@click.option("--all", "everyone", is_flag=True, help=_("Also those who left."))
@format_option("text", "json")
@common_options
def list_members(everyone: bool, fmt: str) -> None:
    """Prints one line a member."""
    call = session()
    organisation = call.organisation
    roster = organisation.roster
    policy = organisation.policy_in_force(call.now)
    found = sorted(roster.members) if everyone else roster.active()
    if fmt == "json":
        print_json(
            [
                {"member": m, "roles": sorted(now.roles), "expertise": sorted(now.expertise), "signing": list(now.signing), "recipient": now.recipient}
                for m in found
                if (now := roster.members[m][-1])
            ]
        )
        return
    rows = []
    for each in found:
        now = roster.members[each][-1]
        roles = listed(pick(policy.roles[r]) if r in policy.roles else r for r in sorted(now.roles)) or _("left")
        fields = listed(pick(policy.expertise[e]) if e in policy.expertise else e for e in sorted(now.expertise))
        rows.append((each, roles, fields))
    table(rows, (_("member"), _("roles"), _("expertise")))


@member.command("keys", help=_("Makes your own signing key and age identity, and prints what to send to the steward."))
@click.argument("member_id", metavar="ID")
@common_options
def keys(member_id: str) -> None:
    """Makes a new member's keys, on their own machine."""
    from plaint.seal.identity import new_identity, write_identity
    from plaint.store.signing import load_signing_key

    valid_member_id(member_id)
    here = config_folder()
    here.mkdir(parents=True, exist_ok=True)
    passphrase = os.environ.get("PLAINT_PASSPHRASE")
    if passphrase is None and sys.stdin.isatty():
        passphrase = click.prompt(_("A passphrase for your age identity"), hide_input=True, confirmation_prompt=True, err=True)
    if not passphrase:
        raise UsageError(_("an age identity needs a passphrase"), hint=_("set PLAINT_PASSPHRASE or run this in a terminal"))
    recipient, secret = new_identity()
    write_identity(here / f"{member_id}.age-identity", secret, passphrase)
    signing = here / f"{member_id}.signing"
    if not signing.exists():
        new_signing_key(signing, member_id)
    public = load_signing_key(signing).public
    click.echo(_("Send this line to the steward; it holds nothing secret:"), err=True)
    click.echo(f'plaint member add {member_id} --signing-key "{public}" --recipient {recipient} --role …')


@member.command("add", help=_("Takes somebody on. Their keys come from `plaint member keys`, run by themselves."))
@click.argument("member_id", metavar="ID")
@click.option("--role", "roles", multiple=True, required=True, help=_("A role; once for each."))
@click.option("--expertise", multiple=True, help=_("A field they know; once for each."))
@click.option("--signing-key", required=True, metavar="KEY", help=_("Their SSH public key, or the file it is in."))
@click.option("--recipient", required=True, metavar="AGE", help=_("Their age recipient, age1…"))
@common_options
def add(member_id: str, roles: tuple[str, ...], expertise: tuple[str, ...], signing_key: str, recipient: str) -> None:
    """Writes a member's record."""
    from plaint.seal.age import check_recipient

    valid_member_id(member_id)
    call = session()
    organisation = call.organisation
    if organisation.roster.now(member_id):
        raise UsageError(_("{member} is a member already").format(member=member_id), hint=_("plaint member roles or rotate changes what they have"))
    if member_id in organisation.roster.members:
        raise UsageError(_("{member} was a member and has left").format(member=member_id), hint=_("who comes back joins under a new id, with new keys"))
    _known(organisation, call.now, roles, expertise)
    joining = NewMember(member_id, roles, expertise, _public_key(signing_key), check_recipient(recipient))
    _unused(organisation, joining.signing, recipient)
    _commit(call.actor, f"members/{member_id}.yaml", member_record(joining, call.actor.member, call.local_now), f"join: {member_id}")
    click.echo(_("{member} is a member. Who can open a case lets them in with plaint grant, or plaint rekey --all.").format(member=member_id))


@member.command("roles", help=_("Changes a member's roles and fields."))
@click.argument("member_id", metavar="ID")
@click.option("--role", "roles", multiple=True, required=True, help=_("A role; once for each. These take the place of the old ones."))
@click.option("--expertise", multiple=True, help=_("A field they know; once for each."))
@common_options
def change_roles(member_id: str, roles: tuple[str, ...], expertise: tuple[str, ...]) -> None:
    """Appends a roles event."""
    call = session()
    _known(call.organisation, call.now, roles, expertise)
    _warn_of_gaps(call.actor, member_id, frozenset(roles))
    codes: dict[str, Any] = {"roles": list(roles)} | ({"expertise": list(expertise)} if expertise else {})
    _append(call.actor, member_id, _event(call.actor, "roles", codes))
    click.echo(_("{member} has new roles. plaint rekey --all brings the keyrings in line.").format(member=member_id))


@member.command("rotate", help=_("Gives a member new keys, as after a lost laptop."))
@click.argument("member_id", metavar="ID")
@click.option("--signing-key", metavar="KEY", help=_("The new SSH public key, or the file it is in."))
@click.option("--recipient", metavar="AGE", help=_("The new age recipient, age1…"))
@common_options
def rotate(member_id: str, signing_key: str | None, recipient: str | None) -> None:
    """Appends a rotate event; one's own, or by a steward."""
    from plaint.seal.age import check_recipient

    call = session()
    codes: dict[str, Any] = {}
    if signing_key:
        codes["signing"] = [_public_key(signing_key)]
    if recipient:
        codes["recipient"] = check_recipient(recipient)
    if not codes:
        raise UsageError(_("nothing to change"), hint=_("give --signing-key or --recipient"))
    _unused(call.organisation, *codes.get("signing", ()), codes.get("recipient", ""))
    _append(call.actor, member_id, _event(call.actor, "rotate", codes), own=True)
    click.echo(_("{member} has new keys. plaint rekey --all by those who can open the cases lets the new one in.").format(member=member_id))


@member.command("leave", help=_("Somebody leaves: from now on their keys count for nothing, and keyrings are sealed without them."))
@click.argument("member_id", metavar="ID")
@common_options
def leave(member_id: str) -> None:
    """Appends a leave event, then seals anew every keyring that the actor can open."""
    from plaint.desk import rekey_many

    call = session()
    if member_id == call.actor.member:
        raise UsageError(_("nobody signs their own leaving"), hint=_("another steward does it"))
    identity_is_there = call.actor.identity  # asked for first: without it the keyrings could not be sealed anew
    _warn_of_gaps(call.actor, member_id, frozenset())
    _append(call.actor, member_id, _event(call.actor, "leave", {}))
    organisation = Organisation(call.organisation.repository)
    actor = Actor.find(organisation, call.actor.member, lambda _file: "")
    actor.__dict__["identity"] = identity_is_there
    done = rekey_many(actor, sorted(organisation.case_paths), call.local_now)
    click.echo(
        _("{member} left. {n} of {all} keyrings sealed anew; for the others, somebody who can open them runs plaint rekey --all.").format(
            member=member_id, n=len(done), all=len(organisation.case_paths)
        )
    )
    click.echo(_("What they opened before cannot be unread."), err=True)


def _event(actor: Actor, kind: str, codes: dict[str, Any]) -> Event:
    return Event(kind, new_event_id(), session().local_now, actor.member, codes, {})


def _append(actor: Actor, member_id: str, event: Event, *, own: bool = False) -> None:
    path = f"members/{member_id}.yaml"
    old = actor.organisation.repository.read(path)
    if old is None or not actor.organisation.roster.now(member_id):
        raise UsageError(_("{member} is no member of this organisation").format(member=member_id), hint=_("plaint member list shows who is"))
    _commit(actor, path, append(old, event), f"{event.kind}: {member_id}", allow=own and member_id == actor.member)


def _commit(actor: Actor, path: str, data: bytes, subject: str, *, allow: bool = False) -> None:
    organisation = actor.organisation
    if not allow:
        _may_change(actor)
    check_record(parse(data, path))
    repository = organisation.repository
    with repository.lock():
        repository.commit({path: data}, f"{subject}\n", actor.signing_key, actor.member, base=organisation.revision)


def _may_change(actor: Actor) -> None:
    """NotAllowedError unless the actor may change members."""
    policy = actor.organisation.policy_in_force(session().now)
    membership = actor.organisation.roster.now(actor.member)
    if not (membership and membership.roles & set(policy.stewards)):
        roles = listed(pick(policy.roles[r]) for r in policy.stewards)
        raise NotAllowedError(_("{member} may not change members: it takes the role {roles}").format(member=actor.member, roles=roles))


def _warn_of_gaps(actor: Actor, member_id: str, roles: frozenset[str]) -> None:
    """Says what nobody can do any more once the member has these roles alone; NotAllowedError where nobody could mend it."""
    _may_change(actor)
    policy, roster = actor.organisation.policy_in_force(session().now), actor.organisation.roster
    current = roster.now(member_id)
    if current is None:
        return  # told of by those who append
    after = Roster({**roster.members, member_id: (*roster.members[member_id], replace(current, roles=roles))})
    if not after.with_roles(policy.stewards):
        names = listed(pick(policy.roles[r]) for r in policy.stewards)
        raise NotAllowedError(_("nobody would be left who may change the members"), hint=_("give somebody else the role first: {roles}").format(roles=names))
    before = set(against_people(policy, roster))
    for code, message in against_people(policy, after):
        if (code, message) not in before:
            click.echo(_("warning: {message}").format(message=message), err=True)


def _known(organisation: Organisation, now: Any, roles: tuple[str, ...], expertise: tuple[str, ...]) -> None:
    policy = organisation.policy_in_force(now)
    for given, known, option in ((roles, policy.roles, "--role"), (expertise, policy.expertise, "--expertise")):
        for word in given:
            if word not in known:
                raise UsageError(_("{word} is none of: {words}").format(word=word, words=", ".join(known)), where=option)


def _unused(organisation: Organisation, *keys: str) -> None:
    for other in organisation.roster.active():
        now = organisation.roster.now(other)
        if now and {*now.signing, now.recipient} & {" ".join(k.split()[:2]) for k in keys if k}:
            raise UsageError(_("this key is {member}'s").format(member=other), hint=_("each member has keys of their own"))


def _public_key(given: str) -> str:
    path = Path(given)
    text = path.read_text(encoding="utf-8").strip() if not given.startswith(("ssh-", "sk-", "ecdsa-")) and path.is_file() else given.strip()
    return valid_public_key(text)


COMMANDS = {"member": member}
