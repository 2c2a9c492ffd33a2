"""Cases as the walk remembers them: by the id of the file's blob, so that every branch of a history finds its own.

What is not remembered is read again from the repository and folded, so forgetting costs time only; memory stays flat.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from plaint.errors import InputError
from plaint.model.machine import CaseState, fold
from plaint.model.policy import Policy
from plaint.model.record import Event, Record, parse
from plaint.store.lfs import read_pointer
from plaint.store.objects import GitObject, Objects
from plaint.store.worktree import POINTER

REMEMBERED = 20_000
_HELD = 16 << 20
"""Bytes of blobs that are kept for when they are asked for again."""


@dataclass(frozen=True, slots=True)
class Known:
    """A case as its file stood in one blob: the size of the file in bytes, its lines, its header and where the case stood."""

    size: int
    lines: int
    header: Mapping[str, Any]
    state: CaseState


class Blobs:
    """Reads blobs, and remembers the newest states of cases."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._coming: Iterator[GitObject | None] = iter(())
        self._read: dict[str, bytes] = {}
        self._held = 0

    def expect(self, shas: Iterable[str]) -> None:
        """Blobs that will be asked for in about this order: git looks for the next while one is used."""
        self._coming = self._objects.get_many(shas)

    def data(self, sha: str) -> bytes | None:
        """A blob's content; None where it is missing or is not what its id says."""
        if sha not in self._read:
            for found in self._coming:
                self._keep(found)
                if found is not None and found.sha == sha:
                    break
            else:
                self._keep(self._objects.get(sha))
        return self._read.get(sha)

    def begins(self, data: bytes, size: int, sha: str) -> bool:
        """Whether the first `size` bytes are the blob of that size."""
        old = self._read.get(sha)
        return data.startswith(old) if old is not None else blob_id(memoryview(data)[:size], sha) == sha

    def _keep(self, found: GitObject | None) -> None:
        if found is not None and found.type == "blob" and found.sha not in self._read and blob_id(found.data, found.sha) == found.sha:
            self._read[found.sha] = found.data
            self._held += len(found.data)
            while self._held > _HELD and len(self._read) > 1:
                self._held -= len(self._read.pop(next(iter(self._read))))

    def sealed_digest(self, path: str, sha: str) -> str:
        """The SHA-256 of the sealed file that stands at a path beside a case; "" where it is missing or is not what its id says."""
        if path.endswith(POINTER):
            pointer = read_pointer(self._objects, sha)
            return pointer.digest if pointer else ""
        return self._objects.digest(sha) or ""

    def find(self, spec: str) -> str | None:
        """The id of a blob by its place in a commit."""
        found = self._objects.get(spec)
        return found.sha if found and found.type == "blob" else None

    def remember(self, sha: str, known: Known, instead_of: str | None = None) -> None:
        """Keeps where a case stands in a blob; the blob before it is hardly asked for again."""
        if instead_of is not None:
            self._known.pop(instead_of, None)
        self._known[sha] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def case(self, sha: str, path: str, policy_of: Callable[[int], Policy | None]) -> Known | None:
        """Where a case stood in a blob; None where the blob is no case that can be understood."""
        if sha not in self._known:
            record = self.record(sha, path)
            policy = policy_of(int(record.header["policy"])) if record and "policy" in record.header else None
            data = self.data(sha)
            if record is None or policy is None or data is None:
                return None
            self.remember(sha, Known(len(data), data.count(b"\n"), record.header, fold(policy, record.events)))
        return self._known[sha]

    def record(self, sha: str, path: str) -> Record | None:
        """The record in a blob, if it is one."""
        data = self.data(sha)
        try:
            return parse(data, path) if data is not None else None
        except InputError:
            return None


def blob_id(data: bytes | memoryview, like: str) -> str:
    """The id that git gives a file of this content, by the same hash as an id that it gave."""
    return object_id("blob", data, like)


def object_id(kind: str, data: bytes | memoryview, like: str) -> str:
    """The id that git gives an object."""
    algorithm = hashlib.sha1 if len(like) == 40 else hashlib.sha256  # as git hashes, sha1 included
    digest = algorithm(b"%s %d\0" % (kind.encode(), len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


class EventsBefore(Sequence[Event]):
    """The events of a case before the one that is judged, read only if a rule asks for them (time limits do)."""

    def __init__(self, blobs: Blobs, sha: str, path: str, more: Sequence[Event]) -> None:
        self._source = (blobs, sha, path)
        self._more = more
        self._events: tuple[Event, ...] | None = None

    def _all(self) -> tuple[Event, ...]:
        if self._events is None:
            blobs, sha, path = self._source
            record = blobs.record(sha, path)
            self._events = (*(record.events if record else ()), *self._more)
        return self._events

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Event]:
        return iter(self._all())
