"""Git's loose objects, for files too large for memory: written and read piece by piece.

A loose object is `blob SIZE`, a zero byte and the content, in zlib's frame. What we write is ciphertext, which does not shrink: it goes into
the frame as it is. `git hash-object` would take several times as long, for it deflates and hashes twice; and `git cat-file` maps a whole loose
object into memory. zlib-ng, for the checksum of Python's own zlib takes half as long as git's hash.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import IO

from zlib_ng import zlib_ng as zlib

BEGINNING = b"\x78\x01"
_BLOCK = 65535  # bytes in a stored block of deflate
_HEAD = 5  # bytes before each
_BLOCKS = 16
_LAST = b"\x01\x00\x00\xff\xff"  # an empty block; a checksum of four bytes follows
_PIECE = 64 * 1024


Sink = Callable[[memoryview], object]
"""What a frame is handed on to."""


def blob_head(size: int) -> bytes:
    """What git puts before the content of a blob."""
    return b"blob %d\0" % size


class Frame:
    """Zlib's frame around what is written to it, handed on in whole blocks, after the two bytes of its beginning."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._adler = 1
        self._blocks = memoryview(bytearray(_BLOCKS * (_HEAD + _BLOCK)))
        self._start, self._at = 0, _HEAD  # of the block that is being filled, and how far it is
        sink(memoryview(BEGINNING))

    def write(self, piece: bytes | memoryview) -> None:
        """The next bytes."""
        self._adler = zlib.adler32(piece, self._adler)
        rest = memoryview(piece)
        while rest:
            count = min(len(rest), self._start + _HEAD + _BLOCK - self._at)
            self._blocks[self._at : self._at + count] = rest[:count]
            self._at, rest = self._at + count, rest[count:]
            if self._at == self._start + _HEAD + _BLOCK:
                self._close()

    def finish(self) -> None:
        """That was all."""
        self._close()
        if self._start:
            self._sink(self._blocks[: self._start])
        self._sink(memoryview(_LAST + self._adler.to_bytes(4, "big")))

    def _close(self) -> None:
        size = self._at - self._start - _HEAD
        self._blocks[self._start : self._start + _HEAD] = b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
        self._start = self._at
        if self._start == len(self._blocks):
            self._sink(self._blocks)
            self._start = 0
        self._at = self._start + _HEAD


def unframed(blocks: memoryview) -> Iterator[memoryview]:
    """The content of what a frame has handed on."""
    at = 0
    while at < len(blocks):
        start = at + _HEAD
        end = start + int.from_bytes(blocks[at + 1 : at + 3], "little")
        yield blocks[start:end]
        at = end if not blocks[at] else len(blocks)


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
