"""Who is a member when: what the policy asks approvals for counts from the last of them on, and from nobody who may not give one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import event_id
from plaint.model.membership import needed, roster_of
from plaint.model.policy import MembershipRules, Policy, load_preset
from plaint.model.record import Event, Record, RecordKind
from plaint.model.roster import Roster

FOUNDED = datetime.fromisoformat("2026-01-05T09:00:00+08:00")
FOUNDERS = {"zhou": ["steward"], "sun": ["supervisor"], "liu": ["supervisor"], "wei": ["intake"]}


class Book:
    """Member records in the making, under a policy that asks for approvals: each step an hour after the one before."""

    def __init__(self, approvals: int = 1, founders: dict[str, list[str]] | None = None) -> None:
        self._ids = count(1)
        self.now = FOUNDED
        self.events: dict[str, list[Event]] = {}
        self.policies = [self.revision(1, approvals)]
        for member, roles in (FOUNDERS if founders is None else founders).items():
            self.add("join", member, "zhou", at=FOUNDED, roles=roles, signing=[f"key-{member}"], recipient=f"age-{member}")

    def revision(self, number: int, approvals: int, *by: str) -> tuple[Policy, Record]:
        """A revision of the policy, drafted now and approved by the founder (the first) or by some members, an hour apart."""
        rules = MembershipRules(approvals, ("supervisor",)) if approvals else None
        policy = replace(load_preset("house"), revision=number, membership=rules, approvals=len(by), approvers=("supervisor",))
        events = [Event("draft", event_id(next(self._ids)), self.now, "zhou")]
        for member in by or ("zhou",):
            self.now += timedelta(hours=1) if by else timedelta()
            events.append(Event("approve", event_id(next(self._ids)), self.now, member))
        return policy, Record(RecordKind.POLICY, str(number), {}, tuple(events))

    def add(self, kind: str, member: str, by: str, *, at: datetime | None = None, **codes: Any) -> str:
        """An event in a member's record; its id."""
        self.now = at or self.now + timedelta(hours=1)
        event = Event(kind, event_id(next(self._ids)), self.now, by, codes)
        self.events.setdefault(member, []).append(event)
        return event.id

    def join(self, member: str, *roles: str, by: str = "zhou", **how: Any) -> str:
        """Somebody is proposed."""
        return self.add("join", member, by, roles=list(roles), signing=[f"key-{member}"], recipient=f"age-{member}", **how)

    def approve(self, member: str, event: str, by: str, **how: Any) -> str:
        """Somebody approves."""
        return self.add("approve", member, by, approves=event, **how)

    @property
    def roster(self) -> Roster:
        """The fold."""
        records = [Record(RecordKind.MEMBER, member, {}, tuple(events)) for member, events in self.events.items()]
        return roster_of(records, self.policies)

    def void(self) -> list[str]:
        """The approvals that do not count, by reason."""
        return [each.reason for each in self.roster.void]


def test_founders_need_nobody() -> None:
    roster = Book().roster
    assert roster.active() == ["liu", "sun", "wei", "zhou"]
    assert (roster.waiting, roster.void, roster.asked) == ({}, (), frozenset())


def test_joining_counts_from_the_approval_on() -> None:
    book = Book()
    event = book.join("gao", "intake")
    assert book.roster.now("gao") is None
    assert [(p.event.id, p.given) for p in book.roster.waiting["gao"]] == [(event, ())]
    assert book.roster.by_signing_key("key-gao") is None
    proposed = book.now
    book.approve("gao", event, "sun")
    roster = book.roster
    assert roster.roles("gao", proposed) == frozenset()
    assert roster.roles("gao", book.now) == {"intake"}
    assert (roster.waiting, roster.void) == ({}, ())


def test_as_many_as_the_policy_asks_for() -> None:
    book = Book(approvals=2)
    event = book.join("gao", "intake")
    book.approve("gao", event, "sun")
    assert book.roster.now("gao") is None
    assert book.roster.waiting["gao"][0].given == ("sun",)
    book.approve("gao", event, "liu")
    assert book.roster.now("gao")


def test_one_more_approval_does_no_harm() -> None:
    book = Book()
    event = book.join("gao", "intake")
    book.approve("gao", event, "sun")
    since = book.now
    book.approve("gao", event, "liu")
    assert book.void() == []
    assert [m.since for m in book.roster.members["gao"]] == [since]


def test_roles_and_keys_given_by_another_wait() -> None:
    book = Book()
    roles = book.add("roles", "wei", "zhou", roles=["intake", "coordinator"])
    keys = book.add("rotate", "wei", "zhou", signing=["new"])
    assert book.roster.now("wei").roles == {"intake"}
    assert book.roster.now("wei").signing == ("key-wei",)
    assert len(book.roster.waiting["wei"]) == 2
    book.approve("wei", keys, "sun")
    assert (book.roster.now("wei").signing, book.roster.now("wei").roles) == (("new",), {"intake"})
    book.approve("wei", roles, "sun")
    assert (book.roster.now("wei").signing, book.roster.now("wei").roles) == (("new",), {"intake", "coordinator"})


