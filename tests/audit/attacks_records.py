"""Attacks on records: what stands in them edited, dropped, moved, copied; what is added no event, or one that was not to be recorded."""

from __future__ import annotations

import re
from hashlib import sha256

from attack import Book
from evil import CASES, Org, at, message_of, new_id

from plaint.model.record import parse
from plaint.seal.age import encrypt, generate

attack = Book()
MAIN = "cases/2026/C0DD-0003.yaml"


def edited(org: Org, old: str, new: str, by: str = "li.wei", path: str = MAIN) -> str:
    """A record with some words replaced, committed."""
    text = org.read(path).decode()
    assert old in text
    return org.commit({path: text.replace(old, new, 1)}, by)


def blocks(org: Org, path: str = MAIN) -> tuple[str, list[str]]:
    """The header, and the text of each event."""
    head, *events = re.split(r"(?m)^(?=- event: )", org.read(path).decode())
    return head, events


def rearranged(org: Org, *order: int) -> str:
    """The record with other events, or in another order."""
    head, events = blocks(org)
    return org.commit({MAIN: head + "".join(events[n] for n in order)}, "li.wei")


def added(org: Org, tail: bytes | str, by: str = "li.wei", case: str = "main", id_: str = "", kind: str = "message") -> str:
    """Text at the end of a record, in a commit that says it is an event."""
    path = org.path(case)
    data = tail.encode() if isinstance(tail, str) else tail
    return org.commit({path: org.read(path) + data}, by, message_of(kind, CASES[case], id_ or new_id()))


def sealed_of(org: Org, case: str = "main") -> str:
    """A text sealed in a case's report."""
    return next(e.sealed["report"] for e in parse(org.read(org.path(case)), "").events if "report" in e.sealed)


# What stands there


@attack("A201")
def a_code_is_edited(org: Org) -> str:
    return edited(org, "channel: phone", "channel: letter")


@attack("A201")
def a_time_is_edited(org: Org) -> str:
    return edited(org, "2026-11-02T10:00:00", "2026-11-02T09:30:00")


@attack("A201")
def the_author_of_an_event_is_edited(org: Org) -> str:
    return edited(org, "by: li.wei", "by: chen.jie", "chen.jie")


@attack("A201")
def the_last_event_is_dropped(org: Org) -> str:
    return rearranged(org, 0, 1, 2, 3)


@attack("A201")
def an_event_in_the_middle_is_dropped(org: Org) -> str:
    return rearranged(org, 0, 2, 3, 4)


@attack("A201")
def events_change_places(org: Org) -> str:
    return rearranged(org, 0, 2, 1, 3, 4)


@attack("A201")
def an_event_is_put_between(org: Org) -> str:
    head, events = blocks(org)
    id_, text = org.text_of("main", "message", "li.wei", when=at("2026-11-03T09:00"), sealed=["report"], direction="to-reporter")
    return org.commit({MAIN: head + "".join([*events[:4], text.decode(), events[4]])}, "li.wei", message_of("message", CASES["main"], id_))


@attack("A201")
def a_case_is_put_under_another_policy(org: Org) -> str:
    return edited(org, "policy: 2", "policy: 1")


@attack("A201")
def recipients_change_places(org: Org) -> str:
    identity, report = (re.search(rf"  {c}: (age1\w+)", org.read(MAIN).decode())[1] for c in ("identity", "report"))
    text = org.read(MAIN).decode().replace(identity, "X").replace(report, identity).replace("X", report)
    return org.commit({MAIN: text}, "li.wei")


@attack("A201")
def a_recipient_is_the_attackers(org: Org) -> str:
    report = re.search(r"  report: (age1\w+)", org.read(MAIN).decode())[1]
    return edited(org, report, generate().recipient)


