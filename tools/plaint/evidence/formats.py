"""Which reader and which cleaner a file takes, by its first bytes; and what it means when one of them fails. Runs on the bench apart (`workshop`)."""

from __future__ import annotations

import io
from typing import BinaryIO

import pikepdf
from PIL import Image

from plaint.evidence import office, pdfs, pictures
from plaint.evidence.metadata import Told

_HEAD = 1024


def read(file: BinaryIO) -> list[Told]:
    """What a file tells; office.UnknownFormatError for a format that is not known."""
    head = _head(file)
    if pictures.is_picture(head):
        return pictures.read(file)
    if head.startswith(office.MAGIC):
        return list(office.read(file))
    if pdfs.is_pdf(head):
        return list(pdfs.read(file))
    raise office.UnknownFormatError


def clean(file: BinaryIO, target: BinaryIO) -> None:
    """Writes a cleaned copy."""
    head = _head(file)
    if pictures.is_picture(head):
        copy = io.BytesIO()  # Pillow goes back in what it writes
        pictures.clean(file, copy)
        target.write(copy.getbuffer())
    elif head.startswith(office.MAGIC):
        office.clean(file, target)
    elif pdfs.is_pdf(head):
        pdfs.clean(file, target)
    else:
        raise office.UnknownFormatError


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    return head


def trouble(error: Exception) -> str:
    """The word for a failure (`workshop.Trouble`)."""
    if isinstance(error, office.UnknownFormatError):
        return "unknown"
    if isinstance(error, office.NoToolError):
        return "no-tool"
    if isinstance(error, (MemoryError, office.TooLargeError, Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return "large"
    locked = isinstance(error, pikepdf.PasswordError) or (isinstance(error, RuntimeError) and "encrypted" in str(error))  # zipfile says so
    return "locked" if locked else "damaged"
