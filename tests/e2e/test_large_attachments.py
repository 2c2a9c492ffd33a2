"""Attachments that are too large for the sealed text become evidence of the case: killed at any moment, each of them is there once in the end."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from conftest import Plaint, environment

from mailserver import kill_after

KEEP = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from plaint.actor import Actor
from plaint.intake.attachments import Attachment, keep_large
from plaint.intake.importkey import import_secret
from plaint.organisation import Organisation

actor = Actor.find(Organisation.open(Path(".")), "li.wei", lambda _file: "")
now = datetime(2026, 11, 20, 4, tzinfo=UTC)
files = [Attachment(f"file {n}.{'mp3' if n % 2 else 'pdf'}", "audio/mpeg" if n % 2 else "application/pdf", bytes([n]) * 300_000) for n in range(4)]
print(len(keep_large(actor, sys.argv[1], files, import_secret(actor), "the report", now, now)))
"""


def test_large_files_become_evidence_once(demo: Plaint, tmp_path: Path) -> None:
    case = demo.register()
    command = [sys.executable, "-c", KEEP, case]
    chance = random.Random(7)
    killed = 0
    for _number in range(6):
        process = subprocess.Popen(command, cwd=demo.folder, env=environment(demo.home), stdout=subprocess.DEVNULL)
        killed += kill_after(process, 0.5 + chance.random())
    subprocess.run(command, cwd=demo.folder, env=environment(demo.home), check=True, stdout=subprocess.DEVNULL)
    again = subprocess.run(command, cwd=demo.folder, env=environment(demo.home), check=True, capture_output=True)
    assert again.stdout == b"0\n"
    assert killed
    pieces = demo.data("evidence", "list", case, member="chen.jie")
    assert [(each["kind"], each["sealed"]["name"]) for each in pieces] == [
        ("document", "file 0.pdf"), ("recording", "file 1.mp3"), ("document", "file 2.pdf"), ("recording", "file 3.mp3"),
    ]  # fmt: skip
    assert demo.data("evidence", "verify", "--open", member="chen.jie")["wrong"] == []
    demo.good("evidence", "get", case, pieces[2]["event"], "-o", tmp_path / "opened", member="chen.jie")
    assert (tmp_path / "opened").read_bytes() == b"\x02" * 300_000
    assert demo.run("check").returncode == 0
    assert demo.run("audit").returncode == 0