@attack("A201")
def sealed_texts_change_places(org: Org) -> str:
    one, other = (next(e.sealed[c] for e in parse(org.read(MAIN), "").events) for c in ("identity", "report"))
    one, other = (t.replace("\n", "\n      ").rstrip() for t in (one, other))
    text = org.read(MAIN).decode()
    assert one in text
    assert other in text
    return org.commit({MAIN: text.replace(one, "X").replace(other, one).replace("X", other)}, "li.wei")


@attack("A201")
def a_case_is_rolled_back(org: Org) -> str:
    return org.commit({MAIN: org.read(MAIN, "HEAD~12")}, "li.wei")


@attack("A201")
def a_case_is_rolled_back_and_told_anew(org: Org) -> str:
    head, events = blocks(org)
    id_, text = org.text_of("main", "message", "chen.jie", when=org.tick(), sealed=["report"], direction="to-reporter")
    return org.commit({MAIN: head + "".join(events[:3]) + text.decode()}, "chen.jie", message_of("message", CASES["main"], id_), when=org.clock)


@attack("A201")
def a_record_is_emptied(org: Org) -> str:
    return org.commit({MAIN: ""}, "li.wei")


@attack("A201")
def lines_end_otherwise(org: Org) -> str:
    return org.commit({MAIN: org.read(MAIN).replace(b"\n", b"\r\n")}, "li.wei")


@attack("A201")
def a_byte_order_mark_comes_first(org: Org) -> str:
    return org.commit({MAIN: b"\xef\xbb\xbf" + org.read(MAIN)}, "li.wei")


@attack("A201")
def a_comment_is_put_in_the_header(org: Org) -> str:
    return edited(org, "policy: 2\n", "policy: 2 # see below\n")


@attack("A202")
def a_record_is_removed(org: Org) -> str:
    return org.commit({MAIN: None}, "zhou.ning")


@attack("A202", "A104", "A204", "A205", "A302", "A304", "S203", "K107")
def a_case_is_moved_to_another_year(org: Org) -> str:
    return org.commit({MAIN: None, "cases/2025/C0DD-0003.yaml": org.read(MAIN)}, "li.wei")


@attack("S203", "A104", "A204", "A205", "A302", "A304", "K107", check=["S207", "S203"])
def a_case_is_doubled_in_another_year(org: Org) -> str:
    return org.commit({"cases/2025/C0DD-0003.yaml": org.read(MAIN)}, "li.wei")


@attack("S202", "A104", "A204", "A205", "A302", "A304", "K107", check=["S205"])
def a_case_is_doubled_in_small_letters(org: Org) -> str:
    return org.commit({MAIN.replace("C0DD", "c0dd"): org.read(MAIN)}, "li.wei")


# What is added


@attack("A203")
def a_line_end_is_added(org: Org) -> str:
    return added(org, "\n")


@attack("A203")
def a_comment_is_added(org: Org) -> str:
    return added(org, "# the respondent is Mr Smith\n")


@attack("A203")
def an_event_ends_in_a_comment(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick())[1] + b"# x\n", "chen.jie", "new")


@attack("A203")
def an_event_with_carriage_returns(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick())[1].replace(b"\n", b"\r\n"), "chen.jie", "new")


@attack("A203")
def an_event_after_a_byte_order_mark(org: Org) -> str:
    return added(org, b"\xef\xbb\xbf" + org.text_of("new", "accept", "chen.jie", when=org.tick())[1], "chen.jie", "new")


@attack("A203")
def a_zero_byte_is_added(org: Org) -> str:
    return added(org, b"\0")


@attack("A203")
def bytes_that_are_no_text(org: Org) -> str:
    return added(org, b"- event: accept\n  id: h7q2m0xv\n  at: '\xff\xfe'\n  by: chen.jie\n", "chen.jie", "new")


@attack("A203")
def half_an_event(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick())[1][:-9], "chen.jie", "new")


@attack("A203")
def an_event_written_otherwise(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick())[1].replace(b"'", b'"'), "chen.jie", "new")


