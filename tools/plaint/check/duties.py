"""What R says of the house: duties that come back and were not done, or will soon be due (see `model.duties`)."""

from __future__ import annotations

from datetime import datetime

from plaint.check.findings import Collector
from plaint.check.house import House
from plaint.errors import InputError
from plaint.i18n import _, pick
from plaint.model.deadlines import Status
from plaint.model.duties import REVIEW, Duty, open_duties
from plaint.model.revisions import reigns
from plaint.model.words import stretch


def check_duties(house: House, first: datetime | None, concluded: frozenset[str], published: frozenset[str], now: datetime, found: Collector) -> None:
    """Every period since the `first` case; `concluded` and `published` are the periods of reviews and releases that are done."""
    if first is None:
        return
    for revision, since, until in reigns(house.revisions.values(), first, now):
        try:
            for duty in open_duties(revision, since, until, concluded, published):
                _report(duty, now, found)
        except InputError as error:
            found.add("D106", revision.record.path, error.what, line=1)


def _report(duty: Duty, now: datetime, found: Collector) -> None:
    path = f"reviews/{duty.period}.yaml"
    words = {"duty": pick(duty.recurring.title), "period": duty.period, "due": duty.due.strftime("%Y-%m-%d %H:%M")}
    late, soon = ("R201", "R202") if duty.recurring.name == REVIEW else ("R203", "R204")
    match duty.status(now):
        case Status.LATE:
            found.add(late, path, _("{duty} of {period}: was due {due}, {span} ago").format(**words, span=stretch(now - duty.due)))
        case Status.SOON:
            found.add(soon, path, _("{duty} of {period}: due {due}, in {span}").format(**words, span=stretch(duty.due - now)))
        case _:
            pass
