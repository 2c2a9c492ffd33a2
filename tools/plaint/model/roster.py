"""Who was a member when: roles, expertise and keys at any time, folded from the member records.

A member's record: `join` (roles, expertise, signing keys, age recipient), `roles`, `rotate`, `leave`; each holds from its time on.

>>> Roster({}).roles("li.wei", now)
frozenset()
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from plaint.model.record import Event, Record


@dataclass(frozen=True, slots=True)
class Membership:
    """What a member was from `since` on; `roles` empty once they left."""

    since: datetime
    roles: frozenset[str]
    expertise: frozenset[str]
    signing: tuple[str, ...]
    recipient: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Every member's memberships, oldest first."""

    members: Mapping[str, tuple[Membership, ...]]

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
        key = " ".join(public.split()[:2])
        return next((m for m in self.active() if (membership := self.now(m)) and key in membership.signing), None)


def roster_of(records: Iterable[Record]) -> Roster:
    """The roster that member records make."""
    return Roster({record.id: tuple(_memberships(record.events)) for record in records})


def _memberships(events: Iterable[Event]) -> Iterable[Membership]:
    current: Membership | None = None
    for event in events:
        codes = event.codes
        if event.kind == "leave":
            current = Membership(event.at, frozenset(), frozenset(), (), current.recipient if current else "")
        else:
            current = Membership(
                event.at,
                frozenset(codes["roles"]) if "roles" in codes else (current.roles if current else frozenset()),
                frozenset(codes["expertise"]) if "expertise" in codes else (current.expertise if current else frozenset()),
                tuple(codes["signing"]) if "signing" in codes else (current.signing if current else ()),
                codes["recipient"] if "recipient" in codes else (current.recipient if current else ""),
            )
        yield current
