"""Members come, change and go: each step a signed commit by somebody with the role for it, and what their keys open before and after, by age itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from terminal import Desk

from plaint.cli.group import plaint

NOW = "2026-11-20T12:00:00+08:00"
STEWARD = "zhou.ning"
SUPERVISOR = "sun.li"
COMPARTMENTS = ("identity", "report", "inquiry")

As = Callable[[str], Desk]


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("members")
    Desk(folder, folder).good("demo", "org", "--cases", "6", "--today", "2026-11-20")
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


def newcomer(desk: Desk, member: str) -> tuple[str, str]:
    """Signing key and recipient of somebody who makes their keys at home; the keys lie where the demo's do."""
    keys = desk.folder / ".demo-keys"
    for old in (keys / member, keys / f"{member}.pub", keys / f"{member}.age-identity"):
        if old.exists():
            old.rename(old.with_name("old-" + old.name))
    done = desk.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "somebody@home", "-f", keys / member)
    assert done.code == 0, done.stderr
    made = desk.run("age-keygen", "-o", keys / f"{member}.age-identity")
    assert made.code == 0, made.stderr
    return (keys / f"{member}.pub").read_text().strip(), desk.run("age-keygen", "-y", keys / f"{member}.age-identity").stdout.strip()


def add(acting: As, member: str, *roles: str) -> None:
    steward = acting(STEWARD)
    public, recipient = newcomer(steward, member)
    words = [word for role in roles for word in ("--role", role)]
    steward.good("member", "add", member, "--signing-key", public, "--recipient", recipient, *words)
    approve(acting, member)


def approve(acting: As, member: str) -> None:
    """What the steward proposed counts."""
    acting(SUPERVISOR).good("member", "approve", member)


def opens(desk: Desk, case: str, identity: str) -> set[str]:
    """The compartments that an identity file opens, by age itself."""
    path = desk.folder / ".demo-keys" / f"{identity}.age-identity"
    found = set()
    for compartment in COMPARTMENTS:
        sealed = desk.git("show", f"refs/plaint/keys/{case}:{compartment}.age") + "\n"
        done = desk.run("age", "-d", "-i", path, stdin=sealed)
        if done.code == 0:
            assert done.stdout.startswith("AGE-SECRET-KEY-1")
            found.add(compartment)
    return found


def open_cases(desk: Desk) -> list[str]:
    return [each["case"] for each in desk.data("list") if each["state"] != "disposed"]


def is_sound(desk: Desk, signer: str, path: str) -> None:
    """The last commit touches that file alone, is the signer's and is signed with their key in the member's record."""
    assert desk.check() == []
    assert desk.is_clean()
    assert desk.git("show", "--format=%an", "--name-only", "HEAD").split() == [signer, path]
    public = next(each["signing"][0] for each in desk.data("member", "list") if each["member"] == signer)
    signers = desk.home / "allowed"
    signers.write_text(f"* {public}\n")
    assert desk.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "-1", "--format=%G?") == "G"
    # append-only: the new file begins with the old one
    old = desk.run("git", "show", f"HEAD^:{path}")
    assert desk.git("show", f"HEAD:{path}").startswith(old.stdout if old.code == 0 else "")


def test_list(desk: Desk) -> None:
    assert [each["member"] for each in desk.data("member", "list")] == [
        "chen.jie", "he.ping", "li.wei", "liu.yang", "sun.li", "wang.fang", "zhao.min", "zhou.ning",
    ]  # fmt: skip
    assert "Intake officer" in desk.good("member", "list")
    assert "受理员" in desk.having(PLAINT_LANG="zh").good("member", "list")


