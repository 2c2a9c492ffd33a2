"""Commits made ready by another process are those made ready here, and when that process ends in the middle nobody notices."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from fuzz.gitrepo import GitRepo
from plaint.audit import ahead
from plaint.audit.history import Step, shas
from plaint.audit.sshsig import SignatureError
from plaint.errors import EnvironmentFaultError
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.signing import load_signing_key, sign_payloads


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitRepo, list[str]]:
    """A history that is worth a process: unsigned, the newest commits signed well and badly; and the keys they say."""
    place = tmp_path_factory.mktemp("ahead")
    repo = GitRepo.new(place / "repo", "sha1")
    lines = "".join(
        f"commit refs/heads/long\ncommitter n <n@example.org> {n} +0000\ndata 2\nm\nM 644 inline f{n % 7}\ndata 2\n{n % 10}\n\n" for n in range(3400)
    )
    repo.run("fast-import", "--quiet", stdin=lines.encode())
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / "key"], check=True)
    key = load_signing_key(place / "key")
    head, tree = repo.git("rev-parse", "long"), repo.git("rev-parse", "long^{tree}")
    for number in range(20):
        body = f"tree {tree}\nparent {head}\nauthor n <n@example.org> {number} +0000\ncommitter n <n@example.org> {number} +0000\n"
        [signature] = sign_payloads([f"{body}\n{number}\n".encode()], key)
        said = "gpgsig " + signature.strip().replace("\n", "\n ")
        head = repo.put(f"{body}{said}\n\n{number + number % 2}\n".encode())  # every other was changed after signing
    return repo, shas(Git(repo.folder), head)


def parts(repo: GitRepo, head: str, without: str | None = None, *, kill_after: int = 99) -> Iterator[tuple[object, list[str]]]:
    """The chunks as they come, errors as text; after so many the other process is killed."""
    git = Git(repo.folder)
    objects = Objects(git)
    with ahead.ahead(git, objects, head, without) as coming:
        assert coming.is_long == bool(children())
        for number, ready in enumerate(coming):
            if number == kill_after:
                [child] = children()
                os.kill(child, signal.SIGKILL)
            yield ready.steps, [f"{type(each).__name__} {each}" for each in ready.signers]
    objects.close()


def flat(chunks: Iterable[tuple[object, list[str]]]) -> list[tuple[object, str]]:
    """Step by step."""
    return [each for steps, signers in chunks for each in zip(cast("Sequence[Step]", steps), signers, strict=True)]


def children() -> list[int]:
    """The processes that make ready."""
    found = [int(each) for each in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]
    return [each for each in found if b"plaint.audit.ahead" in Path(f"/proc/{each}/cmdline").read_bytes()]


def test_another_process_makes_the_same_ready(long: tuple[GitRepo, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo, ids = long
    git = Git(repo.folder)
    objects = Objects(git)
    expected = [(ready.steps, [f"{type(each).__name__} {each}" for each in ready.signers]) for ready in ahead.make_ready(git, objects, ids)]
    kinds = [said.partition(" ")[0] for _steps, signers in expected for said in signers]
    assert (kinds.count("NoneType"), kinds.count("str"), kinds.count(SignatureError.__name__)) == (3400, 10, 10)
    objects.close()

    (tmp_path / "plaint").mkdir()
    (tmp_path / "plaint" / "__init__.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)  # a repository may hold what it likes
    here: list[int] = []
    ours = ahead.make_ready

    def noted(git: Git, objects: Objects, ids: Sequence[str]) -> Iterator[ahead.Ready]:
        here.append(len(ids))
        return ours(git, objects, ids)

    monkeypatch.setattr(ahead, "make_ready", noted)
    assert list(parts(repo, ids[-1])) == expected
    assert here == [0]
    assert children() == []
    assert flat(parts(repo, ids[-1], kill_after=0)) == flat(expected)
    assert here[1:] == [len(ids) - len(expected[0][0])]  # what was left when it was killed
    assert flat(parts(repo, ids[-1], ids[0])) == flat(expected)[1:]
    assert here[2:] == [0]
    assert flat(parts(repo, ids[499])) == flat(expected)[:500]
    assert here[-1] == 500
    assert list(parts(repo, ids[-1], ids[-1])) == []
    assert children() == []


def test_an_error_of_the_other_process_is_met_here(long: tuple[GitRepo, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    repo, ids = long
    monkeypatch.setattr(ahead, "shas", lambda *_which: [*ids, "1" * 40])
    with pytest.raises(EnvironmentFaultError, match="git cannot read an object: 1111"):
        list(parts(repo, ids[-1]))
    assert children() == []
