"""Revises the policy: a draft by those who keep or approve it, then approvals, each a signed event by a different person.

A revision is a new file and never changes; a draft that finds no approval stays as it is, and a better one gets the next number. It is in
force from its date, or from its last approval if that comes later; cases keep the revision they were received under.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plaint.actor import Actor
from plaint.errors import InputError, NotAllowedError, UsageError
from plaint.i18n import _
from plaint.model.lint import lint
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Event, append, dump_event, new_event_id, parse
from plaint.model.revisions import approvals, revision_of, rules_for
from plaint.model.schema import check_document, check_record
from plaint.model.yamlio import load_yaml


@dataclass(frozen=True, slots=True)
class Revised:
    """A revision after a step: its number, how many approvals it has and needs, and since when it is or will be in force (None: it is not)."""

    revision: int
    given: int
    needed: int
    since: datetime | None
    commit: str


def draft(actor: Actor, text: bytes, where: str, now: datetime) -> Revised:
    """Adds the next revision, from the text of its header; InputError where it is not sound, NotAllowedError where it is not the actor's to draft."""
    organisation = actor.organisation
    force = organisation.policy_in_force(now)
    _require(actor, {*force.stewards, *force.approvers}, force)
    header = load_yaml(text, where)
    if not isinstance(header, dict) or "events" in header:
        raise InputError(_("a draft is a policy without events"), where=where, hint=_("plaint policy next writes one to begin with"))
    number = max(organisation.revisions) + 1
    if header.get("policy") != number:
        raise InputError(_("the next revision has the number {n}").format(n=number), where=where, hint=f"policy: {number}")
    check_document(header, "policy", text, where)
    path = f"policy/{number}.yaml"
    event = Event("draft", new_event_id(), now, actor.member, {}, {})
    record = parse(text.rstrip(b"\n") + b"\nevents:\n" + dump_event(event), path)
    check_record(record)
    policy = policy_from(record.header, where)
    for problem in lint(policy):
        raise InputError(problem.message, where=where, hint=_("plaint policy lint FILE tells all"))
    repository = organisation.repository
    with repository.lock():
        commit = repository.commit({path: record.text()}, f"draft: policy {number}\n", actor.signing_key, actor.member, base=organisation.revision)
    return Revised(number, 0, force.approvals, None, commit)


def approve(actor: Actor, number: int, now: datetime) -> Revised:
    """Adds the actor's approval; NotAllowedError where it is not theirs to give, or was given."""
    organisation = actor.organisation
    found = organisation.revisions.get(number)
    rules = rules_for(organisation.revisions, number, now)
    if found is None or rules is None:
        raise UsageError(_("there is no draft with the number {n}").format(n=number), hint=_("plaint policy draft FILE makes one"))
    event = Event("approve", new_event_id(), now, actor.member, {}, {})
    data = append(found.record.text(), event)
    record = parse(data, found.record.path)
    check_record(record)
    against = next((reason for each, reason in approvals(record, organisation.revisions, organisation.roster) if each.id == event.id), "")
    if against:
        raise NotAllowedError(against)
    repository = organisation.repository
    with repository.lock():
        commit = repository.commit({record.path: data}, f"approve: policy {number}\n", actor.signing_key, actor.member, base=organisation.revision)
    after = revision_of(found.policy, record, organisation.revisions, organisation.roster)
    given = sum(not reason for _event, reason in approvals(record, organisation.revisions, organisation.roster))
    return Revised(number, given, rules.approvals, after.since, commit)


def _require(actor: Actor, roles: set[str], policy: Policy) -> None:
    membership = actor.organisation.roster.now(actor.member)
    if membership is None or membership.roles.isdisjoint(roles):
        from plaint.i18n import pick

        names = ", ".join(pick(policy.roles[role]) for role in sorted(roles))
        raise NotAllowedError(_("{member} may not draft a policy: it takes the role {roles}").format(member=actor.member, roles=names))
