"""A file through age in constant memory: read, filled up, sealed, hashed before and after, and handed on, all at once.

age has one thread; each hash and the writing have others. age's library holds Python's lock but while it reads and writes, so it does both in
small portions, and the others, who need the lock to fetch their next piece, take large ones, as the file does. The pieces are a few buffers that
go round: fresh memory for each would cost as much as hashing it, and a copy costs next to nothing.
"""

from __future__ import annotations

import hashlib
import io
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, Protocol, Self

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _, reason
from plaint.seal import age

PORTION = 64 * 1024
PIECE = 1024 * 1024
_BUFFERS = 4
_FOOTER = b"\n--- "  # of age's header; it is followed by 43 columns and a newline
_CHUNK, _TAG, _NONCE = 64 * 1024, 16, 16

Progress = Callable[[int], None]
"""Told how many bytes more are done."""
Sink = Callable[[memoryview], object]


class Target(Protocol):
    """What takes the sealed file."""

    def begin(self, size: int) -> None:
        """Told the size before the first piece."""

    def write(self, piece: memoryview, /) -> object:
        """The next piece."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What went through: the SHA-256 of the file as it was and as it is sealed, and the size of the sealed one."""

    original: str
    digest: str
    size: int


def seal_file(source: BinaryIO, size: int, padded: int, recipient: str, target: Target, progress: Progress) -> Passed:
    """Seals `size` bytes of `source`, filled up to `padded`. InputError where the file does not hold just as many."""
    original, digest = hashlib.sha256(), hashlib.sha256()
    with _quick_turns(), _Side(original.update) as plain, _Side(digest.update) as sealed, _Side(target.write) as written:
        reader = _Reader(source, size, padded, plain, progress)
        writer = _Writer(padded, target, (sealed, written))
        try:
            age.encrypt_stream(io.BufferedReader(reader, PORTION), writer, recipient)
        except (age.StreamError, OSError):
            if error := reader.error or writer.error:
                raise error from None
            raise
    return Passed(original.hexdigest(), digest.hexdigest(), writer.size)


def open_file(sealed: IO[bytes], target: IO[bytes], size: int, secret: str, progress: Progress) -> Passed:
    """Opens a sealed file whose content was `size` bytes long; what it was filled up with is left out.

    InputError where there is less, or the filling is not of zeros. NotAllowedError where the secret does not open it.
    """
    original, digest = hashlib.sha256(), hashlib.sha256()
    with _quick_turns(), _Side(digest.update) as before, _Side(original.update) as after, _Side(target.write) as written:
        reader = _Tee(sealed, before)
        writer = _Unpadded(size, (after, written), progress)
        try:
            age.decrypt_stream(io.BufferedReader(reader, PORTION), writer, secret)
        except Exception:
            if error := reader.error or writer.error:
                raise error from None
            raise
        reader.drain()
    if writer.left:
        raise InputError(_("the sealed file holds less than was sealed"))
    return Passed(original.hexdigest(), digest.hexdigest(), reader.size)


class _Side:
    """A thread that hands pieces on to a sink, in order; its first error is raised as soon as it is seen, and the rest passed over."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: queue.SimpleQueue[tuple[memoryview, int] | None] = queue.SimpleQueue()
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        for _number in range(_BUFFERS):
            self._free.put(memoryview(bytearray(PIECE)))
        self._filling, self._filled = self._free.get(), 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._waiting.put((self._filling, self._filled))
        self._waiting.put(None)
        self._thread.join()
        if kind is None and self.error is not None:
            raise self.error

    def put(self, data: memoryview) -> None:
        """Takes a copy of the data."""
        while len(data):
            part = data[: PIECE - self._filled]
            data = data[len(part) :]
            end = self._filled + len(part)
            self._filling[self._filled : end] = part
            self._filled = end
            if end == PIECE:
                if self.error is not None:
                    raise self.error
                self._waiting.put((self._filling, end))
                self._filling, self._filled = self._free.get(), 0

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            buffer, size = item
            if self.error is None:
                try:
                    self._sink(buffer[:size])
                except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
                    self.error = error
            self._free.put(buffer)


class _Raw(io.RawIOBase):
    """A file of our own that keeps its first error: age's library makes another of it."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise


