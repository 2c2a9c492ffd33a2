"""Git LFS: in git stands a pointer of three lines, which names a file by its SHA-256; the file itself lies beside git.

Files are written into its store here, in one pass; between clone and server `git lfs` carries them, which knows every kind of server. Pointers
stand in files named `*.lfs` that no filter touches, so a clone without `git lfs`, or one that wants no large files, works all the same.

>>> parse_pointer(pointer("0" * 64, 5)) == Pointer("0" * 64, 5)
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from plaint.errors import EnvironmentFaultError
from plaint.i18n import _
from plaint.store.git import Git, last_words
from plaint.store.objects import Objects

AT_ONCE = 500  # files named on one command line
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


def read_pointer(objects: Objects, sha: str) -> Pointer | None:
    """The pointer in a blob, which may be as large as somebody liked to make it; None where it is none."""
    if objects.sizes([sha])[0] >= LARGEST:
        return None
    return parse_pointer(objects.read_blob(sha) or b"")


def store_of(git: Git, common: Path) -> Path:
    """Where Git LFS keeps the files of a repository, from its common git folder."""
    return common / (git.call("config", "lfs.storage").output.decode("utf-8", "surrogateescape").rstrip("\n") or "lfs")


def place_of(folder: Path, digest: str) -> Path:
    """Where a file lies in the store of Git LFS."""
    return folder / "objects" / digest[:2] / digest[2:4] / digest


def drop(folder: Path, digests: Iterable[str]) -> None:
    """Removes files from the store."""
    for digest in digests:
        place_of(folder, digest).unlink(missing_ok=True)


def check_installed(git: Git) -> None:
    """EnvironmentFaultError where there is no `git lfs`."""
    if git.call("lfs", "version").code != 0:
        raise EnvironmentFaultError(_("this organisation keeps large files in Git LFS, which is not installed here"), hint=_("on Debian: apt install git-lfs"))


def push(git: Git, remote: str, digests: Sequence[str]) -> None:
    """Sends files to the server, before the commits that name them; those it has are not sent again."""
    check_installed(git)
    for start in range(0, len(digests), AT_ONCE):
        result = git.call("lfs", "push", "--object-id", remote, *digests[start : start + AT_ONCE])
        if result.code != 0:
            raise EnvironmentFaultError(
                _("Git LFS could not send the large files: {words}").format(words=last_words(result.error)),
                hint=_("nothing was lost; what is yours is still here: run plaint sync again"),
            )


def fetch(git: Git, remote: str, path: str) -> bool:
    """Brings the file of one pointer of HEAD here; whether the server has it. Its words are of no use: they differ by server."""
    check_installed(git)
    return git.call("lfs", "fetch", f"--include={path}", "--exclude=", remote, "HEAD").code == 0