@attack("A203")
def an_event_with_an_anchor(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick())[1].replace(b"by: ", b"by: &me "), "chen.jie", "new")


@attack("A203")
def free_text_in_the_clear(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick(), note="Mr Smith")[1], "chen.jie", "new")


@attack("A203")
def a_sealed_text_that_is_not_sealed(org: Org) -> str:
    return added(org, org.text_of("new", "accept", "chen.jie", when=org.tick(), sealed={"report": "Mr Smith\n"})[1], "chen.jie", "new")


@attack("A203")
def an_event_that_nobody_knows(org: Org) -> str:
    return added(org, org.text_of("new", "pardon", "chen.jie", when=org.tick())[1], "chen.jie", "new")


@attack("T111", "T106")
def an_event_is_recorded_twice(org: Org) -> str:
    id_ = parse(org.read(org.path("new")), "").events[1].id
    return org.event("new", "acknowledge", "li.wei", id_=id_, result="delivered")


@attack("K107")
def a_sealed_text_is_copied_to_another_case(org: Org) -> str:
    return org.event("new", "message", "li.wei", sealed={"report": sealed_of(org)}, direction="to-reporter")


@attack("K107")
def a_sealed_text_is_copied_to_another_event(org: Org) -> str:
    return org.event("main", "message", "li.wei", sealed={"report": sealed_of(org)}, direction="to-reporter")


@attack("K107")
def a_sealed_text_is_copied_to_another_compartment(org: Org) -> str:
    return org.event("main", "interview", "wang.fang", sealed={"inquiry": sealed_of(org)}, person="witness")


@attack("K103")
def a_text_is_sealed_to_a_stranger_too(org: Org) -> str:
    recipients = [re.search(r"  report: (age1\w+)", org.read(MAIN).decode())[1], generate().recipient]
    return org.event("main", "message", "li.wei", sealed={"report": encrypt(b"text", recipients)}, direction="to-reporter")


@attack("K105", "T107")
def a_text_in_a_compartment_that_is_not_there(org: Org) -> str:
    texts = {"report": sealed_again(org), "reporter": sealed_again(org)}
    return org.event("main", "interview", "wang.fang", sealed=texts, person="witness")


def sealed_again(org: Org) -> str:
    """Another text for the report."""
    return org.sealed("main", new_id(), ["report"])["report"]


@attack("A204")
def two_events_in_one_commit(org: Org) -> str:
    one, first = org.text_of("main", "message", "li.wei", when=org.tick(), sealed=["report"], direction="to-reporter")
    two, second = org.text_of("main", "message", "li.wei", when=org.clock, sealed=["report"], direction="from-reporter")
    return org.commit({MAIN: org.read(MAIN) + first + second}, "li.wei", message_of("message", CASES["main"], one, CASES["main"], two), when=org.clock)


@attack("A204")
def events_of_two_cases_in_one_commit(org: Org) -> str:
    one, first = org.text_of("main", "message", "chen.jie", when=org.tick(), sealed=["report"], direction="to-reporter")
    two, second = org.text_of("new", "accept", "chen.jie", when=org.clock)
    changes = {MAIN: org.read(MAIN) + first, org.path("new"): org.read(org.path("new")) + second}
    return org.commit(changes, "chen.jie", message_of("message", CASES["main"], one, CASES["new"], two), when=org.clock)


@attack("A204")
def a_member_joins_beside_an_event(org: Org) -> str:
    when = org.tick()
    newcomer = org.member_file("newcomer", ["intake"], "zhou.ning", when)
    return org.event("main", "hold", "zhou.ning", more={"members/newcomer.yaml": newcomer}, reason="audit", when=when)


@attack("A205")
def the_message_names_another_case(org: Org) -> str:
    id_ = new_id()
    return org.event("new", "accept", "chen.jie", id_=id_, message=message_of("accept", CASES["main"], id_))


