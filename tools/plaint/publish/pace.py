"""The internal pages on how the work goes: how each time limit was kept, what came and went by channel and category, and quarter by quarter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from plaint.i18n import _, pick
from plaint.model.clocks import Every, Period, period_of
from plaint.model.policy import Policy
from plaint.organisation import Organisation
from plaint.publish.charts import bars
from plaint.publish.page import Page, escape, facts, heading, table
from plaint.statistics.live import CODES, Case, Code, Figures, by_code, by_period, figures
from plaint.statistics.titles import columns, detailed, figure_definitions, in_order, part_titles

QUARTERS = 8
"""How many quarters the trend goes back."""
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is counted once for the pages of every language: the last twelve months, whole and by part, and the last quarters."""

    whole: Figures
    parts: Mapping[Code, Mapping[str, Figures]]
    quarters: Mapping[str, Figures]


def pace(organisation: Organisation, cases: Sequence[Case], now: datetime) -> Pace:
    """Everything that these pages count."""
    zone = organisation.config.timezone
    quarters = _quarters(now.astimezone(zone).date(), QUARTERS)
    spans = {each.id: (datetime.combine(each.start, time(), zone), min(datetime.combine(each.end, time(), zone), now)) for each in quarters}
    begin = now - _YEAR
    return Pace(figures(cases, begin, now), {code: by_code(cases, code, begin, now) for code in CODES}, by_period(cases, spans))


def pages(organisation: Organisation, now: datetime, found: Pace) -> Iterator[Page]:
    """In the order of the navigation."""
    policy = organisation.policy_in_force(now)
    yield clocks(policy, found.whole)
    yield parts(policy, found.parts)
    yield trend(found.quarters)


def clocks(policy: Policy, found: Figures) -> Page:
    """How each time limit was kept in the last twelve months: on time, late, and half of them within how long."""
    rows = list(_rows(policy, found))
    caption = _("The last twelve months")
    body = table(caption, _header(), rows, range(1, 6)) if rows else _("No clock has been stopped yet.") + "\n\n"
    return Page("internal/clocks", _("How the clocks were kept"), body + escape(figure_definitions()["clocks"]) + "\n", _("Internal"))


def parts(policy: Policy, found: Mapping[Code, Mapping[str, Figures]]) -> Page:
    """The last twelve months by channel and by category: every figure, and how each time limit was kept."""
    body = ""
    for code, title in zip(CODES, (_("Channel by channel"), _("Category by category")), strict=True):
        each, names = found[code], part_titles(policy, code)
        words = [*(word for word in names if word in each), *(word for word in each if word not in names)]
        told = [escape(names.get(word, word)) for word in words]
        rows = [(escape(figure), *(str(value(each[word])) for word in words)) for figure, value in detailed(policy, each.values())]
        kept = [(name, *row) for word, name in zip(words, told, strict=True) for row in _rows(policy, each[word])]
        body += heading(title) + table(title, (_("what"), *told), rows, range(1, len(words) + 1), titled=True)
        body += table(_("How the clocks were kept"), (_("what"), *_header()), kept, range(2, 7))
    return Page("internal/parts", _("By channel and by category"), body + _meaning(), _("Internal"))


def trend(found: Mapping[str, Figures]) -> Page:
    """What came in, was closed and was late, in each of the last quarters."""
    shown = columns()
    rows = [(name, *(str(column.value(each)) for column in shown)) for name, each in found.items()]
    header = (_("quarter"), *(column.title for column in shown))
    work = next(column for column in shown if column.name == "in-work")
    received = [(name, each.tables["events"]["receive"]) for name, each in found.items()]
    body = (
        table(_("Quarter by quarter"), header, rows, range(1, len(header)))
        + heading(_("Received"))
        + bars("received", _("Received"), received)
        + heading(_("In work at the end"))
        + bars("work", _("In work at the end"), [(name, work.value(each)) for name, each in found.items()])
        + _meaning()
    )
    return Page("internal/trend", _("Trend"), body, _("Internal"))


def _meaning() -> str:
    return heading(_("What the figures mean")) + facts((column.title, escape(column.definition)) for column in columns())


def _header() -> Sequence[str]:
    return _("clock"), _("stopped"), _("late"), _("on time"), _("median, hours"), _("overdue")


def _rows(policy: Policy, found: Figures) -> Iterable[Sequence[str]]:
    for name, each in in_order(policy, found.clocks):
        title = pick(policy.clocks[name].title) if name in policy.clocks else name
        count = each.on_time + each.late
        share, half = (f"{100 * each.on_time / count:.0f} %", str(each.median_hours)) if count else ("–", "–")
        yield escape(title), str(count), str(each.late), share, half, str(each.overdue)


def _quarters(day: date, count: int) -> list[Period]:
    found = [period_of(day, Every.QUARTER)]
    while len(found) < count:
        found.append(period_of(found[-1].start - timedelta(days=1), Every.QUARTER))
    return found[::-1]
