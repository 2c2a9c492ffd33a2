"""Files of the working tree: may this one be overwritten, and overwriting it in one step.

A file may be replaced when it is as committed, or missing, or a strict beginning of what is committed (a torn write: records
only grow at their end). Anything else is someone's work in progress and is left alone.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import IO

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _, reason

LARGE = 100_000_000
"""Bytes; most forges refuse larger files."""
POINTER = ".lfs"
"""The end of the name of a file that is a Git LFS pointer in git."""


def clean_path(path: str) -> str:
    """The path itself; InputError unless it is relative, plain and stays inside the repository and outside `.git`."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts) or any(ord(char) < 32 or char in "\x7f\\:" for char in path):
        raise InputError(_("“{path}” is not a path inside the repository").format(path=path[:80]))
    return path


def read_file(top: Path, path: str) -> bytes | None:
    """The content of a plain file; None when there is none. InputError when something else is there, or behind a link."""
    target = top / path
    for parent in reversed(target.relative_to(top).parents):
        if (top / parent).is_symlink() and parent != Path():
            raise InputError(_("a symbolic link stands where a folder should be"), where=str(parent))
    try:
        mode = target.lstat().st_mode
        if not stat.S_ISREG(mode):
            raise InputError(_("something that is not a plain file is in the way"), where=path)
        return target.read_bytes()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise InputError(_("a file stands where a folder is needed"), where=path) from None
    except OSError as error:
        raise EnvironmentFaultError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=path) from error


def is_replaceable(found: bytes | None, committed: bytes | None) -> bool:
    """Whether the file on disk (None: missing) holds nothing that the committed one (None: there is none) does not hold."""
    if found is None:
        return True
    if committed is None:
        return False
    return committed.startswith(found) or found.replace(b"\r\n", b"\n") == committed


def check_replaceable(path: str, found: bytes | None, committed: bytes | None, new: bytes) -> None:
    """InputError when writing `new` would lose something nobody has committed."""
    if is_replaceable(found, committed) or found == new:
        return
    if committed is None:
        raise InputError(_("there is a file already that is not committed"), where=path, hint=_("commit it or move it away first"))
    raise InputError(
        _("this file has uncommitted changes"),
        where=path,
        hint=_("git restore {path} drops them; git diff {path} shows them").format(path=path),
    )


def is_laid_out(path: str, size: int) -> bool:
    """Whether a file that lies in git as a blob is copied into the working tree: not if it is large, nor if git lies beside it (Git LFS)."""
    return size < LARGE and not path.endswith(POINTER)


def write_file(top: Path, path: str, data: bytes | IO[bytes], draft: Path) -> None:
    """Replace the file in one step. `draft` is on its way there: in the git folder, so that a crash leaves no stray file."""
    target = top / path
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    try:
        _write(draft, data, mode)
        draft.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # the git folder is on another file system (--separate-git-dir, a linked worktree)
            raise
        draft.unlink(missing_ok=True)
        beside = target.with_name(f".{target.name}.plaint-new")
        _write(beside, data, mode)
        beside.replace(target)


def _write(path: Path, data: bytes | IO[bytes], mode: int | None) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)  # less the umask
    with os.fdopen(handle, "wb") as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            shutil.copyfileobj(data, file, 1 << 20)
    if mode is not None:
        path.chmod(mode)
