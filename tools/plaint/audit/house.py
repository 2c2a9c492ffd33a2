"""What the records of the house said at one commit: who was a member with which keys and roles, and which policy was in force.

It is made from the member, policy and configuration files of a commit and is never changed: a commit that touches one of them gets
another. Files that cannot be understood, or are removed, count as they were before; the walk has reported them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from plaint.check.findings import Collector, Finding
from plaint.check.house import check_members, check_policies
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.membership import roster_of
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Record, RecordKind, parse
from plaint.model.revisions import Revision, could_apply, in_force, revision_of, understood
from plaint.model.roster import Roster
from plaint.model.schema import validate
from plaint.organisation import CONFIG, Config, config_from


@dataclass(frozen=True)
class House:
    """The house at one commit; records by path."""

    members: Mapping[str, Record] = field(default_factory=dict)
    policies: Mapping[str, Record] = field(default_factory=dict)
    config: Config | None = None

    @cached_property
    def roster(self) -> Roster:
        """Who was a member when, as known at this commit."""
        return roster_of(self.members.values(), self._policies)

    @cached_property
    def _policies(self) -> list[tuple[Policy, Record]]:
        return understood(self.policies.values(), _policy)

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The signing keys that count at this commit, with the member who holds each; whoever takes another's key for theirs gains nothing by it."""
        held = [(self._since(member, key), member, key) for member in self.roster.active() for key in self._signing(member)]
        return {key: member for _since, member, key in sorted(held, reverse=True)}

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """Every signing key that a member holds or held."""
        return frozenset(key for held in self.roster.members.values() for each in held for key in each.signing)

    def _signing(self, member: str) -> tuple[str, ...]:
        now = self.roster.now(member)
        return now.signing if now else ()

    def _since(self, member: str, key: str) -> datetime:
        return min(each.since for each in self.roster.members[member] if key in each.signing)

    def formerly(self, key: str) -> str | None:
        """The member who held a key before, and holds it no more."""
        return next((m for m, held in self.roster.members.items() if any(key in each.signing for each in held)), None)

    def stranger(self, key: str) -> str:
        """Why a key is nobody's."""
        if former := self.formerly(key):
            return _("the key was {member}'s, and is no longer: it was replaced, or they left").format(member=former)
        waiting = (m for m, proposals in self.roster.waiting.items() for p in proposals if key in p.event.codes.get("signing", ()))
        if member := next(waiting, None):
            return _("the key is to be {member}'s, and waits for approval").format(member=member)
        return _("nobody here has this key")

    @cached_property
    def revisions(self) -> Mapping[int, Revision]:
        """The revisions of the policy that can be understood."""
        found: dict[int, Revision] = {}
        for policy, record in self._policies:
            found[policy.revision] = revision_of(policy, record, found, self.roster)
        return found

    @cached_property
    def member_faults(self) -> tuple[Finding, ...]:
        """What `check` says of the members' records: courses, roles, keys that two have."""
        found = Collector()
        policies = [revision.policy for revision in self.revisions.values()]
        check_members([self.members[path] for path in sorted(self.members)], self.roster, self.config, policies, found)
        return tuple(found.found)

    @cached_property
    def policy_faults(self) -> tuple[Finding, ...]:
        """What `check` says of the policy's revisions: numbers, calendars, approvals. Whether they are sound is no matter of history."""
        found = Collector()
        check_policies(list(self.policies.values()), self.roster, found, prove=False)
        return tuple(found.found)

    def faults_since(self, before: House) -> list[Finding]:
        """Those that an earlier house did not have."""
        members = [] if self.members == before.members else [f for f in self.member_faults if f not in before.member_faults]
        policies = [] if self.policies == before.policies else [f for f in self.policy_faults if f not in before.policy_faults]
        return members + policies

    def policy(self, number: int) -> Policy | None:
        """One revision."""
        found = self.revisions.get(number)
        return found.policy if found else None

    def possible_policies(self, received: datetime) -> set[int]:
        """The revisions that a case received then may be under, as known at this commit."""
        if self.config is None:
            return set(self.revisions)
        return could_apply(self.revisions, received.astimezone(self.config.timezone).date(), received)

    def in_force(self, at: datetime) -> Policy | None:
        """The policy in force at a time, as known at this commit."""
        day = at.astimezone(self.config.timezone).date() if self.config else at.date()
        found = in_force(self.revisions, day)
        return found.policy if found else None

    def changed(self, files: Iterable[tuple[str, bytes | None]]) -> House:
        """The house after some files were written (bytes) or removed (None)."""
        members, policies, config = dict(self.members), dict(self.policies), self.config
        for path, data in files:
            kind, folder = (RecordKind.MEMBER, members) if path.startswith("members/") else (RecordKind.POLICY, policies)
            if path.startswith(("members/", "policy/")):
                if data is not None and (record := _readable(data, path, kind)):
                    folder[path] = record  # one that is removed or spoilt goes on as it was: nobody leaves by that
            elif path == CONFIG:
                config = _config(data) or config
        return House(members, policies, config)


_POLICIES: dict[bytes, Policy] = {}


def _policy(record: Record) -> Policy:
    """The policy of a record; the same text is understood once."""
    if record.head not in _POLICIES:
        _POLICIES[record.head] = policy_from(record.header, record.path)
    return _POLICIES[record.head]


def _readable(data: bytes, path: str, kind: RecordKind) -> Record | None:
    """The record, if it is one of that kind in every detail; another would mean nothing, or something else."""
    try:
        record = parse(data, path)
    except InputError:
        return None
    return record if record.kind is kind and not validate(record) else None


def _config(data: bytes | None) -> Config | None:
    try:
        return config_from(data) if data is not None else None
    except InputError:
        return None
