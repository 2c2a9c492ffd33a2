"""Git LFS: in git stands a pointer of three lines, which names a file by its SHA-256; the file itself lies beside git.

>>> parse_pointer(pointer("0" * 64, 5)) == Pointer("0" * 64, 5)
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from plaint.store.objects import Objects

LARGEST = 1024
"""Bytes; the specification says that a pointer is smaller."""
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,18})\n")


class Pointer(NamedTuple):
    """What a pointer says: the file's SHA-256, and its size in bytes."""

    digest: str
    size: int


def pointer(digest: str, size: int) -> bytes:
    """The text of a pointer."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n".encode("ascii")


def parse_pointer(data: bytes) -> Pointer | None:
    """What a pointer says; None where it is none, in its one canonical form."""
    match = _POINTER.fullmatch(data)
    return Pointer(match[1].decode("ascii"), int(match[2])) if match else None


def drop(common: Path, digests: Iterable[str]) -> None:
    """Removes files from where git-lfs keeps them; `common` is git's common folder."""
    for digest in digests:
        (common / "lfs" / "objects" / digest[:2] / digest[2:4] / digest).unlink(missing_ok=True)


def read_pointer(objects: Objects, sha: str) -> Pointer | None:
    """The pointer in a blob, which may be as large as somebody liked to make it; None where it is none."""
    if objects.sizes([sha])[0] >= LARGEST:
        return None
    return parse_pointer(objects.read_blob(sha) or b"")
