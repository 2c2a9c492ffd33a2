"""Who may open which compartment of a case.

By default the members with a compartment's roles (the policy), the team while it is assigned, and for the identity the members to whom it was
disclosed on record; plus those granted, less those excluded. Grants and exclusions are sealed in the compartment they speak of, so that only
those who can open it learn of them, and the open part never says who is accused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plaint.errors import InputError, NotAllowedError, UsageError
from plaint.i18n import _
from plaint.model.machine import CaseState, disclosed_to
from plaint.model.policy import TEAM, Policy
from plaint.model.record import Event
from plaint.model.roster import Roster
from plaint.organisation import Organisation
from plaint.seal.age import generate

REPORTER = "reporter"
"""The compartment that only the reporter's receipt opens."""

SPEAKS: Mapping[str, frozenset[str]] = {
    "receive": frozenset({"excluded"}),
    "grant": frozenset({"granted", "withdrawn"}),
    "revoke": frozenset({"excluded"}),
}
"""What the sealed texts of each kind of event may say of access; of any other kind, nothing: the policy says who may grant, and who only writes there."""
ACCESS_WORDS = frozenset({"granted", "excluded", "withdrawn"})


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a compartment's sealed texts say of access: members let in and members shut out."""

    granted: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    def after(self, kind: str, body: Mapping[str, Any]) -> Exceptions:
        """These with what one more sealed body says; an exclusion ends a grant, and stays until it is withdrawn."""
        granted, excluded, withdrawn = (set(body.get(word, ())) if word in SPEAKS.get(kind, ()) else set() for word in ("granted", "excluded", "withdrawn"))
        shut_out = (self.excluded - withdrawn) | excluded
        return Exceptions((self.granted | granted) - shut_out, shut_out)


def exceptions_in(bodies: Iterable[tuple[str, Mapping[str, Any]]]) -> Exceptions:
    """The sum of what a compartment's events say, oldest first: each with its kind and its body."""
    found = Exceptions()
    for kind, body in bodies:
        found = found.after(kind, body)
    return found


def check_access_words(kind: str, body: Mapping[str, Any], where: str) -> None:
    """InputError where a body speaks of access and its event has no say in it."""
    strange = sorted(ACCESS_WORDS & set(body) - SPEAKS.get(kind, frozenset()))
    if strange:
        raise InputError(
            _("{event} cannot say who may open the case: `{word}`").format(event=kind, word=strange[0]),
            where=where,
            hint=_("plaint grant and plaint revoke do"),
        )


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
