"""Who was a member when, folded from the member records: what takes approvals counts from the last of them on.

Rules, where the policy in force has a `membership` section:
- Joining, roles, and keys that somebody else gives wait for its number of approvals, each by another member who holds one of its roles, and
  who neither proposed the change nor is the one it is about. Until then they mean nothing.
- Leaving counts at once, and so do new keys of one's own: they protect.
- Never more are asked for than there were others with the roles at any one time. So whoever founds an organisation alone can let the first
  people in; and to see the approvers out is no way to be alone again.
- Only the newest change of a kind waits: a later one, or leaving, takes back the one before.
- What is in force at a time is what was so before it: all who join in the minute of the founding are founders.

>>> roster_of([]).active()
[]
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from plaint.i18n import _, listed, pick
from plaint.model.policy import MembershipRules, Policy
from plaint.model.record import Event, Record
from plaint.model.revisions import Revision, in_force, revision_of
from plaint.model.roster import Membership, Proposal, Roster, Void

CHANGES = frozenset({"join", "roles", "rotate"})
"""The events that can wait."""


def roster_of(records: Iterable[Record], policies: Iterable[tuple[Policy, Record]] = ()) -> Roster:
    """The roster that member records make under the revisions of a policy, given in order of their numbers."""
    fold = _Fold(list(policies))
    for when, events in _by_time(records):
        fold.take(when, events)
    return fold.roster()


def waits(member: str, event: Event) -> bool:
    """Whether it is a change of the kind that waits, if the policy asks for approvals."""
    return event.kind in CHANGES and not (event.kind == "rotate" and event.by == member)


def _by_time(records: Iterable[Record]) -> Iterator[tuple[datetime, dict[str, deque[Event]]]]:
    """The events of each moment by member; an event is never earlier than the one before it in its record."""
    timed: list[tuple[datetime, str, Event]] = []
    for record in records:
        last = record.events[0].at
        for event in record.events:
            last = max(last, event.at)
            timed.append((last, record.id, event))
    timed.sort(key=itemgetter(0))
    for when, group in groupby(timed, itemgetter(0)):
        events: dict[str, deque[Event]] = {}
        for _when, member, event in group:
            events.setdefault(member, deque()).append(event)
        yield when, events


@dataclass(slots=True)
class _Change:
    """The newest change of a kind that was asked approvals for."""

    event: Event
    needed: int
    given: set[str] = field(default_factory=set)
    done: bool = False


@dataclass(slots=True)
class _File:
    """One member so far."""

    memberships: list[Membership] = field(default_factory=list)
    changes: dict[str, _Change] = field(default_factory=dict)
    left: bool = False


class _Fold:
    """Takes the events of all members, moment after moment."""

    def __init__(self, policies: Sequence[tuple[Policy, Record]]) -> None:
        self._policies = policies
        self._revisions: tuple[int, dict[int, Revision]] = 0, {}
        self._files: dict[str, _File] = {}
        self._holders: dict[str, set[str]] = {}
        self._asked: set[str] = set()
        self._void: list[Void] = []
        self._others: dict[MembershipRules, list[frozenset[str]]] = {policy.membership: [] for policy, _record in policies if policy.membership}

    def roster(self) -> Roster:
        """What came of it."""
        waiting = {
            member: tuple(Proposal(c.event, tuple(sorted(c.given)), c.needed) for c in file.changes.values() if not c.done)
            for member, file in self._files.items()
        }
        return Roster(
            {member: tuple(file.memberships) for member, file in self._files.items() if file.memberships},
            {member: proposals for member, proposals in waiting.items() if proposals},
            tuple(self._void),
            frozenset(self._asked),
            {rules: tuple(others) for rules, others in self._others.items()},
        )

    def take(self, when: datetime, events: dict[str, deque[Event]]) -> None:
        """The events of one moment: in the order of each record, and of approvals first what lets others count."""
        rules = self._rules(when) if self._others else None
        while events:
            moved = False
            for member, queue in list(events.items()):
                while queue and not self._event(member, queue[0], when, rules):
                    queue.popleft()
                    moved = True
                if not queue:
                    del events[member]
            if not moved:  # what stands first everywhere is an approval that does not count
                member, queue = next(iter(events.items()))
                event = queue[0]
                self._void.append(Void(member, event, self._event(member, event, when, rules)))
                queue.popleft()
                if not queue:
                    del events[member]
        for each, others in self._others.items():
            holders = frozenset[str]().union(*(self._holders.get(role, ()) for role in each.roles))
            if not any(holders <= known for known in others):
                others.append(holders)

    def _rules(self, when: datetime) -> MembershipRules | None:
        """What the policy asks for at a time, by what was approved before it."""
        known = [(policy, record, tuple(e for e in record.events if e.at < when)) for policy, record in self._policies]
        count = sum(len(events) for _policy, _record, events in known)
        if count != self._revisions[0]:
            roster = Roster({member: tuple(file.memberships) for member, file in self._files.items()})
            revisions: dict[int, Revision] = {}
            for policy, record, events in known:
                if events:
                    revisions[policy.revision] = revision_of(policy, replace(record, events=events), revisions, roster)
            self._revisions = count, revisions
        revisions = self._revisions[1]
        first = next(iter(revisions.values()), None)
        force = in_force(revisions, when.astimezone(first.policy.timezone).date()) if first else None
        return force.policy.membership if force else None

    def _event(self, member: str, event: Event, when: datetime, rules: MembershipRules | None) -> str:
        """Takes one event; why it does not count, for an approval."""
        file = self._files.setdefault(member, _File())
        if event.kind == "approve":
            return self._approve(file, member, event, when, rules)
        if event.kind == "leave":
            file.left = True
            file.changes.clear()
            if file.memberships:
                self._become(file, member, Membership(when, frozenset(), frozenset(), (), file.memberships[-1].recipient))
        elif not file.left and (event.kind == "join") is not bool(file.memberships):
            file.changes.pop(event.kind, None)
            if rules and waits(member, event) and (many := _needed(self._others[rules], rules, event.by)):
                file.changes[event.kind] = _Change(event, many)
                self._asked.add(event.id)
            else:
                self._become(file, member, _changed(file, event, when))
        return ""

    def _approve(self, file: _File, member: str, event: Event, when: datetime, rules: MembershipRules | None) -> str:
        named = event.codes.get("approves", "")
        change = next((each for each in file.changes.values() if each.event.id == named), None)
        held = self._files[event.by].memberships[-1:] if event.by in self._files else []
        if change is None or rules is None:
            return _("no change {event} of {member} waits for approval").format(event=named, member=member)
        if event.by == change.event.by:
            return _("{member} proposed it, so somebody else must approve it").format(member=event.by)
        if event.by == member:
            return _("it is about {member}, so somebody else must approve it").format(member=member)
        if not held or held[0].roles.isdisjoint(rules.roles):
            return _("{member} may not approve it: it takes the role {roles}").format(
                member=event.by, roles=listed(pick(rules.titles.get(r, {"en": r})) for r in rules.roles)
            )
        if event.by in change.given:
            return _("{member} has approved it already").format(member=event.by)
        change.given.add(event.by)
        change.needed = _needed(self._others[rules], rules, change.event.by)
        if not change.done and len(change.given) >= change.needed:
            change.done = True
            self._become(file, member, _changed(file, change.event, when))
        return ""

    def _become(self, file: _File, member: str, membership: Membership) -> None:
        for role in file.memberships[-1].roles if file.memberships else ():
            self._holders[role].discard(member)
        for role in membership.roles:
            self._holders.setdefault(role, set()).add(member)
        file.memberships.append(membership)


def needed(roster: Roster, rules: MembershipRules, by: str) -> int:
    """How many approvals it takes if somebody proposes a change now."""
    return _needed(roster.others.get(rules, ()), rules, by)


def _needed(others: Iterable[frozenset[str]], rules: MembershipRules, by: str) -> int:
    return min(rules.approvals, max((len(holders - {by}) for holders in others), default=0))


def _changed(file: _File, event: Event, since: datetime) -> Membership:
    """The membership after an event that counts."""
    codes = event.codes
    before = file.memberships[-1] if file.memberships else Membership(since, frozenset(), frozenset(), (), "")
    return Membership(
        since,
        frozenset(codes.get("roles", before.roles)),
        frozenset(codes.get("expertise", before.expertise)),
        tuple(codes.get("signing", before.signing)),
        codes.get("recipient", before.recipient),
    )