class _Source(_Raw):
    """Read in large pieces, given out in small ones."""

    def __init__(self) -> None:
        super().__init__()
        self._piece = memoryview(bytearray(PIECE))
        self._at = self._end = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self._kept():
            if self._at == self._end:
                self._at, self._end = 0, self._fill(self._piece)
            count = min(len(buffer), self._end - self._at)
            buffer[:count] = self._piece[self._at : self._at + count]
            self._at += count
            return count

    def _fill(self, piece: memoryview) -> int:
        raise NotImplementedError


class _Reader(_Source):
    """The file, then zeros."""

    def __init__(self, source: BinaryIO, size: int, padded: int, side: _Side, progress: Progress) -> None:
        super().__init__()
        self._source, self._side, self._progress = source, side, progress
        self._left, self._filling = size, padded - size

    def _fill(self, piece: memoryview) -> int:
        if self._left:
            return self._content(piece)
        count = min(len(piece), self._filling)
        piece[:count] = bytes(count)
        self._filling -= count
        return count

    def _content(self, piece: memoryview) -> int:
        try:
            count: int = self._source.readinto(piece[: self._left])  # type: ignore[attr-defined]
        except OSError as error:
            raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error))) from error
        self._left -= count
        if not count or (not self._left and self._source.read(1)):
            raise InputError(_("the file was changed while it was read"), hint=_("nothing was recorded: run it again"))
        self._side.put(piece[:count])
        self._progress(count)
        return count


class _Writer(_Raw):
    """Tells the target the size when age's header is there, then hands on."""

    def __init__(self, padded: int, target: Target, sides: Sequence[_Side]) -> None:
        super().__init__()
        self._target, self._sides = target, sides
        self._content = padded + _NONCE + _TAG * max(1, -(-padded // _CHUNK))
        self._head = b""
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        with self._kept():
            if self.size:
                self._put(memoryview(data))
            else:
                self._begin(bytes(data))
            return len(data)

    def _begin(self, data: bytes) -> None:
        self._head += data
        footer = self._head.find(_FOOTER) + 1
        end = self._head.find(b"\n", footer) + 1
        if footer and end:
            self.size = end + self._content
            self._target.begin(self.size)
            self._put(memoryview(self._head))

    def _put(self, data: memoryview) -> None:
        for side in self._sides:
            side.put(data)


class _Tee(_Source):
    """The sealed file, hashed as it is read."""

    def __init__(self, source: IO[bytes], side: _Side) -> None:
        super().__init__()
        self._source, self._side = source, side
        self.size = 0

    def _fill(self, piece: memoryview) -> int:
        try:
            count: int = self._source.readinto(piece)  # type: ignore[attr-defined]
        except OSError as error:
            raise EnvironmentFaultError(_("the file cannot be read: {reason}").format(reason=reason(error))) from error
        self._side.put(piece[:count])
        self.size += count
        return count

    def drain(self) -> None:
        """Reads what age left: nothing, or what makes the hash another."""
        with self._kept():
            while self._fill(self._piece):
                pass


class _Unpadded(_Raw):
    """The first so many bytes to a side; what follows must be zeros."""

    def __init__(self, size: int, sides: Sequence[_Side], progress: Progress) -> None:
        super().__init__()
        self._sides, self._progress = sides, progress
        self.left = size

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        with self._kept():
            mine = data[: self.left]
            if mine:
                for side in self._sides:
                    side.put(memoryview(mine))
                self.left -= len(mine)
                self._progress(len(mine))
            filling = data[len(mine) :]
            if filling.count(0) != len(filling):
                raise InputError(_("the sealed file holds more than was sealed"))
            return len(data)


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Lets threads take turns after a tenth of a millisecond instead of five: the others wait for the one that seals only to fetch the next piece."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
