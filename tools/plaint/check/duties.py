"""What R says of the house: duties that were not done, or will soon be due (see `model.duties`)."""

from __future__ import annotations

from datetime import datetime

from plaint.check.findings import Collector
from plaint.check.house import House
from plaint.errors import InputError
from plaint.i18n import _, pick
from plaint.model.deadlines import Status
from plaint.model.duties import POLICY_REVIEW, REVIEW, Duty, open_duties, open_policy_review
from plaint.model.revisions import reigns
from plaint.model.words import stretch

REPORT = ("R203", "R204")
RULES_OF = {REVIEW: ("R201", "R202"), POLICY_REVIEW: ("R205", "R206")}
"""The rules for what is late and for what is due soon; any other duty is a report."""


def check_duties(house: House, first: datetime | None, concluded: frozenset[str], published: frozenset[str], now: datetime, found: Collector) -> None:
    """Every period since the `first` case; `concluded` and `published` are the periods of reviews and releases that are done."""
    if first is None:
        return
    for revision, since, until in reigns(house.revisions.values(), first, now):
        try:
            for duty in open_duties(revision, since, until, concluded, published):
                title = _("{duty} of {period}").format(duty=pick(duty.title), period=duty.subject)
                _report(duty, title, f"reviews/{duty.subject}.yaml", None, now, found)
        except InputError as error:
            found.add("D106", revision.record.path, error.what, line=1)


def check_policy_review(house: House, now: datetime, found: Collector) -> None:
    """Whether the policy is past the day by which it was to be looked at anew."""
    try:
        review = open_policy_review(house.revisions.values(), now)
    except InputError as error:
        found.add("D106", "policy", error.what)
        return
    if review:
        revision, duty = review
        _report(duty, pick(duty.title), revision.record.path, revision.record.line_of((POLICY_REVIEW,)), now, found)


def _report(duty: Duty, title: str, path: str, line: int | None, now: datetime, found: Collector) -> None:
    late, soon = RULES_OF.get(duty.name, REPORT)
    due = duty.due.strftime("%Y-%m-%d %H:%M")
    match duty.status(now):
        case Status.LATE:
            found.add(late, path, _("{clock}: was due {due}, {span} ago").format(clock=title, due=due, span=stretch(now - duty.due)), line=line)
        case Status.SOON:
            found.add(soon, path, _("{clock}: due {due}, in {span}").format(clock=title, due=due, span=stretch(duty.due - now)), line=line)
        case _:
            pass
