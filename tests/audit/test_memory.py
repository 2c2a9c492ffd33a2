"""What a clone remembers: the next audit costs what is new, the verdict is that of an audit from the beginning, and nobody can make it believe more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import attacks_added
import attacks_course
import attacks_git
import attacks_history
import attacks_house
import attacks_records
import evil
import pytest
from attack import Attack, Done
from evil import Org, environ, environment
from organisations import good

from plaint.audit.memory import Memory, Start
from plaint.audit.run import audit
from plaint.store.git import Git
from plaint.store.objects import Objects


def memory(org: Org) -> Path:
    """Where a clone remembers."""
    return org.folder / ".git" / "plaint-audit.json"


def known(org: Org) -> Start | None:
    """What is remembered, if it is believed."""
    return Memory(memory(org), org.home / ".config" / "plaint" / "audit.key").recall()


def cost(org: Org) -> int:
    """How many commits an audit from the remembered state verifies."""
    counted: list[int] = []
    with environ(environment(org.home, org.now)):
        git = Git(org.folder)
        audit(git, Objects(git), "", start=known(org), progress=lambda done, _all: counted.append(done))
    return max(counted, default=0)


def test_only_new_commits_cost(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    total = len(org.git("rev-list", "HEAD").split())
    assert cost(org) == total
    assert org.audit("memory").code == 0
    assert cost(org) == 0
    for _number in range(3):
        org.event("main", "message", "li.wei", direction="to-reporter", sealed=["report"])
    assert cost(org) == 3
    verdict = org.audit("memory")
    assert (verdict.codes, verdict.summary["commits"]) == ([], total + 3)
    assert verdict.summary == org.audit().summary
    assert cost(org) == 0


@pytest.mark.parametrize("where", ["after", "before"])
def test_findings_stay(where: str, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    if where == "after":
        org.audit("memory")
    org.event("new", "accept", "chen.jie", signer="li.wei")
    first = org.audit("memory")
    org.event("main", "message", "li.wei", direction="to-reporter", sealed=["report"])
    assert cost(org) == 1
    second = org.audit("memory")
    assert first.codes == second.codes == ["A104"]
    assert first.findings == second.findings == org.audit().findings


ATTACKS = [
    *attacks_history.attack.attacks,
    *(a for a in attacks_house.attack.attacks if a.name.startswith(("a commit", "commits", "a draft", "a case", "somebody takes", "a member is"))),
    *(
        a
        for module in (attacks_records, attacks_added, attacks_course)
        for a in module.attack.attacks
        if a.name.startswith(("a sealed text", "a case is", "an event is", "evidence"))
    ),
    *(a for a in attacks_git.attack.attacks if a.name.startswith(("a folder is", "a file is", "a submodule", "a changed record behind a g"))),
]


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.code == 1 and "A504" not in a.codes], ids=lambda attack: attack.name.replace(" ", "-"))
def test_the_verdict_is_that_of_an_audit_from_the_beginning(attack: Attack, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.audit("memory")
    before = memory(org).read_bytes()
    came = attack.do(org)
    args = came.args if isinstance(came, Done) else []
    whole = org.audit(*args)
    memory(org).write_bytes(before)
    assert known(org) is not None
    later = org.audit("memory", *args)
    assert later.codes == whole.codes
    assert [(f["rule"], f["record"], f["event"], f["commit"]) for f in later.findings] == [
        (f["rule"], f["record"], f["event"], f["commit"]) for f in whole.findings
    ]
    assert later.code == whole.code == 1


SPOIL: dict[str, Callable[[bytes], bytes]] = {
    "gone": lambda _data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "not-json": lambda _data: b"\xff\xfe",
    "a-list": lambda _data: b"[1, 2]",
    "a-number-for-a-body": lambda _data: b'{"body": 3, "seal": "x"}',
    "a-seal-that-is-none": lambda data: json.dumps(json.loads(data) | {"seal": 7}).encode(),
    "another-seal": lambda data: json.dumps(json.loads(data) | {"seal": "0" * 64}).encode(),
    "no-findings": lambda data: data.replace(b'"A104"', b'"A304"'),
    "other-findings": lambda data: json.dumps({**json.loads(data), "body": json.loads(data)["body"] | {"findings": []}}).encode(),
    "another-version": lambda data: data.replace(b'"made-by": "2 ', b'"made-by": "1 '),
    "another-head": lambda data: json.dumps({**json.loads(data), "body": json.loads(data)["body"] | {"head": "0" * 40}}).encode(),
}


@pytest.mark.parametrize("how", SPOIL)
def test_memory_that_was_tampered_with(how: str, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.event("new", "accept", "chen.jie", signer="li.wei")
    before = org.audit("memory")
    memory(org).write_bytes(SPOIL[how](memory(org).read_bytes()))
    assert known(org) is None
    assert cost(org) == before.summary["commits"]
    after = org.audit("memory")
    assert (after.code, after.findings) == (before.code, before.findings)
    assert after.codes == ["A104"]


def test_memory_sealed_with_anothers_key(tmp_path: Path) -> None:
    """Whoever can write to the clone, but not to the user's own folder."""
    org = good().copy(tmp_path)
    org.event("new", "accept", "chen.jie", signer="li.wei")
    org.audit("memory")
    start = known(org)
    assert start is not None
    key = tmp_path / "forger.key"
    key.write_bytes(os.urandom(32))
    Memory(memory(org), key).keep(replace(start, findings=()))
    assert known(org) is None
    assert org.audit("memory").codes == ["A104"]


