"""Who may open which compartment of a case.

By default the members with a compartment's roles (the policy), the team while it is assigned, and for the identity the members to whom it was
disclosed on record; plus those granted, less those excluded. Grants and exclusions are sealed in the compartment they speak of, so that only
those who can open it learn of them, and the open part never says who is accused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plaint.errors import NotAllowedError, UsageError
from plaint.i18n import _
from plaint.model.machine import CaseState
from plaint.model.policy import TEAM, Policy
from plaint.model.record import Event
from plaint.model.roster import Roster
from plaint.organisation import Organisation
from plaint.seal.age import generate

REPORTER = "reporter"
"""The compartment that only the reporter's receipt opens."""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a compartment's sealed texts say of access: members let in and members shut out."""

    granted: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def after(self, body: Mapping[str, Any]) -> Exceptions:
        """These with what one more sealed body says; an exclusion ends a grant, and stays until it is withdrawn."""
        excluded = (self.excluded - set(body.get("withdrawn", ()))) | set(body.get("excluded", ()))
        return Exceptions((self.granted | set(body.get("granted", ()))) - excluded, excluded)


def exceptions_in(bodies: Iterable[Mapping[str, Any]]) -> Exceptions:
    """The sum of a compartment's bodies, oldest first."""
    found = Exceptions()
    for body in bodies:
        found = found.after(body)
    return found


def disclosed_to(events: Iterable[Event]) -> frozenset[str]:
    """The members whose recorded request for the identity was granted."""
    requests = {}
    granted = set()
    for event in events:
        if event.kind == "disclose" and event.codes.get("step") == "request":
            requests[event.id] = event.by
        if event.kind == "disclose" and event.codes.get("step") == "grant":
            granted.add(requests.get(event.codes.get("request", ""), ""))
    return frozenset(granted - {""})


def openers(policy: Policy, roster: Roster, compartment: str, state: CaseState, events: Iterable[Event], exceptions: Exceptions) -> frozenset[str]:
    """The active members whom the keyring should let open a compartment now."""
    roles = policy.holders(compartment)
    members = set(roster.with_roles(roles))
    if TEAM in roles:
        members |= set(state.team)
    if compartment == "identity":
        members |= disclosed_to(events)
    members = (members | exceptions.granted) - exceptions.excluded
    return frozenset(m for m in members if roster.now(m))


def recipients(roster: Roster, members: Iterable[str], recovery: str) -> frozenset[str]:
    """The age recipients of members, with the organisation's recovery recipient."""
    return frozenset({m.recipient for member in members if (m := roster.now(member))} | {recovery})


def first_openers(organisation: Organisation, policy: Policy, excluded: Sequence[str]) -> dict[str, frozenset[str]]:
    """The recipients of a new case's compartments: those who may open it, less the `excluded`."""
    roster = organisation.roster
    strangers = [m for m in excluded if roster.now(m) is None and m not in roster.waiting]
    if strangers:
        raise UsageError(_("{member} is no member of this organisation").format(member=", ".join(strangers)), where="--exclude")
    shut_out = Exceptions(excluded=frozenset(excluded))
    return {c: sealed_to(organisation, policy, c, CaseState(), (), shut_out) for c in policy.compartments}


def sealed_to(
    organisation: Organisation, policy: Policy, compartment: str, state: CaseState, events: Sequence[Event], exceptions: Exceptions
) -> frozenset[str]:
    """The age recipients of a compartment's keyring. NotAllowedError where exclusions leave it to nobody but the recovery key.

    A decoy stands in for each member shut out: the number of recipients, a multiple of eight, is the same with them and without.
    """
    roster = organisation.roster
    members = openers(policy, roster, compartment, state, events, exceptions)
    missing = openers(policy, roster, compartment, state, events, replace(exceptions, excluded=frozenset())) - members
    if missing and not members:
        raise NotAllowedError(
            _("with these exclusions nobody is left who may open {compartment}").format(compartment=compartment),
            hint=_("give somebody else one of the roles: {roles}").format(roles=", ".join(policy.holders(compartment))),
        )
    return recipients(roster, members, organisation.config.recovery) | {generate().recipient for _member in missing}
