"""A case's keyring after an event that changes who may open what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plaint.access import sealed_to
from plaint.actor import Actor
from plaint.errors import NotAllowedError
from plaint.i18n import _
from plaint.model.machine import apply, fold, renewed
from plaint.model.policy import Policy
from plaint.model.record import Event, Record
from plaint.opening import case_secrets, sealed_exceptions
from plaint.organisation import Organisation
from plaint.seal.envelope import open_body
from plaint.seal.keyring import Keyring, seal_keyring

Bodies = Mapping[str, Mapping[str, Any]]
"""Compartment -> the body to seal in it."""


def changes_access(event: Event) -> bool:
    """Whether the event makes a new keyring."""
    return event.kind in ("assign", "grant", "revoke", "rekey") or (event.kind == "disclose" and event.codes.get("step") == "grant")


def reseal_event(actor: Actor, organisation: Organisation, before: Record, event: Event, keyring: Keyring) -> Keyring:
    """The keyring after an event that was recorded and sealed already, on another one: what its texts say of access is read from them."""
    secrets = case_secrets(actor, before, keyring=keyring)
    bodies = {c: open_body(text, secrets[c], before.id, event.id, c) for c, text in event.sealed.items() if c in secrets}
    return resealed(actor, organisation, organisation.policy_of(before), before, event, bodies, keyring)


def resealed(actor: Actor, organisation: Organisation, policy: Policy, before: Record, event: Event, bodies: Bodies, keyring: Keyring | None = None) -> Keyring:
    """The keyring after the event: the compartments that it speaks of and the actor can open are sealed anew, the others stay as they are."""
    old = keyring or organisation.repository.read_keyring(before.id)
    secrets = case_secrets(actor, before, keyring=old)
    named = renewed(replace(event, sealed=dict.fromkeys(bodies, "")))
    touched = set(secrets) if named is None else named
    missing = touched - set(secrets)
    if missing or old is None or not secrets:
        names = ", ".join(sorted(missing)) or _("anything")
        raise NotAllowedError(
            _("{member} cannot open {compartments} of this case, so cannot give its key to others").format(member=actor.member, compartments=names)
        )
    state = apply(policy, fold(policy, before.events), event)
    events = (*before.events, event)
    fresh_secrets, fresh_recipients = {}, {}
    for compartment in sorted(touched):
        body = bodies.get(compartment, {})
        exceptions = sealed_exceptions(before, compartment, secrets[compartment]).after(event.kind, body)
        barred = exceptions.excluded & {*body.get("granted", ()), *(event.codes.get("team", ()))}
        if barred:
            raise NotAllowedError(
                _("{members} was excluded from this case for a conflict of interest").format(members=", ".join(sorted(barred))),
                hint=_("choose somebody else"),
            )
        fresh_secrets[compartment] = secrets[compartment]
        fresh_recipients[compartment] = sealed_to(organisation, policy, compartment, state, events, exceptions)
    return {**old, **seal_keyring(fresh_secrets, fresh_recipients)}