def test_memory_of_another_clone(tmp_path: Path) -> None:
    org, other = good().copy(tmp_path / "one"), good().copy(tmp_path / "other")
    other.home = org.home  # the same user
    other.event("new", "accept", "chen.jie", signer="li.wei")
    org.git("fetch", "-q", str(other.folder), "main:other")
    other.audit("memory")
    assert known(other) is not None
    memory(org).write_bytes(memory(other).read_bytes())
    assert known(org) is None
    assert org.audit("memory").code == 0


def test_memory_that_cannot_be_written(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    memory(org).mkdir()
    assert org.audit("memory").code == 0
    assert org.audit("memory").code == 0


def test_a_line_from_before_what_is_remembered(tmp_path: Path) -> None:
    """A branch that begins below the remembered commit is merged: its first parent is not among the new commits."""
    org = good().copy(tmp_path)
    old = org.rev("HEAD~2")
    org.audit("memory")
    side = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"], parent=old, ref="refs/heads/side")
    org.merge(org.head, side)
    assert cost(org) == 2
    assert org.audit("memory").codes == []


def test_other_branches_are_no_rollback(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    assert org.audit("memory").code == 0
    org.git("checkout", "-q", "-b", "older", "HEAD~4")
    assert org.audit("memory").codes == []
    org.git("checkout", "-q", "--detach", "main~2")
    assert org.audit("memory").codes == []
    assert org.audit("memory", "--rev", "main~6").codes == []
    org.git("checkout", "-q", "main")
    org.git("reset", "-q", "--hard", "HEAD~1")
    assert org.audit("memory").codes == ["A504"]


def test_a_rollback_is_told_until_it_is_mended(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.audit("memory")
    tip = org.head
    org.git("reset", "-q", "--hard", "HEAD~2")
    for _time in range(2):
        verdict = org.audit("memory")
        assert (verdict.code, verdict.codes, verdict.commits("A504")) == (1, ["A504"], {tip})
    org.git("reset", "-q", "--hard", tip)
    assert org.audit("memory").code == 0


def test_a_rollback_is_told_also_where_all_is_verified_anew(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.audit("memory")
    org.git("reset", "-q", "--hard", "HEAD~2")
    assert org.audit().codes == ["A504"]
    assert org.audit().codes == []  # who asks for all anew begins anew


def test_a_commit_from_the_future_is_not_remembered(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.audit("memory")
    before = known(org)
    org.commit({"README.md": "# Works\n"}, "zhou.ning", when=evil.at("2099-01-01T09:00"))
    assert org.audit("memory").codes == ["A305"]
    assert known(org) == before
