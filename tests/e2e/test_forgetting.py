"""Forgettable (P5): once a case was disposed of and everybody synced, no sealed byte of it opens, whatever one has and wherever one looks.

The attack is git's own plumbing over every object, reachable or not, of every copy, with every member's identity and the recovery identity. It
imports nothing of plaint. It succeeds before the disposal, so it can fail afterwards.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
from conftest import Plaint, environment

from plaint.dossier.verifying import documents_beside, verify
from plaint.store.forgetting import forget_for_good
from plaint.store.repository import Repository

ARMOUR = re.compile(rb"-----BEGIN AGE ENCRYPTED FILE-----\r?\n.*?-----END AGE ENCRYPTED FILE-----", re.DOTALL)
SECRET = re.compile(rb"AGE-SECRET-KEY-1[A-Z0-9]+")


def every_object(git_dir: Path) -> Iterable[bytes]:
    """The content of each object that git can find, packed or loose, named by a ref or by nothing."""
    command = ["git", "-C", str(git_dir), "cat-file", "--batch-all-objects", "--unordered", "--batch"]
    read = subprocess.run(command, capture_output=True, check=True).stdout
    at = 0
    while at < len(read):
        end = read.index(b"\n", at)
        _sha, kind, size = read[at:end].split()
        content = read[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
        if kind == b"blob":
            yield content


def opened(copies: Iterable[Path], identities: Iterable[Path], case: str) -> int:
    """How many sealed texts of a case open: keyrings give keys by the identities, the keys open the texts."""
    mine = [pyrage.x25519.Identity.from_str(found[0].decode()) for each in identities if (found := SECRET.search(each.read_bytes()))]
    assert len(mine) >= 9
    texts, keys = set(), {}
    for copy in copies:
        for blob in every_object(copy):
            if blob.startswith(b"plaint:") and f"\ncase: {case}\n".encode() in blob:
                texts |= {re.sub(rb"\n +", b"\n", found[0]) for found in ARMOUR.finditer(blob)}
            elif ARMOUR.match(blob):
                try:
                    secret = SECRET.search(pyrage.decrypt(blob, mine))
                except pyrage.DecryptError:
                    continue
                if secret:
                    keys[secret[0]] = pyrage.x25519.Identity.from_str(secret[0].decode())
    assert texts
    count = 0
    for text in texts:
        for key in keys.values():
            try:
                pyrage.decrypt(text, [key])
            except pyrage.DecryptError:
                continue
            count += 1
            break
    return count


@pytest.fixture(scope="module")
def over_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organisation of now with a case whose disposal was proposed, on a server with hooks, and two clones."""
    place = tmp_path_factory.mktemp("over")
    maker = Plaint(place, place, now=None)
    maker.good("demo", "first", "--cases", "24")
    shutil.copytree(place / "first" / ".demo-keys", place / "keys")
    maker.git("init", "-q", "--bare", "-b", "main", "hub.git")
    maker.at(place / "hub.git").good("hook", "install")
    first = maker.at(place / "first")
    first.git("remote", "add", "origin", "../hub.git")
    first.good("sync", member="chen.jie")
    for name in ("a", "b"):
        subprocess.run(["git", "clone", "-q", "hub.git", name], cwd=place, check=True, env=environment(place))
        here = maker.at(place / name)
        here.git("config", "plaint.keys", str(place / "keys"))
        here.git("config", "gpg.format", "ssh")
        here.good("sync", member="li.wei")
    return place


@pytest.fixture
def over(over_once: Path, tmp_path: Path) -> Path:
    place = tmp_path / "place"
    shutil.copytree(over_once, place, symlinks=True)
    hook_folder = place / "hub.git" / "hooks"
    assert (hook_folder / "post-receive").exists()
    for name in ("a", "b"):
        clone = Plaint(place / name, place, now=None)
        clone.git("config", "plaint.keys", str(place / "keys"))
        clone.git("remote", "set-url", "origin", str(place / "hub.git"))
    return place


def desk(place: Path, name: str) -> Plaint:
    return Plaint(place / name, place, now=None)


def closing(org: Plaint) -> str:
    """A case whose retention has ended and whose disposal was proposed."""
    found = [each["case"] for each in org.cases() if each["state"] == "disposing"]
    assert found
    return str(found[0])


