"""Adding evidence: files are sealed to compartments of a case, and recorded with what must be known of them.

Whether the events are allowed is asked before a file is read, and again when they are recorded. What is added together (an original and its
cleaned copy) is recorded whole or not at all.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from plaint.actor import Actor
from plaint.desk import Entry, Ids, Recorded, record_series, refuse_early
from plaint.errors import InputError, UsageError
from plaint.evidence.pieces import KIND, SEALED, padded, size_class
from plaint.evidence.pipe import Passed, Progress, seal_file
from plaint.files import check_name, open_plain
from plaint.i18n import _, reason
from plaint.model.record import new_event_id
from plaint.organisation import Organisation
from plaint.store.incoming import Draft
from plaint.store.lfs import pointer
from plaint.store.worktree import POINTER

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Collected:
    """What is known of a file besides its content: kind, who collected it, when and where it was, and the like; all but the kind is sealed.

    `more` holds further fields of the sealed part, by name.
    """

    kind: str
    by: str
    at: datetime
    compartment: str = "inquiry"
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """A file that is open, its size and its name, and what is known of it; `cleans_first` where it is a cleaned copy of the one that comes first.

    `event` is the id of its event, where chance must not choose it.
    """

    file: BinaryIO
    size: int
    name: str
    collected: Collected
    cleans_first: bool = False
    event: str = ""


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
        with open_plain(path, handed_over=False, buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                raise InputError(_("the file is empty"), where=str(path))
            yield file, size
    except OSError as error:
        raise UsageError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def check_files(paths: Sequence[Path]) -> dict[Path, int]:
    """The size of each file, when all of them can be read and named."""
    found = {}
    for path in paths:
        check_name(path)
        with opened(path) as (_file, size):
            found[path] = size
    return found


def refuse_evidence(actor: Actor, case: str, collected: Collected, now: datetime) -> None:
    """NotAllowedError where the piece could not be recorded as things stand; UsageError where the case lacks the compartment."""
    _recipient(actor, case, collected.compartment)
    refuse_early(actor, case, Entry(KIND, {"kind": collected.kind}, {collected.compartment: {}}), now)


def add(actor: Actor, case: str, items: Sequence[Item], now: datetime, when: datetime | None = None, *, progress: Progress | None = None) -> list[Added]:
    """Seals files and records them together. Nothing is left behind where that fails."""
    repository = actor.organisation.repository
    ids = [Ids(case, item.event or new_event_id()) for item in items]
    with ExitStack() as stack:
        drafts: list[Draft] = []
        entries, sealed = [], []
        for item, own in zip(items, ids, strict=True):
            large = is_large(actor.organisation, item.size)
            draft = stack.enter_context(repository.incoming_large() if large else repository.incoming())
            passed = seal_file(item.file, item.size, padded(item.size), _recipient(actor, case, item.collected.compartment), draft, progress or _silent)
            blob, suffix = draft.finish(passed.digest), SEALED
            drafts.append(draft)
            if large:
                named = stack.enter_context(repository.incoming())
                blob, suffix = _pointer(named, passed), POINTER
                drafts.append(named)
            sealed.append(passed)
            entries.append(_entry(item, passed, own, ids[0].event if item.cleans_first else "", {f"{passed.digest}{suffix}": blob}))
        with repository.lock():
            for draft in drafts:
                draft.place()
            recorded = record_series(actor, case, entries, now, when)
    return [Added(one, passed.digest, passed.original, item.size) for one, passed, item in zip(recorded, sealed, items, strict=True)]


def is_large(organisation: Organisation, size: int) -> bool:
    """Whether a file of this size goes to Git LFS, once it is sealed."""
    return 0 < organisation.config.lfs_above < padded(size)


def _pointer(draft: Draft, passed: Passed) -> str:
    """The blob in git that names a file in Git LFS."""
    text = pointer(passed.digest, passed.size)
    draft.begin(len(text))
    draft.write(text)
    return draft.finish()


def _recipient(actor: Actor, case: str, compartment: str) -> str:
    recipient = actor.organisation.case(case).header["seals"].get(compartment)
    if recipient is None:
        raise UsageError(_("this case has no {compartment} compartment").format(compartment=compartment))
    return str(recipient)


def _entry(item: Item, passed: Passed, ids: Ids, cleans: str, beside: Mapping[str, str]) -> Entry:
    collected = item.collected
    body = {
        "name": item.name,
        "type": mimetypes.guess_type(item.name)[0] or UNKNOWN_TYPE,
        "bytes": item.size,
        "original": passed.original,
        "digest": passed.digest,
        "collected-by": collected.by,
        "collected-at": collected.at.isoformat(),
        **collected.more,
    }
    codes = {"kind": collected.kind, "digest": passed.digest, "size": size_class(passed.size)} | ({"cleans": cleans} if cleans else {})
    return Entry(KIND, codes, {collected.compartment: body}, ids=ids, beside=beside)


def neutral_name(name: str, kind: str) -> str:
    """A name that tells nothing, for names of files do: `document.jpg`."""
    suffix = PurePath(name).suffix.lower()
    return kind + suffix if mimetypes.guess_type(f"x{suffix}")[0] else kind


def _silent(_count: int) -> None:
    pass
