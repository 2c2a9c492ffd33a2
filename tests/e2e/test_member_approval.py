"""Joining, roles and new keys wait where the policy asks for it: nothing of them counts before somebody else has approved it, and leaving never waits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from terminal import Desk
from test_member import As, is_sound, newcomer, open_cases, opens

pytestmark = pytest.mark.long

NOW = "2026-11-20T12:00:00+08:00"
STEWARD, SUPERVISOR, DECIDER = "zhou.ning", "sun.li", "liu.yang"
BODY = "report: {title: 'x'}"
REGISTER = ("register", "--channel", "phone", "--category", "other", "--body", "-")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("approvals")
    Desk(folder, folder).good("demo", "org", "--cases", "4", "--today", "2026-11-20")
    return folder / "org"


@pytest.fixture
def desk(master: Path, tmp_path: Path) -> Desk:
    shutil.copytree(master, tmp_path / "org")
    (tmp_path / "home").mkdir()
    return Desk(tmp_path / "home", tmp_path / "org", {"PLAINT_NOW": NOW})


@pytest.fixture
def acting(desk: Desk) -> As:
    """The desk of a member."""
    return lambda member: desk.having(PLAINT_MEMBER=member)


def propose(acting: As, member: str, *roles: str) -> str:
    """Somebody is to join; what the steward reads."""
    steward = acting(STEWARD)
    public, recipient = newcomer(steward, member)
    words = [word for role in roles for word in ("--role", role)]
    return steward.good("member", "add", member, "--signing-key", public, "--recipient", recipient, *words)


def waiting(desk: Desk, member: str) -> list[dict[str, object]]:
    return next((each["waiting"] for each in desk.data("member", "list") if each["member"] == member), [])


def test_who_waits_is_nobody_yet(desk: Desk, acting: As) -> None:
    said = propose(acting, "gao.lan", "intake")
    assert "waits for 1 approval" in said
    assert "Supervisor" in said
    assert "plaint member approve gao.lan" in said
    listed = desk.good("member", "list")
    assert "joining: 0 of 1 approval" in listed
    assert "approvals" not in listed
    (proposal,) = waiting(desk, "gao.lan")
    assert (proposal["kind"], proposal["by"], proposal["given"], proposal["needed"], proposal["roles"]) == ("join", STEWARD, [], 1, ["intake"])
    line = f"gao.lan waits for approval (0 of 1), as {STEWARD} proposed: plaint member approve gao.lan"
    assert [line in acting(member).good("todo", "--mine") for member in (SUPERVISOR, DECIDER, STEWARD, "li.wei")] == [True, True, False, False]
    assert line in desk.good("todo")
    before = desk.refs()
    for command in (REGISTER, ("rekey", "--all"), ("member", "leave", "li.wei"), ("todo", "--mine")):
        acting("gao.lan").plaint(*command, stdin=BODY).fails(2, "gao.lan is not a member yet", "waits for approval")
    by_key = desk.having(PLAINT_SIGNING_KEY=str(desk.folder / ".demo-keys" / "gao.lan"))
    assert "gao.lan is not a member yet" in by_key.plaint("doctor").stdout
    case = open_cases(desk)[0]
    acting("chen.jie").plaint("grant", case, "gao.lan", "--compartment", "report").fails(2, "gao.lan waits for approval")
    assert desk.refs() == before
    # a case of now is not sealed to them, and they can be shut out of it
    other = acting("li.wei").register("Before gao.lan counts")
    assert opens(desk, other, "gao.lan") == set()
    acting("chen.jie").good("rekey", "--all")
    assert opens(desk, case, "gao.lan") == set()
    assert desk.check() == []


def test_one_who_waits_can_be_shut_out_of_a_case_about_them(desk: Desk, acting: As) -> None:
    propose(acting, "gao.lan", "intake")
    done = acting("li.wei").plaint(*REGISTER, "--exclude", "gao.lan", "--format", "json", stdin=BODY)
    assert done.code == 0, done.stderr
    acting(SUPERVISOR).good("member", "approve", "gao.lan")
    acting("chen.jie").good("rekey", "--all")
    cases = {case: opens(desk, case, "gao.lan") for case in open_cases(desk)}
    assert min(cases.values(), key=len) == set()
    assert sum(found == {"report"} for found in cases.values()) == len(cases) - 1


def test_approved_by_somebody_else_they_are_a_member(desk: Desk, acting: As) -> None:
    propose(acting, "gao.lan", "intake")
    before = desk.refs()
    for member, words in (
        ("li.wei", ("li.wei may not approve it: it takes the role Supervisor, Decision maker",)),
        (STEWARD, ("zhou.ning proposed it", "somebody else")),
        ("gao.lan", ("gao.lan is not a member yet",)),
    ):
        acting(member).plaint("member", "approve", "gao.lan").fails(2, *words)
    assert desk.refs() == before
    done = acting(DECIDER).plaint("member", "approve", "gao.lan")
    assert done.code == 0, done.stderr
    public = (desk.folder / ".demo-keys" / "gao.lan.pub").read_text().split()
    for words in ("zhou.ning", "Intake officer", " ".join(public[:2]), "age1"):
        assert words in done.stderr
    assert "gao.lan is a member" in done.stdout
    is_sound(desk, DECIDER, "members/gao.lan.yaml")
    assert waiting(desk, "gao.lan") == []
    case = acting("gao.lan").register("By the new one")
    assert opens(desk, case, "gao.lan") == {"report"}
    assert acting(STEWARD).plaint("audit").code == 0
    # once is enough
    acting(SUPERVISOR).plaint("member", "approve", "gao.lan").fails(2, "nothing of gao.lan waits")


def test_new_roles_wait_and_the_old_ones_stay(desk: Desk, acting: As) -> None:
    acting(STEWARD).good("member", "roles", "li.wei", "--role", "coordinator")
    assert acting("li.wei").register("Still an intake officer")
    case = desk.data("list")[0]["case"]
    acting("li.wei").plaint("accept", case).fails(2)
    acting(SUPERVISOR).good("member", "approve", "li.wei")
    acting("li.wei").plaint("acknowledge", case, "--result", "delivered")
    assert {m["member"]: m["roles"] for m in desk.data("member", "list")}["li.wei"] == ["coordinator"]
    assert acting(STEWARD).plaint("audit").code == 0


def test_nobody_approves_their_own_new_role(desk: Desk, acting: As) -> None:
    acting(STEWARD).good("member", "roles", SUPERVISOR, "--role", "supervisor", "--role", "coordinator")
    acting(SUPERVISOR).plaint("member", "approve", SUPERVISOR).fails(2, "it is about sun.li")
    acting(DECIDER).good("member", "approve", SUPERVISOR)
    assert acting(STEWARD).plaint("audit").code == 0


def test_of_several_that_wait_one_is_named(desk: Desk, acting: As) -> None:
    keys = {name: (desk.folder / ".demo-keys" / name).read_bytes() for name in ("li.wei", "li.wei.pub", "li.wei.age-identity")}
    public, recipient = newcomer(desk, "li.wei")
    steward = acting(STEWARD)
    steward.good("member", "rotate", "li.wei", "--signing-key", public, "--recipient", recipient)
    steward.good("member", "roles", "li.wei", "--role", "coordinator")
    done = acting(SUPERVISOR).plaint("member", "approve", "li.wei")
    done.fails(2, "several changes of li.wei wait", "(rotate)", "(roles)")
    event = next(each["event"] for each in waiting(desk, "li.wei") if each["kind"] == "rotate")
    # until then the old keys are theirs, and the new ones nobody's
    new = {name: (desk.folder / ".demo-keys" / name).read_bytes() for name in keys}
    acting("li.wei").plaint(*REGISTER, stdin=BODY).fails(3, "is not one of li.wei's")
    for name, data in keys.items():
        (desk.folder / ".demo-keys" / name).write_bytes(data)
    case = acting("li.wei").register("By the old keys")
    acting(SUPERVISOR).good("member", "approve", "li.wei", "--event", str(event))
    for name, data in new.items():
        (desk.folder / ".demo-keys" / name).write_bytes(data)
    assert acting("li.wei").register("By the new keys")
    assert opens(desk, case, "li.wei") == set()
    acting("chen.jie").good("rekey", "--all")
    assert opens(desk, case, "li.wei") == {"report"}
    assert [each["kind"] for each in waiting(desk, "li.wei")] == ["roles"]
    assert acting(STEWARD).plaint("audit").code == 0


def test_leaving_and_keys_of_ones_own_do_not_wait(desk: Desk, acting: As) -> None:
    public, _recipient = newcomer(desk.having(), "spare")
    acting("li.wei").good("member", "rotate", "li.wei", "--signing-key", public)
    assert waiting(desk, "li.wei") == []
    acting(STEWARD).good("member", "leave", "wang.fang")
    acting("wang.fang").plaint("todo", "--mine").fails(2, "wang.fang is no member")


def test_a_joining_is_taken_back(desk: Desk, acting: As) -> None:
    propose(acting, "gao.lan", "intake")
    assert "gao.lan does not join" in acting(STEWARD).good("member", "leave", "gao.lan")
    acting(SUPERVISOR).plaint("member", "approve", "gao.lan").fails(2, "nothing of gao.lan waits")
    assert waiting(desk, "gao.lan") == []
    assert "gao.lan" not in desk.good("member", "list")
    assert desk.check() == []
    assert acting(STEWARD).plaint("audit").code == 0
