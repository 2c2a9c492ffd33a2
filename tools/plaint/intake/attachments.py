"""What came with a report: small files stay in the sealed text, larger ones become evidence of the case.

Rules:
- The smallest files stay in the text while there is room for them in base64, so that most reports are one sealed text and nothing else; but none
  that tells something of the reporter (`telling`): the original is evidence for the custodians alone, a cleaned copy for the others.
- Each other one is an `evidence` event of its own, sealed to the case like any evidence; no plain copy of it is written anywhere.
- The ids of these events follow from the import key, what the report is known by and the file's place in it: after a kill the rest is added,
  and nothing twice, by whoever brings the report in again. To anybody without the import key they look like chance.

>>> small, large = shared_out([Attachment("a.txt", "text/plain", b"x" * 30), Attachment("b.pdf", "application/pdf", b"x" * 3000)], room=100)
>>> [each.name for each in small], [each.name for each in large]
(['a.txt'], ['b.pdf'])
"""

from __future__ import annotations

import hmac
import io
from base64 import b64encode
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

from plaint.actor import Actor
from plaint.desk import Recorded
from plaint.errors import NotAllowedError
from plaint.evidence.adding import Collected, Item, add, neutral_name
from plaint.i18n import _, semicolon
from plaint.model.legality import refusals
from plaint.model.machine import CaseState
from plaint.model.policy import Policy
from plaint.model.record import Event, event_id_of, new_event_id

MOST_IN_TEXT = 20
"""How many the sealed text may hold, by its schema."""
IDENTITY = "identity"
"""The custodians' compartment."""
_LONGEST_NAME = 255
_RECORDINGS = ("audio/", "video/")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a report; `type` is what its sender says that it is."""

    name: str
    type: str
    data: bytes

    @property
    def in_base64(self) -> int:
        """How many letters it takes in a sealed text."""
        return -(-len(self.data) // 3) * 4

    @property
    def kind(self) -> str:
        """What it is as evidence."""
        return "recording" if self.type.lower().startswith(_RECORDINGS) else "document"


def shared_out(files: Sequence[Attachment], room: int, beside: Container[int] = ()) -> tuple[list[Attachment], list[Attachment]]:
    """The files that stay in the text, of at most `room` letters, and those that become evidence, `beside` among them; both in the order given."""
    inside: set[int] = set()
    for number in sorted((each for each in range(len(files)) if each not in beside), key=lambda each: files[each].in_base64):
        room -= files[number].in_base64
        if room < 0 or len(inside) == MOST_IN_TEXT:
            break
        inside.add(number)
    return [file for number, file in enumerate(files) if number in inside], [file for number, file in enumerate(files) if number not in inside]


def in_text(files: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Files as they stand in the sealed text of a report."""
    return [
        {"name": file_name(file.name), "type": "".join(c for c in file.type if c.isprintable())[:200], "data": b64encode(file.data).decode("ascii")}
        for file in files
    ]


def file_name(name: str) -> str:
    """The name of a file without folders and without what no file is called; one is given to what has none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = " ".join("".join(c if c.isprintable() else " " for c in last).split())
    if len(plain) > _LONGEST_NAME:
        stem, dot, suffix = plain.rpartition(".")
        end = f"{dot}{suffix}" if dot and len(suffix) < 20 else ""
        plain = (stem if end else plain)[: _LONGEST_NAME - len(end)] + end
    return plain if plain.strip(".") else "file"


def refuse_large(actor: Actor, policy: Policy, state: CaseState, events: Sequence[Event], files: Sequence[Attachment], now: datetime) -> None:
    """NotAllowedError where these files could not become evidence of a case in this state: asked before the case is touched."""
    for kind in sorted({file.kind for file in files}):
        event = Event("evidence", new_event_id(), now, actor.member, {"kind": kind}, dict.fromkeys([compartment_of(policy)], ""))
        reasons = refusals(policy, state, event, actor.organisation.roster, events)
        if reasons:
            raise NotAllowedError(
                _("it brings large files, and they cannot be added as evidence: {reason}").format(reason=semicolon().join(map(str, reasons))),
                hint=_("somebody who may add evidence brings it in"),
            )


def compartment_of(policy: Policy) -> str:
    """Where the policy has evidence sealed: with the report if it may be, for the reporter brought it."""
    allowed = {compartment for each in policy.transitions.get("evidence", ()) for compartment in (*each.seals, *each.may_seal)}
    return "report" if "report" in allowed else "inquiry"


Cleaned = Callable[[Attachment], tuple[BinaryIO, int] | None]
"""A cleaned copy of a file, and its size; None where it is to be kept as it came."""


def keep_large(
    actor: Actor, case: str, files: Sequence[Attachment], key: bytes, source: str, arrived: datetime, now: datetime, cleaned: Cleaned
) -> list[Recorded]:
    """Adds those files to a case's evidence that are not there yet; what each was recorded as.

    `key` is the import key and `source` what the report is known by, in whatever words; `arrived` is when the files came.
    """
    repository = actor.organisation.repository
    done = []
    for number, file in enumerate(files):
        event, copy = (event_id_of(hmac.digest(key, f"{what}\n{source}\n{number}".encode(), "sha256")) for what in ("evidence", "copy"))
        with repository.lock():  # another import of the same report waits, and then finds it there
            actor = actor.up_to_date()
            record = actor.organisation.case(case)
            if any(each.id == event for each in record.events):
                continue
            policy = actor.organisation.policy_of(record)
            collected = Collected(file.kind, actor.member, arrived, compartment_of(policy), {"source": _("came with the report")})
            item = Item(io.BytesIO(file.data), len(file.data), file_name(file.name), collected, event=event)
            made = cleaned(file) if IDENTITY in _may_seal(policy, actor.organisation.state(record).state) else None
            if made is None:
                done += [added.recorded for added in add(actor, case, [item], now)]
                continue
            with made[0] as bare:
                original = replace(item, collected=replace(collected, compartment=IDENTITY))
                pair = [original, Item(bare, made[1], neutral_name(item.name, file.kind), replace(collected, more={}), cleans_first=True, event=copy)]
                done += [added.recorded for added in add(actor, case, pair, now)]
    return done


def _may_seal(policy: Policy, state: str) -> frozenset[str]:
    """The compartments to which evidence may be sealed in a state."""
    transitions = (each for each in policy.transitions.get("evidence", ()) if state in each.sources)
    return frozenset(compartment for each in transitions for compartment in (*each.seals, *each.may_seal))
