"""Need to know: who is shut out of a case opens nothing of it and does nothing in it, and nobody can see from outside that anybody was."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from conftest import MEMBERS, Plaint, copy_of
from course import COMPARTMENTS, Course

from plaint.access import Exceptions, exceptions_in

pytestmark = pytest.mark.long

BODY: dict[str, dict[str, Any]] = {"identity": {"name": "方远"}, "report": {"title": "回扣", "narrative": "决策人收受回扣。"}}
ARMOURED = re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----\n(?:.*\n)*?.*-----END AGE ENCRYPTED FILE-----\n?")
REPORT = {"inquiry": {"course": "We asked.", "findings": "It is so.", "recommendation": "To warn him."}}


def at(day: int, hour: int = 9) -> str:
    """A time in November and December 2026."""
    return f"2026-{11 + (day - 1) // 30:02}-{(day - 1) % 30 + 1:02}T{hour:02}:00:00+08:00"


def sealed_texts(demo: Plaint, case: str) -> list[bytes]:
    """Every sealed text in the case's record."""
    record = demo.record(case).decode()
    texts = [text.replace("\n      ", "\n").replace("      -----BEGIN", "-----BEGIN").encode() for text in ARMOURED.findall(record)]
    assert len(texts) == record.count("BEGIN AGE") > 0
    return texts


def secrets_of(demo: Plaint, member: str) -> Iterator[bytes]:
    """A member's own identity, and every case's key that it opens."""
    identity = demo.identity(member)
    yield identity.read_bytes()
    for ref in demo.git("for-each-ref", "--format=%(refname)", "refs/plaint/keys").split():
        for name in demo.git("ls-tree", "--name-only", ref).split():
            opened = demo.age(identity, demo.blob(f"{ref}:{name}"))
            if opened.returncode == 0:
                yield opened.stdout


def is_shut_out(demo: Plaint, case: str, member: str, now: str | None = None) -> None:
    """Nothing of the case opens: not with plaint, and not with age and anything that the member holds or can come by."""
    line = demo.refused("open", case, member=member, now=now)
    assert line == f"plaint: {member} can open nothing of case {case}. after a new role or key, somebody who can open it runs plaint rekey {case}\n"
    for compartment in COMPARTMENTS:
        demo.refused("open", case, "--compartment", compartment, member=member, now=now)
    ring = demo.keyring(case)
    assert set(ring) == {f"{c}.age" for c in COMPARTMENTS}
    every = demo.home / f"{member}.every-secret"
    every.write_bytes(b"\n".join(secrets_of(demo, member)))
    for sealed in (*ring.values(), *sealed_texts(demo, case)):
        for identity in (demo.identity(member), every):
            tried = demo.age(identity, sealed)
            assert tried.returncode != 0
            assert tried.stdout == b""
            assert b"no identity matched" in tried.stderr


@pytest.mark.parametrize("member", ["liu.yang", "wang.fang"])
def test_excluded_at_registration(demo: Plaint, member: str) -> None:
    """With the role that would open it (the decider) or without one so far (an investigator)."""
    case = demo.register(BODY, "--exclude", member, category="ethics", channel="letter")
    is_shut_out(demo, case, member)
    demo.good("accept", case, member="chen.jie")
    if member == "wang.fang":  # the only one who knows the field; a substitute takes it on
        demo.good("member", "roles", "sun.li", "--role", "supervisor", "--role", "investigator", "--expertise", "law", member="zhou.ning")
        demo.good("member", "approve", "sun.li", member="liu.yang")
        before = demo.snapshot()
        refused = demo.refused("assign", case, "--team", "wang.fang,zhao.min", member="chen.jie", now=at(20, 13))
        assert "wang.fang was excluded from this case for a conflict of interest" in refused
        assert "wang.fang was excluded" in demo.refused("grant", case, "wang.fang", member="chen.jie")
        assert demo.snapshot() == before
    team = "wang.fang,zhao.min" if member == "liu.yang" else "sun.li,zhao.min"
    demo.good("assign", case, "--team", team, member="chen.jie", now=at(20, 13))
    demo.good("rekey", case, member="chen.jie", now=at(20, 14))
    demo.good("rekey", case, member="he.ping", now=at(20, 14))
    is_shut_out(demo, case, member)
    # those who may, learn of it; that is how the coordinator knows whom not to ask
    (received,) = [each for each in demo.data("open", case, "--compartment", "report", member="chen.jie") if each["kind"] == "receive"]
    assert received["body"] == {**BODY["report"], "excluded": [member]}
    assert member not in demo.record(case).decode()
    assert member not in demo.git("log", "--format=%B", "--grep", case)
    assert demo.run("check", now=at(20, 15)).returncode == 0


