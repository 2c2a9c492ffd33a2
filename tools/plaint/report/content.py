"""What the annual report says: the year's figures, how the time limits were kept, measures, reviews and the policy, and places for the writer.

It is for the leadership, so its figures are exact, small ones too; it says so on its first page. They count events where they happened (see
`statistics.live`). Nothing sealed is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from plaint.agenda import agenda
from plaint.errors import UsageError
from plaint.i18n import _, language, listed, pick
from plaint.model.clocks import Period, parse_period
from plaint.model.deadlines import Status
from plaint.model.policy import Policy
from plaint.model.words import local
from plaint.organisation import Organisation
from plaint.report.document import Block, Bullets, Chart, Document, Fill, Heading, Paragraph, Table
from plaint.statistics.live import CODES, Code, Figures, Pace, by_code, figures
from plaint.statistics.titles import columns, detailed, figure_titles, in_order, part_titles, word_titles

YEARS = 3
"""How many years stand side by side."""


@dataclass(frozen=True, slots=True)
class _Year:
    """A year's figures, what came and went month by month, and the policy that names it all."""

    organisation: Organisation
    policy: Policy
    year: int
    end: datetime
    figures: Figures
    by: Mapping[Code, Mapping[str, Figures]]
    """The same for each channel and each category."""
    earlier: Sequence[tuple[int, Figures]]
    received: Counter[int]
    closed: Counter[int]
    now: datetime

    def events(self, name: str) -> int:
        """How often an event happened in the year."""
        return self.figures.tables["events"][name]


def annual_report(organisation: Organisation, year: int, now: datetime) -> Document:
    """The report of a year in the language in force; up to `now` while the year is not over. UsageError where nothing came in before its end."""
    found = _year(organisation, year, now)
    name = pick(organisation.config.name)
    whole = found.end <= now and found.end.date() == parse_period(str(year)).end
    title = _("Annual report {year}").format(year=year)
    subtitle = f"{name} · {pick(found.policy.title)}"
    blocks: list[Block] = []
    if not whole:
        blocks.append(Paragraph(_("The year is not over: these are the figures up to {time}.").format(time=local(found.end, found.policy.timezone))))
    blocks.append(
        Paragraph(_("For the leadership. The figures are exact, small ones too: do not publish them. What may be published is in the releases on the site."))
    )
    for chapter in (_summary, _came_in, _screening, _outcome, _limits, _feedback, _parts, _compared, _supervision, _writer, _counted):
        blocks += chapter(found)
    return Document(language(), title, subtitle, blocks)


def _year(organisation: Organisation, year: int, now: datetime) -> _Year:
    zone = organisation.config.timezone
    begin, end = _bounds(parse_period(str(year)), zone)
    if begin > now:
        raise UsageError(_("{year} has not begun").format(year=year), where="YEAR")
    until = min(end, now)
    cases = [(organisation.policy_of(record), record.events) for record in organisation.cases()]
    if not any(events[0].at < until for _policy, events in cases):
        raise UsageError(_("no case was received before the end of {year}").format(year=year), where="YEAR", hint=_("plaint list shows the cases"))
    received, closed = Counter[int](), Counter[int]()
    for _policy, events in cases:
        for event in events:
            if begin <= event.at < until and event.kind in ("receive", "close"):
                (received if event.kind == "receive" else closed)[event.at.astimezone(zone).month] += 1
    earlier = []
    for each in range(year - YEARS + 1, year):
        first, last = _bounds(parse_period(str(each)), zone)
        earlier.append((each, figures(cases, first, last)))
    policy = organisation.policy_in_force(until)
    by = {code: by_code(cases, code, begin, until) for code in CODES}
    return _Year(organisation, policy, year, until, figures(cases, begin, until), by, earlier, received, closed, now)


