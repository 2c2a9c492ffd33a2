"""Attacks on the course of a case: events that were not to be recorded, and evidence that no event brought."""

from __future__ import annotations

from hashlib import sha256

from attack import Book
from evil import Org, at

attack = Book()
MAIN = "cases/2026/C0DD-0003.yaml"


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