def test_excluded_later(demo: Plaint) -> None:
    """An investigator who had it all, the disclosed identity too: after `revoke` nothing opens, not even what was there before."""
    case = Course.begin(demo, "li.wei", at(20, 12), BODY, category="violation", thorough=False)
    case.step(at(20, 13), "acknowledge", by="li.wei", state="received")
    case.step(at(23), "accept", by="chen.jie", state="accepted")
    case.step(at(23, 10), "assign", "--team", "wang.fang,zhao.min", by="chen.jie", state="inquiry")
    request = case.step(at(23, 11), "disclose", "--step", "request", by="wang.fang", state="inquiry", body={"inquiry": {"reason": "To call back."}})
    case.step(at(23, 12), "disclose", "--step", "grant", "--request", request, by="he.ping", state="inquiry")
    assert {each["compartment"] for each in demo.data("open", case.id, member="wang.fang", now=at(23, 13))} == set(COMPARTMENTS)

    left = demo.run("revoke", case.id, "wang.fang", "--reason", "His brother-in-law", member="chen.jie", now=at(24, 9))
    assert left.returncode == 0
    assert "Not yet shut out of: identity" in left.stderr
    assert {each["compartment"] for each in demo.data("open", case.id, member="wang.fang", now=at(24, 9))} == {"identity"}
    assert demo.run("revoke", case.id, "wang.fang", member="he.ping", now=at(24, 10)).returncode == 0
    is_shut_out(demo, case.id, "wang.fang", at(24, 11))

    # nor does the way lead back, or on
    for event, *options in (("interview", "--person", "witness"), ("conclude", "--outcome", "unsubstantiated")):
        line = case.refused(at(24, 12), event, *options, by="wang.fang", body=REPORT if event == "conclude" else {"inquiry": {"statement": "s"}})
        assert "wang.fang can open nothing" in line
    assert "wang.fang can open nothing" in case.refused(at(24, 12), "disclose", "--step", "request", by="wang.fang")
    assert "wang.fang was excluded" in case.refused(at(24, 12), "assign", "--team", "wang.fang,zhao.min", by="chen.jie")
    assert "wang.fang was excluded" in case.refused(at(24, 12), "grant", "wang.fang", by="chen.jie")

    # what comes later stays shut too; nothing in the open says whom it was about
    case.step(at(25), "message", "--direction", "from-reporter", by="zhao.min", state="inquiry", body={"report": {"note": "More names."}})
    is_shut_out(demo, case.id, "wang.fang", at(25, 10))
    revoked = [event for event in demo.data("show", case.id)["events"] if event["event"] == "revoke"]
    assert [(event["by"], sorted(event["codes"])) for event in revoked] == [("chen.jie", ["keyring"]), ("he.ping", ["keyring"])]
    assert demo.git("log", "--format=%B", "--grep", f"revoke: {case.id}").count("wang.fang") == 0
    assert demo.run("check", "--now", at(25, 12)).returncode == 0


