"""Adding a piece of evidence: the file is sealed to a compartment of the case, and recorded with what must be known of it.

Whether the event is allowed is asked before the file is read, and again when it is recorded.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from plaint.actor import Actor
from plaint.desk import Entry, Recorded, record, refuse_early
from plaint.errors import InputError, UsageError
from plaint.evidence.pieces import KIND, SEALED, padded, size_class
from plaint.evidence.pipe import Passed, Progress, seal_file
from plaint.i18n import _, reason

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Collected:
    """What is known of a file besides its content: kind, who collected it, when and where it was, and the like; all but the kind is sealed.

    `more` holds further fields of the sealed part, by name.
    """

    kind: str
    by: str
    at: datetime
    name: str = ""
    compartment: str = "inquiry"
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Added:
    """A piece of evidence that was recorded."""

    recorded: Recorded
    digest: str
    original: str
    size: int


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A plain file that holds something, and its size; UsageError where it is not one."""
    try:
        with path.open("rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(_("this is not a plain file"), where=str(path))
            if not found.st_size:
                raise InputError(_("the file is empty"), where=str(path))
            yield file, found.st_size
    except OSError as error:
        raise UsageError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def check_files(paths: Sequence[Path]) -> dict[Path, int]:
    """The size of each file, when all of them can be read."""
    found = {}
    for path in paths:
        with opened(path) as (_file, size):
            found[path] = size
    return found


def refuse_evidence(actor: Actor, case: str, collected: Collected, now: datetime) -> None:
    """NotAllowedError where the piece could not be recorded as things stand; UsageError where the case lacks the compartment."""
    _recipient(actor, case, collected.compartment)
    refuse_early(actor, case, Entry(KIND, {"kind": collected.kind}, {collected.compartment: {}}), now)


def add(actor: Actor, case: str, path: Path, collected: Collected, now: datetime, when: datetime | None = None, *, progress: Progress | None = None) -> Added:
    """Seals a file and records it. Nothing is left behind where that fails."""
    repository = actor.organisation.repository
    recipient = _recipient(actor, case, collected.compartment)
    with opened(path) as (file, size), repository.incoming() as draft:
        passed = seal_file(file, size, padded(size), recipient, draft, progress or _silent)
        sha = draft.finish()
        with repository.lock():
            draft.place()
            entry = _entry(collected, path, size, passed)
            recorded = record(actor, case, entry, now, when, beside={f"{passed.digest}{SEALED}": sha})
    return Added(recorded, passed.digest, passed.original, size)


def _recipient(actor: Actor, case: str, compartment: str) -> str:
    recipient = actor.organisation.case(case).header["seals"].get(compartment)
    if recipient is None:
        raise UsageError(_("this case has no {compartment} compartment").format(compartment=compartment))
    return str(recipient)


def _entry(collected: Collected, path: Path, size: int, passed: Passed) -> Entry:
    name = collected.name or path.name
    body = {
        "name": name,
        "type": mimetypes.guess_type(name)[0] or UNKNOWN_TYPE,
        "bytes": size,
        "original": passed.original,
        "digest": passed.digest,
        "collected-by": collected.by,
        "collected-at": collected.at.isoformat(),
        **collected.more,
    }
    codes = {"kind": collected.kind, "digest": passed.digest, "size": size_class(passed.size)}
    return Entry(KIND, codes, {collected.compartment: body})


def _silent(_count: int) -> None:
    pass
