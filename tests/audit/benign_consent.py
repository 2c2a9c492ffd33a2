"""Benign changes of members where the policy asks for approvals: proposed, approved, taken back, and what need not wait."""

from __future__ import annotations

from benign import Book
from consent import approve, asking, proposed, roles
from evil import Org

benign = Book()
LI_WEI = "members/li.wei.yaml"


def word_by(org: Org, member: str, signer: str = "") -> str:
    """Somebody records an event, as an intake officer may."""
    return org.event("main", "message", member, signer=signer or member, author=member, direction="to-reporter", sealed=["report"])


@benign
def somebody_joins_is_approved_and_works(org: Org) -> None:
    org.join("newcomer", ["intake", "coordinator"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    org.event("new", "accept", "newcomer")


@benign
def somebody_waits_for_days_while_others_work(org: Org) -> None:
    org.join("newcomer", ["intake"], "zhou.ning")
    word_by(org, "li.wei")
    org.event("new", "accept", "chen.jie")


@benign
def two_approve(org: Org) -> None:
    asking(org, 2)
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    approve(org, "newcomer", "liu.yang")
    word_by(org, "newcomer")


@benign
def one_more_approves_than_it_takes(org: Org) -> None:
    org.join("newcomer", ["intake"], "zhou.ning")
    event = proposed(org, "newcomer")
    approve(org, "newcomer", "sun.li", event)
    approve(org, "newcomer", "liu.yang", event)
    word_by(org, "newcomer")


@benign
def a_role_is_given_with_consent(org: Org) -> None:
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    approve(org, "li.wei", "liu.yang")
    org.event("new", "accept", "li.wei")


@benign
def a_role_that_waits_does_not_take_the_old_one_away(org: Org) -> None:
    roles(org, "li.wei", "zhou.ning", "coordinator")
    word_by(org, "li.wei")


@benign
def a_new_approver_approves_the_next_one(org: Org) -> None:
    org.join("newcomer", ["supervisor"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    approve(org, "li.wei", "newcomer")
    org.event("new", "accept", "li.wei")


@benign
def a_proposal_is_made_better_and_approved(org: Org) -> None:
    roles(org, "li.wei", "zhou.ning", "decider")
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    approve(org, "li.wei", "sun.li")
    org.event("new", "accept", "li.wei")


@benign
def a_joining_is_taken_back(org: Org) -> None:
    org.join("newcomer", ["intake"], "zhou.ning")
    org.house_event("members/newcomer.yaml", "leave", "zhou.ning")


@benign
def a_steward_who_supervises_proposes(org: Org) -> None:
    roles(org, "sun.li", "zhou.ning", "supervisor", "steward")
    approve(org, "sun.li", "liu.yang")
    org.join("newcomer", ["intake"], "sun.li")
    approve(org, "newcomer", "liu.yang")
    word_by(org, "newcomer")


@benign
def leaving_needs_nobody(org: Org) -> None:
    org.house_event(LI_WEI, "leave", "zhou.ning")


@benign
def new_keys_of_ones_own_need_nobody(org: Org) -> None:
    org.house_event(LI_WEI, "rotate", "li.wei", signing=[org.public("newcomer")])
    word_by(org, "li.wei", "newcomer")


@benign
def a_lost_key_is_replaced_with_consent(org: Org) -> None:
    org.house_event(LI_WEI, "rotate", "zhou.ning", signing=[org.public("newcomer")])
    word_by(org, "li.wei")
    approve(org, "li.wei", "sun.li")
    word_by(org, "li.wei", "newcomer")


@benign
def what_came_before_the_revision_stays(org: Org) -> None:
    asking(org, 0)
    org.join("newcomer", ["intake"], "zhou.ning")
    asking(org)
    word_by(org, "newcomer")


@benign
def a_revision_asks_for_none_again(org: Org) -> None:
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    asking(org, 0)
    roles(org, "newcomer", "zhou.ning", "intake", "coordinator")
    org.event("new", "accept", "newcomer")


@benign
def somebody_is_proposed_on_one_side_and_approved_after_the_merge(org: Org) -> None:
    base = org.head
    org.join("newcomer", ["intake"], "zhou.ning", ref="refs/heads/side")
    side = org.rev("side")
    org.move(base)
    ours = org.event("new", "accept", "chen.jie")
    org.merge(ours, side)
    approve(org, "newcomer", "sun.li")
    word_by(org, "newcomer")


@benign
def somebody_is_proposed_and_approved_on_one_side(org: Org) -> None:
    base = org.head
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    side = word_by(org, "newcomer")
    org.move(base)
    ours = org.event("new", "accept", "chen.jie")
    org.merge(ours, side)
    word_by(org, "newcomer")
