"""What R says of supervision reviews: the sample is the one that the draw gives, so that nobody picked it (R207). It needs the history, but no key.

First the cases are those of today that were there at the entry of the history from which the sample was drawn. Where that gives another sample, their
records as they were then are read: an event can have been written down later than the review was begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from zoneinfo import ZoneInfo

from plaint.check.findings import Collector
from plaint.check.snapshot import Snapshot
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.clocks import Period, parse_period
from plaint.model.record import Record, parse
from plaint.model.sampling import candidates, draw


class Samples:
    """The cases in which something happened in the time of each review, gathered while the cases are read."""

    def __init__(self, reviews: Iterable[Record], zone: ZoneInfo) -> None:
        self._zone = zone
        self._reviews: list[tuple[Record, Period]] = []
        self._cases: dict[str, list[str]] = {}
        for record in reviews:
            with suppress(InputError):  # that it is no period is said elsewhere
                self._reviews.append((record, parse_period(record.id)))

    def add(self, case: Record) -> None:
        """One case of today."""
        for record, period in self._reviews:
            self._cases.setdefault(record.id, []).extend(candidates([case], period, self._zone))

    def check(self, snapshot: Snapshot, found: Collector) -> tuple[str, ...]:
        """Reports each sample that is another one than the draw gives; a note where the history for it is not here."""
        missing = False
        for record, period in self._reviews:
            for event in record.events:
                if event.kind != "sample":
                    continue
                then = snapshot.then(str(event.codes.get("head", "")))
                if then is None:
                    missing = True
                elif not self._is_drawn(record.id, period, then, event.codes):
                    message = _("its sample is not the one that the draw from {head} gives").format(head=str(event.codes["head"])[:12])
                    found.add("R207", record.path, message, line=event.line, event=event.id)
        return (_("the history from which a sample was drawn is not here, so R207 was left out for it"),) if missing else ()

    def _is_drawn(self, review: str, period: Period, then: Snapshot, codes: Mapping[str, object]) -> bool:
        head, sample = str(codes["head"]), codes["cases"]
        assert isinstance(sample, Sequence)
        items = [item for item in then.items("cases") if item.path.endswith(".yaml") and item.path.count("/") == 2]
        there = {item.path.rpartition("/")[2].removesuffix(".yaml") for item in items}
        if draw(head, review, [case for case in self._cases.get(review, ()) if case in there], len(sample)) == list(sample):
            return True
        records = []
        for item, data in zip(items, then.contents(items), strict=True):
            with suppress(InputError):  # what is wrong with it is the audit's to say
                records.append(parse(data, item.path))
        return draw(head, review, candidates(records, period, self._zone), len(sample)) == list(sample)
