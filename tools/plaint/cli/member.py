"""`plaint member`: who is here, with which roles and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click

from plaint.actor import Actor
from plaint.cli.common import common_options, format_option, print_json, session, table
from plaint.cli.ownkeys import keys
from plaint.errors import NotAllowedError, UsageError
from plaint.founding import NewMember, member_record, valid_member_id, valid_public_key
from plaint.i18n import _, listed, ngettext, pick
from plaint.model.lint_people import against_people
from plaint.model.policy import Policy
from plaint.model.record import Event, append, new_event_id, parse
from plaint.model.roster import Membership, Proposal, Roster
from plaint.model.schema import check_record
from plaint.organisation import Organisation


@click.group("member", help=_("Members, their roles and keys."))
def member() -> None:
    """See `help` above."""


@member.command("list", help=_("Who is a member, and what waits for approval."))
@click.option("--all", "everyone", is_flag=True, help=_("Also those who left."))
@format_option("text", "json")
@common_options
def list_members(everyone: bool, fmt: str) -> None:
    """Prints one line a member, and one for each change that waits."""
    call = session()
    organisation = call.organisation
    roster = organisation.roster
    policy = organisation.policy_in_force(call.now)
    found = sorted({*(roster.members if everyone else roster.active()), *roster.waiting})
    if fmt == "json":
        print_json([_plain(each, roster) for each in found])
        return
    rows = []
    for each in found:
        if each in roster.members:
            now = roster.members[each][-1]
            rows.append((each, _roles(policy, now.roles) or _("left"), _fields(policy, now.expertise), ""))
        rows += [_waiting(policy, each, proposal) for proposal in roster.waiting.get(each, ())]
    header = _("member"), _("roles"), _("expertise"), *([_("waits for approval")] if roster.waiting else [])
    table([row[: len(header)] for row in rows], header)


def _plain(member_id: str, roster: Roster) -> dict[str, Any]:
    now = roster.members[member_id][-1] if member_id in roster.members else Membership(session().now, frozenset(), frozenset(), (), "")
    return {
        "member": member_id,
        "roles": sorted(now.roles),
        "expertise": sorted(now.expertise),
        "signing": list(now.signing),
        "recipient": now.recipient,
        "waiting": [
            {"event": p.event.id, "kind": p.event.kind, "by": p.event.by, "given": list(p.given), "needed": p.needed, **p.event.codes}
            for p in roster.waiting.get(member_id, ())
        ],
    }


def _waiting(policy: Policy, member_id: str, proposal: Proposal) -> tuple[str, str, str, str]:
    event = proposal.event
    what = {"join": _("joining"), "roles": _("new roles"), "rotate": _("new keys")}[event.kind]
    count = ngettext("{given} of {needed} approval", "{given} of {needed} approvals", proposal.needed).format(given=len(proposal.given), needed=proposal.needed)
    return member_id, _roles(policy, event.codes.get("roles", ())), _fields(policy, event.codes.get("expertise", ())), f"{what}: {count}"


def _roles(policy: Policy, roles: Iterable[str]) -> str:
    return listed(pick(policy.roles[r]) if r in policy.roles else r for r in sorted(roles))


def _fields(policy: Policy, fields: Iterable[str]) -> str:
    return listed(pick(policy.expertise[e]) if e in policy.expertise else e for e in sorted(fields))


@member.command("add", help=_("Takes somebody on. Their keys come from `plaint member keys`, run by themselves."))
@click.argument("member_id", metavar="ID")
@click.option("--role", "roles", multiple=True, required=True, help=_("A role; once for each."))
@click.option("--expertise", multiple=True, help=_("A field they know; once for each."))
@click.option(
    "--signing-key",
    required=True,
    metavar="KEY",
    help=_("Their SSH public key, or the file it is in. A security key must ask for a touch: made with no-touch-required it is refused."),
)
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
    if member_id in organisation.roster.waiting:
        raise UsageError(_("{member} waits for approval already").format(member=member_id), hint=f"plaint member approve {member_id}")
    if (organisation.repository.read(f"members/{member_id}.yaml")) is not None:
        raise UsageError(_("{member} was a member and has left").format(member=member_id), hint=_("who comes back joins under a new id, with new keys"))
    _known(organisation, call.now, roles, expertise)
    joining = NewMember(member_id, roles, expertise, _public_key(signing_key), check_recipient(recipient))
    _unused(organisation, joining.signing, recipient)
    _commit(call.actor, f"members/{member_id}.yaml", member_record(joining, call.actor.member, call.local_now), f"join: {member_id}")
    _tell(member_id, "join")


@member.command("approve", help=_("Approves what waits: somebody's joining, new roles, or keys that another gave them. Where the policy asks for it."))
@click.argument("member_id", metavar="ID")
@click.option("--event", "event_id", metavar="EVENT", help=_("Which change, if several wait."))
@common_options
def approve(member_id: str, event_id: str | None) -> None:
    """Appends an approve event to the member's record, signed by who approves."""
    call = session()
    organisation = call.organisation
    proposals = [p for p in organisation.roster.waiting.get(member_id, ()) if event_id in (None, p.event.id)]
    if len(proposals) != 1:
        _which(member_id, proposals)
    proposal = proposals[0]
    event = _event(call.actor, "approve", {"approves": proposal.event.id})
    _refuse_void(organisation, member_id, event)
    _show(organisation.policy_in_force(call.now), proposal)
    _append(call.actor, member_id, event, allow=True)
    _tell(member_id, proposal.event.kind)


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
    _tell(member_id, "roles")


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
    current = call.organisation.roster.now(member_id)
    known = {*current.signing, current.recipient} if current else set()
    codes = {name: value for name, value in codes.items() if not known.issuperset([value] if isinstance(value, str) else value)}
    if not codes:
        raise UsageError(_("{member}'s record has these keys already").format(member=member_id))
    _unused(call.organisation, *codes.get("signing", ()), codes.get("recipient", ""))
    _append(call.actor, member_id, _event(call.actor, "rotate", codes), allow=member_id == call.actor.member)
    _tell(member_id, "rotate")


