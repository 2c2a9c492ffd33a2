"""Who was a member when: roles, expertise and keys at any time; and what is proposed and waits for approval.

A member's record: `join` (roles, expertise, signing keys, age recipient), `roles`, `rotate`, `leave`, and `approve` of one of these. From when each
counts is for `membership`, which folds the records.

>>> Roster({}).roles("li.wei", now)
frozenset()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from plaint.model.policy import MembershipRules
from plaint.model.record import Event


@dataclass(frozen=True, slots=True)
class Membership:
    """What a member was from `since` on; `roles` empty once they left."""

    since: datetime
    roles: frozenset[str]
    expertise: frozenset[str]
    signing: tuple[str, ...]
    recipient: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits, who has approved it so far, and how many it takes."""

    event: Event
    given: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Void:
    """An approval in a member's record that does not count, and why."""

    member: str
    event: Event
    reason: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Every member's memberships, oldest first."""

    members: Mapping[str, tuple[Membership, ...]]
    waiting: Mapping[str, tuple[Proposal, ...]] = field(default_factory=dict)
    """By member, or by who would be one."""
    void: tuple[Void, ...] = ()
    asked: frozenset[str] = frozenset()
    """The changes, by event id, that approvals were asked for, whether they have them or not."""
    others: Mapping[MembershipRules, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Who could approve changes under each rules of the policy, at one time or another."""

    def at(self, member: str, when: datetime) -> Membership | None:
        """What the member was then; None before they joined and after they left."""
        found = None
        for membership in self.members.get(member, ()):
            if membership.since > when:
                break
            found = membership
        return found if found and found.roles else None

    def now(self, member: str) -> Membership | None:
        """What the member is by their last event; None if they left."""
        memberships = self.members.get(member, ())
        return memberships[-1] if memberships and memberships[-1].roles else None

    def roles(self, member: str, when: datetime) -> frozenset[str]:
        """The member's roles then; none for a stranger."""
        found = self.at(member, when)
        return found.roles if found else frozenset()

    def roles_from(self, member: str, when: datetime) -> frozenset[str]:
        """Every role the member held then or later."""
        memberships = self.members.get(member, ())
        ended = [later.since <= when for later in memberships[1:]]
        return frozenset().union(*(m.roles for m, over in zip(memberships, [*ended, False], strict=False) if not over))

    def expertise(self, member: str, when: datetime) -> frozenset[str]:
        """The member's fields then."""
        found = self.at(member, when)
        return found.expertise if found else frozenset()

    def active(self) -> list[str]:
        """The members who have not left, by id."""
        return sorted(m for m in self.members if self.now(m))

    def with_roles(self, roles: Iterable[str]) -> list[str]:
        """The active members who hold one of the roles."""
        wanted = set(roles)
        return [m for m in self.active() if (membership := self.now(m)) and membership.roles & wanted]

    def by_signing_key(self, public: str) -> str | None:
        """The active member with this signing key ("ssh-ed25519 AAAA…", comment or not)."""
        key = _bare(public)
        return next((m for m in self.active() if (membership := self.now(m)) and key in membership.signing), None)

    def waiting_with(self, public: str) -> str | None:
        """Who would be a member with this signing key, once that is approved."""
        joining = ((m, p.event) for m, proposals in self.waiting.items() for p in proposals if p.event.kind == "join")
        return next((m for m, event in joining if _bare(public) in event.codes["signing"]), None)

    def formerly(self, public: str) -> str | None:
        """Who had this signing key at some time."""
        return next((m for m, held in self.members.items() if any(_bare(public) in each.signing for each in held)), None)


def _bare(public: str) -> str:
    return " ".join(public.split()[:2])