@pytest.mark.long
def test_keys_makes_what_the_steward_needs(desk: Desk, acting: As) -> None:
    home = desk.home / ".config" / "plaint"
    done = desk.having(PLAINT_PASSPHRASE="a good one").plaint("member", "keys", "gao.lan")
    assert done.code == 0
    assert "AGE-SECRET-KEY" not in done.stdout + done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["gao.lan.age-identity", "gao.lan.signing", "gao.lan.signing.pub"]
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    lost = desk.having(PLAINT_PASSPHRASE="a good one").plaint("member", "keys", "gao.lan")  # whoever lost the line prints it again
    assert (lost.code, lost.stdout) == (0, done.stdout)
    assert "Nothing new was made" in lost.stderr
    line = done.stdout.strip().replace("…", "investigator --expertise law")
    assert acting(STEWARD).run("sh", "-c", line).code == 0
    is_sound(desk, STEWARD, "members/gao.lan.yaml")
    approve(acting, "gao.lan")
    theirs = desk.having(PLAINT_SIGNING_KEY=str(home / "gao.lan.signing"), PLAINT_PASSPHRASE="a good one")
    assert "✗" not in theirs.good("doctor")
    # keys are never overwritten
    desk.having(PLAINT_PASSPHRASE="another").plaint("member", "keys", "gao.lan").fails(2, "the passphrase is wrong", "move the old away first")
    desk.plaint("member", "keys", "gao.lan").fails(2, "under a passphrase", "move the old away first")
    for words in ((), ("--again",)):  # in a clone it is plain that the record has them
        desk.having(PLAINT_PASSPHRASE="a good one").plaint("member", "keys", "gao.lan", *words).fails(2, "gao.lan's record has these keys already")
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    desk.plaint("member", "keys", "no.passphrase").fails(2, "needs a passphrase", "PLAINT_PASSPHRASE")
    assert not (home / "no.passphrase.signing").exists()


@pytest.mark.long
def test_a_member_is_given_the_line_for_new_keys(desk: Desk, acting: As) -> None:
    """In the clone without being told, elsewhere with --again; run twice by the steward it is one proposal."""
    at_home = desk.having(PLAINT_PASSPHRASE="a good one")
    first = at_home.good("member", "keys", "li.wei")
    assert re.fullmatch(r'plaint member rotate li\.wei --signing-key "ssh-ed25519 \S+" --recipient age1\w+\n', first)
    assert at_home.good("member", "keys", "li.wei") == first
    assert at_home.at(desk.home).good("member", "keys", "li.wei", "--again") == first
    assert acting(STEWARD).run("sh", "-c", first).code == 0
    before = desk.refs()
    acting(STEWARD).run("sh", "-c", first).fails(2, "the same change of li.wei waits for approval already", "plaint member approve li.wei")
    assert desk.refs() == before
    approve(acting, "li.wei")
    acting(STEWARD).run("sh", "-c", first).fails(2, "li.wei's record has these keys already")
    acting(STEWARD).good("member", "roles", "li.wei", "--role", "decider")
    acting(STEWARD).plaint("member", "roles", "li.wei", "--role", "decider").fails(2, "waits for approval already")
    # the identity alone is lost: the signing key, which is on record, stays
    (desk.home / ".config" / "plaint" / "li.wei.age-identity").unlink()
    assert re.fullmatch(r"plaint member rotate li\.wei --recipient age1\w+\n", at_home.good("member", "keys", "li.wei"))
    everything = at_home.at(desk.home).good("member", "keys", "li.wei", "--again")  # who has no clone here cannot tell, and the steward's leaves it out
    assert "--signing-key" in everything
    done = acting(STEWARD).run("sh", "-c", everything)
    assert done.code == 0, done.stderr
    (proposal,) = [p for m in desk.data("member", "list") if m["member"] == "li.wei" for p in m["waiting"] if p["kind"] == "rotate"]
    assert "signing" not in proposal
    assert desk.check() == []


