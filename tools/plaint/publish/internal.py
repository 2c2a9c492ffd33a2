"""The internal pages: the work as it stands, for members. Opaque ids only; nothing sealed is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from plaint.agenda import Item, agenda, disposal_due, status_word, time_left
from plaint.audit.run import Audited, audit
from plaint.check.findings import Report
from plaint.check.run import check
from plaint.check.snapshot import Snapshot
from plaint.i18n import _, listed, pick
from plaint.model.deadlines import Status, readings
from plaint.model.machine import event_name, fold
from plaint.model.record import Record
from plaint.model.timeline import codes_said, sealed_parts
from plaint.model.words import event_title
from plaint.organisation import Organisation
from plaint.publish import pace
from plaint.publish.page import Page, escape, heading, large, link, moment, table

FOLDER = "internal"
_CLASS = {Status.LATE: "late", Status.SOON: "soon", Status.DONE: "done", Status.DONE_LATE: "late", Status.AT_RISK: "late", Status.SUSPENDED: "quiet"}


@dataclass(frozen=True, slots=True)
class Work:
    """What is found out once for the pages of every language: the cases, what is due, what was counted, and what the check and the audit say."""

    cases: Sequence[Record]
    items: Sequence[Item]
    pace: pace.Pace
    checked: Report
    audited: Audited

    def in_this_language(self, organisation: Organisation, now: datetime) -> Work:
        """Findings are worded in the language in which they were made: where there are any, they are made again."""
        checked = _checked(organisation, now) if self.checked.findings else self.checked
        return replace(self, checked=checked, audited=_audited(organisation) if self.audited.report.findings else self.audited)


def work(organisation: Organisation, now: datetime) -> Work:
    """Everything that these pages are made from."""
    items = [item for item in agenda(organisation, now, with_members=True) if not item.distant]
    cases = list(organisation.cases())
    counted = pace.pace(organisation, [(organisation.policy_of(case), case.events) for case in cases], now)
    return Work(cases, items, counted, _checked(organisation, now), _audited(organisation))


def _checked(organisation: Organisation, now: datetime) -> Report:
    return check(Snapshot.open(organisation.repository.root, organisation.revision), now)


def _audited(organisation: Organisation) -> Audited:
    repository = organisation.repository
    return audit(repository.git, repository.objects, repository.prefix, organisation.revision or "HEAD")


def pages(organisation: Organisation, now: datetime, found: Work) -> Iterator[Page]:
    """In the order of the navigation; a timeline of each case last."""
    items = found.items
    yield queue(organisation, items, now)
    yield late(organisation, items, now)
    yield load(organisation, items)
    yield measures(organisation, items, now)
    yield duties(organisation, items, now)
    yield from pace.pages(organisation, now, found.pace)
    yield state(organisation, found)
    for record in found.cases:
        yield timeline(organisation, record, now)


def queue(organisation: Organisation, items: Sequence[Item], now: datetime) -> Page:
    """Everything that is due, soonest first."""
    open_cases = {item.case for item in items if item.case}
    count = Counter(item.status for item in items)
    to_go = sum(disposal_due(item.status, item.due, now) for item in items)
    top = large(
        [
            (_("cases with something due"), str(len(open_cases))),
            (_("late"), str(count[Status.LATE])),
            (_("due soon"), str(count[Status.SOON] - to_go)),
            (_("due for disposal"), str(to_go)),
            (_("suspended"), str(count[Status.SUSPENDED])),
        ]
    )
    return _page("queue", _("What is due"), top + _items(_("Soonest first"), organisation, items, now))


def late(organisation: Organisation, items: Sequence[Item], now: datetime) -> Page:
    """What is late, the longest first."""
    found = [item for item in items if item.status is Status.LATE]
    body = _items(_("Longest late first"), organisation, found, now) if found else _("Nothing is late.")
    return _page("late", _("Late"), body)


def load(organisation: Organisation, items: Sequence[Item]) -> Page:
    """How much each member could settle, and each role."""
    roster = organisation.roster
    per_member = Counter(member for item in items for member in item.members)
    late_of = Counter(member for item in items if item.status is Status.LATE for member in item.members)
    titles = {role: pick(title) for each in organisation.revisions.values() for role, title in each.policy.roles.items()}
    rows, per_role, late_role = [], Counter[str](), Counter[str]()
    for member in sorted(roster.members):
        now = roster.now(member)
        if now:
            roles = listed(titles.get(role, role) for role in sorted(now.roles))
            rows.append((escape(member), escape(roles), str(per_member[member]), str(late_of[member])))
    for item in items:
        roles_of = {role for member in item.members for role in (getattr(roster.now(member), "roles", ()))}
        per_role.update(roles_of)
        late_role.update(roles_of if item.status is Status.LATE else ())
    by_role = [(escape(titles.get(role, role)), str(n), str(late_role[role])) for role, n in per_role.most_common()]
    body = (
        heading(_("By role"))
        + table(_("What each role can settle now"), (_("role"), _("due"), _("late")), by_role, (1, 2))
        + heading(_("By member"))
        + table(_("What each member can settle now"), (_("member"), _("roles"), _("due"), _("late")), rows, (2, 3))
    )
    return _page("load", _("Load"), body)


def measures(organisation: Organisation, items: Sequence[Item], now: datetime) -> Page:
    """The measures that were decided and not yet verified."""
    of_measures = {clock.name for each in organisation.revisions.values() for clock in each.policy.clocks.values() if clock.per == "measure"}
    found = [item for item in items if item.clock in of_measures]
    body = _items(_("Soonest first"), organisation, found, now) if found else _("No measure is outstanding.")
    return _page("measures", _("Measures outstanding"), body)


def duties(organisation: Organisation, items: Sequence[Item], now: datetime) -> Page:
    """Reviews and reports that are due."""
    found = [item for item in items if item.case is None]
    body = _items(_("Soonest first"), organisation, found, now) if found else _("Nothing is due.")
    return _page("duties", _("Reviews and reports due"), body)


def state(organisation: Organisation, found: Work) -> Page:
    """What the check and the audit say, and whose keys are in use since when."""
    zone = organisation.config.timezone
    keys = [
        (escape(member), moment(held.since, zone), str(len(held.signing)))
        for member in sorted(organisation.roster.members)
        if (held := organisation.roster.now(member))
    ]
    body = "\n\n".join(
        [
            _("The newest entry is `{head}`, the first one `{root}`.").format(head=found.audited.report.head, root=found.audited.root),
            heading(_("The history")).rstrip(),
            _report(found.audited.report),
            heading(_("The records")).rstrip(),
            _report(found.checked),
            heading(_("Keys")).rstrip(),
            table(_("Members and their signing keys"), (_("member"), _("as it is since"), _("signing keys")), keys, (2,)),
        ]
    )
    return _page("state", _("Proof and keys"), body)


def _report(report: Report) -> str:
    said = _("{errors} errors, {warnings} warnings.").format(errors=report.errors, warnings=report.warnings)
    fine = _("All in order.")
    if not report.findings:
        return f'<p class="done">{escape(fine)}</p>\n'
    rows = [(escape(f.rule), escape(f.record), str(f.line or ""), escape(f.message), escape(f.remedy)) for f in report.findings[:200]]
    return escape(said) + "\n\n" + table(_("What was found"), (_("rule"), _("record"), _("line"), _("what"), _("what to do")), rows)


def timeline(organisation: Organisation, record: Record, now: datetime) -> Page:
    """One case: its events and its clocks."""
    policy = organisation.policy_of(record)
    state = fold(policy, record.events)
    zone = policy.timezone
    events = []
    for event in record.events:
        words = listed(f"{name}: {value}" for name, value in codes_said(policy, event))
        sealed = sealed_parts(policy, event)
        events.append((moment(event.at, zone), escape(event_title(event_name(event))), escape(event.by), escape(words), escape(sealed)))
    running = []
    for reading in readings(policy, record.events, now, state):
        status = reading.status(now)
        subject = f" {reading.subject}" if reading.clock.per == "measure" else ""
        ended = moment(reading.stopped, zone) if reading.stopped else ""
        running.append((escape(pick(reading.clock.title) + subject), moment(reading.due, zone), ended, _status(status, status_word(status, reading.due, now))))
    standing = (pick(policy.states[state.state].title), pick(policy.categories.get(state.category, {})), pick(policy.channels.get(state.channel, {})))
    body = (
        escape(" · ".join(filter(None, standing)))
        + "\n\n"
        + heading(_("Course"))
        + table(_("Every event"), (_("time"), _("event"), _("by"), _("open words"), _("sealed")), events)
        + heading(_("Clocks"))
        + table(_("Every clock"), (_("clock"), _("due"), _("stopped"), _("status")), running)
    )
    return Page(f"{FOLDER}/cases/{record.id}", record.id, body, _("Internal"), listed=False)


def _page(name: str, title: str, body: str) -> Page:
    return Page(f"{FOLDER}/{name}", title, body, _("Internal"))


def _status(status: Status, word: str) -> str:
    return f'<span class="{_CLASS.get(status, "")}">{escape(word)}</span>' if status in _CLASS else escape(word)


def _items(caption: str, organisation: Organisation, items: Sequence[Item], now: datetime) -> str:
    zone = organisation.config.timezone
    rows = []
    for item in items:
        left, word = time_left(item.status, item.due, now), status_word(item.status, item.due, now)
        case = link(f"cases/{item.case}.html", item.case) if item.case else ""
        due = moment(item.due, zone) + ("?" if item.provisional else "")
        who = escape(listed(sorted(item.members)))
        rows.append((due, escape(left), _status(item.status, word), case, escape(item.title), escape(item.state_title), who))
    header = (_("due"), _("time"), _("status"), _("case"), _("clock"), _("state"), _("who can"))
    return table(caption, header, rows)
