"""`plaint hook`: git asks plaint, and what the audit would find gets in nowhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Plaint, environment

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def guarded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with its hook, a clone of it, and the keys beside them."""
    place = tmp_path_factory.mktemp("guarded")
    maker = Plaint(place, place, now=None)
    maker.good("demo", "a", "--cases", "5")
    maker.git("init", "-q", "--bare", "-b", "main", "hub.git")
    a = maker.at(place / "a")
    a.git("remote", "add", "origin", "../hub.git")
    assert "pre-receive written" in maker.at(place / "hub.git").good("hook", "install")
    a.good("sync", member="chen.jie")  # through the hook
    return place


@pytest.fixture
def a(guarded_once: Path, tmp_path: Path) -> Plaint:
    for name in ("a", "hub.git"):
        shutil.copytree(guarded_once / name, tmp_path / name, symlinks=True)
    return Plaint(tmp_path / "a", tmp_path, now=None)


def hub_refs(a: Plaint) -> str:
    return a.at(a.folder.parent / "hub.git").git("for-each-ref")


def refused(a: Plaint, says: str, *push: str) -> None:
    """The push fails with these words, and nothing has moved there."""
    before = hub_refs(a)
    done = a.command("git", "push", "-q", "origin", *push)
    assert done.returncode != 0
    assert says in done.stderr, done.stderr
    assert hub_refs(a) == before


def commit(a: Plaint, *options: str) -> None:
    a.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", *options, "-m", "by hand")


def open_case(a: Plaint) -> str:
    return next(each["case"] for each in a.cases() if each["state"] in ("received", "accepted", "inquiry"))


def test_what_is_in_order_comes_in(a: Plaint) -> None:
    case = a.register()
    a.good("acknowledge", case, "--result", "delivered", member="li.wei")
    assert a.data("sync", member="li.wei")["sent"] == 2
    a.good("rekey", case, member="chen.jie")
    assert a.data("sync", member="chen.jie")["keyrings"]["sent"] == 1
    assert f"keys/{case}" in hub_refs(a)


def test_unsigned(a: Plaint) -> None:
    (a.folder / "README.md").write_text("changed")
    commit(a)
    refused(a, "A101", "HEAD:main")


def test_changed_record(a: Plaint) -> None:
    path = a.folder / a.path(open_case(a))
    path.write_bytes(path.read_bytes().replace(b"event: receive", b"event: accept ", 1))
    commit(a, "-S")
    refused(a, "A201", "HEAD:main")


def test_history_taken_back(a: Plaint) -> None:
    refused(a, "take back", "+HEAD~1:main")
    refused(a, "not deleted", ":main")


def test_keyrings(a: Plaint) -> None:
    case = open_case(a)
    ref = f"refs/plaint/keys/{case}"
    other = next(name for name in a.git("for-each-ref", "--format=%(refname)", "refs/plaint/keys").split() if name not in (ref, "refs/plaint/keys/import"))
    refused(a, "not the keyring that the record says", f"+{other}:{ref}")
    refused(a, "only when its case was disposed of", f":{ref}")
    refused(a, "not destroyed", ":refs/plaint/keys/import")
    # an event without its keyring is for the next push to mend; a keyring without its event is refused
    a.good("rekey", case, member="chen.jie")
    refused(a, "not the keyring that the record says", f"+{ref}:{ref}")
    a.git("push", "-q", "origin", "HEAD:main", f"+{ref}:{ref}")


def test_other_refs(a: Plaint) -> None:
    for ref in ("refs/replace/" + a.head, "refs/tags/v1", "refs/notes/commits"):
        refused(a, "only branches and keyrings", f"HEAD:{ref}")


def test_a_clone_is_asked_too(a: Plaint) -> None:
    said = a.good("hook", "install")
    assert said.count("written") == 2
    path = a.folder / "cases" / "2026" / "note.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("Zhang took the money")
    a.git("add", "-A")
    done = a.command("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "note")
    assert done.returncode != 0
    assert "S201" in done.stderr
    path.unlink()
    (a.folder / "README.md").write_text("changed")
    a.git("add", "-A")
    commit(a)  # well-formed, and unsigned: the push is refused before it leaves
    done = a.command("git", "push", "origin", "HEAD:main")
    assert done.returncode != 0
    assert "A101" in done.stderr


def test_a_hook_of_somebody_else_stays(a: Plaint) -> None:
    hook = a.folder / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert "not plaint's" in a.refused("hook", "install", "--pre-push")
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"


def test_a_hook_that_cannot_work_lets_nothing_in(a: Plaint) -> None:
    hook = a.folder.parent / "hub.git" / "hooks" / "pre-receive"
    hook.write_text(hook.read_text().replace("exec ", "exec /nowhere/"))
    a.register()
    assert a.run("sync", member="li.wei").returncode != 0


def test_run_by_hand(a: Plaint) -> None:
    done = subprocess.run(["plaint", "hook", "run", "pre-receive"], cwd=a.folder, env=environment(a.home), input=b"what is this\nno\n", capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert b"run by git" in done.stderr
    assert b"Traceback" not in done.stderr
