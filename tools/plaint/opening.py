"""What an actor's identity opens of a case: its compartments' keys, their texts, and what those say of access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plaint.access import Exceptions, exceptions_in
from plaint.actor import Actor
from plaint.errors import InputError, NotAllowedError
from plaint.i18n import _
from plaint.model.record import Event, Record
from plaint.seal.envelope import open_body
from plaint.seal.keyring import Keyring, open_secret
from plaint.store.keyrings import keyring_ref


def open_case(actor: Actor, record: Record, only: str | None = None) -> Iterator[tuple[Event, str, Mapping[str, Any]]]:
    """Every sealed text of a case that the actor can open: event, compartment, body. Texts of other compartments are passed over."""
    secrets = case_secrets(actor, record, only)
    for event in record.events:
        for compartment, armoured in event.sealed.items():
            if compartment in secrets:
                yield event, compartment, open_body(armoured, secrets[compartment], record.id, event.id, compartment)


def case_secrets(actor: Actor, record: Record, only: str | None = None, keyring: Keyring | None = None) -> dict[str, str]:
    """The secret key of each compartment that the actor's identity opens, by the keyring given or the one that is here."""
    keyring = keyring or actor.organisation.repository.read_keyring(record.id)
    if keyring is None:
        raise InputError(
            _("this clone has no keyring of case {case}").format(case=record.id),
            hint=_("git fetch origin 'refs/plaint/keys/*:refs/plaint/keys/*' brings them; a case that was disposed of has none"),
        )
    found = {}
    identity = actor.identity
    for compartment in keyring:
        if only is None or compartment == only:
            try:
                found[compartment] = open_secret(keyring, compartment, identity, record.header["seals"].get(compartment, ""))
            except NotAllowedError:
                continue  # somebody else's part of the case
            except InputError as error:
                raise InputError(error.what, where=keyring_ref(record.id), hint=error.hint) from error
    return found


def sealed_exceptions(record: Record, compartment: str, secret: str) -> Exceptions:
    """What a compartment's own texts say of grants and exclusions."""
    return exceptions_in(
        (event.kind, open_body(event.sealed[compartment], secret, record.id, event.id, compartment)) for event in record.events if compartment in event.sealed
    )
