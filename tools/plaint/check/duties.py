"""What R says of the house: duties that come back, such as reviews and the annual report, each due some time after its period's end.

Rules:
- A duty begins with the policy: not before its effective date, its approval, or the first case received under it or later.
- Periods that close while a revision is in force are judged by that revision; the period that was under way when it began counts.
- `review` is done when reviews/PERIOD.yaml is concluded. Any other duty (`annual-report`) is a report: it is done when
  reviews/PERIOD.yaml is concluded or releases/PERIOD.yaml is published, whichever the house keeps for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from plaint.check.course import span
from plaint.check.findings import Collector
from plaint.check.house import House, Revision
from plaint.errors import InputError
from plaint.i18n import _, pick
from plaint.model.clocks import period_due, periods
from plaint.model.deadlines import span as duration_span
from plaint.model.policy import Recurring

REVIEW = "review"


def check_duties(house: House, first: datetime | None, concluded: frozenset[str], published: frozenset[str], now: datetime, found: Collector) -> None:
    """Every period since the `first` case; `concluded` and `published` are the periods of reviews and releases that are done."""
    if first is None:
        return
    for revision, since, until in _reigns(house, first, now):
        for duty in revision.policy.recurring.values():
            done = concluded if duty.name == REVIEW else concluded | published
            try:
                _check_duty(revision, duty, since, until, done, now, found)
            except InputError as error:
                found.add("D106", revision.record.path, error.what, line=1)


def _reigns(house: House, first: datetime, now: datetime) -> Iterator[tuple[Revision, datetime, datetime]]:
    """Each approved revision with the time in which it was in force and there were cases."""
    approved = [(r, max(_effective(r), r.approved)) for r in house.revisions.values() if r.approved]
    for index, (revision, since) in enumerate(approved):
        following = approved[index + 1][1] if index + 1 < len(approved) else now
        if max(since, first) < min(following, now):
            yield revision, max(since, first), min(following, now)


def _effective(revision: Revision) -> datetime:
    return datetime.combine(revision.policy.effective, datetime.min.time(), revision.policy.timezone)


def _check_duty(revision: Revision, duty: Recurring, since: datetime, until: datetime, done: frozenset[str], now: datetime, found: Collector) -> None:
    policy = revision.policy
    local_since, local_until = (moment.astimezone(policy.timezone).date() for moment in (since, until))
    for period in periods(local_since, local_until, duty.every):
        if period.id in done:
            continue
        due = period_due(period, duty.within, policy.timezone, policy.calendar).at
        path = f"reviews/{period.id}.yaml"
        words = {"duty": pick(duty.title), "period": period.id, "due": due.strftime("%Y-%m-%d %H:%M")}
        late, soon = ("R201", "R202") if duty.name == REVIEW else ("R203", "R204")
        if now > due:
            found.add(late, path, _("{duty} of {period}: was due {due}, {span} ago").format(**words, span=span(now - due)))
        elif now >= due - duration_span(duty.warn):
            found.add(soon, path, _("{duty} of {period}: due {due}, in {span}").format(**words, span=span(due - now)))