def test_leaving_and_keys_of_ones_own_do_not_wait() -> None:
    book = Book()
    book.add("rotate", "wei", "wei", signing=["mine"], recipient="age-mine")
    assert (book.roster.now("wei").signing, book.roster.now("wei").recipient) == (("mine",), "age-mine")
    book.add("leave", "wei", "zhou")
    assert book.roster.now("wei") is None
    assert book.roster.waiting == {}


@pytest.mark.parametrize(
    ("by", "why"),
    [("zhou", "zhou proposed it"), ("wei", "wei may not approve it"), ("gao", "it is about gao"), ("nobody", "nobody may not approve it")],
)
def test_who_may_not_approve(by: str, why: str) -> None:
    book = Book(founders={**FOUNDERS, "zhou": ["steward", "supervisor"]})
    event = book.join("gao", "supervisor")
    book.approve("gao", event, by)
    assert book.roster.now("gao") is None
    assert [reason for reason in book.void() if why in reason]


def test_nobody_approves_twice() -> None:
    book = Book(approvals=2)
    event = book.join("gao", "intake")
    book.approve("gao", event, "sun")
    book.approve("gao", event, "sun")
    assert book.roster.now("gao") is None
    assert book.void() == ["sun has approved it already"]


def test_two_who_wait_do_not_let_each_other_in() -> None:
    book = Book(founders={"zhou": ["steward"], "sun": ["supervisor"]})
    one, other = book.join("gao", "supervisor"), book.join("wang", "supervisor")
    later = book.now + timedelta(hours=1)
    book.approve("gao", one, "wang", at=later)
    book.approve("wang", other, "gao", at=later)
    assert {each for each in ("gao", "wang") if book.roster.now(each)} == set()
    assert len(book.void()) == 2


def test_of_one_minute_what_lets_others_count_comes_first() -> None:
    book = Book(founders={"zhou": ["steward"], "sun": ["supervisor"]})
    one, other = book.join("aaa", "intake"), book.join("wang", "supervisor")
    later = book.now + timedelta(hours=1)
    book.approve("aaa", one, "wang", at=later)
    book.approve("wang", other, "sun", at=later)
    assert book.roster.now("aaa")
    assert book.void() == []


def test_an_approval_names_what_waits() -> None:
    book = Book()
    event = book.join("gao", "intake")
    other = book.join("wang", "intake")
    book.approve("gao", other, "sun")
    book.approve("gao", "e0000000", "sun")
    assert book.roster.active() == ["liu", "sun", "wei", "zhou"]
    assert len(book.void()) == 2
    book.approve("gao", event, "sun")
    book.add("leave", "wang", "zhou")  # takes the proposal back
    book.approve("wang", other, "sun")
    assert book.roster.now("wang") is None
    assert book.roster.waiting == {}
    assert len(book.void()) == 3


def test_an_approval_before_the_proposal() -> None:
    book = Book()
    book.join("gao", "intake")
    approval = book.events["gao"][0]
    book.approve("gao", approval.id, "sun")
    book.events["gao"].reverse()
    assert book.roster.now("gao") is None


@pytest.mark.parametrize("approved", ["old", "new"])
def test_only_the_newest_of_a_kind_waits(approved: str) -> None:
    book = Book()
    old = book.add("roles", "wei", "zhou", roles=["decider"])
    new = book.add("roles", "wei", "zhou", roles=["coordinator"])
    book.approve("wei", old if approved == "old" else new, "sun")
    assert book.roster.now("wei").roles == ({"intake"} if approved == "old" else {"coordinator"})
    assert len(book.void()) == (approved == "old")


def test_ones_own_keys_take_back_those_that_another_proposed() -> None:
    book = Book()
    event = book.add("rotate", "wei", "zhou", signing=["stolen"])
    book.add("rotate", "wei", "wei", signing=["mine"])
    book.approve("wei", event, "sun")
    assert book.roster.now("wei").signing == ("mine",)
    assert len(book.void()) == 1


def test_an_approver_must_hold_the_role_then() -> None:
    book = Book()
    event = book.join("gao", "intake")
    book.add("leave", "sun", "zhou")
    book.approve("gao", event, "sun")
    assert book.roster.now("gao") is None
    book.approve("gao", event, "liu")
    assert book.roster.now("gao")


def test_a_founder_alone_lets_in_whoever_can_then_approve() -> None:
    book = Book(founders={"zhou": ["steward", "supervisor", "intake"]})
    book.join("wei", "intake")
    assert book.roster.now("wei")
    book.join("sun", "supervisor")
    assert book.roster.now("sun")
    event = book.join("gao", "intake")
    assert book.roster.now("gao") is None
    book.approve("gao", event, "sun")
    assert book.roster.now("gao")


