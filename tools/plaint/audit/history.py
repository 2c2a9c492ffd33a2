"""The history as a stream: commits from the oldest to the newest, each with what it changed against each of its parents.

Rules:
- Nothing that a repository can be made to say about its own history is believed: replacement refs, grafts and attributes are switched
  off (`store.git`), parents are those in the commit object, and changes are those between its tree and theirs.
- Commits come parents first. Three git processes serve it, whatever the length; a chunk of commits is in memory at a time.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.errors import EnvironmentFaultError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.objects import Objects

CHUNK = 1000
_ABSENT = "000000"
_EMPTY_TREE = {40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", 64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"}


@dataclass(frozen=True, slots=True)
class Changed:
    """One path that differs from a parent; the old mode or the new one is "" where it was or is not there."""

    path: str
    old_mode: str
    mode: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Step:
    """A commit, or why it is none, with its changes against each parent (against nothing, for a root)."""

    sha: str
    commit: Commit | None
    problem: str
    changes: tuple[tuple[Changed, ...], ...]


def shas(git: Git, head: str, without: str | None = None) -> list[str]:
    """The ids of the commits that `head` is made of, parents first, less those that `without` is made of."""
    arguments = ["rev-list", "--topo-order", "--reverse", head, *([f"^{without}"] if without else [])]
    return git.text(*arguments).split()


class History:
    """Reads commits and their changes; a context manager."""

    def __init__(self, git: Git, objects: Objects) -> None:
        self._git, self._objects = git, objects
        self._trees: dict[str, str] = {}

    def steps(self, ids: Sequence[str]) -> Iterator[list[Step]]:
        """Chunks of steps, in the order of `ids`."""
        for start in range(0, len(ids), CHUNK):
            yield self._chunk(ids[start : start + CHUNK])

    def _chunk(self, ids: Sequence[str]) -> list[Step]:
        found: list[tuple[str, Commit | None, str]] = []
        for sha, item in zip(ids, self._objects.get_many(ids), strict=True):
            if item is None or item.type != "commit":
                raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged"))
            try:
                commit = parse_commit(sha, item.data)
            except CommitError as error:
                found.append((sha, None, str(error)))
                continue
            self._trees[sha] = commit.tree
            found.append((sha, commit, ""))
        pairs = [pair for _sha, commit, _problem in found if commit for pair in self._pairs(commit)]
        changes = self._changes(pairs)
        return [self._step(each, changes) for each in found]

    def _step(self, found: tuple[str, Commit | None, str], changes: _Changes) -> Step:
        sha, commit, problem = found
        pairs = self._pairs(commit) if commit else []
        if any(old != new and (old, new) not in changes for old, new in pairs):
            return Step(sha, None, _("git cannot compare its files with those before it"), ())
        return Step(sha, commit, problem, tuple(changes.get(pair, ()) for pair in pairs))

    def _pairs(self, commit: Commit) -> list[tuple[str, str]]:
        if not commit.parents:
            return [(_EMPTY_TREE[len(commit.sha)], commit.tree)]
        return [(self._tree(parent), commit.tree) for parent in commit.parents]

    def _tree(self, sha: str) -> str:
        if sha not in self._trees:
            found = self._objects.get(f"{sha}^{{tree}}")
            if found is None:
                raise EnvironmentFaultError(
                    _("the history is not whole: {commit} is missing").format(commit=sha[:12]), hint=_("git fetch --unshallow brings the rest")
                )
            self._trees[sha] = found.sha
        return self._trees[sha]

    def _changes(self, pairs: Sequence[tuple[str, str]]) -> _Changes:
        """What differs in each pair of trees, by one git process; nothing of a pair that it cannot read, which it passes over."""
        return _groups(self._diff([pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]))

    def _diff(self, pairs: Sequence[tuple[str, str]]) -> bytes:
        if not pairs:
            return b""
        process = self._git.start("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
        assert process.stdin is not None
        assert process.stdout is not None
        request = "".join(f"{old} {new}\n" for old, new in pairs).encode()
        writer = threading.Thread(target=_feed, args=(process, request), daemon=True)
        writer.start()
        output = process.stdout.read()
        writer.join()
        process.stdout.close()
        if process.wait() != 0:
            raise EnvironmentFaultError(_("git cannot compare the trees of the history"), hint=_("git fsck says what is damaged"))
        return output


def _feed(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(request)
        process.stdin.close()
    except OSError:  # git has ended, and its exit code says so
        return


_Changes = dict[tuple[str, ...], tuple[Changed, ...]]


def _groups(output: bytes) -> _Changes:
    """The answers of `diff-tree --stdin -z`: a line of the two ids before the first entry of a pair; entries and paths end with NUL.

    Where a commit is named as a tree, git may answer with that one id and its changes; nobody asks for those.
    """
    found: dict[tuple[str, ...], list[Changed]] = {}
    group: list[Changed] = []
    fields = iter(output.split(b"\0"))
    for field in fields:
        ids, colon, entry = field.partition(b":")
        if ids:
            group = found.setdefault(tuple(ids.decode("ascii").split()), [])
        if colon:
            old_mode, mode, old, new, _status = entry.decode("ascii").split(" ")
            path = next(fields).decode("utf-8", "surrogateescape")
            group.append(Changed(path, "" if old_mode == _ABSENT else old_mode, "" if mode == _ABSENT else mode, old, new))
    return {pair: tuple(changes) for pair, changes in found.items()}
