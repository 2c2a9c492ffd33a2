"""Pieces of evidence as a record names them, and where their sealed files stand.

Rules:
- A piece is an `evidence` event; it goes by the event's id. In the open stand its kind, its size class and the SHA-256 of the sealed file.
- The file stands beside the case under that hash: `cases/2026/CASE/HASH.age`, or `HASH.lfs` where git has a pointer only.
- What it is called, what it is, who collected it, where and when is sealed, with the hashes of the file sealed and unsealed.
- A file is filled up with zeros before it is sealed (Padmé, of the PURBs paper by Nikitin and others, 2019): its exact size would tell a known
  document from others. The sealed part says how long it was.

>>> padded(5_000), size_class(5_000)
(5120, 'small')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plaint.errors import UsageError
from plaint.i18n import _
from plaint.model.record import Event, Record
from plaint.store.worktree import LARGE, POINTER

KIND = "evidence"
SEALED = ".age"
SMALLEST = 4096
MEDIUM = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: what everybody may know of it."""

    case: str
    folder: str
    event: Event

    @property
    def id(self) -> str:
        """The event's id."""
        return self.event.id

    @property
    def kind(self) -> str:
        """Document, recording or testimony."""
        return str(self.event.codes["kind"])

    @property
    def size(self) -> str:
        """Small, medium or large."""
        return str(self.event.codes["size"])

    @property
    def digest(self) -> str:
        """The SHA-256 of the sealed file."""
        return str(self.event.codes["digest"])

    @property
    def at(self) -> datetime:
        """When it was added."""
        return self.event.at

    @property
    def paths(self) -> tuple[str, str]:
        """Where the sealed file may stand: whole, or as a pointer."""
        return f"{self.folder}/{self.digest}{SEALED}", f"{self.folder}/{self.digest}{POINTER}"


def folder_of(record: Record) -> str:
    """Where the files of a case stand."""
    return record.path.removesuffix(".yaml")


def pieces(record: Record) -> Iterator[Piece]:
    """The pieces of evidence of a case, oldest first."""
    for event in record.events:
        if event.kind == KIND:
            yield Piece(record.id, folder_of(record), event)


def find(record: Record, wanted: str) -> Piece:
    """One piece by its event's id, or the beginning of that or of its hash; UsageError where there is none or more than one."""
    wanted = wanted.strip().lower()
    found = [piece for piece in pieces(record) if wanted and (piece.id.startswith(wanted) or piece.digest.startswith(wanted))]
    if not found:
        raise UsageError(
            _("case {case} has no piece of evidence {piece}").format(case=record.id, piece=wanted or "?"), hint=_("plaint evidence list shows them")
        )
    if len(found) > 1:
        raise UsageError(_("{piece} is the beginning of several").format(piece=wanted), hint=", ".join(piece.id for piece in found[:5]))
    return found[0]


def size_class(size: int) -> str:
    """The word for a size in bytes."""
    return "small" if size < MEDIUM else "medium" if size < LARGE else "large"


def padded(size: int) -> int:
    """The size that a file is filled up to: its last bits are zero, and at most an eighth is added, less of a large one."""
    if size <= SMALLEST:
        return SMALLEST
    exponent = size.bit_length() - 1
    rest = (1 << (exponent - exponent.bit_length())) - 1
    return (size + rest) & ~rest
