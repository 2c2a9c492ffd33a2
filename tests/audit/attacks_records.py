"""Attacks on what stands in records: edited, dropped, moved, copied, removed."""

from __future__ import annotations

import re

from attack import Book
from evil import CASES, Org, at, message_of

from plaint.model.record import parse
from plaint.seal.age import generate

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