@attack("A205")
def the_message_names_another_event(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", message=message_of("accept", CASES["new"], new_id()))


@attack("A205")
def the_message_names_nothing(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", message="fix a typing error")


@attack("A205")
def the_message_names_more_than_there_is(org: Org) -> str:
    id_ = new_id()
    return org.event("new", "accept", "chen.jie", id_=id_, message=message_of("accept", CASES["new"], id_, CASES["main"], new_id()))


@attack("A205")
def a_message_tells_of_an_event_that_is_not_there(org: Org) -> str:
    return org.commit({"README.md": "# Works\n"}, "li.wei", message_of("accept", CASES["new"], new_id()))


# Events that were not to be recorded


@attack("T101")
def an_event_after_disposal(org: Org) -> str:
    return org.event("old", "reopen", "sun.li", reason="supervision")


@attack("T101")
def a_decision_without_a_conclusion(org: Org) -> str:
    return org.event("main", "decide", "liu.yang", measures=[], sealed=["inquiry"])


@attack("T103")
def an_event_by_somebody_with_another_role(org: Org) -> str:
    return org.event("new", "accept", "li.wei")


@attack("T103")
def an_interview_by_somebody_outside_the_team(org: Org) -> str:
    return org.event("main", "interview", "liu.yang", person="witness", sealed=["inquiry"])


@attack("T105")
def an_event_before_the_last_one(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", dated=at("2026-11-19T09:30"))


@attack("T107")
def an_event_without_its_text(org: Org) -> str:
    return org.event("main", "interview", "wang.fang", person="witness")


@attack("T108")
def a_team_of_one(org: Org) -> str:
    return org.event("main", "assign", "chen.jie", team=["wang.fang"])


@attack("T109")
def a_reason_that_is_none(org: Org) -> str:
    return org.event("new", "decline", "chen.jie", reason="not-convenient")


@attack("T110")
def a_correction_of_nothing(org: Org) -> str:
    return org.event("main", "correct", "li.wei", corrects="h7q2m0xv")


@attack("R103")
def a_case_is_disposed_of_before_its_time(org: Org) -> str:
    return org.event("done", "dispose", "zhou.ning", step="propose")


# Evidence


def a_sealed_file(text: bytes = b"A") -> bytes:
    """What is evidence."""
    return b"age-encryption.org/v1\n-> X25519 " + text * 43 + b"\n"


def evidence(org: Org, *files: bytes, digest: str = "") -> str:
    """An evidence event of the first file, with all of them beside the case."""
    beside = {f"{MAIN.removesuffix('.yaml')}/e{n}.age": data for n, data in enumerate(files)}
    return org.event("main", "evidence", "wang.fang", more=beside, kind="document", digest=digest or sha256(files[0]).hexdigest(), size="small")


@attack("A403")
def evidence_without_an_event(org: Org) -> str:
    return org.commit({f"{MAIN.removesuffix('.yaml')}/e1.age": a_sealed_file()}, "wang.fang")


@attack("A403")
def evidence_that_is_not_what_the_event_says(org: Org) -> str:
    return evidence(org, a_sealed_file(), digest="0" * 64)


@attack("A403")
def a_second_file_slips_in_with_evidence(org: Org) -> str:
    return evidence(org, a_sealed_file(), a_sealed_file(b"B"))


@attack("A403")
def evidence_is_changed(org: Org) -> str:
    evidence(org, a_sealed_file())
    return org.commit({f"{MAIN.removesuffix('.yaml')}/e0.age": a_sealed_file(b"B")}, "wang.fang")


@attack("A403")
def evidence_is_removed(org: Org) -> str:
    evidence(org, a_sealed_file())
    return org.commit({f"{MAIN.removesuffix('.yaml')}/e0.age": None}, "wang.fang")


@attack("A402")
def evidence_is_made_to_run(org: Org) -> str:
    evidence(org, a_sealed_file())
    return org.commit({f"{MAIN.removesuffix('.yaml')}/e0.age": ("100755", org.put(a_sealed_file()))}, "wang.fang")
