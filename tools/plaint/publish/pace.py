"""The internal pages on how the work goes: how each time limit was kept, and what came and went, quarter by quarter."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from plaint.i18n import _, pick
from plaint.model.clocks import Every, Period, period_of
from plaint.organisation import Organisation
from plaint.publish.charts import bars
from plaint.publish.page import Page, escape, heading, table
from plaint.statistics.live import Figures, figures

QUARTERS = 8
"""How many quarters the trend goes back."""


def clocks(organisation: Organisation, now: datetime) -> Page:
    """How each time limit was kept in the last twelve months: on time, late, and half of them within how long."""
    found = _figures(organisation, now - timedelta(days=365), now)
    policy = organisation.policy_in_force(now)
    rows = []
    for name, pace in found.clocks.items():
        count = pace.on_time + pace.late
        title = pick(policy.clocks[name].title) if name in policy.clocks else name
        rows.append((escape(title), str(count), str(pace.late), f"{100 * pace.on_time / count:.0f} %", str(pace.median_hours)))
    header = (_("clock"), _("stopped"), _("late"), _("on time"), _("median, hours"))
    body = table(_("The last twelve months"), header, rows, (1, 2, 3, 4)) if rows else _("No clock has been stopped yet.")
    return Page("internal/clocks", _("How the clocks were kept"), body, _("Internal"))


def trend(organisation: Organisation, now: datetime) -> Page:
    """What came in, was closed and was late, in each of the last quarters."""
    quarters = _quarters(now.astimezone(organisation.config.timezone).date(), QUARTERS)
    zone = organisation.config.timezone
    told = []
    for quarter in quarters:
        begin, end = (datetime.combine(day, time(), zone) for day in (quarter.start, quarter.end))
        told.append((quarter.id, _figures(organisation, begin, min(end, now))))
    rows = [
        (
            name,
            str(each.tables["events"]["receive"]),
            str(each.tables["events"]["accept"]),
            str(each.tables["events"]["decline"]),
            str(each.tables["events"]["conclude"]),
            str(each.tables["events"]["close"]),
            str(sum(pace.late for pace in each.clocks.values())),
            str(sum(each.tables["in-work.state"].values())),
        )
        for name, each in told
    ]
    header = (_("quarter"), _("Received"), _("accepted"), _("declined"), _("concluded"), _("closed"), _("done late"), _("in work at the end"))
    received = [(name, each.tables["events"]["receive"]) for name, each in told]
    body = (
        table(_("Quarter by quarter"), header, rows, range(1, 8))
        + heading(_("Received"))
        + bars("received", _("Received"), received)
        + heading(_("In work at the end"))
        + bars("work", _("In work at the end"), [(name, sum(each.tables["in-work.state"].values())) for name, each in told])
    )
    return Page("internal/trend", _("Trend"), body, _("Internal"))


def _figures(organisation: Organisation, begin: datetime, end: datetime) -> Figures:
    return figures(((organisation.policy_of(record), record.events) for record in organisation.cases()), begin, end)


def _quarters(day: date, count: int) -> list[Period]:
    found = [period_of(day, Every.QUARTER)]
    while len(found) < count:
        found.append(period_of(found[-1].start - timedelta(days=1), Every.QUARTER))
    return found[::-1]
