"""What attachments tell of the reporter besides what they are meant to tell: the phone and the place of a photo, the author of a letter.

Rules:
- A picture, PDF or office file that tells anything becomes evidence twice, whatever its size: the original for the custodians alone, and a cleaned
  copy, under a name that tells nothing, for those who read the report.
- What cannot be read or cleaned, and formats that nobody knows, are kept as they came: it is the reporter's own choice of whom to send it to.

The files are taken to pieces on a bench apart (`evidence.workshop`), a process for each; text is not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from plaint.evidence.workshop import TroubleError, clean, read
from plaint.intake.attachments import Attachment

_MAY_TELL = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"%PDF", b"PK\x03\x04")
"""How the files begin that the bench knows; it alone decides."""


def telling(files: Sequence[Attachment]) -> frozenset[int]:
    """The places in the list of the files that tell something, and of which there is a cleaned copy to be had."""
    return frozenset(number for number, file in enumerate(files) if _tells(file))


def cleaned(file: Attachment) -> tuple[BinaryIO, int] | None:
    """A cleaned copy, to be closed, and its size; None where the file tells nothing, or there is no such copy."""
    if _tells(file):
        with suppress(TroubleError), _opened(file) as opened:
            return clean(opened, file.name)
    return None


def _tells(file: Attachment) -> bool:
    if not file.data.startswith(_MAY_TELL):
        return False
    try:
        with _opened(file) as opened:
            return bool(read(opened, file.name))
    except TroubleError:
        return False


@contextmanager
def _opened(file: Attachment) -> Iterator[BinaryIO]:
    """The file as another process can read it: in memory where the system has such files (Linux), or without a name."""
    with os.fdopen(os.memfd_create("attachment"), "w+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile() as opened:
        opened.write(file.data)
        opened.flush()
        yield opened
