"""Killed at any moment, or two at once: no half event, no lost event, and the next command finds order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plaint.store.repository import Repository
from plaint.store.signing import load_signing_key

WRITER = """
import sys
from pathlib import Path
from plaint.store.repository import Repository
from plaint.store.signing import load_signing_key

root, key, name, count = Path(sys.argv[1]), load_signing_key(Path(sys.argv[2])), sys.argv[3], int(sys.argv[4])
with Repository.discover(root) as repo:
    for number in range(count):
        with repo.lock(wait=60):
            base = repo.head()
            refs = repo.write_keyrings([("A000-0000", {"report": f"{name}-{number}"})], key, name)
            files = {path: (repo.read(path) or b"") + f"- {name}-{number} \\n".encode() for path in ("cases/2026/A000-0000.yaml", "b")}
            files[f"{name}-{number}"] = b"new"
            repo.commit(files, f"{name}-{number}", key, name, refs=refs, base=base)
        print(number, flush=True)
"""


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", folder, *args], capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    with Repository.init(tmp_path / "org") as repo:
        repo.commit({"plaint.yaml": b"plaint: 1\n"}, "Begin", load_signing_key(tmp_path / "key"), "li.wei")
    return repo.root


def start(root: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(root), str(root.parent / "key"), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_killed_at_any_moment(root: Path) -> None:
    chance = random.Random(7)
    last = 0
    unfinished = 0
    for turn in range(40):
        writer = start(root, f"w{turn}", 10_000)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        _out, error = writer.communicate()
        assert error == ""
        unfinished += (root / ".git" / "plaint" / "pending.json").exists()
        with Repository.discover(root) as repo, repo.lock():
            pass  # waits for a git of the killed process, which inherited the lock
        with Repository.discover(root) as repo:
            assert git(root, "status", "--porcelain") == ""
            count = int(git(root, "rev-list", "--count", "HEAD"))
            assert count > last
            last = count
            subjects = git(root, "log", "--reverse", "--format=%s").split()[1:]
            for path in ("cases/2026/A000-0000.yaml", "b"):
                expected = "".join(f"- {subject} \n" for subject in subjects)
                assert (root / path).read_bytes() == repo.read(path) == expected.encode()
            assert repo.read_keyring("A000-0000") == {"report": subjects[-1]}
    assert "dangling" not in git(root, "fsck", "--strict", "--no-dangling")
    assert unfinished > 0  # otherwise the test has not tested much


def test_two_at_once(root: Path) -> None:
    writers = [start(root, name, 15) for name in ("x", "y")]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0), ("", 0)]
    subjects = git(root, "log", "--reverse", "--format=%s").split()[1:]
    assert sorted(subjects) == sorted(f"{name}-{number}" for name in "xy" for number in range(15))
    assert (root / "b").read_text() == "".join(f"- {subject} \n" for subject in subjects)
    assert git(root, "status", "--porcelain") == ""
    git(root, "fsck", "--strict")


@pytest.mark.parametrize("moved", [True, False])
def test_work_done_since_the_crash_is_kept(root: Path, moved: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    key = load_signing_key(root.parent / "key")

    class Killed(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Killed

    with Repository.discover(root) as repo:
        repo.commit({"a": b"a", "b": b"b", "c": b"c"}, "Files", key, "li.wei")
        monkeypatch.setattr(repo._follower if moved else repo, "follow" if moved else "_move", die)
        with pytest.raises(Killed):
            repo.commit({"a": b"a2", "b": b"b2", "c": b"c2", "d": b"d2"}, "More", key, "li.wei")
    (root / "b").write_bytes(b"mine")
    Repository.discover(root).close()
    assert not (root / ".git" / "plaint" / "pending.json").exists()
    if moved:
        assert [(root / name).read_bytes() for name in "abcd"] == [b"a2", b"mine", b"c2", b"d2"]
        assert git(root, "diff", "HEAD", "--name-only") == "b"
    else:
        assert [(root / name).read_bytes() for name in "abc"] == [b"a", b"mine", b"c"]
        assert not (root / "d").exists()
        assert git(root, "status", "--porcelain") == "M b"
