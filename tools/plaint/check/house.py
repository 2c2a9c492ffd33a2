"""Family P: is the policy sound, approved and in force for the cases that use it; and are the members' records in order?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from plaint.check.course import Clocks
from plaint.check.findings import Collector
from plaint.errors import InputError
from plaint.i18n import _, ngettext
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Record
from plaint.model.revisions import Revision, approvals, could_apply, in_force, revision_of
from plaint.model.roster import Roster
from plaint.model.schema import validate
from plaint.model.yamlio import load_yaml
from plaint.organisation import CONFIG, Config, config_from


@dataclass(slots=True)
class House:
    """What the cases are judged by. `used` counts the cases of each revision."""

    config: Config | None
    roster: Roster
    revisions: Mapping[int, Revision]
    clocks: Mapping[int, Clocks]
    used: dict[int, int] = field(default_factory=dict)

    def in_force(self, at: datetime) -> Revision | None:
        """The newest approved revision that has taken effect at a time; the first one before that."""
        return in_force(self.revisions, self._day(at))

    def may_have_been_in_force(self, at: datetime) -> set[int]:
        """The revisions that a case of that time may have: the one in force as known then, or as approved since with effect from before."""
        return could_apply(self.revisions, self._day(at), at)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self.config.timezone if self.config else None).date()


def check_config(data: bytes | None, found: Collector) -> Config | None:
    """plaint.yaml, or None after reporting what is wrong with it."""
    if data is None:
        found.add("P301", CONFIG, _("the file is missing"))
        return None
    try:
        problems = validate(load_yaml(data, CONFIG), "plaint", data)
        for problem in problems:
            found.add("P301", CONFIG, problem.message, line=problem.line or 1)
        return None if problems else config_from(data)
    except InputError as error:
        _path, _colon, line = error.where.rpartition(":")
        found.add("P301", CONFIG, error.what, line=int(line) if line.isdigit() else 1)
        return None


def check_members(records: Sequence[Record], roster: Roster, config: Config | None, policies: Iterable[Policy], found: Collector) -> None:
    """Each member's own course, the keys and roles of all, and the approvals of their changes."""
    known = list(policies)
    roles = {role for policy in known for role in policy.roles}
    expertise = {field for policy in known for field in policy.expertise}
    owners: dict[str, str] = {config.recovery: ""} if config else {}
    for record in records:
        gone = False
        for index, event in enumerate(record.events):
            if (index == 0) is not (event.kind == "join"):
                message = _("the record must begin with joining") if index == 0 else _("{member} has joined already").format(member=record.id)
                found.add("P201", record.path, message, line=event.line, event=event.id)
            if gone:
                found.add("P202", record.path, _("{member} has left already").format(member=record.id), line=event.line, event=event.id)
            gone = gone or event.kind == "leave"
            for word in (*event.codes.get("roles", ()), *event.codes.get("expertise", ())):
                if known and word not in (roles if word in event.codes.get("roles", ()) else expertise):
                    found.add("P204", record.path, _("no policy knows {word}").format(word=word), line=event.line, event=event.id)
            for key in (*event.codes.get("signing", ()), *filter(None, [event.codes.get("recipient")])):
                owner = owners.setdefault(key, record.id)
                if owner != record.id:
                    message = _("{member} has this key too").format(member=owner) if owner else _("this is the recovery key of the organisation")
                    found.add("P203", record.path, message, line=event.line, event=event.id)
    paths = {record.id: record.path for record in records}
    for void in roster.void:
        found.add("P205", paths[void.member], void.reason, line=void.event.line, event=void.event.id)


def check_policies(records: Sequence[Record], roster: Roster, found: Collector, *, prove: bool = True) -> dict[int, Revision]:
    """The revisions in order, each proved sound (`prove`, which takes its time); what cannot be understood is reported and left out."""
    from plaint.model.lint import lint

    revisions: dict[int, Revision] = {}
    numbers = sorted(int(record.id) for record in records)
    if not records:
        found.add("P109", "policy", _("there is no policy that can be read"))
    for record in sorted(records, key=lambda r: int(r.id)):
        number = int(record.id)
        if number > 1 and number - 1 not in numbers:
            found.add("P103", record.path, _("revision {n} is missing").format(n=number - 1), line=record.line_of(("policy",)))
        try:
            policy = policy_from(record.header, record.path)
            policy.calendar.is_working(policy.effective)
        except InputError as error:
            found.add("P106", record.path, error.what, line=record.line_of(("calendar",)))
            continue
        for problem in lint(policy) if prove else ():
            found.add("P101", record.path, problem.message, line=1)
        for event, against in approvals(record, revisions, roster):
            if against:
                found.add("P108", record.path, against, line=event.line, event=event.id)
        revisions[number] = revision_of(policy, record, revisions, roster)
    return revisions


def check_policy_of(record: Record, house: House, found: Collector) -> Revision | None:
    """The revision a record names; whether it could be in force is asked for cases."""
    number = int(record.header["policy"])
    revision = house.revisions.get(number)
    if revision is None:
        if not house.revisions:
            return None  # that there is none has been said
        message = _("there is no policy revision {revision}").format(revision=number)
        found.add("P107", record.path, message, line=record.line_of(("policy",)))
        return None
    house.used[number] = house.used.get(number, 0) + 1
    return revision


def check_in_force(record: Record, revision: Revision, house: House, found: Collector) -> None:
    """Whether a case was received under the revision that was in force."""
    if not revision.approved or len(house.revisions) == 1:
        return  # one that nobody approved is reported once, for all its cases
    possible = house.may_have_been_in_force(record.events[0].at)
    if revision.number not in possible:
        message = _("it was received under revision {n}, and {force} was in force").format(n=revision.number, force=", ".join(map(str, sorted(possible))))
        found.add("P105", record.path, message, line=record.line_of(("policy",)), event=record.events[0].id)


def check_in_use(house: House, now: datetime, found: Collector) -> None:
    """Whether what is in use was approved, and whether there are people for what is in force."""
    from plaint.model.lint_people import against_people

    for number, revision in house.revisions.items():
        cases = house.used.get(number, 0)
        if cases and not revision.approved:
            message = ngettext(
                "{n} record was made under it, and it was not approved", "{n} records were made under it, and it was not approved", cases
            ).format(n=cases)
            found.add("P104", revision.record.path, message, line=revision.record.events[0].line)
    force = house.in_force(now)
    if force:
        for _code, message in dict.fromkeys(against_people(force.policy, house.roster)):
            found.add("P102", force.record.path, message, line=1)
