"""`plaint doctor` names each fault that it should, with what to do, and nothing else; other commands meet the same faults with one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from terminal import SCRIPTS, Desk

pytestmark = pytest.mark.long

NOW = "2026-11-20T12:00:00+08:00"
CHECKS = ["git", "ssh-keygen", "repository", "policy in force", "computer's clock", "member", "signing key", "age identity", "keyrings"]


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    Desk(folder, folder).good("demo", "org", "--cases", "2", "--today", "2026-11-20")
    return folder / "org"


@pytest.fixture
def desk(master: Path, tmp_path: Path) -> Desk:
    shutil.copytree(master, tmp_path / "org")
    (tmp_path / "home").mkdir()
    return Desk(tmp_path / "home", tmp_path / "org", {"PLAINT_NOW": NOW, "PLAINT_MEMBER": "li.wei"})


def faults(desk: Desk) -> dict[str, str]:
    """What doctor finds wrong, without what it could not look at for that reason."""
    done = desk.plaint("doctor", "--format", "json")
    assert done.code in {0, 3}, done.stderr
    found = json.loads(done.stdout)
    assert [each["what"] for each in found] == CHECKS
    wrong = {each["what"]: each["detail"] for each in found if not each["ok"]}
    assert done.code == (3 if wrong else 0)
    text = desk.plaint("doctor")
    assert text.code == done.code
    assert [line[0] for line in text.stdout.splitlines()] == ["✗" if name in wrong else "✓" for name in CHECKS]
    return {name: detail for name, detail in wrong.items() if not detail.startswith("not looked at")}


def without(desk: Desk, *programs: str, **instead: str) -> Desk:
    """A PATH that lacks these programs; or has a script in the place of one."""
    folder = desk.home / "bin"
    folder.mkdir()
    needed = {"git", "ssh-keygen", "age", "sh"} - set(programs)
    for name in needed:
        if name not in instead and (path := shutil.which(name)):
            (folder / name).symlink_to(path)
    for name, text in instead.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    (folder / "plaint").symlink_to(SCRIPTS / "plaint")
    return desk.having(PATH=str(folder))


def test_all_is_well(desk: Desk) -> None:
    assert faults(desk) == {}
    assert desk.plaint("doctor", "--lang", "zh").code == 0


def test_no_git(desk: Desk) -> None:
    bare = without(desk, "git")
    assert faults(bare) == {"git": "git was not found. install git 2.34 or newer and put it on the PATH"}
    bare.plaint("list").fails(3, "git was not found", "install git")


def test_an_old_git(desk: Desk) -> None:
    real = shutil.which("git")
    old = without(desk, git=f'for word; do [ "$word" = version ] && echo "git version 2.25.1" && exit 0; done; exec {real} "$@"')
    found = faults(old)
    assert list(found) == ["git"]
    assert "git version 2.25.1 is too old" in found["git"]
    assert "2.34" in found["git"]


def test_no_ssh_keygen(desk: Desk) -> None:
    bare = without(desk, "ssh-keygen")
    assert set(faults(bare)) == {"ssh-keygen", "signing key"}
    before = desk.refs()
    bare.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}").fails(3, "ssh-keygen", "install OpenSSH")
    assert desk.refs() == before


def test_no_repository(desk: Desk) -> None:
    outside = desk.at(desk.home)
    found = faults(outside)
    assert list(found) == ["repository"]
    assert "this is not a git repository" in found["repository"]
    assert "plaint init" in found["repository"]


def test_a_repository_without_an_organisation(desk: Desk) -> None:
    other = desk.at(desk.home.parent / "other")
    other.folder.mkdir()
    other.git("init", "-q")
    assert "there is no plaint.yaml" in faults(other)["repository"]


def test_a_damaged_repository(desk: Desk) -> None:
    objects = desk.folder / ".git" / "objects"
    for path in objects.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.unlink()
    found = faults(desk)
    assert list(found) == ["repository"]
    desk.plaint("list").fails(3)


def test_no_policy(desk: Desk) -> None:
    desk.git("rm", "-q", "policy/1.yaml")
    desk.git("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "oops")
    found = faults(desk)
    assert "there is no policy" in found["policy in force"]
    assert "policy/" in found["policy in force"]


def test_a_clock_that_is_behind(desk: Desk) -> None:
    """The last commit is of tomorrow: this machine's clock is wrong, or was another's."""
    later = {"GIT_COMMITTER_DATE": "2099-01-01T10:00:00+08:00", "GIT_AUTHOR_DATE": "2099-01-01T10:00:00+08:00"}
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "tomorrow"]
    subprocess.run(command, cwd=desk.folder, env={**desk.environment, **later}, check=True)
    found = faults(desk)
    assert list(found) == ["computer's clock"]
    assert "the last commit is of 2099-01-01 10:00" in found["computer's clock"]
    assert "clock" in found["computer's clock"].rpartition(". ")[2]


def test_not_a_member(desk: Desk) -> None:
    stranger = desk.having(PLAINT_MEMBER="no.body")
    assert faults(stranger) == {"member": "no.body is no member of this organisation. plaint member list shows who is"}


def test_a_key_that_nobody_has(desk: Desk) -> None:
    desk.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", desk.home / "key")
    nameless = desk.having(PLAINT_MEMBER="", PLAINT_SIGNING_KEY=str(desk.home / "key"))
    found = faults(nameless)
    assert list(found) == ["member"]
    assert "nobody here has the signing key" in found["member"]
    assert "--as MEMBER" in found["member"]


def test_no_signing_key(desk: Desk) -> None:
    desk.git("config", "--unset", "user.signingkey")
    desk.git("config", "--unset", "plaint.keys")
    found = faults(desk.having(PLAINT_IDENTITY=str(desk.folder / ".demo-keys" / "li.wei.age-identity")))
    assert found == {"signing key": "no signing key was found for li.wei. git config user.signingkey FILE, or set PLAINT_SIGNING_KEY to it"}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("nowhere", ("the signing key is missing", "user.signingkey")),
        ("chen.jie", ("is not one of li.wei's", "members/li.wei.yaml")),
        ("public-only.pub", ("the private half of the signing key was not found", "ssh-add")),
        ("locked", ("under a passphrase", "ssh-add")),
        ("open", ("others can read", "chmod 600")),
        ("mixed", ("another key than the public one",)),
    ],
)
def test_a_signing_key_that_does_not_sign(desk: Desk, key: str, words: tuple[str, ...]) -> None:
    keys = desk.folder / ".demo-keys"
    shutil.copy(keys / "li.wei.pub", keys / "public-only.pub")
    for name in ("locked", "open", "mixed"):
        shutil.copy(keys / ("chen.jie" if name == "mixed" else "li.wei"), keys / name)
        shutil.copy(keys / "li.wei.pub", keys / f"{name}.pub")
    desk.run("ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", keys / "locked")
    (keys / "open").chmod(0o644)
    broken = desk.having(PLAINT_SIGNING_KEY=str(keys / key))
    found = faults(broken)
    assert list(found) == ["signing key"]
    for word in words:
        assert word in found["signing key"]
    # and whoever goes on regardless is told the same, with nothing recorded
    before = desk.refs()
    done = broken.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}")
    assert words[0] in done.fails(3)
    assert desk.refs() == before
    assert desk.is_clean()


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("nowhere", ("nowhere", "PLAINT_IDENTITY")),
        ("chen.jie.age-identity", ("is not li.wei's", "members/li.wei.yaml")),
        ("li.wei", ("an SSH key cannot be used here", "age-keygen")),
        ("rubbish", ("this is not an age identity",)),
    ],
)
def test_an_age_identity_that_does_not_open(desk: Desk, identity: str, words: tuple[str, ...]) -> None:
    keys = desk.folder / ".demo-keys"
    (keys / "rubbish").write_text("hello\n")
    (keys / "rubbish").chmod(0o600)
    broken = desk.having(PLAINT_IDENTITY=str(keys / identity))
    found = faults(broken)
    assert list(found) == ["age identity"]
    for word in words:
        assert word in found["age identity"]
    assert broken.plaint("open", desk.data("list")[-1]["case"]).code in {2, 3}
    assert broken.register()  # registering needs nothing opened


def test_no_age_identity(desk: Desk) -> None:
    (desk.folder / ".demo-keys" / "li.wei.age-identity").unlink()
    found = faults(desk)
    assert list(found) == ["age identity"]
    assert "li.wei's age identity was not found" in found["age identity"]
    assert "PLAINT_IDENTITY" in found["age identity"]
    assert "plaint doctor" not in found["age identity"]


def test_an_age_identity_that_others_can_read(desk: Desk) -> None:
    identity = desk.folder / ".demo-keys" / "li.wei.age-identity"
    identity.chmod(0o644)
    done = desk.plaint("doctor")
    assert done.code == 0
    assert "others on this machine can read this age identity; chmod 600" in done.stderr


def test_a_plain_clone_has_no_keyrings(desk: Desk) -> None:
    clone = desk.at(desk.home.parent / "clone")
    desk.git("clone", "-q", desk.folder, clone.folder)
    shutil.copytree(desk.folder / ".demo-keys", clone.folder / ".demo-keys")
    clone.git("config", "plaint.keys", ".demo-keys")
    found = faults(clone)
    assert list(found) == ["keyrings"]
    assert "this clone has no keyrings" in found["keyrings"]
    command = found["keyrings"].partition("git fetch")[2].partition(" brings")[0]
    assert clone.run("sh", "-c", f"git fetch -q{command}").code == 0  # what it says does help
    assert faults(clone) == {}


def test_a_new_key_that_nobody_has_let_in_yet(desk: Desk) -> None:
    new = desk.home / "new.age-identity"
    assert desk.run("age-keygen", "-o", new).code == 0
    desk.good("member", "rotate", "li.wei", "--recipient", desk.run("age-keygen", "-y", new).stdout.strip())
    desk = desk.having(PLAINT_IDENTITY=str(new))
    found = faults(desk)
    assert list(found) == ["keyrings"]
    assert "opens none of the newest cases" in found["keyrings"]
    assert "plaint rekey --all" in found["keyrings"]
    desk.having(PLAINT_MEMBER="chen.jie", PLAINT_IDENTITY="").good("rekey", "--all")
    assert faults(desk) == {}


def test_some_keyrings_are_missing(desk: Desk) -> None:
    case = next(each["case"] for each in desk.data("list") if each["state"] != "disposed")
    desk.git("update-ref", "-d", f"refs/plaint/keys/{case}")
    found = faults(desk)
    assert list(found) == ["keyrings"]
    assert case in found["keyrings"]


def test_a_read_only_repository(desk: Desk) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (desk.folder / ".git").chmod(0o555)
    try:
        desk.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}").fails(3)
    finally:
        (desk.folder / ".git").chmod(0o755)
