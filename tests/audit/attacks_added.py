"""Attacks by what is added to records: no event, not whole, copied, several at once, or another than the message says."""

from __future__ import annotations

import re

from attack import Book
from evil import CASES, Org, message_of, new_id

from plaint.model.record import parse
from plaint.seal.age import encrypt, generate

attack = Book()
MAIN = "cases/2026/C0DD-0003.yaml"


def added(org: Org, tail: bytes | str, by: str = "li.wei", case: str = "main", id_: str = "", kind: str = "message") -> str:
    """Text at the end of a record, in a commit that says it is an event."""
    path = org.path(case)
    data = tail.encode() if isinstance(tail, str) else tail
    return org.commit({path: org.read(path) + data}, by, message_of(kind, CASES[case], id_ or new_id()))


def sealed_of(org: Org, case: str = "main") -> str:
    """A text sealed in a case's report."""
    return next(e.sealed["report"] for e in parse(org.read(org.path(case)), "").events if "report" in e.sealed)


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
