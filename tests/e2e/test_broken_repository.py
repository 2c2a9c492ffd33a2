"""Broken repositories and environments: each is named in one clear line with its exit code, and nothing is made worse."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import SCRIPTS, Plaint, copy_of

from plaint.store.git import Git

pytestmark = pytest.mark.long

EVENT = ("link", "CASE", "--other", "OTHER", "--relation", "related")
Break = Callable[[Plaint, str], None]


@dataclass(frozen=True)
class Broken:
    """What is broken, what is called then, what it says, and with which code it ends."""

    spoil: Break
    args: tuple[str, ...]
    says: str
    code: int = 3
    env: tuple[tuple[str, str], ...] = ()


def write(path: str, data: bytes | str) -> Break:
    def spoil(demo: Plaint, case: str) -> None:
        target = demo.folder / path.replace("CASEFILE", demo.path(case))
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        demo.git("add", "-A")
        demo.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "spoilt")

    return spoil


def edit(path: str, change: Callable[[bytes], bytes]) -> Break:
    def spoil(demo: Plaint, case: str) -> None:
        name = path.replace("CASEFILE", demo.path(case))
        write(name, change((demo.folder / name).read_bytes()))(demo, case)

    return spoil


def remove(path: str) -> Break:
    def spoil(demo: Plaint, _case: str) -> None:
        demo.git("rm", "-q", "-r", path)
        demo.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "spoilt")

    return spoil


def uncommitted(demo: Plaint, case: str) -> None:
    path = demo.folder / demo.path(case)
    path.write_bytes(path.read_bytes() + b"# mine\n")


def linked(demo: Plaint, case: str) -> None:
    path = demo.folder / demo.path(case)
    path.unlink()
    path.symlink_to("/etc/passwd")


def merging(demo: Plaint, _case: str) -> None:
    (demo.folder / ".git" / "MERGE_HEAD").write_text(demo.head + "\n")


def no_keyring(demo: Plaint, case: str) -> None:
    demo.git("update-ref", "-d", f"refs/plaint/keys/{case}")


def other_keyring(demo: Plaint, case: str) -> None:
    other = next(each["case"] for each in demo.cases() if each["case"] != case and demo.keyring(each["case"]))
    demo.git("update-ref", f"refs/plaint/keys/{case}", f"refs/plaint/keys/{other}")


def keyring_object_gone(demo: Plaint, case: str) -> None:
    sha = demo.git("rev-parse", f"refs/plaint/keys/{case}:report.age").strip()
    loose = demo.folder / ".git" / "objects" / sha[:2] / sha[2:]
    if not loose.exists():
        pytest.skip("the object is in a pack")
    loose.unlink()


def object_gone(demo: Plaint, case: str) -> None:
    sha = demo.git("rev-parse", f"HEAD:{demo.path(case)}").strip()
    loose = demo.folder / ".git" / "objects" / sha[:2] / sha[2:]
    if not loose.exists():
        pytest.skip("the object is in a pack")
    loose.unlink()


def no_commit(demo: Plaint, _case: str) -> None:
    demo.git("checkout", "-q", "--orphan", "new")


def no_git(demo: Plaint, _case: str) -> None:
    shutil.rmtree(demo.folder / ".git")


def block_moved(demo: Plaint, case: str) -> None:
    """The sealed text of another event in the place of this one's."""
    begin, end = "      -----BEGIN AGE ENCRYPTED FILE-----\n", "      -----END AGE ENCRYPTED FILE-----\n"
    name = demo.path(case)
    text = (demo.folder / name).read_text()
    other = next(demo.record(each["case"]).decode() for each in demo.cases() if each["case"] != case)
    take = other[other.index(begin) : other.index(end) + len(end)]
    write(name, text[: text.index(begin)] + take + text[text.index(end) + len(end) :])(demo, case)


def nothing(_demo: Plaint, _case: str) -> None:
    pass


