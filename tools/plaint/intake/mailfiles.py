"""Mails as they lie in files: one a file (.eml, .msg), an mbox, or a Maildir. Python's own `mailbox` reads the latter two.

>>> [each.name for each in mails_in(Path("complaints.mbox"))]      # doctest: +SKIP
['complaints.mbox#1', 'complaints.mbox#2']
"""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from plaint.errors import InputError
from plaint.files import read_plain
from plaint.i18n import _, reason
from plaint.intake.letter import OUTLOOK

LARGEST = 100 * 1024 * 1024
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_MAIL_HEADERS = ("from", "subject", "date", "message-id", "received", "to", "return-path")
_FLAGGED_DELETED = "T"


@dataclass(frozen=True, slots=True)
class Post:
    """One mail as it lies there: what to call it, its bytes, when it arrived, as far as its place tells, the time of its file, and whether it is marked as junk."""

    name: str
    data: bytes
    at: datetime | None = None
    file_time: datetime | None = None
    junk: bool = False


def is_maildir(path: Path) -> bool:
    """Whether a folder is a Maildir."""
    return path.is_dir() and (path / "cur").is_dir() and (path / "new").is_dir()


def is_mail_file(start: bytes) -> bool:
    """Whether a file that begins so holds mail: an mbox, Outlook's file, or what begins with a mail's header."""
    if start.startswith((b"From ", OUTLOOK)):
        return True
    header = BytesHeaderParser().parsebytes(start)
    return any(name in header for name in _MAIL_HEADERS)


def mails_in(path: Path) -> Iterator[Post]:
    """The mails in a file or a Maildir, in the order in which they lie there; InputError where it cannot be read."""
    try:
        if is_maildir(path):
            yield from _maildir(path)
        elif _starts(path).startswith(b"From "):
            yield from _mbox(path)
        else:
            yield Post(path.name, _read(path), file_time=datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def _maildir(path: Path) -> Iterator[Post]:
    box = mailbox.Maildir(path, factory=None, create=False)
    found = []
    for key in box.iterkeys():
        file = path / box._lookup(key)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way to a mail's file
        if _FLAGGED_DELETED not in file.name.partition(":2,")[2]:
            found.append((int(file.stat().st_mtime), key, file))
    for moment, key, file in sorted(found):
        yield Post(f"{path.name}/{key}", _read(file), datetime.fromtimestamp(moment, UTC))


def _mbox(path: Path) -> Iterator[Post]:
    """The mails of an mbox. A line of text that begins with "From " and was not quoted does not end a mail: a header must follow."""
    box = mailbox.mbox(path, create=False)
    try:
        waiting = b""
        number = 0
        for key in box.iterkeys():
            piece = box.get_bytes(key, from_=True)
            if waiting and not _HEADER.match(piece.partition(b"\n")[2]):
                waiting += b"\n" + piece
                continue
            if waiting:
                number += 1
                yield _from_mbox(path, number, waiting)
            waiting = piece
        if waiting:
            yield _from_mbox(path, number + 1, waiting)
    finally:
        box.close()


def _from_mbox(path: Path, number: int, piece: bytes) -> Post:
    line, _newline, mail = piece.partition(b"\n")
    return Post(f"{path.name}#{number}", _QUOTED_FROM.sub(rb"\1", mail), _from_line(line))


def _from_line(line: bytes) -> datetime | None:
    """When a mail was delivered, by the line that begins it in an mbox: in UTC, as it should be."""
    found = re.search(rb"(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d) (?:[A-Z+]\S* )?(\d{4})", line)
    if not found:
        return None
    try:
        return datetime.strptime(f"{found[1].decode()} {found[2].decode()}", "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _starts(path: Path) -> bytes:
    return read_plain(path, 5, handed_over=False)


def _read(path: Path) -> bytes:
    data = read_plain(path, LARGEST + 1, handed_over=False)
    if len(data) > LARGEST:
        raise InputError(_("the file is larger than {size} MiB").format(size=LARGEST // 1024 // 1024), where=str(path))
    return data
