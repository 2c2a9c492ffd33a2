"""Git's loose objects, for files too large for memory: written and read piece by piece.

A loose object is `blob SIZE`, a zero byte and the content, in zlib's frame. What we write is ciphertext, which does not shrink: it goes into
the frame as it is. `git hash-object` would take several times as long, for it deflates and hashes twice; and `git cat-file` maps a whole loose
object into memory. zlib-ng, for the checksum of Python's own zlib takes half as long as git's hash.
"""

from __future__ import annotations

import hashlib
import io
from typing import IO

from zlib_ng import zlib_ng as zlib

_BLOCK = 65535  # bytes in a stored block of deflate
_PIECE = 64 * 1024


def _block_head(size: int) -> bytes:
    return b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")


_FULL = _block_head(_BLOCK)


class Framer:
    """Writes one blob to a file: `begin` with its size, `write` its content, `finish` gives its id."""

    def __init__(self, file: IO[bytes], algorithm: str) -> None:
        self._file = file
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        self._adler = 1
        self._left = 0

    def begin(self, size: int) -> None:
        """How many bytes will come."""
        head = b"blob %d\0" % size
        self._file.write(b"\x78\x01")
        self._left = size + len(head)
        self.write(head)

    def write(self, piece: bytes | memoryview) -> int:
        """Takes the next bytes, all of them."""
        self._left -= len(piece)
        self._digest.update(piece)
        self._adler = zlib.adler32(piece, self._adler)
        view, write = memoryview(piece), self._file.write
        for at in range(0, len(view), _BLOCK):
            block = view[at : at + _BLOCK]
            write(_FULL if len(block) == _BLOCK else _block_head(len(block)))
            write(block)
        return len(view)

    def finish(self) -> str:
        """The blob's id, when all of it has come."""
        if self._left:
            raise AssertionError(f"{self._left} bytes are missing")
        self._file.write(b"\x01\x00\x00\xff\xff" + self._adler.to_bytes(4, "big"))
        return self._digest.hexdigest()


def open_loose(file: IO[bytes]) -> io.BufferedReader:
    """The content of the blob in a loose object's file; empty where it is no blob. Damage ends it early: whoever reads compares hashes."""
    return io.BufferedReader(_Inflated(file), _PIECE)


class _Inflated(io.RawIOBase):
    """What is in zlib's frame, behind the head."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._zlib = zlib.decompressobj()
        self._head: bytes | None = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while data := self._next(min(len(buffer), _PIECE)):
            if self._head is not None:
                head, zero, data = (self._head + data).partition(b"\0")
                if not zero:
                    self._head = head
                    continue
                if not head.startswith(b"blob "):
                    return 0
                self._head = None
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0

    def _next(self, size: int) -> bytes:
        try:
            while not self._zlib.eof:
                waiting = self._zlib.unconsumed_tail or self._file.read(_PIECE)
                if not waiting:
                    return b""
                if data := self._zlib.decompress(waiting, size):
                    return data
        except zlib.error:  # type: ignore[misc]  # its stub makes an instance of the class
            return b""
        return b""
