"""What strangers may hand in, all at once: each file is set aside with one clear line, the good ones among them are registered, and nothing else happens."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from conftest import Plaint

from plaint.seal.age import generate
from plaint.seal.receipt import ReceiptKeys, keys_of

RECEIPTS = [keys_of(f"{number:024}") for number in range(2)]
ESCAPES = "\x1b[2J\x07 red \x1b[31m"


def report(keys: ReceiptKeys, **changes: Any) -> dict[str, Any]:
    """What the page would make of a report."""
    return {
        "plaint": 1, "kind": "report", "id": str(uuid.uuid4()), "made": "2026-11-20T03:00:00.000Z", "language": "en", "category": "ethics",
        "report": {"narrative": "good"}, "identity": {}, "excluded": [], "attachments": [],
        "receipt": {"recipient": keys.recipient, "token": keys.token_hash}, "pad": "", **changes,
    }  # fmt: skip


def message(receipt: ReceiptKeys, case: str, **changes: Any) -> dict[str, Any]:
    """What the page would make of a message."""
    made = {"plaint": 1, "kind": "message", "id": str(uuid.uuid4()), "made": "2026-11-20T03:00:00.000Z", "language": "en"}
    return {**made, "case": case, "token": receipt.token, "text": "more", "attachments": [], "pad": "", **changes}


class Drop:
    """A folder of what was handed in, and what should be said of each file."""

    def __init__(self, folder: Path, recipients: list[str]) -> None:
        self.folder, self.recipients, self.said = folder, recipients, dict[str, str]()
        folder.mkdir()

    def raw(self, name: str, said: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)
        self.said[name] = said

    def seal(self, name: str, said: str, content: object, recipients: list[str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        command = ["age", *(part for each in recipients or self.recipients for part in ("-r", each)), "-o", str(self.folder / name)]
        subprocess.run(command, input=data, check=True)
        self.said[name] = said


def recipient(org: Plaint, member: str) -> str:
    done = subprocess.run(["age-keygen", "-y", org.identity(member)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def case(demo: Plaint, tmp_path: Path) -> str:
    """A case with the first receipt."""
    first = Drop(tmp_path / "first", [recipient(demo, "li.wei")])
    first.seal("a.age", "", report(RECEIPTS[0]))
    return str(demo.data("inbox", "import", first.folder, member="li.wei")["cases"][0]["case"])


def key_of(demo: Plaint, case: str) -> str:
    return next(line.split()[1] for line in demo.record(case).decode().splitlines() if line.startswith("  report: age1"))


def test_each_is_set_aside_with_one_line(demo: Plaint, case: str, tmp_path: Path) -> None:
    other = demo.register({"report": {"narrative": "somebody else's"}})
    drop = Drop(tmp_path / "drop", [recipient(demo, "li.wei"), recipient(demo, "chen.jie")])
    drop.raw("empty.age", "this is neither a sealed report nor a mail", b"")
    drop.raw("page.html.age", "this is neither a sealed report nor a mail", b"<html>")
    drop.raw("head.age", "damaged header", b"age-encryption.org/v1\n")
    drop.raw("stanzas.age", "damaged header", b"age-encryption.org/v1\n" + b"-> X25519 AAAA\nAAAA\n" * 100_000)
    drop.raw("binary.age", "damaged header", b"age-encryption.org/v1\n" + os.urandom(5000))
    drop.raw("armour.age", "damaged header", b"-----BEGIN AGE ENCRYPTED FILE-----\n" + b"A" * 64)
    with (drop.folder / "huge.age").open("wb") as huge:
        huge.write(b"age-encryption.org/v1\n")
        huge.truncate(49 * 1024 * 1024)
    drop.said["huge.age"] = "larger than 48 MiB"
    drop.seal("stranger.age", "nothing that li.wei has opens it", report(RECEIPTS[1]), [generate().recipient])
    drop.seal("deep.json.age", "no report of the site's page", b'{"report":' + b"[" * 100_000)
    drop.seal("deep.yaml.age", "no report of the site's page", b"a: " + b"{a: " * 50_000)
    drop.seal("bomb.yaml.age", "no report of the site's page", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n" * 1000)
    drop.seal("utf16.age", "no report of the site's page", "{}".encode("utf-16"))
    drop.seal("list.age", "", [])
    drop.seal("padding.age", "", report(RECEIPTS[1], pad="x" * 10_000_000))
    drop.seal("granted.age", "`granted`", report(RECEIPTS[1], report={"narrative": "x", "granted": ["wang.fang"]}))
    drop.seal("excluded.age", "nobody is left who may open", report(RECEIPTS[1], excluded=["chen.jie", "he.ping", "li.wei", "liu.yang"]))
    drop.seal("word.age", "is none of", report(RECEIPTS[1], category="gossip"))
    drop.seal("receipt.age", "its receipt is damaged", report(RECEIPTS[1], receipt={"recipient": "age1" + "q" * 58, "token": "0" * 64}))
    drop.seal("stolen.age", "its receipt belongs to another case", report(RECEIPTS[0]))
    drop.seal("base64.age", "an attachment in it is damaged", report(RECEIPTS[1], attachments=[{"name": "a", "data": "AAAAA"}]))
    drop.seal("open-message.age", "a message must be sealed to its case", message(RECEIPTS[0], case))
    drop.seal("other-case.age", "another case than the one", message(RECEIPTS[0], other), [key_of(demo, case)])
    drop.seal("no-case.age", "another case than the one", message(RECEIPTS[0], "AAAA-0000"), [key_of(demo, case)])
    drop.seal("other-token.age", "its token is another one", message(RECEIPTS[1], case), [key_of(demo, case)])
    drop.seal("no-receipt.age", "nothing that li.wei has opens it", message(RECEIPTS[0], other), [key_of(demo, other)])
    drop.seal("report-to-case.age", "another case than the one", report(RECEIPTS[1]), [key_of(demo, case)])
    (drop.folder / "loop").symlink_to(drop.folder)
    (drop.folder / "endless.age").symlink_to("/dev/zero")
    before = demo.head

    done = demo.run("--lang", "en", "inbox", "import", drop.folder, member="li.wei")
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines()[:-1])
    assert set(lines) == set(drop.said)
    for name, said in drop.said.items():
        assert lines[name].startswith("set aside: "), name
        assert said in lines[name], name
    assert done.stdout.splitlines()[-1] == f"registered 0, known 0, set aside {len(drop.said)}"
    assert demo.head == before
    assert {path.name for path in drop.folder.iterdir()} == {*drop.said, "loop", "endless.age"}


def test_the_good_ones_among_them_are_registered_once(demo: Plaint, case: str, tmp_path: Path) -> None:
    drop = Drop(tmp_path / "drop", [recipient(demo, "li.wei"), recipient(demo, "chen.jie")])
    whole = report(
        RECEIPTS[1], report={"narrative": ESCAPES}, pad="." * 8_000_000, excluded=["nobody.here"], attachments=[{"name": f"../{ESCAPES}", "data": "AAAA"}]
    )
    drop.seal("a-padded.age", "", whole)
    drop.seal("b-replayed.age", "", whole)
    drop.seal("c-same-receipt.age", "", {**whole, "id": str(uuid.uuid4())})
    film = [{"name": "film.mp4", "type": "video/mp4", "data": base64.b64encode(bytes(900_000)).decode()}]
    drop.seal("d-more.age", "", message(RECEIPTS[0], case, attachments=film), [key_of(demo, case)])
    (drop.folder / "e-copied.age").write_bytes((drop.folder / "d-more.age").read_bytes())
    drop.raw("f-nothing.age", "", b"")

    done = json.loads(demo.run("inbox", "import", drop.folder, "--format", "json", member="li.wei").stdout)
    assert (done["registered"], done["known"], len(done["set_aside"])) == (2, 2, 2)
    assert [Path(each["file"]).name for each in done["set_aside"]] == ["c-same-receipt.age", "f-nothing.age"]
    again = json.loads(demo.run("inbox", "import", drop.folder, "--format", "json", member="chen.jie").stdout)
    assert (again["registered"], again["known"], len(again["set_aside"])) == (0, 4, 2)
    (piece,) = demo.data("evidence", "list", case, member="li.wei")  # too large for the text, and there once
    assert (piece["kind"], piece["sealed"]["name"], piece["sealed"]["bytes"]) == ("recording", "film.mp4", 900_000)
    registered = done["cases"][0]["case"]
    shown = demo.good("open", registered, "--attachments", tmp_path / "files", member="li.wei")
    assert "\x1b" not in shown
    assert "\x07" not in shown
    (file,) = (tmp_path / "files").iterdir()
    assert file.read_bytes() == b"\0\0\0"
    assert demo.run("check").returncode == 0
    assert demo.run("audit").returncode == 0
