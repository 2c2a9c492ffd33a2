"""The sample of a supervision review: drawn by a hash, so that nobody picks, and anybody can draw it again.

Rules:
- The cases are those in which something happened in the period.
- They are put in the order of SHA-256 of the history's entry, the period and the case's id; the first ones are the sample.

>>> draw("f" * 40, "2026-H1", ["ABCD-2345", "BCDE-3456", "CDEF-4567"], 2)
['CDEF-4567', 'ABCD-2345']
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from plaint.model.clocks import Period
from plaint.model.record import Record


def candidates(records: Iterable[Record], period: Period, zone: ZoneInfo) -> list[str]:
    """The cases in which something happened in the period, by the organisation's time."""
    return [record.id for record in records if any(period.start <= event.at.astimezone(zone).date() < period.end for event in record.events)]


def draw(head: str, period: str, cases: Iterable[str], size: int) -> list[str]:
    """The sample, in the order in which it was drawn."""
    return sorted(cases, key=lambda case: hashlib.sha256(f"plaint review 1\n{head}\n{period}\n{case}".encode()).digest())[:size]
