"""Reading git objects through one long-lived `git cat-file --batch` process.

A spec is anything `git rev-parse` names: an object id, `HEAD:cases/2026/Q7M4-K2XD.yaml`, `REV^{tree}`. Trees are read as raw
objects and walked here, so a listing starts no process of its own.
"""

from __future__ import annotations

import hashlib
import subprocess
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.process import end
from plaint.store.git import Git
from plaint.store.loose import open_loose
from plaint.store.trees import TREE_MODE, Entry, parse_tree

_PIECE = 1 << 20
_SMALL_WINDOWS = ("-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=16m", "-c", "core.bigFileThreshold=16m")
_WINDOW = 500
"""Bytes of names in one request, if it is not one long name. Two requests are on their way at most, so git finds the second while the first is used."""
_PIPE = 12_000
"""Less than a pipe holds: so much can be asked while git waits for its answers to be read, and neither side blocks the other."""


_FOLDERS = 100_000
"""Folders in one listing: a few that hold one another many times stand for more than there is time for."""


class GitObject(NamedTuple):
    """An object: its id, its type (blob, tree, commit, tag) and its content."""

    sha: str
    type: str
    data: bytes


@dataclass(eq=False, slots=True)
class _Request:
    """Names that were asked for in one go, and what git said to them, once that was read."""

    specs: Sequence[str]
    answers: list[GitObject | None] | None = None


