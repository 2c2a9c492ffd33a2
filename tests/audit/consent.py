"""A policy that asks for approvals when somebody joins, is given roles, or keys: and how they are given by hand."""

from __future__ import annotations

import re
from datetime import datetime

from evil import Org
from organisations import next_policy

from plaint.model.record import parse


def asking(org: Org, approvals: int = 1) -> str:
    """The next revision of the policy, in force at once, that asks for so many approvals by supervisors or deciders; 0: none."""
    number = len(org.git("ls-tree", "--name-only", "HEAD", "policy/").split()) + 1
    path, when = f"policy/{number}.yaml", org.tick()
    section = f"membership:\n  approvals: {approvals}\n  roles: [supervisor, decider]\n" if approvals else ""

    def change(head: str) -> str:
        return re.sub(r"(?m)^membership:.*\n(?:[ -].*\n)*", "", head + "\n").rstrip("\n") + "\n" + section.rstrip("\n")

    text = next_policy(org.read("policy/2.yaml"), number, "2026-11-20", when, change=change)
    org.commit({path: text}, "zhou.ning", f"draft: policy {number}", when=when)
    org.house_event(path, "approve", "sun.li")
    return org.house_event(path, "approve", "liu.yang")


def proposed(org: Org, member: str) -> str:
    """The id of the last change in a member's record."""
    return [event.id for event in parse(org.read(f"members/{member}.yaml"), "").events if event.kind != "approve"][-1]


def approve(org: Org, member: str, by: str, event: str = "", *, signer: str = "", dated: datetime | None = None) -> str:
    """Somebody approves the last change of a member, or the one of an id."""
    return org.house_event(f"members/{member}.yaml", "approve", by, signer=signer, dated=dated, approves=event or proposed(org, member))


def roles(org: Org, member: str, by: str, *words: str) -> str:
    """Somebody is to have other roles."""
    return org.house_event(f"members/{member}.yaml", "roles", by, roles=list(words))
