"""Reading git objects through one long-lived `git cat-file --batch` process.

A spec is anything `git rev-parse` names: an object id, `HEAD:cases/2026/Q7M4-K2XD.yaml`, `REV^{tree}`. Trees are read as raw
objects and walked here, so a listing starts no process of its own.
"""

from __future__ import annotations

import subprocess
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.trees import TREE_MODE, Entry, parse_tree

_WINDOW = 50  # requests sent before their answers are read: less than a pipe holds, so neither side can block the other


class GitObject(NamedTuple):
    """An object: its id, its type (blob, tree, commit, tag) and its content."""

    sha: str
    type: str
    data: bytes


class Objects:
    """The objects of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes]], Objects] | None = None

    def get(self, spec: str) -> GitObject | None:
        """The object, or None when there is none of that name."""
        return next(self.get_many([spec]))

    def get_many(self, specs: Iterable[str]) -> Iterator[GitObject | None]:
        """The objects in the order asked for; None for each that is missing."""
        remaining = iter(specs)
        while window := list(islice(remaining, _WINDOW)):
            yield from self._exchange(window)

    def read_blob(self, spec: str) -> bytes | None:
        """A file's content; None when there is none, or when the spec names a folder."""
        found = self.get(spec)
        return found.data if found is not None and found.type == "blob" else None

    def read_blobs(self, specs: Iterable[str]) -> Iterator[bytes | None]:
        """The same for many, in order."""
        return (found.data if found is not None and found.type == "blob" else None for found in self.get_many(specs))

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

    def _walk(self, entries: list[Entry], prefix: str, depth: int | None) -> Iterator[Entry]:
        for name, mode, sha in entries:
            if mode != TREE_MODE:
                yield Entry(prefix + name, mode, sha)
            elif depth is None or depth > 1:
                inner = self.read_tree(sha)
                if inner is None:
                    raise self._broken(sha)
                yield from self._walk(inner, f"{prefix}{name}/", None if depth is None else depth - 1)

    def _exchange(self, specs: Sequence[str]) -> list[GitObject | None]:
        for spec in specs:
            if "\n" in spec or "\0" in spec:
                raise InputError(_("a name in the repository cannot hold a line break"))
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("".join(f"{spec}\n" for spec in specs).encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            return [self._answer(process) for _spec in specs]
        except OSError as error:
            raise self._broken("") from error
        except BaseException:  # an interrupt in the middle of an answer: the rest of it must not be taken for the next one
            self.close()
            raise

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
            self._finalizer = weakref.finalize(self, _stop, self._process)
        return self._process

    def _broken(self, about: str) -> EnvironmentFaultError:
        self.close()
        return EnvironmentFaultError(
            _("git cannot read an object: {about}").format(about=about or "cat-file"),
            where=str(self._git.folder),
            hint=_("git fsck says what is damaged; a fresh clone has it whole"),
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what it still wanted to say does not matter
                continue
    process.terminate()
    process.wait()
