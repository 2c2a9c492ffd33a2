"""Files that somebody names on the command line or in a configuration: opened without ever waiting for one. And large ones, written in portions.

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
from typing import BinaryIO, Protocol

from plaint.errors import InputError, UsageError
from plaint.i18n import _

_HANDED_OVER = re.compile(r"/dev/fd/\d+|/dev/stdin|/proc/(self|\d+)/fd/\d+").fullmatch
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)

PORTION = 32 * 1024
"""Bytes to write at a time. For more at once Linux takes larger pieces of memory, which nobody has used for long; a virtual machine must be given them
first: 4 GiB took 9 s of the processor in place of 2."""


class Writable(Protocol):
    """What takes bytes."""

    def write(self, data: memoryview, /) -> int:
        """How many it took."""


def write_in_portions(file: Writable, data: bytes | memoryview) -> None:
    """Writes all of it, also to a file without a buffer, which may take less at once."""
    left = memoryview(data)
    while left:
        left = left[file.write(left[:PORTION]) :]


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


def shown(name: str | Path) -> str:
    r"""A file's name as a line of a table can hold it: what cannot be printed is escaped, as are the bytes of one that is not UTF-8.

    >>> print(shown("two\nlines"))
    two\nlines
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in str(name))


def check_name(path: Path) -> None:
    """InputError where a file's name is not UTF-8: it is recorded as it is, in YAML, which can hold nothing else."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(_("the name of this file is not UTF-8"), where=shown(path), hint=_("rename it, then give it again")) from None


def _escaped(char: str) -> str:
    byte = ord(char) - 0xDC00  # how Python carries a byte that is no UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else char.encode("unicode_escape").decode("ascii")


def _check(mode: int, path: Path, *, handed_over: bool) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode) and not (handed_over and _HANDED_OVER(str(path))):
        raise UsageError(_("this is not a plain file"), where=str(path))


def read_plain(path: Path, most: int = -1, *, handed_over: bool = True) -> bytes:
    """All of the file, or its first bytes."""
    with open_plain(path, handed_over=handed_over) as file:
        return file.read(most)