@pytest.mark.long
def test_a_new_member_gets_no_old_case_until_let_in(desk: Desk, acting: As) -> None:
    cases = open_cases(desk)
    add(acting, "gao.lan", "intake")
    is_sound(desk, SUPERVISOR, "members/gao.lan.yaml")
    assert all(opens(desk, case, "gao.lan") == set() for case in cases)
    acting("gao.lan").plaint("open", cases[0]).fails(2, "gao.lan")
    # a case that comes later is theirs at once
    later = acting("li.wei").register("New to both")
    assert opens(desk, later, "gao.lan") == opens(desk, later, "li.wei") == {"report"}
    # and an old one when somebody who can open it lets them in
    acting("chen.jie").good("grant", cases[0], "gao.lan", "--compartment", "report", "--reason", "covers for li.wei")
    assert opens(desk, cases[0], "gao.lan") == {"report"}
    assert opens(desk, cases[1], "gao.lan") == set()
    assert "gao.lan" not in desk.git("show", "HEAD"), "who was let in is sealed"
    acting("chen.jie").good("rekey", "--all")
    assert all(opens(desk, case, "gao.lan") == {"report"} for case in cases)
    # in a conflict of interest, shut out of one again; rekey does not let them back in
    done = acting("chen.jie").plaint("revoke", cases[0], "gao.lan", "--compartment", "report", "--reason", "a relative")
    assert done.code == 0, done.stderr
    assert "gao.lan" not in desk.git("show", "HEAD")
    acting("chen.jie").good("rekey", cases[0])
    assert opens(desk, cases[0], "gao.lan") == set()
    assert opens(desk, cases[1], "gao.lan") == {"report"}
    assert desk.check() == []


@pytest.mark.long
def test_leaving_shuts_out_and_keeps_the_others(desk: Desk, acting: As) -> None:
    """Whoever leaves opens nothing of what is sealed anew; the others open what they did. Counted with age, keyring by keyring."""
    cases = open_cases(desk)
    people = ("chen.jie", "he.ping", "li.wei", "liu.yang", "wang.fang", "recovery")
    before = {(case, who): opens(desk, case, who) for case in cases for who in people}
    assert sum(bool(before[case, "li.wei"]) for case in cases) == len(cases)

    add(acting, "gao.lan", "intake")  # so that the role stays with somebody
    old = {case: desk.git("rev-parse", f"refs/plaint/keys/{case}") for case in cases}
    done = acting(STEWARD).plaint("member", "leave", "li.wei")
    assert done.code == 0, done.stderr
    assert "0 of" in done.stdout  # a steward opens nothing, and says who must go on
    assert "plaint rekey --all" in done.stdout
    assert "cannot be unread" in done.stderr
    is_sound(desk, STEWARD, "members/li.wei.yaml")
    assert desk.good("check").count("K207") == len(cases)
    acting("wang.fang").plaint("rekey", cases[0]).fails(2, "wang.fang may not", "Case coordinator")
    acting(STEWARD).plaint("rekey", "--all").fails(2, "zhou.ning can seal no keyring anew")
    acting("he.ping").good("rekey", "--all")  # the custodian seals the identity anew, and li.wei was let into the report
    assert desk.good("check").count("K207") == len(cases)
    acting("chen.jie").good("rekey", "--all")
    assert "K207" not in desk.good("check")

    for case in cases:
        assert desk.git("rev-parse", f"refs/plaint/keys/{case}") != old[case]
        assert opens(desk, case, "li.wei") == set()
        for who in people:
            if who != "li.wei":
                assert opens(desk, case, who) == before[case, who], (case, who)
        # the old keyring is not told of by any ref; what was opened before cannot be unread
        assert old[case] not in desk.refs()
    assert desk.check() == []
    assert desk.run("git", "fsck", "--strict").code == 0
    assert len(acting("gao.lan").data("list")) == len(desk.data("list"))


