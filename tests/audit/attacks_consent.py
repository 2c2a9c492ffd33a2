"""Attacks on the approvals that a policy asks for when somebody joins, is given roles, or keys: how one person might do alone what takes two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from attack import Book
from consent import approve, asking, proposed, roles
from evil import Org, at, new_id
from organisations import FOUNDED

from plaint.model.record import Event, dump_event

attack = Book()
LI_WEI = "members/li.wei.yaml"


def word_by(org: Org, member: str, signer: str = "") -> str:
    """Somebody records an event, as an intake officer may."""
    return org.event("main", "message", member, signer=signer or member, author=member, direction="to-reporter", sealed=["report"])


# Approvals that are none


@attack("P205")
def somebody_approves_what_they_proposed(org: Org) -> str:
    roles(org, "sun.li", "zhou.ning", "supervisor", "steward")
    approve(org, "sun.li", "liu.yang")
    org.join("newcomer", ["intake"], "sun.li")
    return approve(org, "newcomer", "sun.li")


@attack("P205")
def somebody_approves_their_own_new_role(org: Org) -> str:
    roles(org, "sun.li", "zhou.ning", "supervisor", "decider", "coordinator")
    return approve(org, "sun.li", "sun.li")


@attack("P205", "A401")
def somebody_without_the_role_approves(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "newcomer", "li.wei")


@attack("P205")
def another_steward_approves(org: Org) -> str:
    roles(org, "li.wei", "zhou.ning", "intake", "steward")
    approve(org, "li.wei", "sun.li")
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "newcomer", "li.wei")


@attack("A104")
def a_steward_approves_in_a_supervisors_name(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "newcomer", "sun.li", signer="zhou.ning")


@attack("A104")
def a_proposal_brings_its_approval_along(org: Org) -> str:
    when = org.tick()
    data = org.member_file("newcomer", ["intake"], "zhou.ning", when)
    text = dump_event(Event("approve", new_id(), when, "sun.li", {"approves": data.decode().partition("  id: ")[2].split()[0]}))
    return org.commit({"members/newcomer.yaml": data + text}, "zhou.ning", "join: newcomer", when=when)


@attack("P205")
def somebody_approves_twice(org: Org) -> str:
    asking(org, 2)
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    return approve(org, "newcomer", "sun.li")


@attack("P205")
def an_approval_of_another_event(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    other = org.read(LI_WEI).decode().partition("  id: ")[2].split()[0]
    return approve(org, "newcomer", "sun.li", other)


@attack("P205")
def an_approval_in_anothers_record(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "li.wei", "sun.li", proposed(org, "newcomer"))


@attack("P205")
def an_approval_before_the_proposal(org: Org) -> str:
    id_ = new_id()
    sha = approve(org, "li.wei", "sun.li", id_)
    text = dump_event(Event("roles", id_, org.tick(), "zhou.ning", {"roles": ["decider"]}))
    org.commit({LI_WEI: org.read(LI_WEI) + text}, "zhou.ning", "roles: li.wei", when=org.clock)
    return sha


@attack("T105")
def an_approval_dated_before_the_proposal(org: Org) -> str:
    roles(org, "li.wei", "zhou.ning", "decider")
    return approve(org, "li.wei", "sun.li", dated=org.clock - timedelta(hours=1))


@attack("P205")
def an_approval_of_what_a_better_one_replaced(org: Org) -> str:
    roles(org, "li.wei", "zhou.ning", "decider")
    other = proposed(org, "li.wei")
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    return approve(org, "li.wei", "sun.li", other)


@attack("P205", "P202")
def an_approval_of_what_was_taken_back(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    event = proposed(org, "newcomer")
    org.house_event("members/newcomer.yaml", "leave", "zhou.ning")
    return approve(org, "newcomer", "sun.li", event)


@attack("P205", "A401")
def an_approval_where_none_is_asked_for(org: Org) -> str:
    asking(org, 0)
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "newcomer", "sun.li")


@attack("A103", "P205", "T102")
def an_approval_by_a_supervisor_who_left(org: Org) -> str:
    org.house_event("members/sun.li.yaml", "leave", "zhou.ning")
    org.join("newcomer", ["intake"], "zhou.ning")
    return approve(org, "newcomer", "sun.li")


# What waits, used


@attack("A103", "T102")
def somebody_works_before_they_are_approved(org: Org) -> str:
    org.join("newcomer", ["intake"], "zhou.ning")
    return word_by(org, "newcomer")


@attack("A103", "T102")
def one_approval_where_it_takes_two(org: Org) -> str:
    asking(org, 2)
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    return word_by(org, "newcomer")


@attack("T103")
def a_role_is_used_before_it_is_approved(org: Org) -> str:
    roles(org, "li.wei", "zhou.ning", "intake", "coordinator")
    return org.event("new", "accept", "li.wei")


@attack("A401")
def a_steward_to_be_changes_members(org: Org) -> str:
    roles(org, "li.wei", "zhou.ning", "intake", "steward")
    return org.house_event("members/zhao.min.yaml", "roles", "li.wei", roles=["investigator", "decider"])


@attack("A103")
def keys_given_by_a_steward_are_used_before_they_are_approved(org: Org) -> str:
    org.house_event(LI_WEI, "rotate", "zhou.ning", signing=[org.public("newcomer")])
    return word_by(org, "li.wei", "newcomer")


@attack("T108")
def somebody_who_waits_is_in_a_team(org: Org) -> str:
    org.join("newcomer", ["investigator"], "zhou.ning")
    return org.event("main", "assign", "chen.jie", team=["wang.fang", "newcomer"], keyring="0" * 64)


@attack("A103", "T102")
def the_approvers_are_seen_out_first(org: Org) -> str:
    for member in ("sun.li", "liu.yang"):
        org.house_event(f"members/{member}.yaml", "leave", "zhou.ning")
    org.join("newcomer", ["intake", "supervisor"], "zhou.ning")
    return word_by(org, "newcomer")


@attack("P205", "A103", "A104", "T102")
def two_who_wait_let_each_other_in(org: Org) -> str:
    org.join("newcomer", ["supervisor"], "zhou.ning")
    org.join("stranger", ["supervisor"], "zhou.ning")
    approve(org, "newcomer", "stranger", signer="zhou.ning")
    return approve(org, "stranger", "newcomer")


# Dated to when nobody was asked


@attack("A308")
def somebody_joins_before_it_took_approvals(org: Org) -> str:
    asking(org, 0)
    before = org.tick()
    asking(org)
    return org.join("newcomer", ["intake"], "zhou.ning", dated=before)


@attack("A308", "A302")
def somebody_joins_with_the_founders(org: Org) -> str:
    """Whoever joined in the minute of the founding needed nobody."""
    return org.join("newcomer", ["intake"], "zhou.ning", dated=at(FOUNDED))


@attack("A308")
def a_branch_from_before_it_took_approvals_is_merged(org: Org) -> str:
    return org.merge(*without_consent(org, lambda: org.join("newcomer", ["intake"], "zhou.ning")))


@attack("A308")
def such_a_branch_comes_first_in_the_merge(org: Org) -> str:
    ours, side = without_consent(org, lambda: org.join("newcomer", ["intake"], "zhou.ning"))
    return org.merge(side, ours)


@attack("A308")
def such_a_branch_gives_a_role(org: Org) -> str:
    return org.merge(*without_consent(org, lambda: roles(org, "li.wei", "zhou.ning", "intake", "decider")))


def without_consent(org: Org, do: Callable[[], str]) -> tuple[str, str]:
    """Two lines: one in which changes take approvals, and one from before, with a change."""
    base = asking(org, 0)
    side = do()
    org.move(base)
    return asking(org), side
