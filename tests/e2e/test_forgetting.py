"""Forgettable (P5): once a case was disposed of and everybody synced, no sealed byte of it opens, whatever one has and wherever one looks.

The attack is git's own plumbing over every object, reachable or not, of every copy, with every member's identity and the recovery identity. It
imports nothing of plaint. It succeeds before the disposal, so it can fail afterwards.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pyrage
import pytest
from conftest import Plaint, environment

ARMOUR = re.compile(rb"-----BEGIN AGE ENCRYPTED FILE-----\r?\n.*?-----END AGE ENCRYPTED FILE-----", re.DOTALL)
SECRET = re.compile(rb"AGE-SECRET-KEY-1[A-Z0-9]+")


def every_object(git_dir: Path) -> Iterable[bytes]:
    """The content of each object that git can find, packed or loose, named by a ref or by nothing."""
    git = ["git", "-C", str(git_dir)]
    listed = subprocess.run([*git, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"], capture_output=True, check=True).stdout
    for line in listed.decode().splitlines():
        sha, kind = line.split()
        if kind == "blob":
            yield subprocess.run([*git, "cat-file", "blob", sha], capture_output=True, check=True).stdout


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
    a.good("sync", member="sun.li")
    b.good("sync", member="li.wei")
    assert opened(copies_of(over), identities, case) == 0
    for org in (a, b):
        assert org.run("audit").returncode == 0
        assert not [each for each in json.loads(org.run("check", "--format", "json").stdout)["findings"] if case in each["record"]]
        assert "disposed" in org.refused("open", case, member="he.ping")


def test_a_server_without_the_hook_keeps_what_it_had(over: Path) -> None:
    """Why the handbook asks for it: git deletes the ref and keeps the objects."""
    (over / "hub.git" / "hooks" / "post-receive").unlink()
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    a.good("sync", member="sun.li")
    b.good("sync", member="li.wei")
    clones_and_mirror = [copy for copy in copies_of(over) if copy.name != "hub.git"]
    assert opened(clones_and_mirror, identities, case) == 0  # nobody can fetch it any more
    assert opened([over / "hub.git"], identities, case) > 0
    subprocess.run(["git", "-C", str(over / "hub.git"), "gc", "-q", "--prune=now"], check=True)
    assert opened([over / "hub.git"], identities, case) == 0


def test_a_clone_that_was_away_forgets_at_its_next_sync(over: Path) -> None:
    a, b = desk(over, "a"), desk(over, "b")
    case = closing(a)
    identities = sorted((over / "keys").glob("*.age-identity"))
    a.good("dispose", case, "--step", "confirm", member="sun.li")
    a.good("sync", member="sun.li")
    assert opened([over / "b"], identities, case) > 0
    b.good("sync", member="zhao.min")
    assert opened([over / "b"], identities, case) == 0
