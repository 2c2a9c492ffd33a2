"""Evidence: sealed files of a case, added, listed, opened and verified by the installed command; what lies in git is read by git and age alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Plaint, copy_of, environment
from terminal import Desk

import papers
from plaint.model.yamlio import load_yaml

TEXT = "The invoice of 3 May was paid twice."
NAME = "invoice of Mr Zhang.txt"


@pytest.fixture(scope="module")
def shared(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plaint, str, str]:
    """An organisation, a case under inquiry, and one document in it. Only to be read."""
    plaint = copy_of(demo_once, tmp_path_factory.mktemp("evidence"))
    case = under_inquiry(plaint)
    file = plaint.folder.parent / NAME
    file.write_text(TEXT)
    (added,) = plaint.data("evidence", "add", case, file, "--kind", "document", "--place", "Room 5", "--source", "Ms Li", member="wang.fang")
    return plaint, case, added["event"]


def under_inquiry(plaint: Plaint) -> str:
    return next(str(each["case"]) for each in plaint.cases() if each["state"] == "inquiry")


def in_git(plaint: Plaint, case: str) -> dict[str, str]:
    """The files beside a case: path -> blob id, as git has them."""
    folder = plaint.path(case).removesuffix(".yaml")
    lines = plaint.git("ls-tree", "-r", "HEAD", f"{folder}/").splitlines()
    return {line.split("\t")[1]: line.split()[2] for line in lines}


def test_what_is_open_is_codes_alone(shared: tuple[Plaint, str, str]) -> None:
    plaint, case, event = shared
    record = load_yaml(plaint.record(case), "case")["events"][-1]
    ((path, blob),) = in_git(plaint, case).items()
    sealed = plaint.blob(blob)
    digest = hashlib.sha256(sealed).hexdigest()
    assert list(record) == ["event", "id", "at", "by", "kind", "digest", "size", "sealed"]
    assert (record["event"], record["id"], record["kind"], record["digest"], record["size"]) == ("evidence", event, "document", digest, "small")
    assert list(record["sealed"]) == ["inquiry"]
    assert path == f"{plaint.path(case).removesuffix('.yaml')}/{digest}.age"
    assert (plaint.folder / path).read_bytes() == sealed
    assert sealed.startswith(b"age-encryption.org/v1\n")
    assert len(re.findall(rb"\n-> X25519 ", sealed)) == 1
    for secret in (TEXT, NAME, "Room 5", "Ms Li"):
        assert secret.encode() not in sealed + plaint.record(case) + plaint.git("log", "-1", "--format=%B").encode()
    assert plaint.git("diff-tree", "-r", "--name-only", "--no-commit-id", "HEAD").split() == [plaint.path(case), path]
    assert plaint.git("status", "--porcelain") == ""


def test_the_size_of_a_document_does_not_tell_which_it_is(shared: tuple[Plaint, str, str]) -> None:
    """Sealed, a file of 36 bytes is as long as one of 4,096."""
    plaint, case, _event = shared
    ((_path, blob),) = in_git(plaint, case).items()
    head, _sep, content = plaint.blob(blob).partition(b"\n--- ")
    assert head
    assert len(content) == 43 + 1 + 16 + 4096 + 16


def test_git_and_age_alone_open_it(shared: tuple[Plaint, str, str]) -> None:
    """P8: the compartment's key out of the keyring, the file with it, and the length out of the sealed part."""
    plaint, case, event = shared
    ((_path, blob),) = in_git(plaint, case).items()
    key = plaint.age(plaint.identity("wang.fang"), plaint.keyring(case)["inquiry.age"])
    assert key.returncode == 0
    (plaint.home / "inquiry.key").write_bytes(key.stdout)
    body = load_yaml(plaint.age(plaint.home / "inquiry.key", load_yaml(plaint.record(case), "case")["events"][-1]["sealed"]["inquiry"].encode()).stdout, "body")
    content = plaint.age(plaint.home / "inquiry.key", plaint.blob(blob)).stdout
    assert (body["case"], body["event"]) == (case, event)
    assert content[: body["body"]["bytes"]] == TEXT.encode()
    assert body["body"]["original"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert body["body"] | {"digest": "", "original": "", "collected-at": ""} == {
        "name": NAME, "type": "text/plain", "bytes": len(TEXT), "original": "", "digest": "",
        "collected-by": "wang.fang", "collected-at": "", "place": "Room 5", "source": "Ms Li",
    }  # fmt: skip


def test_those_who_may_get_it_back(shared: tuple[Plaint, str, str], tmp_path: Path) -> None:
    plaint, case, event = shared
    target = tmp_path / "out.txt"
    said = plaint.good("evidence", "get", case, event[:4], "-o", target, member="zhao.min")
    assert hashlib.sha256(TEXT.encode()).hexdigest()[:12] in said
    assert target.read_text() == TEXT
    assert target.stat().st_mode & 0o077 == 0
    assert "there is a file already" in plaint.refused("evidence", "get", case, event, "-o", target, member="zhao.min")
    assert "he.ping cannot open the evidence" in plaint.refused("evidence", "get", case, event, "-o", tmp_path / "x", member="he.ping")
    assert not (tmp_path / "x").exists()
    assert list(tmp_path.iterdir()) == [target]


def test_without_o_it_takes_its_own_name_and_no_way_out_of_the_folder(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    file = tmp_path / "..\\..\\evil.txt"
    file.write_text(TEXT)
    (added,) = demo.data("evidence", "add", case, file, "--kind", "document", member="wang.fang")
    here = tmp_path / "here"
    here.mkdir()
    demo.at(here).good("-C", demo.folder, "evidence", "get", case, added["event"], member="wang.fang")
    assert [each.name for each in here.iterdir()] == ["evil.txt"]


def test_the_list_tells_names_to_those_who_may_know(shared: tuple[Plaint, str, str]) -> None:
    plaint, case, event = shared
    assert NAME in plaint.good("evidence", "list", case, member="wang.fang")
    others = plaint.good("evidence", "list", case, member="he.ping")
    assert NAME not in others
    assert event in others
    assert "(sealed)" in others
    assert plaint.data("evidence", "list", case, member="he.ping")[0]["sealed"] == {}


def test_check_and_audit_are_clean(shared: tuple[Plaint, str, str]) -> None:
    plaint, _case, _event = shared
    assert plaint.run("check", "--rev", "HEAD").returncode == 0
    assert plaint.run("audit", "--no-cache").returncode == 0
    assert plaint.data("evidence", "verify") == {"pieces": 1, "opened": 0, "wrong": []}
    assert plaint.data("evidence", "verify", "--open", member="wang.fang") == {"pieces": 1, "opened": 1, "wrong": []}
    assert plaint.data("evidence", "verify", "--open", member="he.ping") == {"pieces": 1, "opened": 0, "wrong": []}


def test_every_hand_over_is_an_event_and_only_its_piece_is_open(demo: Plaint, tmp_path: Path) -> None:
    """The chain of custody: who brought it in, who had it next; read by those who may read the piece."""
    case = under_inquiry(demo)
    (tmp_path / "a").write_text(TEXT)
    (added,) = demo.data("evidence", "add", case, tmp_path / "a", "--kind", "document", "--collected-by", "the porter", member="wang.fang")
    give = ("evidence", "hand-over", case, added["event"][:5])
    given = demo.data(*give, "--to", "Dr Zhou, laboratory", "--reason", "age of the ink", "--at", "2026-11-20 11:00", member="wang.fang")
    back = demo.data(*give, "--from", "Dr Zhou, laboratory", "--to", "the safe", member="li.wei")
    record = demo.record(case)
    events = load_yaml(record, "case")["events"][-2:]
    assert [list(each) for each in events] == [["event", "id", "at", "by", "piece", "sealed"]] * 2
    assert [(each["event"], each["id"], each["piece"], list(each["sealed"])) for each in events] == [
        ("hand-over", done["event"], added["event"], ["inquiry"]) for done in (given, back)
    ]
    assert b"Zhou" not in record
    chain = demo.data("evidence", "show", case, added["event"], member="zhao.min")
    original = hashlib.sha256(TEXT.encode()).hexdigest()
    assert [(each["event"], each["by"]) for each in chain] == [("evidence", "wang.fang"), ("hand-over", "wang.fang"), ("hand-over", "li.wei")]
    assert chain[0]["sealed"]["collected-by"] == "the porter"
    assert chain[1]["sealed"] == {
        "from": "wang.fang", "to": "Dr Zhou, laboratory", "at": "2026-11-20T11:00:00+08:00", "original": original, "reason": "age of the ink",
    }  # fmt: skip
    assert chain[2]["sealed"] == {"from": "Dr Zhou, laboratory", "to": "the safe", "at": "2026-11-20T12:00:00+08:00"}  # li.wei may not know the file
    said = demo.good("evidence", "show", case, added["event"], member="he.ping")
    assert "Zhou" not in said
    assert said.count("(sealed)") == 3
    assert "移交证据" in demo.good("evidence", "show", case, added["event"], "--lang", "zh", member="he.ping")
    before = demo.snapshot()
    assert "has no piece of evidence" in demo.refused("evidence", "hand-over", case, given["event"], "--to", "x", member="wang.fang")
    assert "it takes the role" in demo.refused(*give, "--to", "x", member="zhou.ning")
    assert "still to come" in demo.refused(*give, "--to", "x", "--at", "2027-01-01", member="wang.fang")
    assert demo.snapshot() == before
    assert demo.run("check", "--rev", "HEAD").returncode == 0
    assert demo.run("audit", "--no-cache").returncode == 0


def tampered(demo: Plaint, case: str, path: str, data: bytes | None) -> None:
    """Somebody with git changes a file beside a case, and commits it."""
    target = demo.folder / path
    if data is None:
        target.unlink()
    else:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
    demo.git("add", "-A", "cases")
    demo.git("-c", "user.name=wang.fang", "-c", "user.email=w@example.org", "-c", "commit.gpgsign=false", "commit", "-qm", "x")


def test_damaged_or_missing_is_found_without_a_key(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    (tmp_path / "a").write_text(TEXT)
    (added,) = demo.data("evidence", "add", case, tmp_path / "a", "--kind", "document", member="wang.fang")
    ((path, blob),) = in_git(demo, case).items()
    sealed = bytearray(demo.blob(blob))
    sealed[-1] ^= 1
    tampered(demo, case, path, bytes(sealed))
    done = demo.run("evidence", "verify", case, "--format", "json")
    assert done.returncode == 1
    assert [each["condition"] for each in json.loads(done.stdout)["wrong"]] == ["damaged"]
    assert demo.refused("evidence", "get", case, added["event"], "-o", tmp_path / "out", member="wang.fang")
    tampered(demo, case, path, None)
    assert [each["condition"] for each in json.loads(demo.run("evidence", "verify", "--format", "json").stdout)["wrong"]] == ["missing"]
    assert "is not here" in demo.refused("evidence", "get", case, added["event"], "-o", tmp_path / "out", member="wang.fang", code=3)
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["a"]


def test_a_file_of_another_case_or_piece_is_refused(demo: Plaint, tmp_path: Path) -> None:
    """Even if its hash were taken along: it is sealed to another key, and the sealed part names another file."""
    case = under_inquiry(demo)
    (tmp_path / "a").write_text(TEXT)
    (tmp_path / "b").write_text(TEXT + "!")
    first, second = demo.data("evidence", "add", case, tmp_path / "a", tmp_path / "b", "--kind", "document", member="wang.fang")
    files = in_git(demo, case)
    path_of = {p.rsplit("/", 1)[1].removesuffix(".age"): p for p in files}
    swapped = demo.blob(files[path_of[second["digest"]]])
    tampered(demo, case, path_of[first["digest"]], swapped)
    assert "not the one that was recorded" in demo.refused("evidence", "get", case, first["event"], "-o", tmp_path / "out", member="wang.fang")
    other = next(str(each["case"]) for each in demo.cases() if each["state"] == "disposed")
    moved = path_of[second["digest"]].replace(case, other)
    tampered(demo, other, moved.replace("/2026/", f"/{demo.path(other).split('/')[1]}/"), swapped)
    assert "has no piece of evidence" in demo.refused("evidence", "get", other, second["event"], "-o", tmp_path / "out", member="chen.jie")
    found = json.loads(demo.run("audit", "--format", "json").stdout)["findings"]
    assert {"A403"} <= {each["rule"] for each in found}
    assert not (tmp_path / "out").exists()


def test_odd_names_are_told_and_shown(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    unreadable = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xffname.txt")
    Path(unreadable).write_text("x")
    broken = tmp_path / "two\nlines.txt"
    broken.write_text("x")
    for words in (("evidence", "add", case, unreadable, "--kind", "document"), ("evidence", "metadata", unreadable)):
        line = demo.refused(*words, member="wang.fang")
        assert "bad\\xffname.txt: the name of this file is not UTF-8" in line
    added = demo.good("evidence", "add", case, broken, "--kind", "document", member="wang.fang")
    listed = demo.good("evidence", "list", case, member="wang.fang")
    event = listed.splitlines()[1].split()[0]
    got = demo.good("evidence", "get", case, event, "-o", tmp_path / "a\nb", member="wang.fang")
    assert (added.count("\n"), len(listed.splitlines()), got.count("\n")) == (1, 3, 1)
    assert "two\\nlines.txt" in added
    assert "two\\nlines.txt" in listed
    assert "a\\nb: 1 byte, as collected" in got
    (demo.folder / "-n.txt").write_text("x")
    assert "if the file -n.txt is meant, write ./-n.txt" in demo.refused("evidence", "add", case, "-n.txt", "--kind", "document", member="wang.fang")


def test_who_may_not_is_refused_before_anything_is_read(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    (tmp_path / "a").write_text(TEXT)
    (tmp_path / "empty").write_text("")
    before = demo.snapshot()
    add = ("evidence", "add", case)
    assert "it takes the role" in demo.refused(*add, tmp_path / "a", "--kind", "document", member="he.ping")
    closed = next(str(each["case"]) for each in demo.cases() if each["state"] == "disposed")
    assert "not possible while" in demo.refused("evidence", "add", closed, tmp_path / "a", "--kind", "document", member="li.wei")
    assert "is empty" in demo.refused(*add, tmp_path / "a", tmp_path / "empty", "--kind", "document", member="wang.fang")
    assert "cannot be read" in demo.refused(*add, tmp_path / "none", "--kind", "document", member="wang.fang")
    assert "not a plain file" in demo.refused(*add, "/dev/zero", "--kind", "document", member="wang.fang")
    assert "has no reporter compartment" in demo.refused(*add, tmp_path / "a", "--kind", "document", "--compartment", "reporter", member="wang.fang")
    assert "no nonsense compartment" in demo.refused(*add, tmp_path / "a", "--kind", "document", "--compartment", "nonsense", member="wang.fang")
    assert demo.snapshot() == before


def objects(plaint: Plaint) -> set[Path]:
    """Every file that git keeps."""
    return {path for path in (plaint.folder / ".git").rglob("*") if path.is_file()}


def test_killed_at_any_moment_leaves_nothing_but_drafts_that_the_next_one_cleans(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    big, small = tmp_path / "big", tmp_path / "small"
    with big.open("wb") as file:
        file.write(os.urandom(1 << 20) * 48)
    small.write_text(TEXT)
    before, head = objects(demo), demo.head
    env = environment(demo.home, {"PLAINT_NOW": demo.now or "", "PLAINT_MEMBER": "wang.fang"})
    drafts = 0
    for _turn in range(3):
        command = [str(Path(sys.executable).parent / "plaint"), "evidence", "add", case, str(big), "--kind", "recording"]
        process = subprocess.Popen(command, cwd=demo.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        incoming = demo.folder / ".git" / "plaint" / "incoming"
        while process.poll() is None and not any(each.stat().st_size > 1 << 20 for each in incoming.glob("*") if each.exists()):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        drafts += len(list(incoming.iterdir()))
    assert drafts
    assert demo.head == head
    assert demo.git("status", "--porcelain") == ""
    assert {path for path in objects(demo) - before if "incoming" not in path.parts} == set()
    demo.good("evidence", "add", case, small, "--kind", "document", member="wang.fang")
    assert list(incoming.iterdir()) == []
    assert demo.run("evidence", "verify").returncode == 0


@pytest.mark.long
def test_a_photo_of_the_reporter_is_shown_and_cleaned_and_the_original_kept_for_the_custodians(demo: Plaint, tmp_path: Path) -> None:
    """Both are recorded in one step; the inquiry gets the picture alone, and the custodians the proof."""
    case = under_inquiry(demo)
    photo = tmp_path / "IMG_0815 Zhang San.jpg"
    photo.write_bytes(papers.photo())
    head = demo.head
    add = ("evidence", "add", case, photo, "--kind", "document", "--from-reporter", "--source", "Zhang San", "--note", "the back gate")
    done = demo.run(*add, "--lang", "zh", "--format", "json", member="li.wei")
    assert done.returncode == 0, done.stderr
    for word in ("拍摄地点", "31.23040 N, 121.47370 E", "相机或手机", "3310", "作者", "Zhang San"):
        assert word in done.stderr
    original, copy = json.loads(done.stdout)
    assert demo.git("rev-list", "--count", f"{head}..HEAD").strip() == "2"
    first, second = load_yaml(demo.record(case), "case")["events"][-2:]
    assert (first["id"], list(first["sealed"]), "cleans" in first) == (original["event"], ["identity"], False)
    assert (second["id"], list(second["sealed"]), second["cleans"]) == (copy["event"], ["inquiry"], original["event"])
    demo.good("evidence", "get", case, original["event"], "-o", tmp_path / "original.jpg", member="he.ping")
    assert (tmp_path / "original.jpg").read_bytes() == photo.read_bytes()
    assert "cannot open the evidence" in demo.refused("evidence", "get", case, original["event"], "-o", tmp_path / "x", member="wang.fang")
    demo.good("evidence", "get", case, copy["event"], "-o", tmp_path / "copy.jpg", member="wang.fang")
    assert papers.exiftool((tmp_path / "copy.jpg").read_bytes(), tmp_path, "copy.jpg") == {}
    (of_copy,) = demo.data("evidence", "show", case, copy["event"], member="wang.fang")
    assert of_copy["sealed"] | {"digest": "", "original": "", "collected-at": "", "bytes": 0} == {
        "name": "document.jpg", "type": "image/jpeg", "bytes": 0, "original": "", "digest": "",
        "collected-by": "li.wei", "collected-at": "", "note": "the back gate",
    }  # fmt: skip
    (of_original,) = demo.data("evidence", "show", case, original["event"], member="he.ping")
    assert (of_original["sealed"]["name"], of_original["sealed"]["source"]) == (photo.name, "Zhang San")
    assert demo.run("check", "--rev", "HEAD").returncode == 0
    assert demo.run("audit", "--no-cache").returncode == 0
    assert demo.data("evidence", "verify", "--open", member="wang.fang") == {"pieces": 2, "opened": 1, "wrong": []}


def test_what_cannot_be_cleaned_is_added_as_it_is_only_if_somebody_says_so(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    (tmp_path / "notes.txt").write_text(TEXT)
    (tmp_path / "a.jpg").write_bytes(papers.photo())
    before = demo.snapshot()
    add = ("evidence", "add", case, "--kind", "document", "--from-reporter", "--format", "json")
    line = demo.refused(*add, tmp_path / "notes.txt", member="li.wei")
    assert "plaint does not know what a file of this kind tells" in line
    assert "--as-is" in line
    done = demo.run(*add, tmp_path / "a.jpg", tmp_path / "notes.txt", member="li.wei")
    assert (done.returncode, done.stdout) == (2, "")  # not the first of them either
    assert demo.snapshot() == before
    done = demo.run(*add, tmp_path / "a.jpg", "--as-is", member="li.wei")
    assert "Place (GPS)" in done.stderr
    assert [list(each["sealed"]) for each in load_yaml(demo.record(case), "case")["events"][-1:]] == [["inquiry"]]
    env = {"PLAINT_MEMBER": "li.wei", "PLAINT_NOW": str(demo.now)}
    with Desk(demo.home, demo.folder, env).terminal(*add[:-2], tmp_path / "notes.txt") as person:
        person.expect("does not know")
        person.answer("for the custodians alone?", "")
        assert person.end() == 0, person.seen
    with Desk(demo.home, demo.folder, env).terminal(*add[:-2], tmp_path / "a.jpg") as person:
        person.expect("Zhang San")
        person.answer("add a cleaned copy?", "")
        person.expect("cleaned copy")
        assert person.end() == 0, person.seen
    events = load_yaml(demo.record(case), "case")["events"]
    assert [list(each["sealed"]) for each in events[-3:]] == [["identity"], ["identity"], ["inquiry"]]


def test_what_a_file_tells_in_two_languages(demo_once: Plaint, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(papers.letter())
    (tmp_path / "b.txt").write_text(TEXT)
    assert re.search(r"Tracked changes +2: Wang Wu", demo_once.good("evidence", "metadata", tmp_path / "a.docx"))
    assert re.search(r"修订记录 +2: Wang Wu", demo_once.good("evidence", "metadata", tmp_path / "a.docx", "--lang", "zh"))
    (found,) = demo_once.data("evidence", "metadata", tmp_path / "a.docx")
    assert {"what": "author", "value": "Zhang San", "inside": ""} in found["tells"]
    assert "does not know" in demo_once.refused("evidence", "metadata", tmp_path / "b.txt")


@pytest.mark.long
def test_killed_between_an_original_and_its_copy_there_are_both_or_none(demo: Plaint, tmp_path: Path) -> None:
    case = under_inquiry(demo)
    photo = tmp_path / "a.jpg"
    photo.write_bytes(papers.photo())
    env = environment(demo.home, {"PLAINT_NOW": demo.now or "", "PLAINT_MEMBER": "li.wei"})
    command = [str(Path(sys.executable).parent / "plaint"), "evidence", "add", case, str(photo), "--kind", "document", "--from-reporter"]
    incoming = demo.folder / ".git" / "plaint" / "incoming"

    def added() -> list[str]:
        return [",".join(each["sealed"]) for each in load_yaml(demo.record(case), "case")["events"] if each["event"] == "evidence"]

    before = added()
    for turn, pause in enumerate((0.0, 0.02, 0.08)):
        process = subprocess.Popen(command, cwd=demo.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (incoming.exists() and list(incoming.glob("*.blob"))):  # the original is sealed, the copy is not yet
            time.sleep(0.001)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = added()
        assert found in (before, [*before, "identity", "inquiry"]), turn
        before = found
    demo.good(*command[1:], member="li.wei")
    assert added() == [*before, "identity", "inquiry"]
    assert list(incoming.iterdir()) == []
    assert demo.git("status", "--porcelain") == ""
    assert demo.run("audit", "--no-cache").returncode == 0
    assert demo.run("evidence", "verify").returncode == 0
