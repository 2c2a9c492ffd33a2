"""Trees compared by one git process, request after request, within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fuzz.gitrepo import GitRepo
from plaint.store.git import Git
from plaint.store.treediffs import TreeDiffs

OPTIONS = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    return GitRepo.new(tmp_path_factory.mktemp("diffs") / "repo", "sha1")


@pytest.fixture
def diffs(repo: GitRepo) -> Iterator[TreeDiffs]:
    with closing(TreeDiffs(Git(repo.folder), *OPTIONS)) as found:
        yield found


def trees(repo: GitRepo, count: int) -> list[str]:
    """Folders of one file more each."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x")
    return [repo.git("mktree", stdin="".join(f"100644 blob {blob}\tf{n:04}\n" for n in range(size)).encode()) for size in range(count)]


def pids() -> list[int]:
    return [int(each) for each in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def test_as_git_says_by_itself(repo: GitRepo, diffs: TreeDiffs) -> None:
    made = trees(repo, 40)
    pairs = [(old, new) for old in made for new in made if old != new]  # more than two pipes hold
    request = "".join(f"{old} {new}\n" for old, new in pairs).encode()
    expected = repo.run("diff-tree", "--stdin", *OPTIONS, stdin=request)
    assert len(expected) > 1 << 20
    assert diffs.of(pairs, most=1 << 24, seconds=60) == expected
    [process] = pids()
    for at in (0, 7, 700):
        assert diffs.of(pairs[at : at + 1], most=1 << 24, seconds=60) == repo.run("diff-tree", "--stdin", *OPTIONS, stdin=request.splitlines(True)[at])
    assert pids() == [process]
    assert diffs.of([("1" * 40, made[0])], most=1 << 24, seconds=60) in {b"", None}
    diffs.close()
    assert pids() == []


def test_no_more_than_it_may(repo: GitRepo, diffs: TreeDiffs) -> None:
    made = trees(repo, 30)
    pairs = [(made[0], made[-1])] * 500
    assert diffs.of(pairs, most=1000, seconds=60) is None
    assert pids() == []
    assert diffs.of(pairs, most=1 << 24, seconds=1e-9) is None
    assert pids() == []
    assert diffs.of(pairs[:1], most=1 << 24, seconds=60)