def test_of_two_approvals_one_is_asked_for_where_only_one_other_can_give_it() -> None:
    book = Book(2, {"zhou": ["steward", "supervisor"], "sun": ["supervisor"]})
    event = book.join("gao", "supervisor")
    assert book.roster.waiting["gao"][0].needed == 1
    book.approve("gao", event, "sun")
    assert book.roster.now("gao")
    event = book.join("wang", "intake")
    assert book.roster.waiting["wang"][0].needed == 2


def test_who_sees_the_approvers_out_does_not_get_rid_of_the_rule() -> None:
    book = Book(founders={"zhou": ["steward"], "sun": ["supervisor"]})
    book.add("leave", "sun", "zhou")
    book.join("gao", "supervisor")
    assert book.roster.now("gao") is None
    assert needed(book.roster, book.policies[0][0].membership, "zhou") == 1


def test_a_revision_that_asks_for_it_counts_from_its_approval_on() -> None:
    book = Book(approvals=0)
    book.join("before", "intake")
    book.policies.append(book.revision(2, 1, "sun"))
    book.join("same", "intake", at=book.now)
    book.join("after", "intake")
    roster = book.roster
    assert {"before", "same"} <= set(roster.active())
    assert list(roster.waiting) == ["after"]


def test_a_revision_that_asks_for_none_lets_nobody_in_who_waits() -> None:
    book = Book()
    event = book.join("gao", "intake")
    book.policies.append(book.revision(2, 0, "sun"))
    book.policies[1] = replace(book.policies[1][0]), book.policies[1][1]
    book.approve("gao", event, "sun")
    assert book.roster.now("gao") is None
    book.join("wang", "intake")
    assert book.roster.now("wang")
    book.add("join", "gao", "zhou", roles=["intake"], signing=["key"], recipient="age")
    assert book.roster.now("gao")


def test_nothing_counts_after_leaving() -> None:
    book = Book(approvals=0)
    book.add("leave", "wei", "zhou")
    book.add("roles", "wei", "zhou", roles=["steward"])
    book.join("wei", "steward")
    assert book.roster.now("wei") is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "roles", "rotate", "leave", "approve", "approve", "approve"]),
        st.sampled_from(["zhou", "sun", "liu", "gao", "wang"]),
        st.sampled_from(["zhou", "sun", "liu", "gao", "wang"]),
        st.integers(0, 12),
        st.integers(0, 2),
    ),
    max_size=24,
)


@settings(max_examples=300, deadline=None)
@given(STEPS, st.integers(1, 2))
def test_no_course_of_events_gives_what_nobody_approved(steps: Sequence[tuple[str, str, str, int, int]], approvals: int) -> None:
    """Whatever is written: each role and key that a member has was given in the founding, by themselves, or by proposals that others approved."""
    book = Book(approvals, {"zhou": ["steward"], "sun": ["supervisor"], "liu": ["supervisor"]})
    named: list[str] = []
    for kind, member, by, which, hours in steps:
        when = max(book.now + timedelta(hours=hours), FOUNDED + timedelta(hours=1))
        match kind:
            case "approve":
                book.approve(member, named[which % len(named)] if named else "e0000000", by, at=when)
            case "join":
                named.append(book.join(member, "supervisor", by=by, at=when))
            case "roles":
                named.append(book.add("roles", member, by, roles=["intake", "supervisor"], at=when))
            case "rotate":
                named.append(book.add("rotate", member, by, signing=[f"key-{which}"], at=when))
            case _:
                book.add("leave", member, by, at=when)
    roster = book.roster
    void = {each.event.id for each in roster.void}
    for member, held in roster.members.items():
        events = book.events[member]
        for membership in held[1:] if member in ("zhou", "sun", "liu") else held:
            made = [e for e in events if e.at == membership.since and e.kind in ("leave", "approve", "rotate")]
            assert made, f"{member} became something at {membership.since} by nothing"
            if not any(e.kind == "leave" or (e.kind == "rotate" and e.by == member) for e in made):
                targets = {e.codes["approves"] for e in made if e.kind == "approve" and e.id not in void}
                assert any(len(approvers(events, target, void, member)) >= least(events, target, approvals) for target in targets)
    # what was so stays so, whatever comes later
    book.add("leave", "sun", "zhou", at=book.now + timedelta(hours=1))
    for member, held in roster.members.items():
        assert book.roster.members[member][: len(held)] == held


def least(events: Sequence[Event], target: str, approvals: int) -> int:
    """How many approvals a proposal takes: by one of the two supervisors, the other's is the only one there can be."""
    return 1 if next(e.by for e in events if e.id == target) in ("sun", "liu") else approvals


def approvers(events: Sequence[Event], target: str, void: set[str], member: str) -> set[str]:
    """Who approved a proposal, other than its author and the one it is about, after it was made."""
    proposal = next(e for e in events if e.id == target)
    after = events[events.index(proposal) + 1 :]
    return {e.by for e in after if e.kind == "approve" and e.codes["approves"] == target and e.id not in void} - {proposal.by, member}