def test_who_left_can_act_no_more(desk: Desk, acting: As) -> None:
    add(acting, "gao.lan", "intake")
    acting(STEWARD).good("member", "leave", "li.wei")
    public, _recipient = newcomer(desk, "no.body")
    before = desk.refs()
    body = "report: {title: 'too late'}"
    for command in (
        ("register", "--channel", "phone", "--category", "other", "--body", "-"),
        ("acknowledge", desk.data("list")[-1]["case"]),
        ("member", "rotate", "li.wei", "--signing-key", public),
        ("rekey", "--all"),
    ):
        acting("li.wei").plaint(*command, stdin=body).fails(2, "li.wei is no member of this organisation")
    # nor by taking another's name with the old key
    desk.having(PLAINT_MEMBER="chen.jie", PLAINT_SIGNING_KEY=str(desk.folder / ".demo-keys" / "li.wei")).plaint(
        "register", "--channel", "phone", "--category", "other", "--body", "-", stdin=body
    ).fails(3, "is not one of chen.jie's")
    gone = desk.having(PLAINT_SIGNING_KEY=str(desk.folder / ".demo-keys" / "li.wei")).plaint("todo", "--mine")
    gone.fails(2, "the signing key that git would use is of li.wei, who left or has another by now")
    assert desk.refs() == before
    assert "li.wei" not in {each["member"] for each in desk.data("member", "list")}
    assert "li.wei" in desk.good("member", "list", "--all")
    assert desk.check() == []  # what they did stays good


@pytest.mark.long
def test_who_comes_back_joins_under_a_new_id(desk: Desk, acting: As) -> None:
    add(acting, "gao.lan", "intake")
    steward = acting(STEWARD)
    steward.good("member", "leave", "li.wei")
    public, recipient = newcomer(steward, "li.wei.2")
    words = ("--signing-key", public, "--recipient", recipient, "--role", "intake")
    steward.plaint("member", "add", "li.wei", *words).fails(2, "li.wei was a member and has left", "new id")
    steward.good("member", "add", "li.wei.2", *words)
    approve(acting, "li.wei.2")
    assert acting("li.wei.2").register("Back again")
    assert desk.check() == []


@pytest.mark.long
def test_rotate(desk: Desk, acting: As) -> None:
    """A lost laptop: the old key signs nothing new, what it signed stays good, and the new identity is let in."""
    cases = open_cases(desk)
    events = desk.data("show", cases[0])["events"]
    public, recipient = newcomer(desk, "li.wei")
    steward = acting(STEWARD)
    steward.good("member", "rotate", "li.wei", "--signing-key", public, "--recipient", recipient)
    is_sound(desk, STEWARD, "members/li.wei.yaml")
    approve(acting, "li.wei")

    old = acting("li.wei").having(PLAINT_SIGNING_KEY=str(desk.folder / ".demo-keys" / "old-li.wei"))
    body = "report: {title: 'stolen'}"
    before = desk.refs()
    old.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin=body).fails(3, "is not one of li.wei's")
    assert desk.refs() == before
    assert desk.data("show", cases[0])["events"] == events

    new = acting("li.wei")
    later = new.register("By the new key")
    assert opens(desk, later, "li.wei") == {"report"}
    assert opens(desk, later, "old-li.wei") == set()
    assert opens(desk, cases[0], "li.wei") == set()
    acting("chen.jie").good("rekey", "--all")
    assert opens(desk, cases[0], "li.wei") == {"report"}
    assert opens(desk, cases[0], "old-li.wei") == set()
    assert desk.check() == []


def test_own_keys_are_rotated_without_a_steward(desk: Desk, acting: As) -> None:
    old = {name: (desk.folder / ".demo-keys" / name).read_bytes() for name in ("li.wei", "li.wei.pub")}
    public, _recipient = newcomer(desk, "li.wei")
    (desk.folder / ".demo-keys" / "new.pub").write_text(public + "\n")
    for name, data in old.items():  # signed with the old key, for the new one is not on record yet
        (desk.folder / ".demo-keys" / name).write_bytes(data)
    acting("li.wei").good("member", "rotate", "li.wei", "--signing-key", str(desk.folder / ".demo-keys" / "new.pub"))
    assert desk.check() == []
    acting("li.wei").plaint("member", "rotate", "chen.jie", "--signing-key", public).fails(2)


def test_roles(desk: Desk, acting: As) -> None:
    acting("liu.yang").plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}").fails(
        2, "liu.yang may not receive"
    )
    acting(STEWARD).good("member", "roles", "liu.yang", "--role", "decider", "--role", "intake", "--expertise", "law")
    is_sound(desk, STEWARD, "members/liu.yang.yaml")
    approve(acting, "liu.yang")
    case = acting("liu.yang").register("Now they may")
    assert opens(desk, case, "liu.yang") == {"report", "inquiry"}
    assert {m["member"]: m for m in desk.data("member", "list")}["liu.yang"]["expertise"] == ["law"]