class Objects:
    """The objects of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes]], Objects] | None = None
        self._asked: deque[_Request] = deque()

    def get(self, spec: str) -> GitObject | None:
        """The object, or None when there is none of that name."""
        return next(self.get_many([spec]))

    def get_many(self, specs: Iterable[str]) -> Iterator[GitObject | None]:
        """The objects in the order asked for; None for each that is missing. Others may be asked for in between."""
        before: _Request | None = None
        for window in _windows(specs):
            request = self._ask(window)
            if before is not None:
                yield from self._answers(before)
            before = request
        if before is not None:
            yield from self._answers(before)

    def read_blob(self, spec: str) -> bytes | None:
        """A file's content; None when there is none, or when the spec names a folder."""
        found = self.get(spec)
        return found.data if found is not None and found.type == "blob" else None

    def read_blobs(self, specs: Iterable[str]) -> Iterator[bytes | None]:
        """The same for many, in order."""
        return (found.data if found is not None and found.type == "blob" else None for found in self.get_many(specs))

    def digest(self, sha: str) -> str | None:
        """The SHA-256 of a blob, read piece by piece; None where it is missing, no blob, or not what its id says."""
        size = self.sizes([sha])[0]
        same = hashlib.new("sha1" if len(sha) == 40 else "sha256", b"blob %d\0" % size)  # as git hashes, sha1 included
        digest = hashlib.sha256()
        with self.stream(sha) as stream:
            while piece := stream.read(_PIECE):
                same.update(piece)
                digest.update(piece)
        return digest.hexdigest() if same.hexdigest() == sha else None

    def sizes(self, shas: Sequence[str]) -> list[int]:
        """The size of each object in bytes, without reading it; 0 where it is missing."""
        if not shas:
            return []
        lines = self._git.run("cat-file", "--batch-check=%(objectsize)", stdin="".join(f"{sha}\n" for sha in shas).encode()).decode("ascii", "replace")
        return [int(line) if line.isdigit() else 0 for line in lines.splitlines()]

    @contextmanager
    def stream(self, sha: str) -> Iterator[BufferedReader]:
        """A blob to be read piece by piece, or not to its end; empty where it is none."""
        if self._folder is None:
            self._folder = self._git.folder / self._git.text("rev-parse", "--git-path", "objects")
        loose = self._folder / sha[:2] / sha[2:]
        if loose.is_file():  # git would map all of it into memory
            with loose.open("rb") as file:
                yield open_loose(file)
            return
        process = self._git.start(*_SMALL_WINDOWS, "cat-file", "blob", sha)
        assert isinstance(process.stdout, BufferedReader)
        try:
            yield process.stdout
        finally:
            end(process)

    def read_tree(self, spec: str) -> list[Entry] | None:
        """The entries of one tree, not of its subtrees; None when it is missing or no tree."""
        found = self.get(spec)
        return parse_tree(found.data, len(found.sha) // 2) if found is not None and found.type == "tree" else None

    def ls_tree(self, rev: str, prefix: str = "", *, depth: int | None = None) -> list[Entry]:
        """Every file under the folder `prefix` of `rev`, in git's order, `depth` levels deep; empty when there is none."""
        prefix = prefix.strip("/")
        entries = self.read_tree(f"{rev}:{prefix}" if prefix else f"{rev}^{{tree}}")
        return list(self._walk(entries or [], f"{prefix}/" if prefix else "", depth))

    def close(self) -> None:
        """End the process; the next read starts another."""
        if self._finalizer is not None:
            self._finalizer()
        self._process = self._finalizer = None
        self._asked.clear()

    def _walk(self, entries: list[Entry], prefix: str, depth: int | None) -> Iterator[Entry]:
        waiting = [(prefix, iter(entries))]
        read = 0
        while waiting:
            prefix, here = waiting[-1]
            entry = next(here, None)
            if entry is None:
                waiting.pop()
            elif entry.mode != TREE_MODE:
                yield Entry(prefix + entry.path, entry.mode, entry.sha)
            elif depth is None or depth > len(waiting):
                inner = self.read_tree(entry.sha)
                read += 1
                if inner is None or read > _FOLDERS:
                    raise self._broken(f"{prefix}{entry.path}")
                waiting.append((f"{prefix}{entry.path}/", iter(inner)))

    def _ask(self, specs: Sequence[str]) -> _Request:
        for spec in specs:
            if "\n" in spec or "\0" in spec:
                raise InputError(_("a name in the repository cannot hold a line break"))
        names = "".join([f"{spec}\n" for spec in specs]).encode("utf-8", "surrogateescape")
        process = self._running()
        assert process.stdin is not None
        while len(self._asked) > (len(names) <= _PIPE - _WINDOW):  # a long name goes when git has nothing else to do
            self._read_one(process)
        request = _Request(specs)
        try:
            process.stdin.write(names)
            process.stdin.flush()
        except OSError as error:
            raise self._broken("") from error
        except BaseException:
            self.close()
            raise
        self._asked.append(request)
        return request

    def _answers(self, request: _Request) -> list[GitObject | None]:
        if request.answers is None and request not in self._asked:
            request = self._ask(request.specs)  # the process that was asked has ended
        while request.answers is None:
            assert self._process is not None
            self._read_one(self._process)
        return request.answers

    def _read_one(self, process: subprocess.Popen[bytes]) -> None:
        """Reads the answers to what was asked first."""
        try:
            self._asked[0].answers = [self._answer(process) for _spec in self._asked[0].specs]
        except OSError as error:
            raise self._broken("") from error
        except BaseException:  # an interrupt in the middle of an answer: the rest of it must not be taken for the next one
            self.close()
            raise
        self._asked.popleft()

    def _answer(self, process: subprocess.Popen[bytes]) -> GitObject | None:
        assert process.stdout is not None
        head = process.stdout.readline()
        words = head.split()
        if len(words) == 3 and words[1] in {b"blob", b"tree", b"commit", b"tag"} and words[2].isdigit():
            size = int(words[2])
            data = process.stdout.read(size + 1)
            if len(data) == size + 1:
                return GitObject(words[0].decode("ascii"), words[1].decode("ascii"), data[:-1])
        elif head.rstrip().endswith((b" missing", b" ambiguous", b" submodule")):
            return None
        raise self._broken(head.decode("utf-8", "replace").strip())

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = self._git.start("cat-file", "--batch")
            self._finalizer = weakref.finalize(self, end, self._process)
        return self._process

    def _broken(self, about: str) -> EnvironmentFaultError:
        self.close()
        return EnvironmentFaultError(
            _("git cannot read an object: {about}").format(about=about or "cat-file"),
            where=str(self._git.folder),
            hint=_("git fsck says what is damaged; a fresh clone has it whole"),
        )


def _windows(specs: Iterable[str]) -> Iterator[list[str]]:
    window: list[str] = []
    size = 0
    for spec in specs:
        most = len(spec) if spec.isascii() else 4 * len(spec)
        if window and size + most > _WINDOW:
            yield window
            window, size = [], 0
        window.append(spec)
        size += most + 1
    if window:
        yield window
