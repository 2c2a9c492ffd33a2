"""A case's whole course by the installed command alone, each step by another member: what git, age and `plaint check` say after every one of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import MEMBERS, Plaint
from course import COMPARTMENTS, Course

IDENTITY = {"name": "Wú Qīngsōng 吴青松", "contact": {"phone": "010-5550-7781", "email": "wu@example.org"}, "relation": "供应商"}
REPORT = {
    "title": "招标前的宴请",
    "narrative": "九月十二日晚，采购经理在招标前\n接受了两家投标人的宴请。\n\n- “yes: no” # 0x1F\n",
    "when": "2026-09-12",
    "who": "采购经理 Gao",
}
INTAKE, COORDINATION, DECISION, CUSTODY = {"li.wei"}, {"chen.jie"}, {"liu.yang"}, {"he.ping"}
TEAM = {"wang.fang", "zhao.min"}


def day(text: str) -> str:
    """`11-20 09:30` of 2026 as RFC 3339; another year where it is written out."""
    date, time = text.split()
    return f"{date if date.count('-') == 2 else '2026-' + date}T{time}+08:00"


@pytest.mark.long
def test_from_receipt_to_close(demo: Plaint) -> None:
    """The main road: everything that happens to a case that is looked into."""
    case = Course.begin(demo, "li.wei", day("11-20 12:10"), {"identity": IDENTITY, "report": REPORT}, "--received", "2026-11-20 11:45")
    at_first = {"identity": CUSTODY, "report": INTAKE | COORDINATION | DECISION, "inquiry": COORDINATION | DECISION}
    case.opens(at_first, day("11-20 12:30"), asked=())

    reply = {"report": {"reply": "We have your report of this morning."}}
    case.step(day("11-20 13:00"), "acknowledge", "--result", "delivered", by="li.wei", state="received", body=reply)
    case.step(
        day("11-20 16:20"), "message", "--direction", "from-reporter", by="li.wei", state="received", body={"report": {"note": "There were three guests."}}
    )
    case.step(day("11-23 09:00"), "correct", "--category", "ethics", by="li.wei", state="received")
    assert demo.data("show", case.id)["category"] == "ethics"

    case.step(day("11-23 10:00"), "accept", by="chen.jie", state="accepted")
    assert "knows the field" in case.refused(day("11-23 10:10"), "assign", "--team", "zhao.min,zhao.min", by="chen.jie")
    case.step(
        day("11-23 15:00"),
        "assign",
        "--team",
        "wang.fang",
        "--team",
        "zhao.min",
        by="chen.jie",
        state="inquiry",
        body={"inquiry": {"note": "Begin with the guest list."}},
    )
    with_team = {"identity": CUSTODY, "report": at_first["report"] | TEAM, "inquiry": at_first["inquiry"] | TEAM}
    case.opens(with_team, day("11-23 15:30"), asked=("zhao.min",))

    case.step(
        day("11-25 14:00"),
        "interview",
        "--person",
        "witness",
        by="zhao.min",
        state="inquiry",
        body={"inquiry": {"person": "The head waiter", "statement": "二楼包间，六个人。"}},
    )
    request = case.step(
        day("11-26 09:00"), "disclose", "--step", "request", by="wang.fang", state="inquiry", body={"inquiry": {"reason": "To ask for the photograph."}}
    )
    assert "Identity custodian" in case.refused(day("11-26 09:05"), "disclose", "--step", "grant", "--request", request, by="chen.jie")
    case.step(day("11-26 16:00"), "disclose", "--step", "grant", "--request", request, by="he.ping", state="inquiry")
    disclosed = {**with_team, "identity": CUSTODY | {"wang.fang"}}
    case.opens(disclosed, day("11-26 16:30"), asked=("wang.fang",))
    case.step(
        day("11-27 09:00"),
        "disclose",
        "--step",
        "inform",
        "--request",
        request,
        by="he.ping",
        state="inquiry",
        body={"report": {"reply": "One investigator knows your name now."}},
    )

    case.step(day("11-27 10:00"), "suspend", "--reason", "expert", by="chen.jie", state="inquiry")
    assert "suspended" in case.refused(
        day("11-28 10:00"), "conclude", "--outcome", "partly", by="wang.fang", body={"inquiry": {"course": "a", "findings": "b", "recommendation": "c"}}
    )
    case.step(day("12-07 10:00"), "resume", by="chen.jie", state="inquiry")
    case.step(day("12-08 10:00"), "hear", "--result", "heard", by="wang.fang", state="inquiry", body={"inquiry": {"statement": "He says he paid himself."}})
    case.step(day("12-09 10:00"), "extend", "--clock", "inquiry", "--until", "2027-03-31 18:00", "--reason", "waiting", by="sun.li", state="inquiry")
    (inquiry,) = [clock for clock in demo.data("show", case.id, now=day("12-09 11:00"))["clocks"] if clock["clock"] == "inquiry"]
    assert inquiry["due"] == "2027-03-31T18:00:00+08:00"

    report = {"course": "Two interviews, one hearing.", "findings": "Dinner accepted; 未见利益输送。", "recommendation": "Education; 完善登记。"}
    case.step(day("12-11 17:00"), "conclude", "--outcome", "partly", by="wang.fang", state="concluded", body={"inquiry": report})
    measures = ("--measure", "education:2026-12-31", "--measure", "rule-change:2027-01-08")
    case.step(day("12-14 11:00"), "decide", *measures, by="liu.yang", state="decided", body={"inquiry": {"measures": "A talk, and a register of invitations."}})
    case.step(
        day("12-15 09:30"), "answer", "--result", "delivered", by="li.wei", state="decided", body={"report": {"reply": "It was looked into; a rule changes."}}
    )
    assert "m1, m2" in case.refused(day("12-16 09:00"), "close", by="chen.jie")
    case.step(day("12-28 10:00"), "verify", "--measure", "m1", "--result", "fulfilled", by="sun.li", state="decided")
    case.step(
        day("2027-01-04 10:00"), "verify", "--measure", "m2", "--result", "partly", by="chen.jie", state="decided", body={"inquiry": {"note": "A draft."}}
    )
    assert "m2" in case.refused(day("2027-01-04 10:05"), "close", by="chen.jie")
    case.step(day("2027-01-07 10:00"), "verify", "--measure", "m2", "--result", "fulfilled", by="sun.li", state="decided")
    case.step(day("2027-01-08 10:00"), "close", "--satisfaction", "satisfied", by="chen.jie", state="closed")

    case.opens(disclosed, day("2027-01-09 09:00"))
    shown = demo.data("show", case.id, now=day("2027-01-09 09:00"))
    assert [event["id"] for event in shown["events"]] == [event for _kind, event in case.events]
    assert {clock["status"] for clock in shown["clocks"]} == {"done", "running"}
    (retention,) = [clock for clock in shown["clocks"] if clock["status"] == "running"]
    assert (retention["clock"], retention["due"]) == ("retention", "2030-01-08T10:00:00+08:00")
    assert len(demo.data("log", case.id)) == len(case.events)


@pytest.mark.long
def test_declined_reopened_held_and_disposed_of(demo: Plaint, tmp_path: Path) -> None:
    """The other road: declined, told, closed, opened again, kept for the courts, and forgotten by two people in the end."""
    other = demo.register()
    case = Course.begin(demo, "chen.jie", day("11-20 12:00"), {"identity": IDENTITY, "report": REPORT}, channel="letter")
    case.step(day("11-20 13:00"), "acknowledge", "--result", "unreachable", by="he.ping", state="received")
    case.step(day("11-20 14:00"), "link", "--other", other[:6], "--relation", "duplicate", by="li.wei", state="received")
    demo.good("acknowledge", other, member="li.wei", now=day("11-20 15:00"))
    assert "close is not possible" in case.refused(day("11-23 09:00"), "close", by="chen.jie")
    assert "none of" in case.refused(day("11-23 09:00"), "decline", "--reason", "boredom", by="chen.jie")
    case.step(day("11-23 10:00"), "decline", "--reason", "already-handled", by="chen.jie", state="declined", body={"report": {"note": "See the other one."}})
    demo.good("decline", other, "--reason", "withdrawn", member="chen.jie", now=day("11-23 10:30"))
    assert "notify must come first" in case.refused(day("11-23 11:00"), "close", by="chen.jie")
    case.step(day("11-23 12:00"), "notify", "--result", "delivered", by="li.wei", state="declined", body={"report": {"reply": "We know of it already."}})
    demo.good("notify", other, member="li.wei", now=day("11-23 13:00"))
    case.step(day("11-24 09:00"), "close", "--satisfaction", "dissatisfied", by="chen.jie", state="closed")

    case.step(day("11-25 09:00"), "reopen", "--reason", "review-requested", by="sun.li", state="accepted", body={"report": {"note": "The reporter disagrees."}})
    case.step(day("11-25 10:00"), "grant", "zhou.ning", by="chen.jie", state="accepted")
    readers = {"identity": CUSTODY, "report": INTAKE | COORDINATION | DECISION | {"zhou.ning"}, "inquiry": COORDINATION | DECISION | {"zhou.ning"}}
    case.opens(readers, day("11-25 10:30"), asked=("zhou.ning",))
    case.step(day("11-25 11:00"), "revoke", "zhou.ning", by="chen.jie", state="accepted")
    readers = {name: members - {"zhou.ning"} for name, members in readers.items()}
    case.opens(readers, day("11-25 11:30"), asked=("zhou.ning",))
    case.step(day("11-26 09:00"), "decline", "--reason", "no-grounds", by="chen.jie", state="declined")
    case.step(day("11-26 10:00"), "hold", "--reason", "litigation", by="zhou.ning", state="declined")
    case.step(day("11-26 11:00"), "notify", by="he.ping", state="declined")
    case.step(day("11-27 09:00"), "close", by="chen.jie", state="closed")
    assert len(demo.data("show", case.id)["clocks"]) > 0

    # three years on; by then the made-up cases of the demo are late
    case.alone = True
    assert "hold" in case.refused(day("2029-11-27 10:00"), "dispose", "--step", "propose", by="zhou.ning")
    case.step(day("2029-11-26 10:00"), "release-hold", by="sun.li", state="closed")
    assert "2029-11-27T09:00:00+08:00" in case.refused(day("2029-11-27 08:59"), "dispose", "--step", "propose", by="zhou.ning")
    case.step(day("2029-11-28 09:00"), "dispose", "--step", "propose", by="zhou.ning", state="disposing")
    case.step(day("2029-11-28 10:00"), "dispose", "--step", "withdraw", by="sun.li", state="closed")
    case.step(day("2029-11-29 09:00"), "dispose", "--step", "propose", by="zhou.ning", state="disposing")
    assert "Supervisor" in case.refused(day("2029-11-29 10:00"), "dispose", "--step", "confirm", by="zhou.ning")
    case.opens(readers, day("2029-11-29 11:00"), asked=("he.ping",))
    case.step(day("2029-11-30 09:00"), "dispose", "--step", "confirm", by="sun.li", state="disposed")

    assert demo.keyring(case.id) == {}
    assert demo.keyring(other) != {}
    for member in MEMBERS:
        line = demo.refused("open", case.id, member=member, now=day("2029-12-01 09:00"))
        assert case.id in line
    assert "disposed" in demo.refused("open", case.id, member="he.ping", now=day("2029-12-01 09:00"))
    assert "Disposed of" in case.refused(day("2029-12-01 09:00"), "reopen", "--reason", "supervision", by="sun.li")
    assert demo.good("show", case.id).splitlines()[-1].startswith("Next: nothing")
    nothing_opens(demo, case, fresh_clone(demo, tmp_path / "clone"))


def fresh_clone(demo: Plaint, place: Path) -> Plaint:
    """A clone with every ref, the keyrings too, as it comes over a network."""
    demo.git("clone", "--quiet", "--mirror", f"file://{demo.folder}", place)
    return demo.at(place)


def nothing_opens(demo: Plaint, case: Course, clone: Plaint) -> None:
    """No object of the clone is, for any member or the recovery key, a secret of this case."""
    recipients = {line.split()[-1] for line in demo.record(case.id).decode().partition("events:")[0].splitlines() if "age1" in line}
    assert len(recipients) == len(COMPARTMENTS)
    listed = clone.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(objectsize)")
    blobs = [line.split()[0] for line in listed.splitlines() if line.split()[1] == "blob" and int(line.split()[2]) < 3000]
    keyrings = [data for data in map(clone.blob, blobs) if data.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----")]
    assert keyrings  # those of the other cases
    opened = 0
    for member in (*MEMBERS, "recovery"):
        for sealed in keyrings if member == "recovery" else keyrings[:6]:
            secret = demo.age(demo.identity(member), sealed)
            opened += secret.returncode == 0
            if secret.returncode == 0:
                public = subprocess.run(["age-keygen", "-y"], input=secret.stdout, capture_output=True, check=True).stdout.decode().strip()
                assert public not in recipients
    assert opened > 0


def test_keyrings_sealed_anew(demo: Plaint) -> None:
    """`rekey` seals anew what its author can open and leaves the rest byte for byte; nobody gains or loses by it."""
    case = Course.begin(demo, "li.wei", day("11-20 12:10"), {"identity": IDENTITY, "report": REPORT})
    before = demo.keyring(case.id)
    count = len(demo.git("rev-list", "HEAD").split())
    said = demo.data("rekey", case.id, member="chen.jie", now=day("11-20 13:00"))
    after = demo.keyring(case.id)
    assert said["case"] == case.id
    assert {name for name in after if after[name] != before[name]} == {"inquiry.age", "report.age"}
    assert len(demo.git("rev-list", "HEAD").split()) == count + 1
    case.opens({"identity": CUSTODY, "report": INTAKE | COORDINATION | DECISION, "inquiry": COORDINATION | DECISION}, day("11-20 13:30"), asked=("chen.jie",))