@pytest.mark.parametrize("member", ["chen.jie", "liu.yang", "li.wei", "he.ping"])
def test_who_is_shut_out_does_not_act(demo: Plaint, member: str) -> None:
    """The coordinator does not decline the report about himself."""
    if member == "he.ping":
        demo.good("member", "roles", "zhou.ning", "--role", "steward", "--role", "custodian", member="zhou.ning")
        demo.good("member", "approve", "zhou.ning", member="sun.li")
    case = demo.register(BODY, "--exclude", member, category="violation", member="chen.jie" if member == "li.wei" else "li.wei")
    is_shut_out(demo, case, member)
    attempts = {
        "chen.jie": (("accept",), ("decline", "--reason", "no-grounds"), ("link", "--other", "TNRA", "--relation", "duplicate"), ("revoke", "li.wei")),
        "li.wei": (("acknowledge",), ("correct", "--category", "other")),
        "he.ping": (("acknowledge",), ("revoke", "li.wei"), ("rekey",)),
        "liu.yang": (("revoke", "li.wei"), ("rekey",)),
    }
    before = demo.snapshot()
    for event, *options in attempts[member]:
        done = demo.run(event, case, *options, member=member)
        assert done.returncode == 2, (event, done.stdout)
        assert done.stderr.startswith(f"plaint: {member} can")
        assert done.stderr.count("\n") == 1
        assert demo.snapshot() == before


def shape(armoured: bytes) -> tuple[int, int]:
    """An age file as anybody sees it: how many X25519 recipients, how long the text. (Its "grease" stanzas are of random length: they mean nothing.)"""
    binary = base64.b64decode(b"".join(armoured.split(b"-----")[2].split()))
    header, _mac, text = re.split(rb"\n---( .*)\n", binary, maxsplit=1)
    kinds = re.findall(rb"^-> (\S+) ", header, re.MULTILINE)
    assert all(kind == b"X25519" or kind.endswith(b"-grease") for kind in kinds), kinds
    return kinds.count(b"X25519"), len(text)


def open_part(demo: Plaint, case: str) -> dict[str, Any]:
    """All that anybody without a key can see of a case, with its random parts made alike."""

    def alike(text: str) -> str:
        text = ARMOURED.sub("[sealed]", text)
        text = re.sub(r"age1[0-9a-z]{58}", "[recipient]", text)
        text = re.sub(r"keyring: .*", "keyring: [hash]", text)
        text = re.sub(r"(?<=id: )[0-9a-z]{8}|(?<=Event: )[0-9a-z]{8}", "[event]", text)
        return text.replace(case, "[case]")

    ref = f"refs/plaint/keys/{case}"
    commits = demo.git("log", "--format=%H", "--", demo.path(case)).split()
    return {
        "record": alike(demo.record(case).decode()),
        "sealed": [shape(text) for text in sealed_texts(demo, case)],
        "messages": [alike(demo.git("log", "-1", "--format=%an %ae %cn %ce %B", commit)) for commit in commits],
        "commits": [len(demo.git("cat-file", "commit", commit)) for commit in commits],
        "keyring": {name: shape(data) for name, data in demo.keyring(case).items()},
        "keyring commit": alike(demo.git("log", "-1", "--format=%an %ae %B", ref)),
        "keyring commit size": len(demo.git("cat-file", "commit", ref)),
        "shown": alike(demo.good("show", case)),
        "listed": [alike(line) for line in demo.good("list").splitlines() if case in line],
    }


@pytest.mark.parametrize("crowd", [3, 8])
def test_from_outside_nobody_can_tell(demo: Plaint, crowd: int) -> None:
    """Record, messages, keyring: the same with an exclusion and without, also where one recipient less would need fewer decoys (8 and the recovery)."""
    for i in range(crowd - 3):
        keys = new_keys(demo, f"clerk.{i}")
        demo.good("member", "add", f"clerk.{i}", "--role", "intake", "--signing-key", keys[0], "--recipient", keys[1], member="zhou.ning")
        demo.good("member", "approve", f"clerk.{i}", member="sun.li")
    now = at(21)
    cases = [
        demo.register(BODY, now=now),
        demo.register(BODY, "--exclude", "liu.yang", now=now),
        demo.register(BODY, "--exclude", "wang.fang", "--exclude", "liu.yang", now=now),
    ]
    for case in cases:
        demo.good("acknowledge", case, "--result", "delivered", member="li.wei", now=now)
        demo.good("accept", case, member="chen.jie", now=now)
        demo.good("rekey", case, member="chen.jie", now=now)
    without, *excluding = [open_part(demo, case) for case in cases]
    for each in excluding:
        assert each == without
    assert {name: count for name, (count, _size) in without["keyring"].items()} == {"identity.age": 8, "inquiry.age": 8, "report.age": 8 if crowd == 3 else 16}
    is_shut_out(demo, cases[1], "liu.yang", now)


