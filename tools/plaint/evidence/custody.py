"""The chain of custody of a piece of evidence: who collected it, who brought it in, and every hand-over since.

Rules:
- Every link is an event, signed by whoever recorded it. In the open stands only which piece it is about; from whom, to whom and why is sealed
  in the part of the case that the piece is in.
- A hand-over names the hash of the file as it was collected, where whoever records it may know that: what changed hands is told by its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from plaint.actor import Actor
from plaint.desk import Entry, Recorded, record
from plaint.errors import NotAllowedError
from plaint.evidence.pieces import Piece
from plaint.evidence.reading import known_of
from plaint.model.record import Event, Record
from plaint.opening import open_case

HAND_OVER = "hand-over"


@dataclass(frozen=True, slots=True)
class HandOver:
    """What changed hands: from whom, to whom, when; `more` holds reason, place and note, as far as there are any."""

    source: str
    target: str
    at: datetime
    more: Mapping[str, str]


class Link(NamedTuple):
    """One link of the chain: its event, and what is sealed with it, if that is for whoever asks."""

    event: Event
    body: Mapping[str, Any] | None


def hand_over(actor: Actor, case: Record, piece: Piece, given: HandOver, now: datetime, when: datetime | None = None) -> Recorded:
    """Records that a piece changed hands, sealed where the piece is."""
    try:
        original = {"original": known_of(actor, case, piece).body["original"]}
    except NotAllowedError:  # whoever brings a thing to the next office need not be let into it
        original = {}
    body = {"from": given.source, "to": given.target, "at": given.at.isoformat(), **original, **given.more}
    return record(actor, case.id, Entry(HAND_OVER, {"piece": piece.id}, dict.fromkeys(piece.event.sealed, body)), now, when)


def chain(actor: Actor, case: Record, piece: Piece) -> list[Link]:
    """The links of a piece's chain, oldest first; the first is the event that brought it in."""
    opened = {event.id: body for event, _compartment, body in open_case(actor, case)}
    return [
        Link(event, opened.get(event.id)) for event in case.events if event.id == piece.id or (event.kind == HAND_OVER and event.codes.get("piece") == piece.id)
    ]
