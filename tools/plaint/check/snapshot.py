"""What is checked: the files of one state of the repository, from the working tree or from a commit.

Rules:
- The working tree is read as it lies on disk, so that trouble is seen before it is committed; what git does not track counts too.
- A commit (and always a bare repository) is read through one `git cat-file`.
- What the last commit has and the working tree lacks is read from the commit, and told: a file that was deleted by mistake is not a case that there is not.
- Links are reported, never followed. Nothing is written.

>>> Snapshot.open(Path(".")).read("plaint.yaml")[:9]
b'plaint: 1'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _, reason
from plaint.model.yamlio import MAX_BYTES
from plaint.store import keyrings
from plaint.store.adrift import Adrift, adrift
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.repository import Repository
from plaint.store.trees import FILE_MODES

_BEGINNING = 512
_FOLDERS = ("cases", "members", "policy", "releases", "reviews", "schemas")


class What(Enum):
    """What stands at a path."""

    FILE = "file"
    LINK = "link"
    OTHER = "other"
    GONE = "gone"
    """Committed, but not in the working tree."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a folder, by its path from plaint.yaml; `key` is how to read it. `restore` is the command that makes it as the last commit has it, if it is not."""

    path: str
    what: What
    key: str
    restore: str = ""


List = Callable[[str], list[Item]]
Read = Callable[[Sequence[Item]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state: `head` is the commit it is, or is based on; `prefix` the organisation's folder in the git repository."""

    head: str | None
    prefix: str
    items: List
    """Everything below a folder, in order of path."""
    contents: Read
    """The bytes of some of these, in order."""
    beginnings: Read
    """Their first few hundred bytes, in order: enough to tell what they are."""
    keyrings: Callable[[], dict[str, dict[str, str]] | None]
    """Every keyring by the name of its ref; None where this clone has none or they belong to another state."""
    then: Callable[[str], Snapshot | None]
    """The state of another commit; None where this clone does not have it."""
    is_current: bool = True

    @classmethod
    def open(cls, start: Path, revision: str | None = None) -> Snapshot:
        """The working tree around `start`, or the commit that `revision` names; HEAD in a bare repository.

        EnvironmentFaultError where there is no organisation; InputError where there is no such commit.
        """
        git = Git(start)
        if git.text("rev-parse", "--is-bare-repository") == "true":
            return _of_commit(git, Objects(git), "", revision or "HEAD")
        repository = Repository.discover(start)
        if revision is not None:
            return _of_commit(repository.git, repository.objects, repository.prefix, revision)
        return _of_working_tree(repository)

    def read(self, path: str) -> bytes | None:
        """One file at the top; None where there is none."""
        found = [item for item in self.items("") if item.path == path and item.what is What.FILE]
        return next(self.contents(found), None)


def _of_working_tree(repository: Repository) -> Snapshot:
    root, prefix, objects = repository.root, repository.prefix, repository.objects

    @cache
    def changes() -> Mapping[str, Adrift]:
        found = adrift(repository.git, objects, [prefix + folder for folder in _FOLDERS])
        return {path.removeprefix(prefix): each for path, each in found.items()}

    def items(folder: str) -> list[Item]:
        found = {item.path: item for item in _listed(root, folder)}
        if folder in _FOLDERS and repository.head():
            for path, each in changes().items():
                if path in found:
                    found[path] = replace(found[path], restore=each.restore)
                elif path.startswith(f"{folder}/"):
                    found[path] = Item(path, What.GONE, each.blob, each.restore)
        return sorted(found.values(), key=lambda item: item.path)

    def beginning(item: Item, most: int) -> bytes:
        if item.what is not What.GONE:
            return _read_file(root / item.key, most)
        with objects.stream(item.key) as stream:
            return stream.read(most)

    return Snapshot(
        repository.head(),
        prefix,
        items,
        lambda items: (beginning(item, MAX_BYTES + 1) for item in items),
        lambda items: (beginning(item, _BEGINNING) for item in items),
        lambda: keyrings.read_all(repository.git, objects) or None,
        lambda commit: _then(repository.git, objects, prefix, commit),
    )


def _of_commit(git: Git, objects: Objects, prefix: str, revision: str) -> Snapshot:
    commit = objects.get(f"{revision}^{{commit}}")
    head = objects.get("HEAD^{commit}")
    if commit is None:
        raise InputError(_("there is no commit “{rev}”").format(rev=revision[:80]), hint=_("git log shows the commits there are"))
    if objects.get(f"{commit.sha}:{prefix}plaint.yaml") is None:
        raise EnvironmentFaultError(
            _("this commit holds no plaint.yaml"), where=commit.sha[:12], hint=_("is this an organisation's repository? plaint init makes one")
        )
    current = head is not None and head.sha == commit.sha

    def items(folder: str) -> list[Item]:
        found = objects.ls_tree(commit.sha, prefix + folder, depth=None if folder else 1)
        return sorted((Item(e.path.removeprefix(prefix), _what(e.mode), e.sha) for e in found), key=lambda item: item.path)

    def contents(wanted: Sequence[Item]) -> Iterator[bytes]:
        for item, data in zip(wanted, objects.read_blobs(item.key for item in wanted), strict=True):
            if data is None:
                raise EnvironmentFaultError(
                    _("git cannot read an object: {about}").format(about=item.key), where=item.path, hint=_("git fsck says what is damaged")
                )
            yield data

    def beginnings(wanted: Sequence[Item]) -> Iterator[bytes]:
        for item in wanted:
            with objects.stream(item.key) as stream:
                yield stream.read(_BEGINNING)

    def rings() -> dict[str, dict[str, str]] | None:
        return (keyrings.read_all(git, objects) or None) if current else None

    return Snapshot(commit.sha, prefix, items, contents, beginnings, rings, lambda other: _then(git, objects, prefix, other), current)


def _then(git: Git, objects: Objects, prefix: str, commit: str) -> Snapshot | None:
    return _of_commit(git, objects, prefix, commit) if commit and objects.get(f"{commit}:{prefix}plaint.yaml") else None


def _what(mode: str) -> What:
    if mode in FILE_MODES:
        return What.FILE
    return What.LINK if mode == "120000" else What.OTHER


def _listed(root: Path, folder: str) -> Iterator[Item]:
    """Everything below a folder of the working tree; only what stands at the top itself for ""."""
    top = root / folder
    if folder and top.is_symlink():
        yield Item(folder, What.LINK, folder)
        return
    try:
        entries = list(os.scandir(top))
    except FileNotFoundError:
        return
    except NotADirectoryError:
        yield Item(folder, What.OTHER, folder)
        return
    except OSError as error:
        raise _unreadable(top, error) from error
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_symlink():
            yield Item(path, What.LINK, path)
        elif entry.is_dir(follow_symlinks=False):
            if folder:
                yield from _listed(root, path)
        else:
            yield Item(path, What.FILE if entry.is_file(follow_symlinks=False) else What.OTHER, path)


def _read_file(path: Path, most: int) -> bytes:
    """Its first bytes; one more than a record may have is enough for the loader to refuse it."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return os.read(handle, min(os.fstat(handle).st_size + 1, most))
        finally:
            os.close(handle)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path))
