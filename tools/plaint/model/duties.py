"""Duties of the organisation: reviews and the annual report, each due some time after its period's end, and the review of the policy itself.

Rules:
- A duty that comes back begins with the policy: not before its effective date, its approval, or the first case received under it or later.
- Periods that close while a revision is in force are judged by that revision; the period that was under way when it began counts.
- `review` is done when reviews/PERIOD.yaml is concluded. Any other duty (`annual-report`) is a report: it is done when
  reviews/PERIOD.yaml is concluded or releases/PERIOD.yaml is published, whichever the house keeps for it.
- A revision that says so is to be reviewed some time after it came into force, cases or not. The next revision that is approved, changed or
  not, settles it: that the policy was looked at is then a matter of record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from plaint.model.clocks import Duration, period_due, periods
from plaint.model.clocks import due as due_after
from plaint.model.deadlines import Status, span
from plaint.model.policy import Text
from plaint.model.revisions import Revision

REVIEW = "review"
POLICY_REVIEW = "policy-review"
"""The name of the clock of a revision's own review."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that is not done yet: for a period that is over, or for a revision of the policy."""

    name: str
    title: Text
    subject: str
    """The period ("2026-H1"), or the revision ("policy-1")."""
    started: datetime
    due: datetime
    provisional: bool
    warn: Duration | None

    def status(self, now: datetime) -> Status:
        """What its clock says at `now`."""
        if now > self.due:
            return Status.LATE
        return Status.SOON if now >= self.due - span(self.warn) else Status.RUNNING


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
                yield Duty(recurring.name, recurring.title, period.id, started, due.at, due.provisional, recurring.warn)


def open_policy_review(revisions: Iterable[Revision], now: datetime) -> tuple[Revision, Duty] | None:
    """The newest approved revision, if it is in force and to be reviewed; InputError where the calendar ends."""
    newest = next((revision for revision in reversed([*revisions]) if revision.since), None)
    if newest is None or newest.since is None or newest.since > now or newest.policy.review is None:
        return None
    policy, review = newest.policy, newest.policy.review
    due = due_after(newest.since, review.within, policy.timezone, policy.calendar)
    return newest, Duty(POLICY_REVIEW, review.title, f"policy-{newest.number}", newest.since, due.at, due.provisional, review.warn)