@pytest.mark.parametrize("member", ["li.wei", "chen.jie", "liu.yang", "he.ping"])
def test_only_a_steward_changes_members(desk: Desk, acting: As, member: str) -> None:
    public, recipient = newcomer(desk, "gao.lan")
    before = desk.refs()
    for command in (
        ("add", "gao.lan", "--role", "intake", "--signing-key", public, "--recipient", recipient),
        ("roles", "wang.fang", "--role", "intake"),
        ("roles", member, "--role", "steward"),
        ("rotate", "wang.fang", "--recipient", recipient),
        ("leave", "wang.fang"),
    ):
        acting(member).plaint("member", *command).fails(2, f"{member} may not change members")
    assert desk.refs() == before
    assert desk.is_clean()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("leave", "zhou.ning"), ("nobody signs their own leaving",)),
        (("leave", "no.body"), ("no.body is no member",)),
        (("roles", "no.body", "--role", "intake"), ("no.body is no member",)),
        (("roles", "li.wei", "--role", "boss"), ("boss is none of", "intake")),
        (("roles", "zhou.ning", "--role", "intake"), ("nobody would be left who may change the members",)),
        (("rotate", "li.wei"), ("nothing to change", "--signing-key")),
        (("rotate", "li.wei", "--recipient", "age1x"), ("not an age recipient",)),
        (("rotate", "li.wei", "--signing-key", "rubbish"), ("no SSH public key",)),
        (("add", "li.wei", "--role", "intake", "--signing-key", "ssh-ed25519 AAAA", "--recipient", "age1x"), ("li.wei is a member already",)),
        (("add", "Gao", "--role", "intake", "--signing-key", "ssh-ed25519 AAAA", "--recipient", "age1x"), ("Gao is no member id",)),
        (("approve", "li.wei"), ("nothing of li.wei waits for approval", "plaint member list")),
        (("approve", "no.body"), ("nothing of no.body waits for approval",)),
    ],
)
def test_what_is_refused(desk: Desk, acting: As, command: tuple[str, ...], words: tuple[str, ...]) -> None:
    before = desk.refs()
    acting(STEWARD).plaint("member", *command).fails(2, *words)
    assert desk.refs() == before


def test_a_key_belongs_to_one(desk: Desk, acting: As) -> None:
    theirs = (desk.folder / ".demo-keys" / "chen.jie.pub").read_text()
    public, recipient = newcomer(desk, "gao.lan")
    taken = {m["member"]: m["recipient"] for m in desk.data("member", "list")}["chen.jie"]
    for key, age in ((theirs, recipient), (public, taken)):
        acting(STEWARD).plaint("member", "add", "gao.lan", "--role", "intake", "--signing-key", key, "--recipient", age).fails(2, "this key is chen.jie's")


def test_the_last_of_a_role_does_not_leave_unnoticed(desk: Desk, acting: As) -> None:
    steward = acting(STEWARD)
    for command in (("leave", "he.ping"), ("leave", "wang.fang")):
        done = steward.plaint("member", *command)
        assert done.code == 0
        assert "warning: " in done.stderr, command
    warnings = steward.plaint("policy", "lint").stdout
    assert "Identity custodian" in warnings
    # and one of two does
    add(acting, "gao.lan", "decider", "supervisor", "coordinator")
    done = steward.plaint("member", "leave", "chen.jie")
    assert done.code == 0
    assert "Case coordinator" not in done.stderr


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def test_no_argument_takes_the_name_of_who_acts() -> None:
    """`plaint grant CASE MEMBER` once acted as that member: its argument and `--as` had the same name."""
    for name, command in commands(plaint):
        names = [parameter.name for parameter in command.params]
        assert len(names) == len(set(names)), f"plaint {name}: {names}"
