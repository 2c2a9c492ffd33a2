"""Benign changes of the house: people come, change and go, policies are revised, and what steers machines is kept up."""

from __future__ import annotations

from benign import Book
from benign_events import registered
from consent import approve, roles
from evil import WORKFLOW, Org, message_of
from organisations import next_policy

benign = Book()


@benign
def somebody_joins_and_works(org: Org) -> None:
    org.join("newcomer", ["intake", "coordinator"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    org.event("new", "accept", "newcomer")


@benign
def somebody_leaves(org: Org) -> None:
    org.event("new", "message", "li.wei", direction="to-reporter", sealed=["report"])
    org.house_event("members/li.wei.yaml", "leave", "zhou.ning")


@benign
def somebody_comes_back_under_another_name(org: Org) -> None:
    org.join("gao.lan.2", ["intake"], "zhou.ning", key=org.public("newcomer"))
    approve(org, "gao.lan.2", "sun.li")
    org.event("main", "message", "gao.lan.2", signer="newcomer", author="gao.lan.2", direction="to-reporter", sealed=["report"])


@benign
def somebody_takes_a_new_key(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("newcomer")])
    org.event("main", "message", "li.wei", signer="newcomer", author="li.wei", direction="to-reporter", sealed=["report"])


@benign
def somebody_has_two_keys(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("li.wei"), org.public("newcomer")])
    org.event("main", "message", "li.wei", signer="newcomer", author="li.wei", direction="to-reporter", sealed=["report"])
    org.event("main", "message", "li.wei", direction="from-reporter", sealed=["report"])


@benign
def a_steward_replaces_a_lost_key(org: Org) -> None:
    org.house_event("members/zhao.min.yaml", "rotate", "zhou.ning", signing=[org.public("newcomer")])
    approve(org, "zhao.min", "liu.yang")
    org.event("main", "interview", "zhao.min", signer="newcomer", author="zhao.min", person="witness", sealed=["inquiry"])


@benign
def roles_change_hands(org: Org) -> None:
    for member, role in (("li.wei", "coordinator"), ("chen.jie", "intake")):
        roles(org, member, "zhou.ning", role)
        approve(org, member, "sun.li")
    org.event("new", "accept", "li.wei")


@benign
def a_policy_is_drafted_and_approved(org: Org) -> None:
    draft(org, 3, "2026-11-20")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    org.house_event("policy/3.yaml", "approve", "liu.yang")
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=3)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)
    org.event("new", "accept", "chen.jie")


@benign
def a_policy_waits_for_its_day(org: Org) -> None:
    draft(org, 3, "2027-01-01")
    org.house_event("policy/3.yaml", "approve", "liu.yang")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    registered(org)


@benign
def a_draft_finds_no_approval_and_the_next_one_does(org: Org) -> None:
    draft(org, 3, "2026-11-20", by="sun.li")
    draft(org, 4, "2026-11-20")
    org.house_event("policy/4.yaml", "approve", "sun.li")
    org.house_event("policy/4.yaml", "approve", "liu.yang")
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=4)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)


def draft(org: Org, number: int, effective: str, by: str = "zhou.ning") -> None:
    text = next_policy(org.read("policy/2.yaml"), number, effective, org.tick(), by)
    org.commit({f"policy/{number}.yaml": text}, by, f"draft: policy {number}", when=org.clock)


@benign
def a_steward_changes_the_workflow(org: Org) -> None:
    org.commit({WORKFLOW: "on: push\njobs: {}\n", ".gitlab-ci.yml": "check: {}\n", "site/docs/index.md": "Report.\n"}, "zhou.ning")


@benign
def the_organisation_changes_its_name(org: Org) -> None:
    org.commit({"plaint.yaml": org.read("plaint.yaml").replace(b"Example Works", b"Better Works")}, "zhou.ning")