@member.command(
    "leave", help=_("Somebody leaves: from now on their keys count for nothing, and keyrings are sealed without them. Takes back a joining that waits, too.")
)
@click.argument("member_id", metavar="ID")
@common_options
def leave(member_id: str) -> None:
    """Appends a leave event, then seals anew every keyring that the actor can open."""
    from plaint.desk import cases_with_keyring, rekey_many

    call = session()
    if member_id == call.actor.member:
        raise UsageError(_("nobody signs their own leaving"), hint=_("another steward does it"))
    identity_is_there = call.actor.identity  # asked for first: without it the keyrings could not be sealed anew
    _warn_of_gaps(call.actor, member_id, frozenset())
    was_member = call.organisation.roster.now(member_id)
    _append(call.actor, member_id, _event(call.actor, "leave", {}))
    if not was_member:
        click.echo(_("{member} does not join.").format(member=member_id))
        return
    organisation = Organisation(call.organisation.repository)
    actor = Actor.find(organisation, call.actor.member, lambda _file: "")
    actor.__dict__["identity"] = identity_is_there
    cases = cases_with_keyring(organisation)
    done = rekey_many(actor, cases, call.local_now)
    click.echo(
        _("{member} left. {n} of {all} keyrings sealed anew; for the others, somebody who can open them runs plaint rekey --all.").format(
            member=member_id, n=len(done), all=len(cases)
        )
    )
    click.echo(_("What they opened before cannot be unread."), err=True)


def _event(actor: Actor, kind: str, codes: dict[str, Any]) -> Event:
    return Event(kind, new_event_id(), session().local_now, actor.member, codes, {})


def _append(actor: Actor, member_id: str, event: Event, *, allow: bool = False) -> None:
    path = f"members/{member_id}.yaml"
    organisation = actor.organisation
    old = organisation.repository.read(path)
    waits = member_id in organisation.roster.waiting and event.kind in ("leave", "approve")
    if old is None or not (organisation.roster.now(member_id) or waits):
        raise UsageError(_("{member} is no member of this organisation").format(member=member_id), hint=_("plaint member list shows who is"))
    if any((p.event.kind, p.event.codes) == (event.kind, event.codes) for p in organisation.roster.waiting.get(member_id, ())):
        raise UsageError(_("the same change of {member} waits for approval already").format(member=member_id), hint=f"plaint member approve {member_id}")
    _commit(actor, path, append(old, event), f"{event.kind}: {member_id}", allow=allow)


def _which(member_id: str, proposals: Iterable[Proposal]) -> NoReturn:
    """UsageError where it is not plain what is to be approved."""
    choices = ", ".join(f"--event {p.event.id} ({p.event.kind})" for p in proposals)
    if choices:
        raise UsageError(_("several changes of {member} wait for approval").format(member=member_id), hint=choices)
    raise UsageError(_("nothing of {member} waits for approval").format(member=member_id), hint=_("plaint member list shows what does"))


def _show(policy: Policy, proposal: Proposal) -> None:
    """What is being approved: the roles, and the keys, to be compared with those that the member has."""
    event = proposal.event
    lines = {_("proposed by"): event.by}
    if "roles" in event.codes:
        lines[_("roles")] = _roles(policy, event.codes["roles"])
    for key in event.codes.get("signing", ()):
        lines[_("signing key")] = key
    if "recipient" in event.codes:
        lines[_("age recipient")] = event.codes["recipient"]
    for name, value in lines.items():
        click.echo(f"{name}: {value}", err=True)


def _refuse_void(organisation: Organisation, member_id: str, event: Event) -> None:
    """NotAllowedError where an approval would not count."""
    path = f"members/{member_id}.yaml"
    data = append(organisation.repository.read(path) or b"", event)
    after = organisation.roster_with(parse(data, path))
    for void in after.void:
        if void.event.id == event.id:
            raise NotAllowedError(void.reason)


def _tell(member_id: str, kind: str) -> None:
    """What came of a change: it counts, or it waits."""
    call = session()
    organisation = Organisation(call.organisation.repository)
    policy = organisation.policy_in_force(call.now)
    proposal = next((p for p in organisation.roster.waiting.get(member_id, ()) if p.event.kind == kind), None)
    if proposal is None or policy.membership is None:
        done = {
            "join": _("{member} is a member. Who can open a case lets them in with plaint grant, or plaint rekey --all."),
            "roles": _("{member} has new roles. plaint rekey --all brings the keyrings in line."),
            "rotate": _("{member} has new keys. plaint rekey --all by those who can open the cases lets the new one in."),
        }
        click.echo(done[kind].format(member=member_id))
        return
    left = proposal.needed - len(proposal.given)
    message = ngettext(
        "This waits for {n} approval, by somebody else with the role {roles}: plaint member approve {member}",
        "This waits for {n} approvals, each by somebody else with the role {roles}: plaint member approve {member}",
        left,
    )
    click.echo(message.format(member=member_id, n=left, roles=_roles(policy, policy.membership.roles)))


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


member.add_command(keys)

COMMANDS = {"member": member}
