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
    demo.git("update-ref", "-d", f"refs/plaint/keys/{case}")
    done = demo.run("backup", tmp_path / "x.bundle", member="sun.li")
    assert done.returncode == 1
    assert f"no keyring here, so none in it: {case}" in done.stdout
    assert "already" in demo.refused("backup", tmp_path / "x.bundle", member="sun.li")
    assert "one backup at a time" in demo.refused("backup", tmp_path / "y", tmp_path / "z", member="sun.li")


def test_what_is_no_backup_is_told_in_one_line(demo: Plaint, tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_bytes(os.urandom(1000))
    assert "is not a bundle" in demo.refused("backup", "--check", tmp_path / "x.bundle", member="sun.li")
    assert "is not a bundle" in demo.refused("backup", "--check", tmp_path / "none.bundle", member="sun.li")
    assert "cannot write" in demo.refused("backup", tmp_path / "no" / "folder" / "x.bundle", member="sun.li", code=3)
