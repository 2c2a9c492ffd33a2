"""A file through age in constant memory: read, filled up, sealed, hashed before and after, and handed on, all at once.

age's library holds Python's lock but while it reads and writes, portions of 8 to 64 KiB, which Python's own buffers gather. So a large file is sealed
and written by a process of its own, where nothing else wants the lock. Here one thread reads it, hashes it and feeds that process, and another reads
what has been written, from the system's memory, and hashes that. Opening has threads for its hashes and the writing: the pieces are a few buffers
that go round, for fresh memory for each would cost as much as hashing it.
"""

from __future__ import annotations

import hashlib
import io
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, Self, TypeAlias

from plaint import process
from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _, reason
from plaint.seal import age
from plaint.store.incoming import Draft
from plaint.store.loose import Frame, blob_head

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 1024 * 1024
LARGE = 64 * 1024 * 1024
"""Bytes from which on the start of another process is worth it."""
_BUFFERS = 3  # besides one a thread
_END = (memoryview(b""), 0)
_Box: TypeAlias = "queue.SimpleQueue[tuple[memoryview, int]]"
_FOOTER = b"\n--- "  # of age's header; it is followed by 43 columns and a newline
_CHUNK, _TAG, _NONCE = 64 * 1024, 16, 16
_NUMBER, _DONE = 8, "done"

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
    """Seals `size` bytes of `source`, filled up to `padded`. InputError where the file does not hold just as many.

    `progress` may be called by another thread.
    """
    reader = _Reader(source, size, padded, progress)
    if padded >= LARGE and isinstance(target, Draft):
        return _seal_beside(reader, padded, recipient, target)
    hashed = _Hashed(target)
    _seal(reader, padded, recipient, hashed)
    return Passed(reader.digest.hexdigest(), hashed.digest.hexdigest(), hashed.size)


def _seal(source: io.RawIOBase, padded: int, recipient: str, target: Target) -> None:
    writer = _Writer(padded, target)
    with _first_error(source, writer):
        age.encrypt_stream(io.BufferedReader(source, PIECE), gathered := io.BufferedWriter(writer, PIECE), recipient)
        gathered.flush()


def _seal_beside(reader: _Reader, padded: int, recipient: str, draft: Draft) -> Passed:
    """The same by a process of its own, which writes the draft."""
    digest, size = hashlib.sha256(), 0
    with process.start(
        __name__, "serve", str(padded), recipient, str(draft.path), "framed" * draft.framed, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stderr is not None
        process.widen(other.stdin, PIECE)
        feeder = threading.Thread(target=_feed, args=(reader, other.stdin))
        feeder.start()
        try:
            while end := other.stdout.read(_NUMBER):
                for piece in draft.follow(int.from_bytes(end, "little")):
                    digest.update(piece)
                    size += len(piece)
            said = other.stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        finally:
            other.kill()
            feeder.join()
    if reader.error:
        raise reader.error
    if number := re.fullmatch(r"errno (\d+)", said):
        raise draft.explain(OSError(int(number[1]), os.strerror(int(number[1]))))
    if said != _DONE:
        last = said or (signal.Signals(-other.returncode).name if other.returncode < 0 else f"{other.returncode}")
        raise EnvironmentFaultError(_("sealing was broken off: {reason}").format(reason=last), hint=_("nothing was recorded: run it again"))
    return Passed(reader.digest.hexdigest(), digest.hexdigest(), size)


def _feed(reader: _Reader, target: IO[bytes]) -> None:
    """Everything to the other process; what is wrong with the file is kept by the reader."""
    piece = memoryview(bytearray(PIECE))
    with suppress(OSError), target:  # an error of the target: the other process has ended, and we hear of that elsewhere
        while count := _count(reader, piece):
            target.write(piece[:count])


def _count(reader: _Reader, piece: memoryview) -> int:
    try:
        return reader.readinto(piece)
    except BaseException:  # noqa: BLE001 - kept by the reader, and raised where the work was asked for
        return 0


def serve(padded: str, recipient: str, path: str, framed: str) -> None:
    """The other process: seals its standard input to a file.

    On standard output it tells, in eight bytes each time, up to where the file is written; last on standard error, that it is done or what was wrong.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us, and then ends us
    try:
        with open(0, "rb", buffering=0, closefd=False) as source, Path(path).open("r+b") as file:
            target = _Laid(file, framed=bool(framed))
            _seal(source, int(padded), recipient, target)
            target.finish()
    except OSError as error:
        sys.stderr.write(f"errno {error.errno}")
    else:
        sys.stderr.write(_DONE)


class _Laid:
    """The sealed file as it is laid down by a process of its own."""

    def __init__(self, file: IO[bytes], *, framed: bool) -> None:
        self._file = file
        self._end = 0
        self._frame = Frame(self._told) if framed else None

    def begin(self, size: int) -> None:
        """The size of what comes."""
        if self._frame:
            self._frame.write(blob_head(size))

    def write(self, piece: memoryview, /) -> None:
        """The next piece."""
        if self._frame:
            self._frame.write(piece)
        else:
            self._told(piece)

    def finish(self) -> None:
        """That was all."""
        if self._frame:
            self._frame.finish()

    def _told(self, data: memoryview) -> None:
        self._file.write(data)
        self._file.flush()
        self._end += len(data)
        os.write(1, self._end.to_bytes(_NUMBER, "little"))


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
    """The file, hashed, then zeros."""

    def __init__(self, source: BinaryIO, size: int, padded: int, progress: Progress) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self._source, self._progress = source, progress
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
        self.digest.update(piece[:count])
        self._progress(count)
        return count


class _Writer(_Sink):
    """Tells the target the size when age's header is there, then hands on."""

    def __init__(self, padded: int, target: Target) -> None:
        super().__init__()
        self._target = target
        self._content = padded + _NONCE + _TAG * max(1, -(-padded // _CHUNK))
        self._head = b""
        self._begun = False

    def _take(self, piece: memoryview) -> None:
        if not self._begun:
            self._head += piece
            footer = self._head.find(_FOOTER) + 1
            end = self._head.find(b"\n", footer) + 1
            if not footer or not end:
                return
            self._begun, piece = True, memoryview(self._head)
            self._target.begin(end + self._content)
        self._target.write(piece)


class _Hashed:
    """A target, and the SHA-256 and size of what goes there."""

    def __init__(self, target: Target) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._target = target

    def begin(self, size: int) -> None:
        self.size = size
        self._target.begin(size)

    def write(self, piece: memoryview, /) -> object:
        self.digest.update(piece)
        return self._target.write(piece)


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
def _first_error(*files: io.RawIOBase) -> Iterator[None]:
    """Raises what went wrong in one of the files in place of what age's library made of it, or did not notice: it drops errors of its last write."""
    try:
        yield
    except BaseException:
        if error := next((file.error for file in files if isinstance(file, _Raw) and file.error), None):
            raise error from None
        raise
    for file in files:
        if isinstance(file, _Raw) and file.error:
            raise file.error