def new_keys(demo: Plaint, member: str) -> tuple[str, str]:
    """A signing key and an age recipient for somebody new."""
    key, identity = demo.key(member), demo.identity(member)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True)
    return key.with_name(f"{member}.pub").read_text().strip(), next(line.split()[-1] for line in identity.read_text().splitlines() if "public key" in line)


def test_a_case_is_never_shut_to_everybody(demo: Plaint) -> None:
    """Exclusions that would leave a part of the case to the recovery key alone are refused, at registration and later."""
    before = demo.snapshot()
    register = ("register", "--channel", "phone", "--category", "other", "--body", "-")
    for excluded, word in ((["he.ping"], "identity"), (["chen.jie", "liu.yang"], "inquiry"), (["recovery"], "no member"), (["nobody"], "no member")):
        options = [option for member in excluded for option in ("--exclude", member)]
        line = demo.refused(*register, *options, member="li.wei", input=json.dumps(BODY))
        assert word in line
    assert demo.snapshot() == before

    case = demo.register(BODY)
    assert "nobody is left who may open identity" in demo.refused("revoke", case, "he.ping", member="he.ping")
    demo.good("revoke", case, "liu.yang", member="chen.jie")
    before = demo.snapshot()
    assert "nobody is left who may open inquiry" in demo.refused("revoke", case, "chen.jie", member="chen.jie")
    assert "no member" in demo.refused("revoke", case, "recovery", member="chen.jie")
    assert demo.snapshot() == before
    for sealed in demo.keyring(case).values():
        assert demo.age(demo.identity("recovery"), sealed).stdout.startswith(b"AGE-SECRET-KEY-1")


def test_the_identity_is_opened_on_request_alone(demo: Plaint) -> None:
    """Only a custodian discloses, only what was asked for on record, and to whoever asked; `grant` is no way round."""
    case = Course.begin(demo, "li.wei", at(20, 12), BODY, thorough=False)
    case.step(at(20, 13), "acknowledge", by="li.wei", state="received")
    request = case.step(at(20, 13), "disclose", "--step", "request", by="chen.jie", state="received", body={"inquiry": {"reason": "To ask again."}})
    for member in set(MEMBERS) - {"he.ping"}:
        assert "Identity custodian" in case.refused(at(20, 14), "disclose", "--step", "grant", "--request", request, by=member)
    assert "no open request" in case.refused(at(20, 14), "disclose", "--step", "grant", "--request", case.events[0][1], by="he.ping")
    for member in ("he.ping", "chen.jie", "sun.li"):
        case.refused(at(20, 14), "grant", "liu.yang", "--compartment", "identity", by=member)
    case.refused(at(20, 14), "grant", "sun.li", by="he.ping")

    case.step(at(20, 15), "disclose", "--step", "refuse", "--request", request, by="he.ping", state="received")
    demo.refused("open", case.id, "--compartment", "identity", member="chen.jie", now=at(20, 15))
    assert "no open request" in case.refused(at(20, 16), "disclose", "--step", "grant", "--request", request, by="he.ping")

    again = case.step(at(23), "disclose", "--step", "request", by="chen.jie", state="received")
    case.step(at(23, 10), "disclose", "--step", "grant", "--request", again, by="he.ping", state="received")
    (text,) = demo.data("open", case.id, "--compartment", "identity", member="chen.jie", now=at(23, 11))
    assert text["body"]["name"] == BODY["identity"]["name"]
    for member in set(MEMBERS) - {"he.ping", "chen.jie"}:
        assert demo.age(demo.identity(member), demo.keyring(case.id)["identity.age"]).returncode != 0
    # now that the coordinator can open it, it is still not the coordinator's to pass on
    assert "identity" in case.refused(at(23, 12), "grant", "zhou.ning", "--compartment", "identity", by="chen.jie")
    case.step(at(23, 12), "grant", "zhou.ning", by="chen.jie", state="received")
    assert demo.age(demo.identity("zhou.ning"), demo.keyring(case.id)["identity.age"]).returncode != 0


