"""Checkpoints: made where all is in order, signed by a member, and refused where they were forged or the history does not contain them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attacks_history import another_history, branches
from evil import Org
from organisations import good

from plaint.audit.checkpoint import NAMESPACE, Checkpoint


@pytest.fixture
def org(tmp_path: Path) -> Org:
    """A copy of the good organisation."""
    return good().copy(tmp_path)


def checkpoint(org: Org, by: str = "sun.li") -> Path:
    """A checkpoint of now."""
    file = org.folder.parent / "checkpoint.json"
    code, out, err = org.plaint("audit", "--checkpoint", str(file), "--as", by)
    assert code == 0, out + err
    return file


def forged(org: Org, by: str, signer: str, namespace: str = NAMESPACE, **more: Any) -> Path:
    """A checkpoint with somebody's signature."""
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    made = replace(Checkpoint(root, org.head, 31, "2026-11-20T12:00:00+08:00", by), **more)
    file = org.folder.parent / "forged.json"
    file.write_text(made.text(org.signature(made.payload(), signer, namespace)))
    return file


def test_what_it_says(org: Org) -> None:
    file = checkpoint(org)
    plain = json.loads(file.read_text())
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    assert (plain["root"], plain["head"], plain["commits"], plain["by"]) == (root, org.head, 31, "sun.li")
    assert Checkpoint.read(file.read_bytes()).key == org.public("sun.li")


def test_the_same_history_contains_it(org: Org) -> None:
    file = checkpoint(org)
    assert org.audit("--since", str(file)).code == 0
    org.event("new", "accept", "chen.jie")
    assert org.audit("--since", str(file)).code == 0


@pytest.mark.parametrize("spelling", [lambda o: o.head, lambda o: o.head[:12], lambda _o: "HEAD~3", lambda _o: "main"])
def test_a_commit_will_do(spelling: Callable[[Org], str], org: Org) -> None:
    assert org.audit("--since", spelling(org)).code == 0


def test_another_clone_checks_it(org: Org, tmp_path: Path) -> None:
    file = checkpoint(org)
    org.event("new", "accept", "chen.jie")
    org.git("clone", "-q", str(org.folder), str(tmp_path / "clone"))
    assert replace(org, folder=tmp_path / "clone").audit("--since", str(file)).code == 0


def test_a_history_taken_back(org: Org) -> None:
    file, tip = checkpoint(org), org.head
    org.git("reset", "-q", "--hard", "HEAD~1")
    verdict = org.audit("--since", str(file))
    assert (verdict.code, verdict.codes, verdict.commits("A504")) == (1, ["A504"], {tip})


def test_a_clone_that_never_had_the_commit(org: Org, tmp_path: Path) -> None:
    org.git("clone", "-q", str(org.folder), str(tmp_path / "clone"))
    org.event("new", "accept", "chen.jie")
    file = checkpoint(org)
    assert replace(org, folder=tmp_path / "clone").audit("--since", str(file)).codes == ["A504"]


def test_another_line(org: Org) -> None:
    _ours, theirs = branches(org)
    file = checkpoint(org)
    org.move(theirs)
    assert org.audit("--since", str(file)).codes == ["A504"]


def test_another_history_altogether(org: Org) -> None:
    file = checkpoint(org)
    org.move(another_history(org))
    assert org.audit("--since", str(file)).codes == ["A503", "A504"]


SPOIL: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another head": lambda c: c | {"head": c["root"]},
    "another root": lambda c: c | {"root": c["head"]},
    "another count": lambda c: c | {"commits": 7},
    "another signer": lambda c: c | {"by": "zhou.ning"},
    "another time": lambda c: c | {"at": "2020-01-01T00:00:00Z"},
    "a spoilt signature": lambda c: c | {"signature": c["signature"].replace("A", "B", 5)},
    "a signature that is none": lambda c: c | {"signature": 7},
    "no signature, but a signer": lambda c: {k: v for k, v in c.items() if k != "signature"},
    "something more": lambda c: c | {"note": "x"},
    "something less": lambda c: {k: v for k, v in c.items() if k != "at"},
    "a number that is a truth": lambda c: c | {"commits": True},
    "a head that is no commit": lambda c: c | {"head": "HEAD"},
}


@pytest.mark.parametrize("how", SPOIL)
def test_a_checkpoint_that_was_changed(how: str, org: Org) -> None:
    file = checkpoint(org)
    file.write_text(json.dumps(SPOIL[how](json.loads(file.read_text()))))
    verdict = org.audit("--since", str(file))
    assert verdict.code == 2
    assert "checkpoint" in verdict.error
    assert verdict.error.count("\n") == 1


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b"null", b'{"plaint": "checkpoint"}', b"[" * 5000])
def test_a_file_that_is_none(text: bytes, org: Org) -> None:
    file = org.folder.parent / "none.json"
    file.write_bytes(text)
    assert org.audit("--since", str(file)).code == 2


@pytest.mark.parametrize(
    ("by", "signer"), [("sun.li", "stranger"), ("sun.li", "li.wei"), ("gao.lan", "gao.lan"), ("wang.fang", "wang.fang.old"), ("nobody", "sun.li")]
)
def test_a_key_that_was_not_theirs(by: str, signer: str, org: Org) -> None:
    verdict = org.audit("--since", str(forged(org, by, signer)))
    assert verdict.code == 2
    assert by in verdict.error


def test_the_twin_that_is_not_forged(org: Org) -> None:
    assert org.audit("--since", str(forged(org, "sun.li", "sun.li"))).code == 0


def test_a_signature_of_something_else(org: Org) -> None:
    assert org.audit("--since", str(forged(org, "sun.li", "sun.li", "git"))).code == 2


def test_a_note_without_signature(org: Org) -> None:
    """A supervisor's own: it is as good as where it is kept."""
    file = org.folder.parent / "note.json"
    file.write_text(Checkpoint(org.git("rev-list", "--max-parents=0", "HEAD"), org.head, 31, "2026-11-20").text())
    assert org.audit("--since", str(file)).code == 0


def test_none_is_written_where_something_is_wrong(org: Org) -> None:
    org.event("new", "accept", "chen.jie", signer="li.wei")
    file = org.folder.parent / "checkpoint.json"
    code, _out, err = org.plaint("audit", "--checkpoint", str(file), "--as", "sun.li")
    assert code == 2
    assert "not in order" in err
    assert not file.exists()


def test_what_is_neither_commit_nor_file(org: Org) -> None:
    verdict = org.audit("--since", "no-such-thing")
    assert verdict.code == 2
    assert "no-such-thing" in verdict.error


def test_a_pinned_root(org: Org) -> None:
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    assert org.audit("--root", root).code == 0
    assert org.audit("--root", org.head).codes == ["A503"]
    assert org.audit("--root", root[:12]).code == 2
