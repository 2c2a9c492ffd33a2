"""Mail in files becomes cases: what is sealed where, what is known again, what is set aside, and that a kill loses and doubles nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Plaint, environment

from mailbag import STORY, auto_reply, awkward, bounce, ordinary, raw, spam, write_maildir, write_mbox
from mailserver import kill_after_lines
from plaint.actor import Actor
from plaint.intake.importkey import cases_by_source
from plaint.intake.letter import read_letter
from plaint.opening import open_case
from plaint.organisation import Organisation

MAILS = int(os.environ.get("PLAINT_MAILS", "15"))


def brought(org: Plaint, *paths: Path | str, code: int = 0, member: str = "li.wei", now: str | None = None) -> dict[str, Any]:
    done = org.run("inbox", "import", *paths, "--format", "json", member=member, now=now)
    assert done.returncode == code, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def texts(org: Plaint, case: str, member: str = "chen.jie") -> list[dict[str, Any]]:
    """What a member can open of a case; in this process, for there are many."""
    organisation = Organisation.open(org.folder)
    actor = Actor.find(organisation, member, lambda _file: "")
    return [{"compartment": compartment, "body": body} for _event, compartment, body in open_case(actor, organisation.case(case))]


def test_a_mail_becomes_a_case_with_its_writer_sealed_apart(demo: Plaint, tmp_path: Path) -> None:
    mail = tmp_path / "one.eml"
    headers = (
        "Subject: 投诉\nFrom: 王芳 <wang.fang.reporter@example.net>\nDate: Fri, 20 Nov 2026 09:30:00 +0800\n"
        "Received: from a by b; Fri, 20 Nov 2026 09:31:07 +0800\nContent-Type: text/plain; charset=utf-8"
    )
    mail.write_bytes(raw(headers, STORY))
    done = brought(demo, mail)
    case = done["cases"][0]["case"]
    record = demo.record(case).decode()
    assert "at: '2026-11-20T09:31:07+08:00'" in record
    assert "channel: email" in record
    assert "category: other" in record
    everything = demo.git("log", "-p", "--all", "--format=%B%an%ae%cn")
    assert all(secret not in everything for secret in (STORY, "投诉\n", "王芳", "wang.fang.reporter", "example.net"))
    (report,) = texts(demo, case, "li.wei")
    assert (report["compartment"], report["body"]["title"], report["body"]["narrative"]) == ("report", "投诉", STORY)
    assert "wang.fang.reporter" not in json.dumps(report)
    (identity,) = texts(demo, case, "he.ping")
    assert identity["body"]["name"] == "王芳"
    assert identity["body"]["contact"] == {"email": "wang.fang.reporter@example.net"}
    assert identity["body"]["language"] == "zh"
    assert "from a by b" in identity["body"]["fields"]["received"]
    assert brought(demo, mail)["known"] == 1
    for command in ("check", "audit"):
        assert demo.run(command).returncode == 0


def test_large_files_become_evidence_and_small_ones_stay_in_the_text(demo: Plaint, tmp_path: Path) -> None:
    (made,) = [m for m in ordinary(12) if max(m.files.values(), default=0) > 300_000]
    other = next(m for m in ordinary(12) if 0 < max(m.files.values(), default=0) < 100_000)
    (tmp_path / "large.eml").write_bytes(made.data)
    (tmp_path / "small.eml").write_bytes(other.data)
    large, small = (brought(demo, tmp_path / f"{name}.eml")["cases"][0]["case"] for name in ("large", "small"))
    (piece,) = demo.data("evidence", "list", large, member="chen.jie")
    (name,) = made.files
    assert (piece["sealed"]["name"], piece["sealed"]["bytes"]) == (name, made.files[name])
    report = texts(demo, large, "li.wei")[0]["body"]
    assert "document.pdf (" in report["fields"]["evidence"]  # names of files tell, too
    demo.good("evidence", "get", large, piece["event"], "-o", tmp_path / "out", member="chen.jie")
    assert (tmp_path / "out").read_bytes() == next(f.data for f in read_letter(made.data).files if f.name == name)
    assert [f["name"] for f in texts(demo, small, "li.wei")[0]["body"]["attachments"]] == [*other.files]
    assert demo.data("evidence", "list", small, member="chen.jie") == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mbox", "maildir", "folder"])
def test_mail_of_the_world_from_every_kind_of_mailbox(demo: Plaint, tmp_path: Path, kind: str) -> None:
    made = [*awkward().values()] if kind == "mbox" else ordinary(6)
    mails = [*(m.data for m in made), auto_reply(), bounce(), spam()]
    place = tmp_path / kind
    if kind == "folder":
        place.mkdir()
        for number, data in enumerate(mails):
            (place / f"{number:03}.eml").write_bytes(data)
    else:
        {"mbox": write_mbox, "maildir": write_maildir}[kind](place, mails)
    done = json.loads(demo.run("inbox", "import", place, "--format", "json", member="li.wei").stdout)
    assert done["registered"] == len(made)
    assert sorted(each["reason"] for each in done["set_aside"]) == [
        "a notice of delivery or of reading",
        "an automatic answer",
        "marked as spam by the mail server",
    ]
    found = Counter()
    for case in done["cases"]:
        body = texts(demo, case["case"], "li.wei")[0]["body"]
        found[body.get("title", ""), body.get("narrative", "").strip()] += 1
    assert found == Counter((letter.subject, letter.text.strip()) for letter in (read_letter(m.data) for m in made))
    anyway = json.loads(demo.run("inbox", "import", place, "--anyway", "--format", "json", member="li.wei").stdout)
    assert (anyway["registered"], anyway["known"], anyway["set_aside"]) == (3, len(made), [])
    assert demo.run("audit").returncode == 0


def test_two_who_bring_in_the_same_mail_at_once_register_it_once(demo: Plaint, tmp_path: Path) -> None:
    write_maildir(tmp_path / "maildir", [m.data for m in ordinary(6)])
    env = environment(demo.home, {"PLAINT_NOW": str(demo.now), "PLAINT_MEMBER": "li.wei"})
    command = ["plaint", "inbox", "import", str(tmp_path / "maildir"), "--format", "json"]
    both = [subprocess.Popen(command, cwd=demo.folder, env=env, stdout=subprocess.PIPE) for _number in range(2)]
    done = [json.loads(process.communicate()[0]) for process in both]
    assert sorted(one["registered"] + one["known"] for one in done) == [6, 6]
    assert sum(one["registered"] for one in done) == 6
    assert len(cases_by_source(Organisation.open(demo.folder).repository)) == 6


def test_the_same_mail_is_known_again_and_another_with_its_id_is_not_lost(demo: Plaint, tmp_path: Path) -> None:
    first = raw("Subject: one\nMessage-ID: <same@example.net>", "a text")
    files = {
        "twice.eml": raw("Received: from x; Thu, 19 Nov 2026 09:31:07 +0800\nSubject: one\nMessage-ID: <same@example.net>", "a text\r\n"),
        "other.eml": raw("Subject: one\nMessage-ID: <same@example.net>", "another text"),
        "old.eml": raw("Subject: without a clock\nDate: Thu, 1 Jan 1970 00:00:00 +0000", "a text"),
        "no-id.eml": raw("Subject: no id\nMessage-ID:", "no id"),
        "no-id-again.eml": raw("Subject: no id\nMessage-ID:", "no id"),
    }
    (tmp_path / "first.eml").write_bytes(first)
    case = brought(demo, tmp_path / "first.eml")["cases"][0]["case"]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert brought(demo, tmp_path / "twice.eml")["known"] == 1
    (aside,) = brought(demo, tmp_path / "other.eml", code=1)["set_aside"]
    assert f"a mail with the same Message-ID and another text is known, of case {case}" in aside["reason"]
    assert json.loads(demo.run("inbox", "import", tmp_path / "other.eml", "--anyway", "--format", "json", member="li.wei").stdout)["registered"] == 1
    done = brought(demo, tmp_path / "no-id.eml", tmp_path / "no-id-again.eml", tmp_path / "old.eml")
    assert (done["registered"], done["known"]) == (2, 1)


def test_what_is_no_mail_is_refused_in_one_line(demo: Plaint, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(bytes(range(256)))
    (aside,) = brought(demo, tmp_path / "picture.png", code=1)["set_aside"]
    assert aside["reason"] == "this is neither a sealed report nor a mail"
    (tmp_path / "m.eml").write_bytes(ordinary(1)[0].data)
    assert "none of" in demo.refused("inbox", "import", tmp_path / "m.eml", "--category", "nonsense", member="li.wei")


def test_killed_at_any_moment_every_mail_is_one_case(demo: Plaint, tmp_path: Path) -> None:
    mails = ordinary(MAILS)
    place = tmp_path / "maildir"
    write_maildir(place, [m.data for m in mails])
    chance = random.Random(3)
    command = ["plaint", "inbox", "import", str(place)]
    env = environment(demo.home, {"PLAINT_NOW": str(demo.now), "PLAINT_MEMBER": "li.wei"})
    killed = 0
    for _number in range(4):
        process = subprocess.Popen(command, cwd=demo.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        killed += kill_after_lines(process, killed + 1, 0.3 * chance.random())
    assert killed
    done = brought(demo, place)
    assert done["registered"] + done["known"] == MAILS
    assert done["known"]
    organisation = Organisation.open(demo.folder)
    sources = cases_by_source(organisation.repository)
    assert len(sources) == len(set(sources.values())) == MAILS
    ids = Counter(texts(demo, case, "he.ping")[0]["body"]["fields"]["message-id"] for case in sources.values())
    assert ids == Counter(f"<{m.id}>" for m in mails)
    large = sum(max(m.files.values(), default=0) > 300_000 for m in mails)
    assert demo.data("evidence", "verify")["pieces"] == large
    for command in (["check"], ["audit"]):
        assert demo.run(*command).returncode == 0