BROKEN: dict[str, Broken] = {
    "no git repository": Broken(no_git, ("list",), "not a git repository"),
    "no commit yet": Broken(no_commit, ("list",), "no commit yet"),
    "no plaint.yaml": Broken(lambda d, _c: (d.folder / "plaint.yaml").unlink(), ("list",), "plaint.yaml"),
    "plaint.yaml of nothing": Broken(write("plaint.yaml", "x: 1\n"), ("todo",), "plaint.yaml", 2),
    "plaint.yaml is no YAML": Broken(write("plaint.yaml", "a: [\n"), ("todo",), "plaint.yaml", 2),
    "time zone of nowhere": Broken(edit("plaint.yaml", lambda b: b.replace(b"Asia/Shanghai", b"Asia/Nowhere")), ("todo",), "plaint.yaml", 2),
    "no policy": Broken(remove("policy"), ("list",), "policy", 2),
    "policy cut short": Broken(edit("policy/1.yaml", lambda b: b[:900]), ("list",), "policy/1.yaml", 2),
    "member record cut short": Broken(edit("members/chen.jie.yaml", lambda b: b[:90]), EVENT, "members/chen.jie.yaml", 2),
    "case cut short": Broken(edit("CASEFILE", lambda b: b[:700]), ("show", "CASE"), "CASE", 2),
    "case is empty": Broken(edit("CASEFILE", lambda _b: b""), ("show", "CASE"), "CASE", 2),
    "case with marks of a merge": Broken(edit("CASEFILE", lambda b: b + b"<<<<<<< HEAD\n"), ("show", "CASE"), "CASE", 2),
    "case with other line ends": Broken(edit("CASEFILE", lambda b: b.replace(b"\n", b"\r\n")), ("show", "CASE"), "CASE", 2),
    "case with a comment": Broken(edit("CASEFILE", lambda b: b + b"# a note\n"), EVENT, "CASE", 2),
    "case with a key twice": Broken(edit("CASEFILE", lambda b: b.replace(b"policy: 1\n", b"policy: 1\npolicy: 1\n")), EVENT, "CASE", 2),
    "case of another policy": Broken(edit("CASEFILE", lambda b: b.replace(b"policy: 1\n", b"policy: 7\n")), ("show", "CASE"), "7", 2),
    "case that is not UTF-8": Broken(edit("CASEFILE", lambda b: b + b"\xff\n"), ("list",), "CASE", 2),
    "case changed and not committed": Broken(uncommitted, EVENT, "CASE", 2),
    "link in the place of a case": Broken(linked, EVENT, "CASE", 2),
    "sealed text of another case": Broken(block_moved, ("open", "CASE", "--compartment", "identity"), "CASE", 2),
    "keyring is not here": Broken(no_keyring, ("open", "CASE"), "no keyring", 2),
    "keyring of another case": Broken(other_keyring, ("open", "CASE"), "CASE", 2),
    "keyring is damaged": Broken(keyring_object_gone, ("open", "CASE"), "keyring"),
    "object is missing": Broken(object_gone, ("show", "CASE"), "CASE"),
    "merge under way": Broken(merging, EVENT, "merge"),
    "no git on the PATH": Broken(nothing, ("list",), "git was not found", env=(("PATH", "{scripts}"),)),
    "git fails": Broken(nothing, ("list",), "git", env=(("PATH", "{scripts}:{fake}"),)),
    "no ssh-keygen": Broken(nothing, EVENT, "ssh-keygen", env=(("PATH", "{scripts}:{git}"),)),
}  # fmt: skip


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders for the PATH: plaint alone, git alone, and a git that fails."""
    place = tmp_path_factory.mktemp("programs")
    found = {name: place / name for name in ("scripts", "git", "fake")}
    for folder in found.values():
        folder.mkdir()
    plaint = shutil.which("plaint", path=str(SCRIPTS))
    assert plaint
    (found["scripts"] / "plaint").symlink_to(plaint)
    (found["git"] / "git").symlink_to(str(shutil.which("git")))
    fake = found["fake"] / "git"
    fake.write_text("#!/bin/sh\necho 'fatal: the disk is on fire' >&2\nexit 128\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    return {name: str(folder) for name, folder in found.items()}


@pytest.mark.parametrize("broken", [pytest.param(broken, id=name) for name, broken in BROKEN.items()])
def test_one_line_and_nothing_worse(demo_once: Plaint, tmp_path: Path, programs: dict[str, str], broken: Broken) -> None:
    demo = copy_of(demo_once, tmp_path)
    cases = [each["case"] for each in demo.cases() if each["state"] not in ("disposed", "disposing")]
    case, other = cases[-1], cases[0]
    broken.spoil(demo, case)
    before = state(demo)
    args = [{"CASE": case, "OTHER": other}.get(word, word) for word in broken.args]
    env = {name: value.format(**programs) for name, value in broken.env}
    line = demo.refused(*args, code=broken.code, member="chen.jie", env=env)
    assert broken.says.replace("CASE", case) in line, line
    assert "Traceback" not in line
    assert state(demo) == before


def state(demo: Plaint) -> tuple[str, ...]:
    """Everything that git knows and everything that lies there, as well as it can be told of what is broken."""
    files = sorted(
        f"{p.relative_to(demo.folder)} {p.lstat().st_size}" for p in demo.folder.rglob("*") if ".git/objects" not in str(p) and p.name != "plaint.lock"
    )
    done = subprocess.run(["git", "for-each-ref"], cwd=demo.folder, capture_output=True, text=True, check=False)
    return (done.stdout, *files)


def test_a_pipe_that_closes_early_is_no_accident(demo: Plaint) -> None:
    done = demo.command("sh", "-c", "plaint list | head -1; plaint explain | head -1; plaint show --help | true")
    assert done.stdout.count("\n") == 2
    assert done.stderr == ""


def test_locks_that_a_killed_git_left_are_removed_and_those_of_a_living_one_waited_for(demo: Plaint) -> None:
    case, other, *_more = (str(each["case"]) for each in demo.cases() if each["state"] not in ("disposed", "disposing"))
    folder = demo.folder / ".git"
    left = [folder / "HEAD.lock", folder / "refs" / "heads" / "main.lock"]
    for lock in left:
        lock.write_text("")
        os.utime(lock, (time.time() - 60,) * 2)
    demo.good("link", case, "--other", other, "--relation", "related", member="chen.jie")
    assert not any(lock.exists() for lock in left)
    left[0].write_text("")
    threading.Timer(1.5, left[0].unlink).start()
    began = time.monotonic()
    demo.good("link", other, "--other", case, "--relation", "related", member="chen.jie")
    assert time.monotonic() - began > 1.0
    (folder / "index.lock").write_text("")  # somebody writes the message of a commit
    os.utime(folder / "index.lock", (time.time() - 3600,) * 2)
    assert "index.lock" in Git(demo.folder).call("add", ".").error
    assert (folder / "index.lock").exists()
