"""A file too large for memory on its way into git, or into Git LFS beside it: framed, hashed and written in one pass, piece by piece.

Rules:
- It is written in `plaint/incoming` of the common git folder, and locked while its process lives.
- It takes its place among git's objects, or those of Git LFS, just before the commit that names it. Until then nothing but a draft is there.
- Whoever begins the next one removes the drafts of dead processes, and the objects that they put in place for a commit that never came.

    with repository.incoming() as draft:
        draft.begin(size)
        draft.write(piece)
        sha = draft.finish()
        draft.place()
        repository.commit(…, blobs={path: sha})
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from plaint.errors import EnvironmentFaultError
from plaint.files import PORTION, write_in_portions
from plaint.i18n import _, reason
from plaint.store.lfs import place_of
from plaint.store.loose import Framer

if sys.platform != "win32":
    import fcntl

FOLDER = "incoming"
_STALE = 24 * 60 * 60  # seconds; where files cannot be locked, an older draft has been left behind
_PLACED = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.(blob|lfs)")

IsCommitted = Callable[[str], bool]
"""Whether a commit names the blob of this id, or the file of this SHA-256 in Git LFS."""


class Draft:
    """One blob being written, or with `lfs`, the folder of Git LFS, one file that goes there as it is.

    Use as a context manager: what was not placed, or was and is withdrawn, leaves nothing.
    """

    def __init__(self, git_folder: Path, algorithm: str, lfs: Path | None = None) -> None:
        self._git_folder, self._lfs = git_folder, lfs
        self._folder = git_folder / "plaint" / FOLDER
        self._algorithm = algorithm
        self._path = self._folder / f"{secrets.token_hex(8)}.new"
        self._sha = ""
        self._placed = False

    def __enter__(self) -> Self:
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("xb", buffering=PORTION)
            self._framer = Framer(self._file, self._algorithm) if self._lfs is None else None
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if kind is not None and self._placed:
            with suppress(OSError):
                self._place_of(self._sha).unlink()
        with suppress(OSError):  # a full disk: what is still in the buffer is not wanted any more
            self._file.close()
        self._path.unlink(missing_ok=True)

    def begin(self, size: int) -> None:
        """How many bytes will come."""
        if self._framer:
            with self._explained():
                self._framer.begin(size)

    def write(self, piece: bytes | memoryview) -> None:
        """The next bytes."""
        with self._explained():
            write_in_portions(self._framer or self._file, piece)

    def finish(self, digest: str = "") -> str:
        """The blob's id, when all of it has come; of a file for Git LFS its SHA-256, which whoever wrote it knows."""
        with self._explained():
            self._sha = self._framer.finish() if self._framer else digest
            self._file.flush()
            self._path = self._path.replace(self._folder / f"{self._sha}.{'blob' if self._framer else 'lfs'}")
        return self._sha

    def place(self) -> None:
        """Puts the finished file among the objects. The draft stays beside it until the commit stands, to be found should we be killed."""
        target = self._place_of(self._sha)
        with self._explained():
            target.parent.mkdir(parents=True, exist_ok=True)
            self._path.chmod(0o444)
            try:
                os.link(self._path, target)
            except FileExistsError:
                return
            except OSError:  # a file system without hard links
                self._path.replace(target)
        self._placed = True

    def _place_of(self, sha: str) -> Path:
        return _place(self._git_folder, sha) if self._lfs is None else place_of(self._lfs, sha)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EnvironmentFaultError(
                _("the sealed file cannot be written: {reason}").format(reason=reason(error)), where=str(self._folder), hint=_("nothing was recorded")
            ) from error


def _place(git_folder: Path, sha: str) -> Path:
    return git_folder / "objects" / sha[:2] / sha[2:]


def tidy(git_folder: Path, is_committed: IsCommitted, lfs: Path | None = None) -> None:
    """Removes what dead processes have left behind."""
    folder = git_folder / "plaint" / FOLDER
    for draft in folder.iterdir() if folder.is_dir() else ():
        if not _is_abandoned(draft):
            continue
        placed = _PLACED.fullmatch(draft.name)
        if placed and not is_committed(placed[1]):
            (_place(git_folder, placed[1]) if placed[2] == "blob" or lfs is None else place_of(lfs, placed[1])).unlink(missing_ok=True)
        draft.unlink(missing_ok=True)


def _is_abandoned(draft: Path) -> bool:
    try:
        if sys.platform == "win32":
            return time.time() - draft.stat().st_mtime > _STALE
        with draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back when the file is closed
    except OSError:
        return False
    return True
