"""Duties of the organisation that come back, such as reviews and the annual report, each due some time after its period's end.

Rules:
- A duty begins with the policy: not before its effective date, its approval, or the first case received under it or later.
- Periods that close while a revision is in force are judged by that revision; the period that was under way when it began counts.
- `review` is done when reviews/PERIOD.yaml is concluded. Any other duty (`annual-report`) is a report: it is done when
  reviews/PERIOD.yaml is concluded or releases/PERIOD.yaml is published, whichever the house keeps for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plaint.model.clocks import period_due, periods
from plaint.model.deadlines import Status, span
from plaint.model.policy import Recurring
from plaint.model.revisions import Revision

REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty for one period that is over, and not done yet."""

    recurring: Recurring
    period: str
    started: datetime
    due: datetime
    provisional: bool

    def status(self, now: datetime) -> Status:
        """What its clock says at `now`."""
        if now > self.due:
            return Status.LATE
        return Status.SOON if now >= self.due - span(self.recurring.warn) else Status.RUNNING


def open_duties(revision: Revision, since: datetime, until: datetime, concluded: frozenset[str], published: frozenset[str]) -> Iterator[Duty]:
    """What is left to do for the periods that closed in a revision's time; InputError where the calendar ends.

    `concluded` and `published` are the periods of the reviews and releases that are done.
    """
    policy = revision.policy
    local_since, local_until = (moment.astimezone(policy.timezone).date() for moment in (since, until))
    for recurring in policy.recurring.values():
        done = concluded if recurring.name == REVIEW else concluded | published
        for period in periods(local_since, local_until, recurring.every):
            if period.id not in done:
                due = period_due(period, recurring.within, policy.timezone, policy.calendar)
                started = datetime.combine(period.end, datetime.min.time(), policy.timezone)
                yield Duty(recurring, period.id, started, due.at, due.provisional)