def test_nobody_lets_themselves_in_by_what_they_write(demo: Plaint) -> None:
    """Texts that somebody may write into a part they cannot open say nothing of who may open it; a program that writes them all the same is not heeded."""
    case = demo.register(BODY)
    for word in ("granted", "withdrawn", "excluded"):
        line = demo.refused("correct", case, "--body", "-", input=json.dumps({"identity": {"note": "x", word: ["li.wei"]}}), member="li.wei")
        assert f"correct cannot say who may open the case: `{word}`" in line
    line = demo.refused(
        "register", "--channel", "phone", "--category", "other", "--body", "-", input=json.dumps({"report": {"granted": ["li.wei"]}}), member="li.wei"
    )
    assert "receive cannot say" in line
    said = [
        ("receive", {"excluded": ["li.wei"], "granted": ["sun.li"]}),
        ("correct", {"granted": ["li.wei"], "withdrawn": ["li.wei"]}),
        ("revoke", {"granted": ["sun.li"]}),
    ]
    assert exceptions_in(said) == Exceptions(excluded=frozenset({"li.wei"}))
    assert exceptions_in([*said, ("grant", {"withdrawn": ["li.wei"], "granted": ["li.wei"]})]) == Exceptions(granted=frozenset({"li.wei"}))


def test_who_acts_is_who_was_named(demo: Plaint) -> None:
    """`--as` says who acts, and the argument whom it is about: not the other way round."""
    case = demo.register(BODY)
    for command, other in (("grant", "sun.li"), ("revoke", "liu.yang")):
        done = demo.run(command, case, other, "--as", "chen.jie", "--format", "json", env={"PYTHONWARNINGS": "error"})
        assert done.returncode == 0, done.stderr
        assert demo.data("show", case)["events"][-1]["by"] == "chen.jie"
        assert demo.git("log", "-1", "--format=%an").strip() == "chen.jie"
    assert "it takes the role" in demo.refused("revoke", case, "liu.yang", "--as", "sun.li")


