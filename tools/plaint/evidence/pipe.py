"""A file through age in constant memory: read, filled up, sealed, hashed before and after, and handed on, all at once.

age's library holds Python's lock but while it reads and writes, portions of 8 to 64 KiB, which Python's own buffers gather. So a large file is sealed
by a process of its own, where nothing else wants the lock, and what comes out of it is hashed and handed on here. Opening has threads for its hashes
and the writing: the pieces are a few buffers that go round, for fresh memory for each would cost as much as hashing it.
"""

from __future__ import annotations

import hashlib
import io
import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, Self, TypeAlias

from plaint import process
from plaint.errors import EnvironmentFaultError, InputError
from plaint.files import write_in_portions
from plaint.i18n import _, language, reason, set_language
from plaint.seal import age

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
    writer = _Writer(padded, target)
    if padded >= LARGE and isinstance(source, io.FileIO):
        original = _seal_beside(source, size, padded, recipient, writer, progress)
    else:
        original = _seal(source, size, padded, recipient, writer, progress)
    return Passed(original, writer.digest.hexdigest(), writer.size)


def _seal(source: BinaryIO, size: int, padded: int, recipient: str, target: io.RawIOBase, progress: Progress) -> str:
    """Seals a file, and gives the SHA-256 of what it was."""
    reader = _Reader(source, size, padded, progress)
    with _first_error(reader, target):
        age.encrypt_stream(io.BufferedReader(reader, PIECE), gathered := io.BufferedWriter(target, PIECE), recipient)
        gathered.flush()
    return reader.digest.hexdigest()


def _seal_beside(source: io.FileIO, size: int, padded: int, recipient: str, writer: _Writer, progress: Progress) -> str:
    """The same by a process of its own, which reads the file itself."""
    with process.start(__name__, "serve", str(size), str(padded), recipient, language(), stdin=source, stderr=subprocess.PIPE) as other:
        assert isinstance(other.stdout, io.BufferedReader)
        assert other.stderr is not None
        try:
            left, piece = size, memoryview(bytearray(PIECE))
            while count := other.stdout.raw.readinto(piece):
                writer.write(piece[:count])
                progress(min(count, left))
                left -= min(count, left)
            said = other.stderr.read().decode("utf-8", "replace").strip()
        finally:
            other.kill()
    try:
        told = json.loads(said.rpartition("\n")[2])
    except ValueError:
        last = said.rpartition("\n")[2] or (signal.Signals(-other.returncode).name if other.returncode < 0 else f"{other.returncode}")
        raise EnvironmentFaultError(_("sealing was broken off: {reason}").format(reason=last), hint=_("nothing was recorded: run it again")) from None
    if "original" not in told:
        raise InputError(told["what"], hint=told["hint"])
    return str(told["original"])


def serve(size: str, padded: str, recipient: str, lang: str) -> None:
    """The other process: from standard input to standard output, and last to standard error, the SHA-256 of the file or what was wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us, and then ends us
    set_language(lang)
    with open(0, "rb", buffering=0, closefd=False) as source, open(1, "wb", buffering=0, closefd=False) as target:
        try:
            told = {"original": _seal(source, int(size), int(padded), recipient, target, lambda _count: None)}
        except InputError as error:
            told = {"what": error.what, "hint": error.hint}
    sys.stderr.write(json.dumps(told))


def open_file(sealed: IO[bytes], target: IO[bytes], size: int, secret: str, progress: Progress) -> Passed:
    """Opens a sealed file whose content was `size` bytes long; what it was filled up with is left out.

    InputError where there is less, or the filling is not of zeros. NotAllowedError where the secret does not open it.
    """
    original, digest = hashlib.sha256(), hashlib.sha256()
    with _Line(digest.update) as before, _Line(original.update, partial(write_in_portions, target)) as after:
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
    """Tells the target the size when age's header is there, then hashes and hands on."""

    def __init__(self, padded: int, target: Target) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self._target = target
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
        self.digest.update(piece)
        self._target.write(piece)


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
