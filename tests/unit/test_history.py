"""The history as a stream: every commit once, parents first, with exactly the changes that `git diff-tree` gives, whatever its shape."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.gitrepo import GitRepo
from plaint.audit import history
from plaint.audit.history import Changed, History, Step, shas
from plaint.errors import EnvironmentFaultError
from plaint.store.git import Git
from plaint.store.objects import Objects

ODD = (
    b"a",
    b"b",
    b"a.b",
    b"a/b",
    b"cases/2026/Q7M4-K2XD.yaml",
    b"cases/2026/Q7M4-K2XD/1.age",
    b"line\nbreak",
    b"\n",
    b":100644 000000 aaaa bbbb M",
    b"tab\tand \"quotes\" 'and' \\ back",
    b" blank ",
    b"-r",
    b"caf\xe9",
    b"\xff\xfe/\x80",
    "投诉/一.yaml".encode(),
    b"x" * 200,
)
MODES = (b"100644", b"100755", b"120000", b"160000")
NUMBER = itertools.count()


@dataclass(frozen=True)
class Planned:
    """A commit to make: its parents by number, what it changes (path -> mode and content, None: removed)."""

    parents: tuple[int, ...]
    changes: dict[bytes, tuple[bytes, int] | None]


@st.composite
def graphs(draw: st.DrawFn) -> list[Planned]:
    """Small histories with branches, merges of many, and more than one root."""
    made: list[Planned] = []
    for number in range(draw(st.integers(1, 9))):
        most = min(number, 4)
        parents = draw(st.lists(st.integers(0, number - 1), min_size=0, max_size=most, unique=True)) if number else []
        changes = draw(st.dictionaries(st.sampled_from(ODD), st.none() | st.tuples(st.sampled_from(MODES), st.integers(0, 3)), max_size=5))
        made.append(Planned(tuple(parents), changes))
    return made


def stream(planned: list[Planned], branch: bytes, size: int) -> bytes:
    """For `git fast-import`; a last commit joins every tip."""
    lines: list[bytes] = []
    used = {parent for each in planned for parent in each.parents}
    tips = tuple(n for n in range(len(planned)) if n not in used)
    for number, each in enumerate([*planned, Planned(tips, {})], 1):
        lines += [b"commit " + branch, b"mark :%d" % number, b"committer n <n@example.org> %d +0000" % (1_700_000_000 + number), b"data 1", b"m"]
        if number == 1 or not each.parents:
            lines.insert(-5, b"reset " + branch)
        for index, parent in enumerate(each.parents):
            lines.append((b"merge :%d" if index else b"from :%d") % (parent + 1))
        for path, what in each.changes.items():
            quoted = b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
            if what is None:
                lines.append(b"D " + quoted)
            elif what[0] == b"160000":
                lines.append(b"M 160000 " + b"%d" % what[1] * size + b" " + quoted)
            else:
                lines += [b"M " + what[0] + b" inline " + quoted, b"data 1", b"%d" % what[1]]
        lines.append(b"")
    return b"\n".join(lines) + b"\ndone\n"


def by_git(repo: GitRepo, old: str, new: str) -> set[Changed]:
    """One comparison, by a process of its own."""
    fields = repo.run("diff-tree", "-r", "-z", "--no-abbrev", "--ignore-submodules=none", "--no-renames", old, new).split(b"\0")[:-1]
    found = set()
    for entry, path in zip(fields[::2], fields[1::2], strict=True):
        modes = entry.decode().lstrip(":").split()
        found.add(Changed(path.decode("utf-8", "surrogateescape"), *("" if m == "000000" else m for m in modes[:2]), *modes[2:4]))
    return found


def steps(repo: GitRepo, head: str, without: str | None = None) -> list[Step]:
    git = Git(repo.folder)
    objects = Objects(git)
    try:
        return [step for chunk in History(git, objects).steps(shas(git, head, without)) for step in chunk]
    finally:
        objects.close()


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    return GitRepo.new(tmp_path_factory.mktemp("history") / request.param, request.param)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(graphs())
def test_random_histories(repo: GitRepo, planned: list[Planned]) -> None:
    size = len(repo.git("mktree"))
    branch = f"refs/heads/b{next(NUMBER)}"
    repo.run("fast-import", "--quiet", "--done", "--force", stdin=stream(planned, branch.encode(), size))
    empty = repo.git("mktree")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "CHUNK", 3)  # so that parents lie in other chunks, too
        found = steps(repo, branch)
    graph = [line.split() for line in repo.git("rev-list", "--parents", branch).splitlines()]
    assert sorted(step.sha for step in found) == sorted(line[0] for line in graph)
    assert len(found) == len(planned) + 1
    parents = {line[0]: line[1:] for line in graph}
    seen: set[str] = set()
    for step in found:
        assert step.commit is not None, step.problem
        assert list(step.commit.parents) == parents[step.sha]
        assert seen.issuperset(step.commit.parents), "parents come first"
        seen.add(step.sha)
        assert len(step.changes) == max(1, len(step.commit.parents))
        for parent, changes in zip(step.commit.parents or (empty,), step.changes, strict=True):
            assert len(set(changes)) == len(changes)
            assert set(changes) == by_git(repo, parent, step.sha)


def test_only_what_is_new(repo: GitRepo) -> None:
    tree = repo.git("mktree")
    one = repo.git("commit-tree", "-m", "1", tree)
    blob = repo.put(b"x", "blob")
    two = repo.git("commit-tree", "-m", "2", "-p", one, repo.git("mktree", stdin=f"100644 blob {blob}\tx\n".encode()))
    three = repo.git("commit-tree", "-m", "3", "-p", two, tree)
    assert [step.sha for step in steps(repo, three, one)] == [two, three]
    assert [change.path for step in steps(repo, three, two) for change in step.changes[0]] == ["x"]
    assert steps(repo, three, three) == []


def commit_of(repo: GitRepo, tree: str, *parents: str) -> str:
    head = f"tree {tree}\n" + "".join(f"parent {p}\n" for p in parents)
    return repo.put(f"{head}author n <n@example.org> 1 +0000\ncommitter n <n@example.org> 1 +0000\n\nm\n".encode())


def test_submodules_that_ask_not_to_be_seen(repo: GitRepo) -> None:
    """`ignore = all` in .gitmodules, or in a configuration, keeps them out of what `git diff-tree` says by default."""
    empty = repo.git("mktree")
    root = commit_of(repo, empty)
    modules = repo.put(b'[submodule "s"]\n\tpath = cases/x\n\turl = x\n\tignore = all\n', "blob")
    inner = repo.git("mktree", "--missing", stdin=f"160000 commit {root}\tx\n".encode())
    tree = repo.git("mktree", stdin=f"100644 blob {modules}\t.gitmodules\n040000 tree {inner}\tcases\n".encode())
    child = commit_of(repo, tree, root)
    repo.git("update-ref", "refs/heads/main", child)
    repo.git("reset", "-q", "--hard", child)
    repo.git("config", "diff.ignoreSubmodules", "all")
    assert {change.path: change.mode for change in steps(repo, child)[1].changes[0]} == {".gitmodules": "100644", "cases/x": "160000"}


def test_settings_that_change_what_git_says(repo: GitRepo) -> None:
    empty = repo.git("mktree")
    blob = repo.put(b"text", "blob")
    root = commit_of(repo, repo.git("mktree", stdin=f"100644 blob {blob}\tname\n".encode()))
    child = commit_of(repo, repo.git("mktree", stdin=f"100644 blob {blob}\trenamed\n".encode()), root)
    last = commit_of(repo, empty, child)
    before = steps(repo, last)
    (repo.folder / "order").write_text("renamed\n")
    traps = {
        "diff.renames": "copies",
        "diff.orderFile": "order",
        "core.quotePath": "true",
        "diff.noprefix": "true",
        "core.abbrev": "7",
        "diff.relative": "true",
    }
    for name, value in {**traps, "log.showRoot": "false", "diff.external": "false", "color.ui": "always", "core.fileMode": "false"}.items():
        repo.git("config", name, value)
    after = steps(repo, last)
    for name in (*traps, "log.showRoot", "diff.external", "color.ui", "core.fileMode"):
        repo.git("config", "--unset", name)
    assert after == before
    assert [len(step.changes[0]) for step in before] == [1, 2, 1]


def test_trees_that_cannot_be_read(repo: GitRepo) -> None:
    """A commit whose tree is no tree is none; git passes it over without a word, and those beside it are read as ever."""
    empty = repo.git("mktree")
    blob = repo.put(b"x", "blob")
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tx\n".encode())
    root = commit_of(repo, empty)
    other = commit_of(repo, tree)
    for wrong in (other, blob, "1" * len(root)):
        bad = commit_of(repo, wrong, root)
        good = commit_of(repo, tree, root)
        top = commit_of(repo, tree, bad, good)
        by_sha = {step.sha: step for step in steps(repo, top)}
        assert by_sha[bad].commit is None
        assert "compare" in by_sha[bad].problem
        assert [change.path for change in by_sha[good].changes[0]] == ["x"]
        assert by_sha[top].commit is None
    with pytest.raises(EnvironmentFaultError):  # an id cannot be a commit and a tree at once
        steps(repo, commit_of(repo, root, root))


def test_trees_that_differ_in_nothing_that_git_shows(repo: GitRepo) -> None:
    """Other bytes for the same mode (git reads 100664 as 100644): what is not shown is not taken for nothing."""
    blob = repo.put(b"x", "blob")
    good = repo.put(b"100644 x\0" + bytes.fromhex(blob), "tree")
    odd = repo.put(b"100664 x\0" + bytes.fromhex(blob), "tree")
    other = repo.git("mktree", stdin=f"100755 blob {blob}\ty\n".encode())
    child = commit_of(repo, other, commit_of(repo, odd, commit_of(repo, good)))
    found = steps(repo, child)
    assert [step.commit is None for step in found] == [False, True, False]
    assert sorted(change.path for change in found[2].changes[0]) == ["x", "y"]


def test_a_missing_parent(repo: GitRepo) -> None:
    child = commit_of(repo, repo.git("mktree"), "a" * len(repo.git("mktree")))
    with pytest.raises(EnvironmentFaultError):
        steps(repo, child)


def test_a_commit_that_is_none_has_no_changes(repo: GitRepo) -> None:
    root = commit_of(repo, repo.git("mktree"))
    data = repo.raw(root).replace(b"\n\n", b"\nunknown x\n\n")
    [step] = steps(repo, repo.put(data))
    assert (step.commit, step.changes) == (None, ())
    assert "as git writes it" in step.problem


def test_nothing_is_left_running(repo: GitRepo, tmp_path: Path) -> None:
    """Whoever stops in the middle leaves no thread behind."""
    root = commit_of(repo, repo.git("mktree"))
    git = Git(repo.folder)
    objects = Objects(git)
    stream = History(git, objects).steps([root] * 5000)
    assert len(next(stream)) == history.CHUNK
    stream.close()
    import threading

    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
    objects.close()


def test_objects_are_asked_for_ahead_and_in_any_order(repo: GitRepo) -> None:
    """Answers go to whoever asked, also where one stops in the middle, asks for another in between, or the process ends."""
    texts = [b"%d " % n * (20 + 977 * n % 5000) for n in range(300)]  # a few megabytes: more than pipes hold
    ids = [repo.put(text, "blob") for text in texts]
    objects = Objects(Git(repo.folder))
    first, second = objects.get_many(ids), objects.get_many(reversed(ids))
    next(objects.get_many(ids))  # given up after one
    for number, text in enumerate(texts):
        one, other = next(first), next(second)
        assert one is not None
        assert other is not None
        assert (one.sha, one.data, other.data) == (ids[number], text, texts[-1 - number])
        if number % 50 == 7:
            assert objects.read_blob(ids[number // 2]) == texts[number // 2]
            assert objects.get("0" * len(ids[0])) is None
            assert objects.get(f"HEAD:{'x' * 200_000}") is None  # longer than a pipe
        if number in (60, 160):
            objects.close()
        if number in (90, 200):
            assert objects._process is not None
            objects._process.kill()
            objects._process.wait()
    assert [next(first, "end"), next(second, "end")] == ["end", "end"]
    assert list(objects.get_many([])) == []
    objects.close()
