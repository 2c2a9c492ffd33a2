"""A redacted copy of a sealed text, for those who may not read the original.

Rules:
- The original stays as it is. The copy is an event of its own; in the open stands only which event it is a copy of, and of which part.
- Only text is copied: who was shut out or let in, and attachments, are not.
- A copy that leaves nothing out is refused: it would open the whole text to a wider circle.

>>> fields({"findings": "A", "members": ["li.wei"], "fields": {"Shop": "B"}})
{'findings': 'A', 'Shop': 'B'}
>>> compare({"findings": "A. B.", "course": "C"}, {"findings": "A. ▇"}).changed
('findings',)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plaint.actor import Actor
from plaint.desk import Entry
from plaint.errors import InputError, NotAllowedError, UsageError
from plaint.i18n import _
from plaint.model.record import Event, Record
from plaint.opening import case_secrets
from plaint.seal.envelope import open_body

REDACT = "redact"
_NESTED = ("fields", "redacted")


@dataclass(frozen=True, slots=True)
class Difference:
    """The fields of a text that its copy leaves out, changes and keeps."""

    left_out: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]


def find_event(record: Record, wanted: str) -> Event:
    """One event by its id, or the beginning of it; UsageError where there is none or more than one."""
    found = [event for event in record.events if wanted and event.id.startswith(wanted.strip().lower())]
    if not found:
        raise UsageError(
            _("case {case} has no event {event}").format(case=record.id, event=wanted), hint=_("plaint open {case} shows them").format(case=record.id)
        )
    if len(found) > 1:
        raise UsageError(_("{piece} is the beginning of several").format(piece=wanted), hint=", ".join(event.id for event in found[:5]))
    return found[0]


def original(actor: Actor, record: Record, event: Event, part: str) -> dict[str, str]:
    """The text of an event in one part of the case, by field; NotAllowedError where it is not for the actor."""
    if part not in event.sealed:
        parts = ", ".join(event.sealed) or _("nothing")
        raise UsageError(
            _("{event} {id} has no sealed {part} text").format(event=event.kind, id=event.id, part=part), hint=_("it has: {parts}").format(parts=parts)
        )
    secret = case_secrets(actor, record, part).get(part)
    if secret is None:
        raise NotAllowedError(_("{member} cannot open {compartment} of case {case}").format(member=actor.member, compartment=part, case=record.id))
    found = fields(open_body(event.sealed[part], secret, record.id, event.id, part))
    if not found:
        raise UsageError(_("{event} {id} holds no text in the part {part}").format(event=event.kind, id=event.id, part=part))
    return found


def fields(body: Mapping[str, Any]) -> dict[str, str]:
    """The text of a sealed body, field by field."""
    plain = {name: value for name, value in body.items() if isinstance(value, str)}
    return plain | {name: value for nested in _NESTED for name, value in body.get(nested, {}).items() if value}


def compare(source: Mapping[str, str], copy: Mapping[str, str]) -> Difference:
    """What a copy leaves out, changes and keeps; InputError where it has a field that the text has not, or keeps all."""
    strange = [name for name in copy if name not in source]
    if strange:
        raise InputError(_("the original has no field {fields}").format(fields=", ".join(strange)), hint=_("it has: {parts}").format(parts=", ".join(source)))
    kept = tuple(name for name, text in source.items() if name in copy and copy[name].strip() == text.strip())
    if len(kept) == len(source):
        raise InputError(_("nothing was left out: the copy is the original"), hint=_("put [redacted] in the place of what they must not read"))
    if not any(text.strip() for text in copy.values()):
        raise InputError(_("nothing is left of it"))
    left_out = tuple(name for name in source if not copy.get(name, "").strip())
    return Difference(left_out, tuple(name for name in source if name not in {*kept, *left_out}), kept)


def entry(event: Event, part: str, target: str, copy: Mapping[str, str], note: str = "") -> Entry:
    """The event that holds a copy."""
    texts = {name: text for name, text in copy.items() if text.strip()}
    return Entry(REDACT, {"redacts": event.id, "part": part}, {target: {"redacted": texts} | ({"note": note} if note else {})})
