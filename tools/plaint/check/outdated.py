"""Keyrings that open for somebody who should not open them any more: who left since, or has other keys or other roles.

Who was let in is told by the policy's roles, the team, and whom the identity was disclosed to; grants and exclusions are sealed. What somebody
sealed anew is what their roles open, so a keyring may be named here that somebody who was granted access has renewed: never the other way round,
but for who was shut out of a part of a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from plaint.check.findings import Collector
from plaint.check.sealing import REPORTER
from plaint.i18n import _
from plaint.model.machine import disclosed_to, renewed
from plaint.model.policy import TEAM, Policy
from plaint.model.record import Record
from plaint.model.roster import Roster


@dataclass(frozen=True, slots=True)
class Part:
    """A compartment of a case: when its key was last sealed, and to whom: roles and members."""

    at: datetime
    roles: frozenset[str]
    people: frozenset[str]

    def opens_for(self, member: str, roles: frozenset[str]) -> bool:
        """Whether it was sealed to a member with these roles."""
        return member in self.people or not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class LastSealed:
    """A case's compartments, and the last event that made a new keyring."""

    path: str
    event: str
    line: int
    parts: Mapping[str, Part]


def last_sealed(record: Record, policy: Policy, roster: Roster) -> LastSealed:
    """When each key of a case was last sealed, as far as the open part tells."""
    compartments = frozenset(record.header["seals"]) - {REPORTER}
    parts: dict[str, Part] = {}
    team: frozenset[str] = frozenset()
    last = record.events[0]
    for number, event in enumerate(record.events):
        if event.kind == "assign":
            team = frozenset(event.codes.get("team", ()))
        if number and "keyring" not in event.codes:
            continue
        last = event
        speaks_of = renewed(event)
        for compartment in compartments if speaks_of is None else compartments & speaks_of:
            part = Part(event.at, *_let_in(policy, compartment, team, record))
            if number == 0 or speaks_of is not None or part.opens_for(event.by, roster.roles(event.by, event.at)):
                parts[compartment] = part
    return LastSealed(record.path, last.id, last.line, parts)


def _let_in(policy: Policy, compartment: str, team: frozenset[str], record: Record) -> tuple[frozenset[str], frozenset[str]]:
    roles = policy.compartments[compartment].holders if compartment in policy.compartments else ()
    people = (team if TEAM in roles else frozenset()) | (disclosed_to(record.events) if compartment == "identity" else frozenset())
    return frozenset(roles), people


def check_outdated(cases: Iterable[LastSealed], roster: Roster, found: Collector) -> None:
    """Compartments that were last sealed before a change among the members who were let in."""
    changed = {name: held[-1] for name, held in roster.members.items() if len(held) > 1}
    newest = max((now.since for now in changed.values()), default=None)
    for case in cases if newest else ():
        older: dict[str, list[str]] = {}
        for compartment, part in case.parts.items():
            for name, now in changed.items() if newest and part.at < newest else ():
                then = roster.at(name, part.at) if part.at < now.since else None
                if then and part.opens_for(name, then.roles) and not (now.roles and now.recipient == then.recipient and part.opens_for(name, now.roles)):
                    older.setdefault(name, []).append(compartment)
        if older:
            parts = sorted({compartment for mine in older.values() for compartment in mine})
            message = _("{compartments}: last sealed before {members} left, or changed keys or roles")
            found.add("K207", case.path, message.format(compartments=", ".join(parts), members=", ".join(sorted(older))), line=case.line, event=case.event)
