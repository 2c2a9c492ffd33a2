"""`plaint backup`: what git restores from it is everything, to the last keyring; what is lacking or damaged is told. See test_forgetting for disposal."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from e2e.conftest import Plaint, environment

pytestmark = pytest.mark.long


def refs(folder: Path) -> set[str]:
    done = subprocess.run(["git", "-C", folder, "for-each-ref", "--format=%(objectname) %(refname)"], check=True, capture_output=True, text=True)
    return {line for line in done.stdout.splitlines() if " refs/heads/" in line or " refs/plaint/" in line}


def test_the_printed_commands_restore_everything(demo: Plaint, tmp_path: Path) -> None:
    file = tmp_path / "a backup.bundle"
    said = demo.good("backup", file, member="sun.li")
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    (command,) = re.findall(r"^  (git clone .*)$", said, re.MULTILINE)
    (audit,) = re.findall(r"plaint (-C restored audit --root [0-9a-f]+)", said)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment(demo.home), check=True, capture_output=True)
    assert refs(tmp_path / "restored") == refs(demo.folder)
    restored = demo.at(tmp_path)
    assert restored.run(*audit.split()).returncode == 0
    assert restored.good("-C", "restored", "list") == demo.good("list")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_missing_keyring_is_told_and_a_file_is_never_written_over(demo: Plaint, tmp_path: Path) -> None:
    case = next(each["case"] for each in demo.cases() if each["state"] == "closed")
    other = next(each["case"] for each in demo.cases() if each["state"] == "inquiry")
    demo.git("update-ref", f"refs/plaint/keys/{other}", f"refs/plaint/keys/{case}")
    demo.git("update-ref", "-d", f"refs/plaint/keys/{case}")
    done = demo.run("backup", tmp_path / "x.bundle", member="sun.li")
    assert done.returncode == 1
    assert f"warning: no keyring here for 1 of 8 cases, which this backup cannot open: {case}. " in done.stderr
    assert f"warning: for 1 of 8 cases the keyring here is not the one that the record names: {other}. " in done.stderr
    assert "It opens 6 cases to whoever" in done.stdout  # one is disposed of, one lacks its keyring
    assert "already" in demo.refused("backup", tmp_path / "x.bundle", member="sun.li")
    assert "one backup at a time" in demo.refused("backup", tmp_path / "y", tmp_path / "z", member="sun.li")


def test_a_clone_without_keyrings_is_not_said_to_open(demo: Plaint, tmp_path: Path) -> None:
    for number in range(6):
        demo.register({"report": {"title": f"Report {number}"}})
    demo.command("git", "clone", "-q", demo.folder, tmp_path / "fresh")
    done = demo.at(tmp_path / "fresh").run("backup", tmp_path / "b.bundle", member="sun.li")
    assert done.returncode == 1
    assert "It opens" not in done.stdout
    warning, *rest = done.stderr.splitlines()
    assert rest == []
    assert warning.startswith("warning: no keyring here for 13 of 14 cases, which this backup cannot open: ")
    assert len(re.findall(r"[A-Z0-9]{4}-[A-Z0-9]{4}", warning)) == 10
    assert " and 3 more. plaint sync" in warning


def test_a_backup_does_not_lie_among_the_records(demo: Plaint) -> None:
    before = demo.snapshot()
    below = demo.at(demo.folder / "cases")
    for where, desk in (("inside.bundle", demo), ("../inside.bundle", below), (".git/inside.bundle", demo), (demo.folder / "inside.bundle", below)):
        assert "inside the organisation's own folder" in desk.refused("backup", where, member="sun.li")
    assert demo.snapshot() == before
    demo.good("backup", ".demo-keys/ignored.bundle", member="sun.li")
    assert demo.git("status", "--porcelain") == ""


def test_what_is_no_backup_is_told_in_one_line(demo: Plaint, tmp_path: Path) -> None:
    good = tmp_path / "good.bundle"
    demo.good("backup", good, member="sun.li")
    (tmp_path / "x.bundle").write_bytes(os.urandom(1000))
    data = good.read_bytes()
    (tmp_path / "cut.bundle").write_bytes(data[:3000])
    for name, at in (("rotten", -5000), ("unsummed", -10)):
        (tmp_path / f"{name}.bundle").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    demo.git("bundle", "create", "-q", tmp_path / "part.bundle", "main~3..main")
    for name, why in (
        ("x", "does not look like"),
        ("cut", "early EOF"),
        ("rotten", ""),
        ("unsummed", "pack is corrupted"),
        ("part", "lacks these prerequisite commits"),
    ):
        told = demo.refused("backup", "--check", tmp_path / f"{name}.bundle", member="sun.li")
        assert "is no whole backup" in told and why in told
    assert "no such file" in demo.refused("backup", "--check", good, tmp_path / "none.bundle", member="sun.li")
    several = demo.run("backup", "--check", tmp_path / "cut.bundle", good, member="sun.li")
    assert (several.returncode, several.stdout) == (2, f"{good}: opens nothing that was disposed of\n")
    assert "cut.bundle: this is no whole backup" in several.stderr
    assert "cannot write" in demo.refused("backup", tmp_path / "no" / "folder" / "x.bundle", member="sun.li", code=3)