def copies_of(place: Path) -> list[Path]:
    """Both clones, the server, and a mirror made of it now."""
    mirror = place / "mirror.git"
    shutil.rmtree(mirror, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--mirror", "--no-local", "hub.git", mirror], cwd=place, check=True)
    return [place / "a", place / "b", place / "hub.git", mirror]


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed (Debian: apt-get install git-lfs)")
def test_large_files_of_a_disposed_case_go_everywhere(over: Path) -> None:
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    config = a.folder / "plaint.yaml"
    config.write_text(config.read_text() + "lfs-above: 1\n")
    who = ("-c", "user.name=zhou.ning", "-c", "user.email=z@example.org", "-c", f"user.signingkey={over / 'keys' / 'zhou.ning'}")
    a.git(*who, "commit", "-qaS", "-m", "Large files go to Git LFS")
    a.good("dispose", case, "--step", "withdraw", member="zhou.ning")
    (over / "night.wav").write_bytes(os.urandom(1_500_000))
    a.good("evidence", "add", case, over / "night.wav", "--kind", "recording", "--compartment", "report", member="li.wei")
    a.good("dispose", case, "--step", "propose", member="zhou.ning")
    a.good("sync", member="li.wei")
    b.good("sync", member="li.wei")
    assert b.run("evidence", "verify", case, "--fetch").returncode == 0
    stores = [over / "a" / ".git" / "lfs", over / "b" / ".git" / "lfs", over / "hub.git" / "lfs"]

    def kept() -> list[int]:
        return [sum(path.is_file() for path in (store / "objects").rglob("*")) for store in stores]

    assert kept() == [1, 1, 1]
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    assert kept() == [0, 1, 1]
    a.good("sync", member="sun.li")
    assert kept() == [0, 1, 0]
    b.good("sync", member="li.wei")
    assert kept() == [0, 0, 0]
    assert b.run("evidence", "verify", case).returncode == 0
    assert b.run("audit").returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_nothing_of_a_disposed_case_opens(over: Path, packed: bool) -> None:
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    assert any("recovery" in each.name for each in identities)
    a.good("rekey", case, member="chen.jie")  # so that there was an earlier keyring, too
    a.good("sync", member="chen.jie")
    b.good("sync", member="li.wei")
    if packed:
        for copy in ("a", "b", "hub.git"):
            subprocess.run(["git", "-C", str(over / copy), "gc", "-q", "--prune=now"], check=True)
    for copy in copies_of(over):
        assert opened([copy], identities, case) > 0, f"{copy.name}: the attack is too weak to show anything"

    a.good("dispose", case, "--step", "confirm", member="sun.li")
    assert "still gives" not in a.run("sync", member="sun.li").stderr  # asked by its number, the server has no keyring
    b.good("sync", member="li.wei")
    assert opened(copies_of(over), identities, case) == 0
    for org in (a, b):
        assert org.run("audit").returncode == 0
        assert not [each for each in json.loads(org.run("check", "--format", "json").stdout)["findings"] if case in each["record"]]
        assert "disposed" in org.refused("open", case, member="he.ping")


@pytest.mark.long
def test_a_server_without_the_hook_keeps_what_it_had(over: Path) -> None:
    """Why the handbook asks for it: git deletes the ref and keeps the objects."""
    (over / "hub.git" / "hooks" / "post-receive").unlink()
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    assert f"still gives the destroyed keyring of {case}" in a.run("sync", member="sun.li").stderr
    b.good("sync", member="li.wei")
    clones_and_mirror = [copy for copy in copies_of(over) if copy.name != "hub.git"]
    assert opened(clones_and_mirror, identities, case) == 0  # nobody can fetch it any more
    assert opened([over / "hub.git"], identities, case) > 0
    subprocess.run(["git", "-C", str(over / "hub.git"), "gc", "-q", "--prune=now"], check=True)
    assert opened([over / "hub.git"], identities, case) == 0


@pytest.mark.long
def test_a_clone_that_was_away_forgets_at_its_next_sync(over: Path) -> None:
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    a.good("sync", member="sun.li")
    assert opened([over / "b"], identities, case) > 0
    b.good("sync", member="zhao.min")
    assert opened([over / "b"], identities, case) == 0


def hidden_away(org: Plaint, case: str) -> None:
    """The keyring in force, and older ones, in every corner where git keeps things."""
    keyring = f"refs/plaint/keys/{case}"
    git = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    org.git("-c", "core.logAllRefUpdates=always", "update-ref", "--create-reflog", "refs/heads/diary", keyring)
    org.git("-c", "core.logAllRefUpdates=always", "update-ref", "refs/heads/diary", "HEAD")  # only its reflog names it
    org.git("update-ref", "refs/tags/keep", keyring)
    org.git("update-ref", f"refs/remotes/old/plaint/keys/{case}", keyring)
    org.git("worktree", "add", "-q", "--detach", "../beside", keyring)
    org.git("-C", "../beside", "checkout", "-q", "--detach", "main")  # only the reflog of its HEAD names it
    org.git("repack", "-a", "-d", "-q")  # the keyring lies in a pack …
    org.good("rekey", case, member="chen.jie")  # … and is replaced by one that does not
    org.git("gc", "-q")  # what nothing names becomes loose
    lost = org.git(*git, "commit-tree", "-m", "lost", "HEAD^{tree}").strip()
    org.git("update-ref", "refs/heads/passing", lost)
    org.git("update-ref", "-d", "refs/heads/passing")
    (org.home / "lost").write_text(lost)
    leftover = org.folder / ".git" / "objects" / "pack" / "tmp_pack_x1y2z3"
    leftover.write_bytes(b"x")
    os.utime(leftover, (0, 0))


@pytest.fixture
def alone(demo: Plaint) -> tuple[Plaint, str]:
    """A clone of its own, years later, with a case whose disposal was proposed."""
    later = Plaint(demo.folder, demo.home, now="2029-12-31T12:00:00+08:00")
    case = next(str(each["case"]) for each in later.cases() if each["state"] == "closed")
    later.good("dispose", case, "--step", "propose", member="zhou.ning")
    return later, case


def keys_of(org: Plaint) -> list[Path]:
    return sorted((org.folder / ".demo-keys").glob("*.age-identity"))


def test_no_corner_of_a_clone_keeps_a_keyring(alone: tuple[Plaint, str]) -> None:
    org, case = alone
    hidden_away(org, case)
    assert opened([org.folder], keys_of(org), case) > 0
    org.good("dispose", case, "--step", "confirm", member="sun.li")
    assert opened([org.folder, org.folder.parent / "beside"], keys_of(org), case) == 0
    org.git("cat-file", "-e", (org.home / "lost").read_text())  # what somebody may still want is there
    assert not (org.folder / ".git" / "objects" / "pack" / "tmp_pack_x1y2z3").exists()
    assert "missing" not in org.git("fsck", "--full", "--unreachable")
    assert "diary" in org.git("branch")  # the branch is theirs; only the line of its reflog went
    assert Repository.at(org.folder).forgetter.remnants([case]) == ()


def test_what_cannot_be_dropped_is_told(alone: tuple[Plaint, str]) -> None:
    """A pack marked to be kept, and objects that another clone borrows."""
    org, case = alone
    org.git("repack", "-a", "-d", "-q")
    (pack,) = (org.folder / ".git" / "objects" / "pack").glob("*.pack")
    keep = pack.with_suffix(".keep")
    keep.touch()
    subprocess.run(["git", "clone", "-q", "--shared", org.folder, "borrower"], cwd=org.home, check=True)
    told = org.run("dispose", case, "--step", "confirm", member="sun.li").stderr
    assert keep.name in told
    left = Repository.at(org.folder).forgetter.remnants([case])
    assert left
    assert all(keep.name in each.why for each in left)
    borrowing = Repository.at(org.home / "borrower").forgetter.remnants([case])
    assert borrowing
    assert all("borrowed from" in each.why for each in borrowing)
    assert keep.name in org.refused("export", case, member="zhou.ning", code=3)  # no certificate of what is still there
    keep.unlink()
    repository = Repository.at(org.folder)
    assert forget_for_good(repository.git, repository.objects, repository.common_folder, [case]) == ()
    assert opened([org.folder], keys_of(org), case) == 0


def test_killed_on_the_way_the_next_command_goes_on(alone: tuple[Plaint, str]) -> None:
    """At the worst moment: the ref is gone, and the keyring is not."""
    org, case = alone
    place = org.home / "killing"
    place.mkdir()
    real = shutil.which("git")
    killing = place / "git"
    killing.write_text(f'#!/bin/sh\ncase " $* " in *" update-ref "*) {real} "$@"; kill -9 $PPID; exit 0;; esac\nexec {real} "$@"\n')
    killing.chmod(0o755)
    done = org.run("dispose", case, "--step", "confirm", member="sun.li", env={"PATH": f"{place}:{environment(org.home)['PATH']}"})
    assert done.returncode == -9
    assert case not in org.git("for-each-ref", "refs/plaint/keys/")
    assert opened([org.folder], keys_of(org), case) > 0
    org.good("show", case)
    assert opened([org.folder], keys_of(org), case) == 0
    assert org.git("status", "--porcelain") == ""
    assert not (org.folder / ".git" / "plaint" / "forgetting").exists()


@pytest.mark.long
def test_a_backup_from_before_opens_what_was_disposed_of_and_is_told_apart(over: Path) -> None:
    """What the handbook says plainly: a backup keeps what it has. Restored, it forgets at its first sync."""
    a = desk(over, "a")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    a.good("backup", over / "old.bundle", member="sun.li")
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    a.good("sync", member="sun.li")
    a.good("backup", over / "new.bundle", member="sun.li")
    told = a.run("backup", "--check", over / "old.bundle", over / "new.bundle")
    assert told.returncode == 1
    assert f"old.bundle: still opens {case}" in told.stdout and "new.bundle: opens nothing" in told.stdout
    for name, expected in (("old", True), ("new", False)):
        restored = over / f"{name}-restored"
        subprocess.run(["git", "clone", "-q", over / f"{name}.bundle", restored], check=True)
        subprocess.run(["git", "-C", restored, "fetch", "-q", "origin", "refs/plaint/*:refs/plaint/*"], check=True)
        assert (opened([restored], identities, case) > 0) is expected
    restored = desk(over, "old-restored")
    restored.git("remote", "set-url", "origin", str(over / "hub.git"))
    restored.git("config", "plaint.keys", str(over / "keys"))
    restored.git("config", "gpg.format", "ssh")
    restored.good("sync", member="li.wei")
    assert opened([over / "old-restored"], identities, case) == 0


@pytest.mark.long
def test_figures_that_were_published_stay_as_they_are(over: Path) -> None:
    a = desk(over, "a")
    case = closing(a)
    year = str(datetime.now(UTC).year - 1)
    before = a.data("stats", "--period", year)
    a.good("publish", "--period", year, member="zhou.ning")
    release = a.blob(f"HEAD:releases/{year}.yaml")
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    assert a.data("stats", "--period", year) == before
    assert a.blob(f"HEAD:releases/{year}.yaml") == release
    assert a.run("audit").returncode == 0
    findings = json.loads(a.run("check", "--format", "json").stdout)["findings"]
    assert not [f for f in findings if f["rule"].startswith(("R3", "K")) or case in f["record"]]


@pytest.mark.long
def test_the_certificate_says_what_was_verified_and_what_nobody_can_promise(over: Path) -> None:
    a = desk(over, "a")
    case = closing(a)
    keyring = re.findall(r"  keyring: '?([0-9a-f]{64})", a.record(case).decode())[-1]
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    a.good("export", case, "-o", over / "early", "--format", "html", member="zhou.ning")
    early = (over / "early" / f"{case}.html").read_text(encoding="utf-8")
    assert "still holds the keyring: NOT destroyed there" in early and "仍保存密钥环：该处未销毁" in early
    a.good("sync", member="sun.li")
    a.good("export", case, "-o", over / "certificate", member="zhou.ning")
    paper = subprocess.run(["pdftotext", "-layout", over / "certificate" / f"{case}.pdf", "-"], check=True, capture_output=True).stdout.decode()
    text = " ".join(paper.split())
    proposed, confirmed = re.findall(r"- event: dispose\n  id: (\w{8})\n", a.record(case).decode())[-2:]
    for words in (
        f"Certificate of destruction: case {case}", "案件 " + case, keyring, proposed, confirmed, a.head, "zhou.ning", "sun.li",
        "gives none to whoever asks by its number. Verified.", "Clones that never come back", "再未同步的克隆",
    ):  # fmt: skip
        assert words in text, words
    assert verify(*documents_beside(over / "certificate")).problems == ()
    (over / "hub.git").rename(over / "away.git")
    a.good("export", case, "-o", over / "alone", "--format", "html", member="zhou.ning")
    assert "could not be reached: not verified" in (over / "alone" / f"{case}.html").read_text(encoding="utf-8")