def _bounds(period: Period, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, last = (datetime.combine(day, time(), zone) for day in (period.start, period.end))
    return first, last


def _summary(found: _Year) -> Iterator[Block]:
    yield Heading(_("Summary"))
    stopped, late = found.figures.stopped
    received, before = found.events("receive"), found.earlier[-1][1].tables["events"]["receive"]
    measures = found.figures.tables["verified.result"]
    items = [
        _("{n} reports came in; {m} in the year before.").format(n=received, m=before),
        _("{accepted} were accepted, {declined} were declined.").format(accepted=found.events("accept"), declined=found.events("decline")),
        _("{concluded} inquiries were concluded and {closed} cases closed; {work} were still in work at the end.").format(
            concluded=found.events("conclude"), closed=found.events("close"), work=sum(found.figures.tables["in-work.state"].values())
        ),
    ]
    if stopped:
        items.append(_("{n} time limits ended: {share} were kept, {late} were not.").format(n=stopped, share=_share(stopped - late, stopped), late=late))
    items.append(_("At the end, {n} time limits were overdue.").format(n=found.figures.overdue))
    decided = sum(found.figures.tables["decided.measure"].values())
    told = _("{n} measures were decided.").format(n=decided)
    if measures:
        told += " " + _("Of {all} verifications, {n} found the measure fulfilled.").format(n=measures["fulfilled"], all=sum(measures.values()))
    items.append(told)
    yield Bullets(tuple(items))
    yield Fill(_("The year in the writer's words: what stood out, and why."))


def _came_in(found: _Year) -> Iterator[Block]:
    yield Heading(_("What came in"))
    yield from _counted_table(found, "received.channel")
    yield from _counted_table(found, "received.category")
    last = (found.end.astimezone(found.policy.timezone)).month if found.end.year == found.year else 12
    months = [(f"{found.year}-{month:02}", found.received[month], found.closed[month]) for month in range(1, last + 1)]
    yield Table(_("Month by month"), (_("month"), _("came in"), _("closed")), tuple((name, str(n), str(m)) for name, n, m in months))
    yield Chart(_("Received, month by month"), tuple((name, n) for name, n, _closed in months))


def _screening(found: _Year) -> Iterator[Block]:
    yield Heading(_("Screening"))
    yield Paragraph(_("{accepted} were accepted, {declined} were declined.").format(accepted=found.events("accept"), declined=found.events("decline")))
    yield from _counted_table(found, "declined.reason")


def _outcome(found: _Year) -> Iterator[Block]:
    yield Heading(_("Inquiries, decisions and measures"))
    yield from _counted_table(found, "concluded.outcome")
    yield from _counted_table(found, "decided.measure")
    yield from _counted_table(found, "verified.result")
    of_measures = {clock.name for clock in found.policy.clocks.values() if clock.per == "measure"}
    open_now = [item for item in agenda(found.organisation, found.now) if item.clock in of_measures]
    late = sum(item.status is Status.LATE for item in open_now)
    yield Paragraph(
        _("On {day}, when this report was made, {n} measures were outstanding, {late} of them late.").format(
            day=_day(found.now, found), n=len(open_now), late=late
        )
    )


def _limits(found: _Year) -> Iterator[Block]:
    yield Heading(_("How the time limits were kept"))
    rows = [_pace_row(found.policy, name, pace) for name, pace in in_order(found.policy, found.figures.clocks) if pace.took or pace.overdue]
    if not rows:
        yield Paragraph(_("No time limit ended in the year, and none was overdue at its end."))
        return
    header = (_("time limit"), _("ended"), _("kept"), _("late"), _("on time"), _("median, hours"), _("overdue"))
    yield Table(_("The time limits of the year"), header, tuple(rows))
    yield Fill(_("What was late, why, and what is done about it."))


def _feedback(found: _Year) -> Iterator[Block]:
    yield Heading(_("Feedback to those who report"))
    yield Paragraph(_("{n} were given the result.").format(n=found.events("answer")))
    yield from _counted_table(found, "closed.satisfaction")
    yield from _counted_table(found, "reopened.reason")


def _parts(found: _Year) -> Iterator[Block]:
    """Every figure for each channel and each category, side by side."""
    yield Heading(_("By channel and by category"))
    for code, title in zip(CODES, (_("Channel by channel"), _("Category by category")), strict=True):
        each = found.by[code]
        names = part_titles(found.policy, code)
        words = [word for word in names if word in each] + [word for word in each if word not in names]
        rows = [(figure, *(str(value(each[word])) for word in words)) for figure, value in detailed(found.policy, each.values())]
        yield Table(title, (_("what"), *(names.get(word, word) for word in words)), tuple(rows))


def _compared(found: _Year) -> Iterator[Block]:
    yield Heading(_("Beside the years before"))
    years = [*found.earlier, (found.year, found.figures)]
    names = [("receive", _("came in")), ("accept", _("accepted")), ("decline", _("declined")), ("conclude", _("concluded")), ("close", _("closed")), ("reopen", _("reopened"))]  # fmt: skip
    rows = [(title, *(str(each.tables["events"][name]) for _year, each in years)) for name, title in names]
    rows.append((_("in work at the end"), *(str(sum(each.tables["in-work.state"].values())) for _year, each in years)))
    kept = [(stopped - late, stopped) for stopped, late in (each.stopped for _year, each in years)]
    rows.append((_("time limits kept"), *(_share(n, whole) for n, whole in kept)))
    yield Table(_("Year by year"), (_("what"), *(str(year) for year, _figures in years)), tuple(rows))


def _supervision(found: _Year) -> Iterator[Block]:
    organisation, period = found.organisation, str(found.year)
    yield Heading(_("Supervision, rules and records"))
    reviews = [record for record in organisation.reviews() if parse_period(record.id).id.startswith(period)]
    if reviews:
        rows = []
        for record in reviews:
            ended = next((event for event in record.events if event.kind == "conclude"), None)
            looked_at = {case for event in record.events for case in event.codes.get("cases", ())}
            rows.append((record.id, _day(ended.at, found) if ended else _("not concluded"), ended.by if ended else "", str(len(looked_at))))
        yield Table(_("Supervision reviews"), (_("period"), _("concluded"), _("by"), _("cases looked at")), tuple(rows), frozenset({0, 1, 2}))
    else:
        yield Paragraph(_("No supervision review of this year is on record."))
    due = [item for item in agenda(organisation, found.now) if item.case is None and item.status is Status.LATE]
    if due:
        yield Bullets(
            tuple(_("Overdue: {duty} of {period}, due {day}.").format(duty=item.title, period=item.subject, day=_day(item.due, found)) for item in due)
        )
    yield Fill(_("What the reviews found, and what became of the findings of the last ones."))
    revisions = [
        r for r in organisation.revisions.values() if r.since and r.since.astimezone(found.policy.timezone).year == found.year and r.since <= found.end
    ]
    told = [
        _("Policy revision {n} came into force on {day}.").format(n=revision.number, day=_day(revision.since, found))
        for revision in revisions
        if revision.since is not None
    ]
    told += [
        _("The records of {n} cases were destroyed after their retention ended; {holds} were put on hold.").format(
            n=found.events("dispose:confirm"), holds=found.events("hold")
        ),
        _("The identity of a reporter was asked for {asked} times: granted {granted}, refused {refused}.").format(
            asked=found.events("disclose:request"), granted=found.events("disclose:grant"), refused=found.events("disclose:refuse")
        ),
    ]
    yield Bullets(tuple(told))


def _writer(_found: _Year) -> Iterator[Block]:
    yield Heading(_("Recommendations"))
    yield Fill(_("What the leadership should decide, by whom and by when."))


def _counted(found: _Year) -> Iterator[Block]:
    yield Heading(_("How this was counted"))
    head = found.organisation.revision or ""
    clocks = listed(f"{pick(clock.title)}" for clock in found.policy.clocks.values() if clock.name in found.figures.clocks)
    items = [
        _("Everything is counted in the year in which it happened; so a case received in one year and closed in the next counts in both."),
        _("A case corrected to another category counts as what it was last corrected to. A case opened again is in work again."),
        _("A time limit counts in the year in which it ended; the median is the time within which half of them ended."),
    ]
    if clocks:
        items.append(_("Time limits: {clocks}.").format(clocks=clocks))
    items.append(_("The source is the organisation's repository at {head}; plaint stats prints the same figures.").format(head=head))
    yield Bullets(tuple(items))
    yield Table(_("What the figures mean"), (_("what"), _("meaning")), tuple((c.title, c.definition) for c in columns()), frozenset({0, 1}))


def _counted_table(found: _Year, name: str) -> Iterator[Block]:
    counts = found.figures.tables[name]
    if not counts:
        return
    words, title, whole = word_titles(found.policy)[name], figure_titles()[name], sum(counts.values())
    rows = [(words.get(word, word), n) for word, n in counts.most_common()]
    lines = [(text, str(n), _share(n, whole)) for text, n in rows]
    yield Table(title, (_("what"), _("number"), _("share")), (*lines, (_("together"), str(whole), "")))
    if len(rows) > 1:
        yield Chart(title, tuple(rows))


def _pace_row(policy: Policy, name: str, pace: Pace) -> tuple[str, ...]:
    ended = pace.on_time + pace.late
    title = pick(policy.clocks[name].title) if name in policy.clocks else name
    half = "–" if pace.median_hours is None else str(pace.median_hours)
    return title, str(ended), str(pace.on_time), str(pace.late), _share(pace.on_time, ended), half, str(pace.overdue)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _day(at: datetime, found: _Year) -> str:
    return at.astimezone(found.policy.timezone).date().isoformat()
