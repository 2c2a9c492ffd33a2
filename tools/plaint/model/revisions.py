"""The revisions of an organisation's policy: which are approved, since when, and which is in force on a day.

Rules:
- A revision is approved with the last approval that the revision in force then asks for, each by a different person with a role for it: a
  draft that asks for less makes nothing easier. The first one takes a single approval, by whoever founds the organisation.
- In force is the newest approved revision that has taken effect; before any has, the first one. A case keeps the one it was received under.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from plaint.errors import InputError
from plaint.i18n import _, listed, pick
from plaint.model.policy import Policy
from plaint.model.record import Event, Record
from plaint.model.roster import Roster


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of the policy, and since when it has the approvals it needs (None: it has not)."""

    policy: Policy
    record: Record
    approved: datetime | None

    @property
    def number(self) -> int:
        """1, 2, 3 …"""
        return self.policy.revision

    @property
    def since(self) -> datetime | None:
        """When it came into force: approved, and its date reached."""
        effective = datetime.combine(self.policy.effective, datetime.min.time(), self.policy.timezone)
        return max(effective, self.approved) if self.approved else None


def understood(records: Iterable[Record], read: Callable[[Record], Policy]) -> list[tuple[Policy, Record]]:
    """The revisions in order of their numbers; those that make no sense are left out."""
    found = []
    for record in sorted(records, key=lambda r: int(r.id)):
        with suppress(InputError):
            found.append((read(record), record))
    return found


def rules_for(revisions: Mapping[int, Revision], number: int, at: datetime) -> Policy | None:
    """The policy that says who approves a revision at a time: of those before it the one in force; None for the first one."""
    before = {n: revision for n, revision in revisions.items() if n < number}
    first = next(iter(before.values()), None)
    found = in_force(before, at.astimezone(first.policy.timezone).date(), at) if first else None
    return found.policy if found else None


def revision_of(policy: Policy, record: Record, revisions: Mapping[int, Revision], roster: Roster) -> Revision:
    """A revision with its approvals counted; `revisions` holds those before it."""
    times = sorted(event.at for event, against in approvals(record, revisions, roster) if not against)
    rules = [rules_for(revisions, policy.revision, at) for at in times]
    enough = (at for given, (at, asked) in enumerate(zip(times, rules, strict=True), 1) if given >= (asked.approvals if asked else 1))
    return Revision(policy, record, next(enough, None))


def approvals(record: Record, revisions: Mapping[int, Revision], roster: Roster) -> Iterator[tuple[Event, str]]:
    """Each approval with what speaks against it, "" if nothing does."""
    counted: set[str] = set()
    for event in record.events:
        if event.kind != "approve":
            continue
        before = rules_for(revisions, int(record.id), event.at)
        if before and not roster.roles(event.by, event.at) & set(before.approvers):
            roles = listed(pick(before.roles.get(role, {"en": role})) for role in before.approvers)
            yield event, _("{member} may not approve a revision: it takes the role {roles}").format(member=event.by, roles=roles)
        elif event.by in counted:
            yield event, _("{member} has approved it already").format(member=event.by)
        else:
            counted.add(event.by)
            yield event, ""


def in_force(revisions: Mapping[int, Revision], day: date, known: datetime | None = None) -> Revision | None:
    """The revision in force on a day, as approved by the time `known` (by now); None where there is no revision at all."""
    force = [r for r in revisions.values() if r.approved and r.policy.effective <= day and (known is None or r.approved <= known)]
    return force[-1] if force else next(iter(revisions.values()), None)


def could_apply(revisions: Mapping[int, Revision], day: date, received: datetime) -> set[int]:
    """The revisions that a case received then may be under: the one in force as known then, or as approved since with effect from before.

    Times are to the minute, so within the minute of an approval it may be the one before.
    """
    found = (in_force(revisions, day), in_force(revisions, day, received), in_force(revisions, day, received - timedelta(minutes=1)))
    return {revision.number for revision in found if revision}


def reigns(revisions: Iterable[Revision], first: datetime, now: datetime) -> Iterator[tuple[Revision, datetime, datetime]]:
    """Each approved revision with the time since `first`, the first case, in which it was in force."""
    approved = [(r, r.since) for r in revisions if r.since]
    for index, (revision, since) in enumerate(approved):
        following = approved[index + 1][1] if index + 1 < len(approved) else now
        if max(since, first) < min(following, now):
            yield revision, max(since, first), min(following, now)
