"""New objects for git, handed over as one pack: one process writes a commit with its trees and files, or ten thousand of them.

Git itself stores and checks them: `unpack-objects` makes loose objects of a few, `index-pack` keeps a large pack whole (the
same limit of 100 as in git fetch). Trees of a series differ by one entry from the one before: these go in as deltas.

>>> object_id("blob", b"", "sha1")
'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from plaint.store.git import Git

_TYPES: Final = {"commit": 1, "tree": 2, "blob": 3}
_REF_DELTA: Final = 7
_LOOSE = 100  # objects: git's own fetch.unpackLimit
_CHAIN = 40  # deltas upon deltas: git's own limit is 50
_SMALLEST_DELTA = 2000  # bytes: below, a delta is not worth its base


def object_id(kind: str, data: bytes, algorithm: str = "sha1") -> str:
    """The id git gives this object; `algorithm` is the repository's object format, sha1 or sha256."""
    digest = hashlib.new(algorithm, b"%s %d\0" % (kind.encode("ascii"), len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


class Pack:
    """Objects on their way to git. `add` them, then `store`."""

    def __init__(self, algorithm: str = "sha1") -> None:
        self._algorithm = algorithm
        self._known: set[str] = set()
        self._chain: dict[str, int] = {}
        self._body = bytearray()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, kind: str, data: bytes) -> str:
        """Take in a blob, tree or commit; returns its id."""
        sha = object_id(kind, data, self._algorithm)
        if sha not in self._known:
            self._write(sha, _TYPES[kind], data)
        return sha

    def add_tree(self, data: bytes, old: bytes | None = None) -> str:
        """Take in a tree that grew from `old`."""
        if old is None or len(data) < _SMALLEST_DELTA:
            return self.add("tree", data)
        base = object_id("tree", old, self._algorithm)
        length = self._chain.get(base, 0) + 1
        if base not in self._known or length > _CHAIN:  # a base outside this pack would make it a thin one
            return self.add("tree", data)
        sha = object_id("tree", data, self._algorithm)
        if sha not in self._known:
            self._chain[sha] = length
            self._write(sha, _REF_DELTA, delta(old, data), bytes.fromhex(base))
        return sha

    def store(self, git: Git) -> None:
        """Give all to git. Until a ref names them nobody sees them."""
        if not self._known:
            return
        pack = b"PACK" + (2).to_bytes(4, "big") + len(self._known).to_bytes(4, "big") + self._body
        pack += hashlib.new(self._algorithm, pack, usedforsecurity=False).digest()
        if len(self._known) <= _LOOSE:
            git.run("unpack-objects", "-q", stdin=pack)
        else:
            git.run("index-pack", "--stdin", stdin=pack)

    def _write(self, sha: str, kind: int, data: bytes, base: bytes = b"") -> None:
        self._known.add(sha)
        size = len(data)
        head = bytearray([kind << 4 | size & 15])
        size >>= 4
        while size:
            head[-1] |= 128
            head.append(size & 127)
            size >>= 7
        self._body += bytes(head) + base + zlib.compress(data, 1)


def delta(old: bytes, new: bytes) -> bytes:
    """Git's delta for one changed stretch: what both begin with, the new middle, what both end with."""
    head = _common(old, new, reverse=False)
    tail = min(_common(old, new, reverse=True), len(old) - head, len(new) - head)
    out = bytearray(_length(len(old)) + _length(len(new)))
    out += _copy(0, head)
    middle = new[head : len(new) - tail]
    for at in range(0, len(middle), 127):
        piece = middle[at : at + 127]
        out.append(len(piece))
        out += piece
    out += _copy(len(old) - tail, tail)
    return bytes(out)


def _common(old: bytes, new: bytes, *, reverse: bool) -> int:
    """How many bytes both begin (or end) with, by halving: comparing slices is memcmp."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if reverse:
            same = old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]
        else:
            same = old[low:middle] == new[low:middle]
        if same:
            low = middle
        else:
            high = middle - 1
    return low


def _length(size: int) -> bytes:
    out = bytearray([size & 127])
    size >>= 7
    while size:
        out[-1] |= 128
        out.append(size & 127)
        size >>= 7
    return bytes(out)


def _copy(offset: int, size: int) -> bytes:
    out = bytearray()
    while size:
        piece = min(size, 0xFFFF)
        at = len(out)
        out.append(128)
        for bit, byte in enumerate(offset.to_bytes(4, "little")):
            if byte:
                out[at] |= 1 << bit
                out.append(byte)
        for bit, byte in enumerate(piece.to_bytes(2, "little")):
            if byte:
                out[at] |= 16 << bit
                out.append(byte)
        offset += piece
        size -= piece
    return bytes(out)