def test_duties_are_kept_apart(demo: Plaint) -> None:
    """Roles may meet in one person; two duties of one case do not."""
    demo.good("member", "roles", "wang.fang", "--role", "investigator", "--role", "decider", "--role", "supervisor", "--expertise", "law", member="zhou.ning")
    demo.good("member", "approve", "wang.fang", member="sun.li")
    demo.good("member", "roles", "liu.yang", "--role", "decider", "--role", "coordinator", member="zhou.ning")
    demo.good("member", "approve", "liu.yang", member="sun.li")
    demo.good("member", "roles", "he.ping", "--role", "custodian", "--role", "coordinator", member="zhou.ning")
    demo.good("member", "approve", "he.ping", member="sun.li")
    demo.good("member", "roles", "zhou.ning", "--role", "steward", "--role", "supervisor", "--role", "custodian", member="zhou.ning")
    demo.good("member", "approve", "zhou.ning", member="sun.li")
    case = Course.begin(demo, "li.wei", at(21), BODY, category="violation", thorough=False)
    case.step(at(21, 10), "acknowledge", by="li.wei", state="received")
    case.step(at(21, 11), "accept", by="chen.jie", state="accepted")
    case.step(at(21, 12), "assign", "--team", "wang.fang,zhao.min", by="chen.jie", state="inquiry")
    request = case.step(at(22), "disclose", "--step", "request", by="he.ping", state="inquiry")
    assert "he.ping did disclose:request" in case.refused(at(22, 10), "disclose", "--step", "grant", "--request", request, by="he.ping")
    case.step(at(22, 11), "disclose", "--step", "refuse", "--request", request, by="zhou.ning", state="inquiry")
    case.step(at(23), "conclude", "--outcome", "substantiated", by="wang.fang", state="concluded", body=REPORT)
    measures = ("--measure", "warning:2026-12-31")
    text = {"inquiry": {"measures": "A warning."}}
    assert "wang.fang did conclude" in case.refused(at(24), "decide", *measures, by="wang.fang", body=text)
    assert "wang.fang did conclude" in case.refused(at(24), "extend", "--clock", "decision", "--until", "2026-12-24", "--reason", "complex", by="wang.fang")
    case.step(at(24, 10), "decide", *measures, by="liu.yang", state="decided", body=text)
    assert "liu.yang did decide" in case.refused(at(25), "verify", "--measure", "m1", "--result", "fulfilled", by="liu.yang")
    case.step(at(25), "verify", "--measure", "m1", "--result", "fulfilled", by="chen.jie", state="decided")
    case.step(at(25, 10), "answer", by="li.wei", state="decided", body={"report": {"reply": "Done."}})
    case.step(at(25, 11), "close", by="chen.jie", state="closed")
    case.alone = True
    case.step("2029-12-03T09:00+08:00", "dispose", "--step", "propose", by="zhou.ning", state="disposing")
    assert "zhou.ning did dispose:propose" in case.refused("2029-12-03T10:00+08:00", "dispose", "--step", "confirm", by="zhou.ning")


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (("acknowledge",), {"liu.yang", "sun.li", "zhou.ning", "wang.fang"}),
        (("accept",), {"li.wei", "liu.yang", "sun.li", "zhou.ning", "he.ping"}),
        (("extend", "--clock", "screening", "--until", "2026-12-20"), {"chen.jie", "li.wei", "liu.yang"}),
        (("hold", "--reason", "audit"), {"chen.jie", "li.wei", "liu.yang"}),
        (("grant", "zhao.min"), {"li.wei", "he.ping", "sun.li", "liu.yang"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_it_takes_the_role(demo_once: Plaint, command: tuple[str, ...], wrong: set[str], tmp_path: Any) -> None:
    """A member without the role is told which role it takes; nothing is recorded."""
    demo = copy_of(demo_once, tmp_path)
    case = demo.register(BODY)
    before = demo.snapshot()
    for member in sorted(wrong):
        done = demo.run(command[0], case, *command[1:], member=member)
        assert done.returncode == 2, (member, done.stdout)
        assert "it takes the role" in done.stderr or "cannot open" in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1
    assert demo.snapshot() == before


def all_objects(demo: Plaint) -> list[bytes]:
    """Every blob in the object store, whether anything names it or not."""
    lines = demo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    return [demo.blob(sha) for sha, kind in map(str.split, lines) if kind == "blob"]


def opens_some(demo: Plaint, member: str, blobs: Iterable[bytes]) -> int:
    """How many of the age files among them this member's own key opens, by hand."""
    return sum(demo.age(demo.identity(member), blob).returncode == 0 for blob in blobs if blob.startswith(b"-----BEGIN AGE"))


def test_a_keyring_that_was_replaced_is_gone_at_once(demo: Plaint) -> None:
    """Not only unnamed: an object that lies there until git tidies up would still open what was closed."""
    case = demo.register(now=at(23, 9))
    before = opens_some(demo, "liu.yang", all_objects(demo))
    demo.good("revoke", case, "liu.yang", "--reason", "His cousin", member="chen.jie", now=at(23, 10))
    after = all_objects(demo)
    assert opens_some(demo, "liu.yang", after) == before - 2  # report and inquiry
    assert opens_some(demo, "chen.jie", demo.keyring(case).values()) == 2
    assert demo.git("fsck", "--no-dangling", "--strict") == ""


def test_an_exclusion_can_be_lifted(demo: Plaint) -> None:
    case = demo.register({"report": {"title": "Late again"}}, now=at(23, 9))
    demo.good("revoke", case, "liu.yang", "--reason", "The same name", member="chen.jie", now=at(23, 10))
    demo.refused("open", case, member="liu.yang")
    assert "excluded" in demo.refused("grant", case, "liu.yang", member="chen.jie", now=at(23, 11))
    assert "takes a reason" in demo.refused("grant", case, "liu.yang", "--lift", member="chen.jie", now=at(23, 11))
    demo.good("grant", case, "liu.yang", "--lift", "--reason", "Another person", member="chen.jie", now=at(23, 11))
    assert "Late again" in demo.good("open", case, member="liu.yang")
    assert "liu.yang" not in demo.record(case).decode()
