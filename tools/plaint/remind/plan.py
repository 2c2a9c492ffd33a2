"""Who is to be told of what, now: the agenda and what was told before, in; mails without addresses, out. Pure.

Rules:
- Who can settle a thing hears of it by its stages (`model.reminders`); where nobody can, and when it stays late, those the policy names do.
- A thing told is never told again: case, clock, subject, due time and stage make it. A due time that moved, by an extension say, is another thing.
- One mail a member and run, with all that is new for them.
- A mail that may have gone out, but of which nobody knows (the program or the connection ended while the server took it), goes out again under
  the same Message-ID, of the same moment, with what of it still holds: a mailbox that has it drops it or shows it in the same place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from plaint.agenda import Item
from plaint.model.deadlines import Status
from plaint.model.reminders import alarm, escalation, rule_for, stage
from plaint.model.roster import Roster


class Thing(NamedTuple):
    """What somebody is told once."""

    case: str
    clock: str
    subject: str
    due: str
    stage: str

    @property
    def escalated(self) -> bool:
        """Whether it is somebody else's, and late."""
        return self.stage.startswith("escalated")


@dataclass(frozen=True, slots=True)
class Intent:
    """A mail that was about to be handed over: its Message-ID, to whom, of which moment, and what it told."""

    id: str
    member: str
    at: datetime
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger knows: each member's things, and the mails of which it does not know whether they went out."""

    things: Mapping[str, AbstractSet[Thing]]
    pending: Sequence[Intent] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to be sent: what it tells with what is due. `again` where it may have been sent before; nothing in it where none of it holds any more."""

    intent: Intent
    notices: tuple[tuple[Thing, Item], ...]
    again: bool = False


Notices = dict[str, dict[Thing, Item]]
"""Member -> what they are to know now."""


def notices(items: Iterable[Item], roster: Roster, now: datetime) -> Notices:
    """Every member with what they are to know now, told before or not; soonest due first."""
    found: Notices = {}
    for item in items:
        for member, name in _stages(item, roster, now).items():
            thing = Thing(item.case or "", item.clock, item.subject, item.due.astimezone(UTC).isoformat(), name)
            found.setdefault(member, {})[thing] = item
    return {member: found[member] for member in sorted(found)}


def _stages(item: Item, roster: Roster, now: datetime) -> dict[str, str]:
    """Member -> the stage that is theirs."""
    reminders, zone = item.policy.reminders, item.policy.timezone
    rule = rule_for(reminders, item.kind)
    others = roster.with_roles(reminders.escalate_to)
    if item.status is Status.SUSPENDED:
        return {}
    if item.status is Status.AT_RISK:
        return dict.fromkeys([*item.members, *others], alarm(rule, now, zone))
    mine = stage(rule, item.started, item.due, item.warn, now, zone)
    found = dict.fromkeys(item.members or others, mine) if mine else {}
    passed_on = escalation(rule, item.due, now, zone)
    return (dict.fromkeys(others, passed_on) if passed_on else {}) | found


def mails(found: Notices, told: Told, genesis: str, domain: str, now: datetime) -> Iterator[Mail]:
    """The mails to be sent: first those that may have been sent before, then what is new, by member."""
    spoken: dict[str, set[Thing]] = {member: set(things) for member, things in told.things.items()}
    for intent in told.pending:
        current = found.get(intent.member, {})
        still = tuple((thing, current[thing]) for thing in intent.things if thing in current)
        spoken.setdefault(intent.member, set()).update(intent.things)
        yield Mail(replace(intent, things=tuple(thing for thing, _item in still)), still, again=True)
    for member, current in found.items():
        new = tuple((thing, item) for thing, item in current.items() if thing not in spoken.get(member, ()))
        if new:
            things = tuple(thing for thing, _item in new)
            yield Mail(Intent(message_id(genesis, member, things, domain), member, now, things), new)


def message_id(genesis: str, member: str, things: Iterable[Thing], domain: str) -> str:
    """The Message-ID of a mail: the same for the same things of the same organisation, told to the same member."""
    about = json.dumps([genesis, member, sorted(things)], ensure_ascii=True).encode()
    return f"<{hashlib.sha256(about).hexdigest()[:40]}@{domain}>"
