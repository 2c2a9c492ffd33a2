"""`plaint check`: one pass over the records of one state of the repository, without any secret.

Each file is read, parsed, validated and folded once, and then forgotten; what must be compared across cases is kept in small tables.

>>> check(Snapshot.open(Path(".")), now).exit_code()
0
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from plaint.check.course import Clocks, check_course, check_frame
from plaint.check.duties import check_duties, check_policy_review
from plaint.check.findings import Collector, Report
from plaint.check.form import check_schemas, read_records, record_files
from plaint.check.house import House, check_config, check_in_force, check_in_use, check_members, check_policies, check_policy_of
from plaint.check.outdated import LastSealed, check_outdated, last_sealed
from plaint.check.releases import check_releases
from plaint.check.reviews import Samples
from plaint.check.sealing import Holding, Seals, check_copies, check_keyrings, check_sealed_texts, check_seals, holding
from plaint.check.snapshot import Snapshot
from plaint.i18n import _
from plaint.model.machine import is_final
from plaint.model.membership import roster_of
from plaint.model.policy import policy_from
from plaint.model.record import Event, Record, RecordKind
from plaint.model.revisions import understood
from plaint.organisation import CONFIG


@dataclass(slots=True)
class _Seen:
    """What is compared across records."""

    cases: dict[str, Holding] = field(default_factory=dict)
    sealed: list[LastSealed] = field(default_factory=list)
    events: dict[str, tuple[str, str, datetime, str]] = field(default_factory=dict)
    links: list[tuple[str, str, Event]] = field(default_factory=list)
    seals: Seals = field(default_factory=Seals)
    first: datetime | None = None
    count: int = 0


def check(snapshot: Snapshot, now: datetime) -> Report:
    """Everything that one state of the repository shows to be out of order at `now`."""
    found = Collector()
    seen = _Seen()
    items = {kind: record_files(snapshot, kind, found) for kind in RecordKind}
    check_schemas(snapshot, found)
    config = check_config(snapshot.read(CONFIG), found)
    members = list(read_records(snapshot, items[RecordKind.MEMBER], RecordKind.MEMBER, found))
    policies = list(read_records(snapshot, items[RecordKind.POLICY], RecordKind.POLICY, found))
    roster = roster_of(members, understood(policies, lambda record: policy_from(record.header, record.path)))
    revisions = check_policies(policies, roster, found)
    house = House(config, roster, revisions, {number: Clocks.of(revision.policy) for number, revision in revisions.items()})
    check_members(members, roster, config, [r.policy for r in house.revisions.values()], found)
    for record in (*members, *policies):
        check_frame(record, roster, now, found)
        _compare_events(record, seen, found)
    others = {kind: list(read_records(snapshot, items[kind], kind, found)) for kind in (RecordKind.REVIEW, RecordKind.RELEASE)}
    samples = Samples(others[RecordKind.REVIEW], config.timezone if config else ZoneInfo("UTC"))
    for record in read_records(snapshot, items[RecordKind.CASE], RecordKind.CASE, found):
        _check_case(record, house, now, seen, found)
        samples.add(record)
    done: dict[RecordKind, set[str]] = {}
    for kind, records in others.items():
        for record in records:
            done.setdefault(kind, set()).update(_check_other(record, house, now, seen, found))
    check_releases(others[RecordKind.RELEASE], {number: each.policy.threshold for number, each in house.revisions.items()}, found)
    for path, other, event in seen.links:
        if other not in seen.cases:
            found.add("T110", path, _("there is no case {case}").format(case=other), line=event.line, event=event.id)
    check_outdated(seen.sealed, roster, found)
    check_in_use(house, now, found)
    check_duties(house, seen.first, frozenset(done.get(RecordKind.REVIEW, ())), frozenset(done.get(RecordKind.RELEASE, ())), now, found)
    check_policy_review(house, now, found)
    names = {item.path.rpartition("/")[2].removesuffix(".yaml") for item in items[RecordKind.CASE]}
    notes = _check_keyrings(snapshot, seen, names, found) + samples.check(snapshot, found)
    return Report(found.in_order(), sum(map(len, items.values())), seen.count, snapshot.head, notes=notes, prefix=snapshot.prefix)


def _check_case(record: Record, house: House, now: datetime, seen: _Seen, found: Collector) -> None:
    first = record.events[0].at
    if seen.first is None or first < seen.first:
        seen.first = first
    check_sealed_texts(record, found)
    check_seals(record, seen.seals, found)
    check_copies(record, seen.seals, found)
    _compare_events(record, seen, found)
    revision = check_policy_of(record, house, found)
    final, keyring = False, ""
    if revision is not None:
        check_in_force(record, revision, house, found)
        state = check_course(record, house.clocks[revision.number], house.roster, now, found)
        final, keyring = is_final(revision.policy, state), state.keyring
        if not final:
            seen.sealed.append(last_sealed(record, revision.policy, house.roster))
    if (other := seen.cases.get(record.id)) is not None:
        found.add("S207", record.path, _("the case {case} stands in {other} too").format(case=record.id, other=other.path), line=1)
        return
    seen.cases[record.id] = holding(record, keyring, final=final)
    seen.links += [(record.path, str(e.codes["other"]), e) for e in record.events if e.kind == "link"]


def _check_other(record: Record, house: House, now: datetime, seen: _Seen, found: Collector) -> list[str]:
    """A review or release; its period, if it is done."""
    check_frame(record, house.roster, now, found)
    _compare_events(record, seen, found)
    check_policy_of(record, house, found)
    check_sealed_texts(record, found)
    check_seals(record, seen.seals, found)
    check_copies(record, seen.seals, found)
    return [record.id] if any(event.kind in ("conclude", "publish") for event in record.events) else []


def _compare_events(record: Record, seen: _Seen, found: Collector) -> None:
    """Counts the events, and finds ids that stand in another record too."""
    seen.count += len(record.events)
    for event in record.events:
        mine = (record.path, event.kind, event.at, event.by)
        path, *rest = seen.events.setdefault(event.id, mine)
        if path != record.path:
            code = "S208" if rest == [*mine[1:]] else "S209"
            message = _("the event {event} stands in {other} too").format(event=event.id, other=path)
            found.add(code, record.path, message, line=event.line, event=event.id)


def _check_keyrings(snapshot: Snapshot, seen: _Seen, names: set[str], found: Collector) -> tuple[str, ...]:
    if not snapshot.is_current:
        return (_("keyrings belong to the present state, so the rules on them (K2…) were left out for this commit"),)
    keyrings = snapshot.keyrings()
    if keyrings is None:
        return (_("this clone has no keyrings, so the rules on them (K2…) were left out; plaint sync fetches them"),)
    unread = names - set(seen.cases)  # what is wrong with these has been said
    check_keyrings({name: ring for name, ring in keyrings.items() if name not in unread}, seen.cases, found)
    return ()
