"""The history as a stream: commits from the oldest to the newest, each with what it changed against each of its parents.

Rules:
- Nothing that a repository can be made to say about its own history is believed: replacement refs, grafts and attributes are switched
  off (`store.git`), parents are those in the commit object, and changes are those between its tree and theirs. Nor may it take more time
  and memory than an honest one.
- Commits come parents first. Few git processes serve it, whatever the length; two chunks of commits are in memory at a time: while one
  is judged, git compares the trees of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.errors import EnvironmentFaultError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.treediffs import TreeDiffs
from plaint.store.treesize import TreeSizes

CHUNK = 250
"""Commits; small, for the first chunk is waited for, and nothing is made ready while the last is judged."""
PATIENCE = 10.0
"""Seconds for the changes of a chunk; git needs a few tenths. Then, or if they are so many bytes, it is asked how many files the trees stand for."""
_MOST = 64 << 20
MOST_FILES = 5_000_000
"""Files and folders of a commit. A few folders that hold one another many times stand for more than there is memory; whoever pushes such a commit is
told, and nobody waits for git to go through it."""
_DIFF = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
_ABSENT = "000000"
_EMPTY_TREE = {40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904", 64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"}


class Changed(NamedTuple):
    """One path that differs from a parent; the old mode or the new one is "" where it was or is not there."""

    path: str
    old_mode: str
    mode: str
    old: str
    new: str


class Step(NamedTuple):
    """A commit, or why it is none, with its changes against each parent (against nothing, for a root)."""

    sha: str
    commit: Commit | None
    problem: str
    changes: tuple[tuple[Changed, ...], ...]


class _Read(NamedTuple):
    """A commit as it was read, before it is known what it changed."""

    sha: str
    commit: Commit | None
    problem: str


def shas(git: Git, head: str, without: str | None = None) -> list[str]:
    """The ids of the commits that `head` is made of, parents first, less those that `without` is made of."""
    arguments = ["rev-list", "--topo-order", "--reverse", head, *([f"^{without}"] if without else [])]
    return git.text(*arguments).split()


class History:
    """Reads commits and their changes."""

    def __init__(self, git: Git, objects: Objects) -> None:
        self._git, self._objects = git, objects
        self._trees: dict[str, str] = {}

    def steps(self, ids: Sequence[str]) -> Iterator[list[Step]]:
        """Chunks of steps, in the order of `ids`."""
        with closing(TreeDiffs(self._git, *_DIFF)) as diffs, ThreadPoolExecutor(1) as beside:
            waiting: tuple[Sequence[_Read], Future[_Changes]] | None = None
            for start in range(0, len(ids), CHUNK):
                read = self._read(ids[start : start + CHUNK])
                pairs = dict.fromkeys(pair for each in read if each.commit for pair in self._pairs(each.commit))
                changes = beside.submit(self._changes, diffs, [(old, new) for old, new in pairs if old != new])
                if waiting:
                    yield self._steps(*waiting)
                waiting = read, changes
            if waiting:
                yield self._steps(*waiting)

    def _read(self, ids: Sequence[str]) -> list[_Read]:
        found: list[_Read] = []
        for sha, item in zip(ids, self._objects.get_many(ids), strict=True):
            if item is None or item.type != "commit":
                raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged"))
            try:
                commit = parse_commit(sha, item.data)
            except CommitError as error:
                found.append(_Read(sha, None, str(error)))
                continue
            self._trees[sha] = commit.tree
            found.append(_Read(sha, commit, ""))
        return found

    def _steps(self, read: Sequence[_Read], changes: Future[_Changes]) -> list[Step]:
        known = changes.result()
        return [self._step(each, known) for each in read]

    def _step(self, read: _Read, changes: _Changes) -> Step:
        pairs = self._pairs(read.commit) if read.commit else []
        if any(old != new and (old, new) not in changes for old, new in pairs):
            return Step(read.sha, None, _("git cannot compare its files with those before it"), ())
        return Step(read.sha, read.commit, read.problem, tuple([changes.get(pair, ()) for pair in pairs]))

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

    def _changes(self, diffs: TreeDiffs, pairs: Sequence[tuple[str, str]]) -> _Changes:
        """What differs in each pair of trees; nothing of a pair that it cannot read, or that stands for too many files."""
        if not pairs:
            return {}
        output = diffs.of(pairs, most=_MOST, seconds=PATIENCE)
        if output is None:
            sizes = TreeSizes(Objects(self._git))  # one of its own: the walk is reading from the other
            pairs = [pair for pair in pairs if max(map(sizes.of, pair)) <= MOST_FILES]
            request = "".join([f"{old} {new}\n" for old, new in pairs]).encode()
            output = self._git.run("diff-tree", "--stdin", *_DIFF, stdin=request) if pairs else b""
        return _groups(output)


_Changes = dict[tuple[str, str], tuple[Changed, ...]]


def _groups(output: bytes) -> _Changes:
    """The answers of `diff-tree --stdin -z`: a line of the two ids before the first entry of a pair; entries and paths end with NUL.

    A pair that differs in nothing git knows (a mode spelt oddly) has such a line only, and is left out. Where a commit is named as a tree,
    git may answer with that one id and its changes; nobody asks for those.
    """
    found: dict[tuple[str, str], list[Changed]] = {}
    pair = ("", "")
    fields = iter(output.split(b"\0"))
    for field in fields:
        ids, colon, entry = field.partition(b":")
        if ids:
            one, _space, other = ids.decode("ascii").splitlines()[-1].partition(" ")
            pair = one, other
        if colon:
            old_mode, mode, old, new, _status = entry.decode("ascii").split(" ")
            path = next(fields).decode("utf-8", "surrogateescape")
            found.setdefault(pair, []).append(Changed(path, "" if old_mode == _ABSENT else old_mode, "" if mode == _ABSENT else mode, old, new))
    return {each: tuple(changes) for each, changes in found.items()}
