"""A file through age in constant memory: read, filled up, sealed, hashed before and after, and handed on, all at once.

age has one thread; each hash and the writing have others. age's library holds Python's lock but while it waits for the others, and they need the
lock to fetch their next piece: so pieces are large. It reads and writes portions of 8 to 64 KiB, which Python's own buffers gather. The pieces are a
few buffers that go round, through the hash and then the writing: fresh memory for each would cost as much as hashing it. age in a process of its own,
be it this library or the `age` command, gains nothing: what two pipes cost is as much as it saves.
"""

from __future__ import annotations

import hashlib
import io
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, Self, TypeAlias

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _, reason
from plaint.seal import age

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 1024 * 1024
_BUFFERS = 3  # besides one a thread
_END = (memoryview(b""), 0)
_Box: TypeAlias = "queue.SimpleQueue[tuple[memoryview, int]]"
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
    with _Line(original.update) as plain, _Line(digest.update, target.write) as sealed:
        reader, writer = _Reader(source, size, padded, plain, progress), _Writer(padded, target, sealed)
        with _first_error(reader, writer):
            age.encrypt_stream(io.BufferedReader(reader, PIECE), gathered := io.BufferedWriter(writer, PIECE), recipient)
            gathered.flush()
    return Passed(original.hexdigest(), digest.hexdigest(), writer.size)


def open_file(sealed: IO[bytes], target: IO[bytes], size: int, secret: str, progress: Progress) -> Passed:
    """Opens a sealed file whose content was `size` bytes long; what it was filled up with is left out.

    InputError where there is less, or the filling is not of zeros. NotAllowedError where the secret does not open it.
    """
    original, digest = hashlib.sha256(), hashlib.sha256()
    with _Line(digest.update) as before, _Line(original.update, target.write) as after:
        reader, writer = _Tee(sealed, before), _Unpadded(size, after, progress)
        with _first_error(reader, writer):
            age.decrypt_stream(io.BufferedReader(reader, PIECE), gathered := io.BufferedWriter(writer, PIECE), secret)
            gathered.flush()
        reader.drain()
    if writer.left:
        raise InputError(_("the sealed file holds less than was sealed"))
    return Passed(original.hexdigest(), digest.hexdigest(), reader.size)


class _Line:
    """Buffers that go from one thread to the next, each with its own sink, and round again.

    The first error of a sink is raised as soon as it is seen, and the rest passed over.
    """

    def __init__(self, *sinks: Sink) -> None:
        boxes: list[_Box] = [queue.SimpleQueue() for _number in range(len(sinks) + 1)]
        self._first, self._free = boxes[0], boxes[-1]
        for _number in range(_BUFFERS + len(sinks)):
            self._free.put((memoryview(bytearray(PIECE)), 0))
        self._threads = [threading.Thread(target=self._run, args=each, daemon=True) for each in zip(sinks, boxes, boxes[1:], strict=False)]
        self._filling, self._filled = self._free.get()
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._first.put((self._filling, self._filled))
        self._first.put(_END)
        for thread in self._threads:
            thread.join()
        if kind is None and self.error is not None:
            raise self.error

    def put(self, data: memoryview) -> None:
        """Takes a copy of the data."""
        while len(data):
            end = min(self._filled + len(data), PIECE)
            count = end - self._filled
            self._filling[self._filled : end] = data[:count]
            self._filled, data = end, data[count:]
            if end == PIECE:
                if self.error is not None:
                    raise self.error
                self._first.put((self._filling, end))
                self._filling, self._filled = self._free.get()[0], 0

    def _run(self, sink: Sink, box: _Box, following: _Box) -> None:
        while (item := box.get()) is not _END:
            buffer, size = item
            if self.error is None:
                try:
                    sink(buffer[:size])
                except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
                    self.error = error
            following.put(item)
        following.put(_END)


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
    """Read piece by piece."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self._kept():
            return self._fill(buffer)

    def _fill(self, piece: memoryview) -> int:
        raise NotImplementedError


class _Sink(_Raw):
    """Written to piece by piece."""

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        with self._kept():
            piece = memoryview(data)
            self._take(piece)
            return len(piece)

    def _take(self, piece: memoryview) -> None:
        raise NotImplementedError


class _Reader(_Source):
    """The file, then zeros."""

    def __init__(self, source: BinaryIO, size: int, padded: int, side: _Line, progress: Progress) -> None:
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


class _Writer(_Sink):
    """Tells the target the size when age's header is there, then hands on."""

    def __init__(self, padded: int, target: Target, side: _Line) -> None:
        super().__init__()
        self._target, self._side = target, side
        self._content = padded + _NONCE + _TAG * max(1, -(-padded // _CHUNK))
        self._head = b""
        self.size = 0

    def _take(self, piece: memoryview) -> None:
        if not self.size:
            self._head += piece
            footer = self._head.find(_FOOTER) + 1
            end = self._head.find(b"\n", footer) + 1
            if not footer or not end:
                return
            self.size, piece = end + self._content, memoryview(self._head)
            self._target.begin(self.size)
        self._side.put(piece)


class _Tee(_Source):
    """The sealed file, hashed as it is read."""

    def __init__(self, source: IO[bytes], side: _Line) -> None:
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
            rest = memoryview(bytearray(PIECE))
            while self._fill(rest):
                pass


class _Unpadded(_Sink):
    """The first so many bytes to a side; what follows must be zeros."""

    def __init__(self, size: int, side: _Line, progress: Progress) -> None:
        super().__init__()
        self._side, self._progress = side, progress
        self.left = size

    def _take(self, piece: memoryview) -> None:
        mine, filling = piece[: self.left], bytes(piece[self.left :])
        if mine:
            self._side.put(mine)
            self.left -= len(mine)
            self._progress(len(mine))
        if filling.count(0) != len(filling):
            raise InputError(_("the sealed file holds more than was sealed"))


@contextmanager
def _first_error(*files: _Raw) -> Iterator[None]:
    """Raises what went wrong in one of the files in place of what age's library made of it, or did not notice: it drops errors of its last write."""
    try:
        yield
    except BaseException:
        if error := next((file.error for file in files if file.error), None):
            raise error from None
        raise
    for file in files:
        if file.error:
            raise file.error
