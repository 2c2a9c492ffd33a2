"""Who acted on a case that they were shut out of.

The desk refuses them. Whoever commits by hand is not asked, though, and the audit cannot tell: it has no key, and exclusions are sealed. Those who
can open the case can: `plaint open` tells them, and so does the `plaint sync` that brings such an event.

An event counts if its member was shut out, before it, of all that the reader can open and their own roles would open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from plaint.access import SPEAKS, Exceptions, openers
from plaint.actor import Actor
from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.model.machine import CaseState, apply
from plaint.model.record import Event, Record
from plaint.opening import case_secrets
from plaint.organisation import Organisation
from plaint.seal.envelope import open_body


def acts(organisation: Organisation, record: Record, secrets: Mapping[str, str]) -> Iterator[Event]:
    """The events of members who were shut out, as far as the texts tell that these keys open."""
    policy, roster = organisation.policy_of(record), organisation.roster
    state = CaseState()
    said = dict.fromkeys(secrets, Exceptions())
    for index, event in enumerate(record.events):
        shut = {name for name, each in said.items() if event.by in each.excluded}
        if shut and all(
            name in shut or event.by not in openers(policy, roster, name, state, record.events[:index], Exceptions(each.granted)) for name, each in said.items()
        ):
            yield event
        state = apply(policy, state, event)
        if event.kind in SPEAKS:
            bodies = {name: open_body(text, secrets[name], record.id, event.id, name) for name, text in event.sealed.items() if name in secrets}
            said |= {name: said[name].after(event.kind, body) for name, body in bodies.items()}


def warning(record: Record, event: Event) -> str:
    """One line about such an event."""
    return _("{case}: {event} ({id}) was recorded by {member}, who was shut out of the case before; look into it, and tell the supervisor").format(
        case=record.id, event=event.kind, id=event.id, member=event.by
    )


def warnings_of(actor: Actor, before: Organisation, after: Organisation, cases: Sequence[str]) -> Iterator[str]:
    """A line for each such event that came to cases between two states; only of those that this member can open without being asked for a passphrase."""
    quiet = Actor(after, actor.member, lambda _file: "")
    with suppress(InputError, EnvironmentFaultError):  # no identity at this desk, or one under a passphrase
        assert quiet.identity
        for case in cases:
            yield from _brought(quiet, before.case(case), after.case(case))


def _brought(actor: Actor, before: Record, after: Record) -> Iterator[str]:
    known = {event.id for event in before.events}
    try:
        found = list(acts(actor.organisation, after, case_secrets(actor, after)))
    except InputError:
        return  # no keyring here, or a text that is not as it should be
    yield from (warning(after, event) for event in found if event.id not in known and event.by != actor.member)
