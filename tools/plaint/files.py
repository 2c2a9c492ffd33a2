"""Files that somebody names on the command line or in a configuration: opened without ever waiting for one.

Rules:
- What is not a plain file is refused: opening a named pipe would wait for a writer that may never come, and a device may have no end.
- What the shell hands over, as `--body <(gpg -d report.yaml.gpg)` does, is read where a text is wanted: its writer is there, and the plain text
  never lies on a disk. Of evidence the size must be known first, so there only a plain file will do (`handed_over=False`).

>>> read_plain(Path("report.yaml"))      # doctest: +SKIP
b'narrative: …'
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from plaint.errors import UsageError
from plaint.i18n import _

_HANDED_OVER = re.compile(r"/dev/fd/\d+|/dev/stdin|/proc/(self|\d+)/fd/\d+").fullmatch
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_plain(path: Path, *, handed_over: bool = True, buffering: int = -1) -> BinaryIO:
    """The file, open for reading; UsageError where it is no plain file, OSError where it cannot be opened."""
    handle = os.open(path, _FLAGS)
    try:
        _check(os.fstat(handle).st_mode, path, handed_over=handed_over)
        if hasattr(os, "set_blocking"):  # a pipe of the shell may have nothing to give yet
            os.set_blocking(handle, True)
        return os.fdopen(handle, "rb", buffering=buffering)
    except BaseException:
        os.close(handle)
        raise


def _check(mode: int, path: Path, *, handed_over: bool) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode) and not (handed_over and _HANDED_OVER(str(path))):
        raise UsageError(_("this is not a plain file"), where=str(path))


def read_plain(path: Path, most: int = -1, *, handed_over: bool = True) -> bytes:
    """All of the file, or its first bytes."""
    with open_plain(path, handed_over=handed_over) as file:
        return file.read(most)
