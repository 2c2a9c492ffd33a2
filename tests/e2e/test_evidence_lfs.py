"""Large evidence in Git LFS, with the real git-lfs and a bare repository: in git a pointer, beside it the sealed file, and sync carries both."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Plaint, copy_of, environment

from plaint.store.lfs import parse_pointer

pytestmark = [pytest.mark.long, pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed (Debian: apt-get install git-lfs)")]
SIZE = 1_500_000
"""Bytes; the organisation keeps what is over a megabyte in Git LFS."""


@pytest.fixture(scope="module")
def hub(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plaint, Plaint, str]:
    """A clone of an organisation with LFS and its shared repository, another clone, and a case."""
    first = copy_of(demo_once, tmp_path_factory.mktemp("lfs"))
    first = Plaint(first.folder, first.home, now=None)
    config = first.folder / "plaint.yaml"
    config.write_text(config.read_text() + "lfs-above: 1\n")
    first.git("add", "plaint.yaml")
    key = first.folder / ".demo-keys" / "zhou.ning"
    who = ("-c", "user.name=zhou.ning", "-c", "user.email=z@example.org", "-c", f"user.signingkey={key}", "-c", "gpg.format=ssh")
    first.git(*who, "commit", "-qS", "-m", "Large files go to Git LFS")
    place = first.folder.parent
    first.at(place).git("init", "-q", "--bare", "-b", "main", "hub.git")
    first.git("remote", "add", "origin", (place / "hub.git").as_uri())
    first.good("sync", member="li.wei")
    return first, clone(first, "second"), next(str(each["case"]) for each in first.cases() if each["state"] == "inquiry")


def clone(first: Plaint, name: str) -> Plaint:
    """A plain git clone with a home of its own; its first sync brings the keyrings."""
    place = first.folder.parent
    home = place / f"home-{name}"
    home.mkdir()
    subprocess.run(["git", "clone", "-q", (place / "hub.git").as_uri(), name], cwd=place, check=True, env=environment(home))
    here = Plaint(place / name, home, now=None)
    here.git("config", "plaint.keys", str(first.folder / ".demo-keys"))
    here.git("config", "gpg.format", "ssh")
    here.good("sync", member="li.wei")
    return here


def stored(folder: Path) -> dict[str, Path]:
    """The files that Git LFS keeps: SHA-256 of the content -> path."""
    found = [path for path in (folder / "lfs" / "objects").rglob("*") if path.is_file()]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in found}


def recording(place: Path, name: str = "night.wav") -> Path:
    file = place / name
    file.write_bytes(os.urandom(SIZE))
    return file


def test_a_large_file_goes_to_lfs_and_comes_back_in_another_clone(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    first, second, case = hub
    file = recording(tmp_path)
    small = tmp_path / "note.txt"
    small.write_text("small")
    added, other = first.data("evidence", "add", case, file, small, "--kind", "recording", member="wang.fang")
    folder = first.path(case).removesuffix(".yaml")
    pointer = parse_pointer(first.blob(f"HEAD:{folder}/{added['digest']}.lfs"))
    assert pointer is not None
    assert pointer.digest == added["digest"]
    here = stored(first.folder / ".git")
    assert here[added["digest"]].stat().st_size == pointer.size > SIZE
    assert here[added["digest"]].read_bytes().startswith(b"age-encryption.org/v1\n")
    assert first.blob(f"HEAD:{folder}/{other['digest']}.age").startswith(b"age-encryption.org/v1\n")  # small ones stay in git
    assert first.git("status", "--porcelain") == ""
    assert first.data("evidence", "verify", "--open", case, member="wang.fang")["wrong"] == []
    assert not stored(first.folder.parent / "hub.git")
    first.good("sync", member="wang.fang")
    assert set(stored(first.folder.parent / "hub.git")) == {added["digest"]}
    assert first.run("audit", "--no-cache").returncode == 0
    found = json.loads(first.run("check", "--format", "json").stdout)["findings"]
    assert not [each for each in found if each["rule"][0] in "SK"]  # others are late: this organisation stands in the present

    second.good("sync", member="wang.fang")
    assert not stored(second.folder / ".git")  # brought when it is needed
    done = second.run("evidence", "verify", case, "--format", "json")
    assert (done.returncode, [each["condition"] for each in json.loads(done.stdout)["wrong"]]) == (1, ["elsewhere"])
    second.good("evidence", "get", case, added["event"], "-o", tmp_path / "back.wav", member="zhao.min")
    assert (tmp_path / "back.wav").read_bytes() == file.read_bytes()
    assert set(stored(second.folder / ".git")) == {added["digest"]}
    assert second.run("evidence", "verify", case).returncode == 0
    assert second.git("status", "--porcelain") == ""
    plain = first.folder.parent / "plain"
    subprocess.run(["git", "clone", "-q", (first.folder.parent / "hub.git").as_uri(), plain], check=True, env=environment(second.home))
    assert subprocess.run(["git", "lfs", "fetch", "origin", "main"], cwd=plain, env=environment(second.home), check=False).returncode == 0
    assert set(stored(plain / ".git")) == {added["digest"]}  # git-lfs alone finds it (no lock-in)


def looked(org: Plaint, member: str = "wang.fang") -> str:
    """What the doctor says of large evidence."""
    return next(str(each["detail"]) for each in json.loads(org.run("doctor", "--format", "json", member=member).stdout) if each["what"] == "large evidence")


def test_the_doctor_counts_what_is_elsewhere_and_one_command_brings_all(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    first, _second, case = hub
    first.good("evidence", "add", case, recording(tmp_path, "a.wav"), recording(tmp_path, "b.wav"), "--kind", "recording", member="wang.fang")
    first.good("sync", member="wang.fang")
    count = len(first.git("ls-files", "cases/*.lfs").split())
    assert count >= 2
    assert looked(first) == f"{count} files in Git LFS"
    fresh = clone(first, "fresh")
    assert looked(fresh).startswith(f"{count} files in Git LFS, {count} not here: brought when needed")
    lost = min(stored(first.folder.parent / "hub.git").values())
    kept = lost.read_bytes()
    lost.unlink()
    done = fresh.run("evidence", "verify", "--fetch", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.returncode, [each["condition"] for each in found["wrong"]]) == (1, ["missing"])  # what the server has lost is named, the rest is here
    assert looked(fresh).startswith(f"{count} files in Git LFS, 1 not here")
    lost.write_bytes(kept)
    fresh.good("evidence", "verify", "--fetch")
    assert looked(fresh) == f"{count} files in Git LFS"


def test_damaged_lost_or_exchanged_in_lfs_is_found(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    first, _second, case = hub
    (added,) = first.data("evidence", "add", case, recording(tmp_path), "--kind", "recording", member="wang.fang")
    first.good("sync", member="wang.fang")
    third = clone(first, "third")
    there = stored(first.folder.parent / "hub.git")[added["digest"]]
    kept = there.read_bytes()
    there.unlink()
    done = third.run("evidence", "verify", case, "--fetch", "--format", "json")
    assert {"missing"} == {each["condition"] for each in json.loads(done.stdout)["wrong"] if each["event"] == added["event"]}
    line = third.refused("evidence", "get", case, added["event"], "-o", tmp_path / "x", member="wang.fang", code=3)
    assert "cannot be had from there" in line
    there.write_bytes(kept)
    assert third.run("evidence", "verify", case, "--fetch").returncode == 0
    here = stored(third.folder / ".git")[added["digest"]]
    here.chmod(0o644)
    here.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    done = third.run("evidence", "verify", case, "--format", "json")
    assert [each["condition"] for each in json.loads(done.stdout)["wrong"]] == ["damaged"]
    assert "not the one that was recorded" in third.refused("evidence", "get", case, added["event"], "-o", tmp_path / "x", member="wang.fang")
    assert not (tmp_path / "x").exists()


def test_without_git_lfs_it_says_so_and_changes_nothing(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    _first, second, case = hub
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "ssh-keygen"):
        (programs / name).symlink_to(Path("/usr/bin") / name)
    before = second.snapshot()
    line = second.refused(
        "evidence", "add", case, recording(tmp_path), "--kind", "recording",
        member="wang.fang", code=3, env={"PATH": f"{Path(sys.executable).parent}:{programs}", "GIT_EXEC_PATH": str(tmp_path)},
    )  # fmt: skip
    assert "Git LFS, which is not installed here" in line
    assert second.snapshot() == before
    looked = {each["what"]: each["ok"] for each in json.loads(second.run("doctor", "--format", "json", member="wang.fang").stdout)}
    assert looked["git-lfs"]


def test_killed_while_it_writes_to_lfs_leaves_nothing(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    _first, second, case = hub
    file = tmp_path / "long.wav"
    with file.open("wb") as target:
        target.write(os.urandom(1 << 20) * 40)
    before, head = set(stored(second.folder / ".git")), second.head
    incoming = second.folder / ".git" / "plaint" / "incoming"
    env = environment(second.home, {"PLAINT_MEMBER": "wang.fang"})
    command = [str(Path(sys.executable).parent / "plaint"), "evidence", "add", case, str(file), "--kind", "recording"]
    process = subprocess.Popen(command, cwd=second.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(each.stat().st_size > 1 << 20 for each in incoming.glob("*") if each.exists()):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (second.head, set(stored(second.folder / ".git"))) == (head, before)
    assert list(incoming.iterdir())
    (added,) = second.data("evidence", "add", case, file, "--kind", "recording", member="wang.fang")
    assert list(incoming.iterdir()) == []
    assert set(stored(second.folder / ".git")) == {*before, added["digest"]}


def test_a_large_file_is_handed_over_beside_the_bundle(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    from plaint.dossier.verifying import documents_beside, verify

    first, _second, case = hub
    (tmp_path / "film.bin").write_bytes(os.urandom(SIZE))
    first.good("evidence", "add", case, tmp_path / "film.bin", "--kind", "recording", member="wang.fang")
    subprocess.run(["age-keygen", "-o", tmp_path / "key.txt"], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", tmp_path / "key.txt"], check=True, capture_output=True, text=True).stdout.strip()
    first.good("export", case, "-o", tmp_path / "d", "--format", "html", "--compartment", "inquiry", "--to", recipient, member="chen.jie")
    assert verify(*documents_beside(tmp_path / "d")).problems == ()
    done = subprocess.run(["sh", "-c", (tmp_path / "d" / "README.txt").read_text().split("folder:\n\n")[1].split("\n\n")[0]], cwd=tmp_path / "d", env=environment(tmp_path), capture_output=True, text=True, check=False)  # fmt: skip
    assert "In order" in done.stdout, done.stdout + done.stderr
    films = [each for each in (tmp_path / "d" / "evidence").iterdir() if each.stat().st_size > SIZE]
    inquiry = subprocess.run(["git", "-C", tmp_path / "d" / f"{case}.git", "cat-file", "blob", "HEAD:keys/inquiry.age"], check=True, capture_output=True).stdout
    secret = subprocess.run(["age", "-d", "-i", tmp_path / "key.txt"], input=inquiry, check=True, capture_output=True).stdout
    (tmp_path / "inquiry.key").write_bytes(secret)
    opened = [subprocess.run(["age", "-d", "-i", tmp_path / "inquiry.key", each], check=True, capture_output=True).stdout for each in films]
    assert (tmp_path / "film.bin").read_bytes() in [each[:SIZE] for each in opened]
    films[0].write_bytes(b"another")
    assert verify(*documents_beside(tmp_path / "d")).problems


def test_the_large_files_of_a_disposed_case_are_missed_by_nobody(hub: tuple[Plaint, Plaint, str], tmp_path: Path) -> None:
    first, _second, _case = hub
    here = clone(first, "keeper")  # it stands in 2031, so nothing of it is sent to the others
    case = next(str(each["case"]) for each in here.cases() if each["state"] == "closed")
    (added,) = here.data("evidence", "add", case, recording(tmp_path), "--kind", "recording", "--compartment", "report", member="li.wei")
    assert added["digest"] in stored(here.folder / ".git")
    here.good("dispose", case, "--step", "propose", member="zhou.ning", now="2031-06-01T09:00+08:00")
    here.good("dispose", case, "--step", "confirm", member="sun.li", now="2031-06-02T09:00+08:00")
    assert added["digest"] not in stored(here.folder / ".git")
    done = json.loads(here.run("evidence", "verify", case, "--fetch", "--format", "json").stdout)
    assert done["wrong"] == []
    assert added["digest"] not in stored(here.folder / ".git")
