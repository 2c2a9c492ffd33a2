"""Attachments become evidence of the case where they are too large for the sealed text, or tell of the reporter: once, whenever it is killed."""

from __future__ import annotations

import random
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from conftest import Plaint, environment

from mailserver import kill_after
from papers import exiftool, photo

KEEP = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from plaint.actor import Actor
from plaint.intake.attachments import Attachment, keep_large
from plaint.intake.importkey import import_secret
from plaint.intake.telling import cleaned
from plaint.organisation import Organisation

actor = Actor.find(Organisation.open(Path(".")), "li.wei", lambda _file: "")
now = datetime(2026, 11, 20, 4, tzinfo=UTC)
files = [Attachment(f"file {n}.{'mp3' if n % 2 else 'pdf'}", "audio/mpeg" if n % 2 else "application/pdf", bytes([n]) * 300_000) for n in range(4)]
print(len(keep_large(actor, sys.argv[1], files, import_secret(actor), "the report", now, now, cleaned)))
"""


@pytest.mark.long
def test_large_files_become_evidence_once(demo: Plaint, tmp_path: Path) -> None:
    case = demo.register()
    command = [sys.executable, "-c", KEEP, case]
    chance = random.Random(7)
    killed = 0
    for _number in range(6):
        process = subprocess.Popen(command, cwd=demo.folder, env=environment(demo.home), stdout=subprocess.DEVNULL)
        killed += kill_after(process, 0.15 + 0.45 * chance.random())
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


@pytest.mark.long
def test_a_photo_in_a_mail_is_kept_for_the_custodians_and_cleaned_for_the_others(demo: Plaint, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@example.org", "report@example.com", "What I saw", "<photo-1@example.org>"
    mail.set_content("See the picture.")
    mail.add_attachment(photo(), maintype="image", subtype="jpeg", filename="Zhang San at the gate.jpg")
    mail.add_attachment("Nothing but text.", filename="note.txt")
    (tmp_path / "one.eml").write_bytes(mail.as_bytes())
    (came,) = demo.data("inbox", "import", tmp_path / "one.eml", member="li.wei")["cases"]
    case = came["case"]
    assert "note.txt" in demo.good("open", case, member="chen.jie")  # it tells nothing, and stays in the text
    assert "Zhang San" not in demo.good("open", case, member="chen.jie")  # names of files tell, too
    original, copy = demo.data("evidence", "list", case, member="chen.jie")
    assert (original["sealed"], copy["sealed"]["name"]) == ({}, "document.jpg")
    assert demo.data("evidence", "list", case, member="he.ping")[0]["sealed"]["name"] == "Zhang San at the gate.jpg"
    demo.good("evidence", "get", case, copy["event"], "-o", tmp_path / "bare.jpg", member="chen.jie")
    assert exiftool((tmp_path / "bare.jpg").read_bytes(), tmp_path, "bare.jpg") == {}
    demo.refused("evidence", "get", case, original["event"], "-o", tmp_path / "none.jpg", member="chen.jie")
    demo.good("evidence", "get", case, original["event"], "-o", tmp_path / "original.jpg", member="he.ping")
    assert (tmp_path / "original.jpg").read_bytes() == photo()
    head = demo.head
    demo.good("inbox", "import", tmp_path / "one.eml", member="li.wei")
    assert demo.head == head
    assert demo.run("check").returncode == 0
    assert demo.run("audit").returncode == 0
