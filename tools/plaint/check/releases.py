"""What R says of published figures: no release tells a small count, and no two of them give one away by subtraction.

It needs the releases alone, neither cases nor a key, and finds what was written by hand instead of by `plaint publish`:
- R301: every count is at least the threshold, which is no lower than the policy's; a table has each word once, and counts every case; of a line
  of a cross table no cell, or more than one, is hidden.
- R302: each release begins where the one before it ended. A longer one is the sum of its parts: its groups are theirs, put together, and so are
  its counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from plaint.check.findings import Collector
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.clocks import parse_period
from plaint.model.record import Record
from plaint.model.yamlio import Pointer

MEASURES = "measures."
"""Tables whose name begins so count measures, not cases."""
HIDDEN = "hidden"
"""A hidden cell of a cross table."""


def check_releases(records: Sequence[Record], thresholds: Mapping[int, int], found: Collector) -> None:
    """Every release by itself, and all of them together; `thresholds` are those of the policy's revisions."""
    known = [record for record in records if _is_period(record.id)]
    for record in known:
        for pointer, message in _alone(record.header, thresholds.get(int(record.header["policy"]), 0)):
            found.add("R301", record.path, message, line=record.line_of(pointer))
    by_period = {record.id: record for record in known}
    end = date.min
    for record in sorted(known, key=lambda each: (parse_period(each.id).end, each.id)):
        if record.header.get("parts"):
            for pointer, message in _sum(record.header, [by_period.get(part) for part in record.header["parts"]]):
                found.add("R302", record.path, message, line=record.line_of(pointer))
            continue
        since = date.fromisoformat(record.header["since"])
        if end > date.min and since != end:
            message = _("it counts from {since}, and the release before it counts up to {end}").format(since=since, end=end)
            found.add("R302", record.path, message, line=record.line_of(("since",)))
        end = max(end, parse_period(record.id).end)


def _is_period(text: str) -> bool:
    try:
        parse_period(text)
    except InputError:
        return False
    return True


def _alone(head: Mapping[str, Any], least: int) -> Iterator[tuple[Pointer, str]]:
    k, cases = head["threshold"], head["cases"]
    if k < least:
        yield ("threshold",), _("its threshold is {k}, and the policy's is {least}").format(k=k, least=least)
    for key in ("cases", "received"):
        if head.get(key, k) < k:
            yield (key,), _("{n} is below the threshold of {k}").format(n=head[key], k=k)
    for name, groups in head["tables"].items():
        words = [word for group in groups for word in group.split("+")]
        if len(words) != len(set(words)):
            yield ("tables", name), _("{table}: a word stands in two groups").format(table=name)
        if not name.startswith(MEASURES) and sum(groups.values()) != cases:
            yield ("tables", name), _("{table}: its counts add up to {n}, not to {cases}").format(table=name, n=sum(groups.values()), cases=cases)
        for group, n in groups.items():
            if n < k:
                yield ("tables", name, group), _("{table}: {n} is below the threshold of {k}").format(table=name, n=n, k=k)
    for name, cross in head.get("cross", {}).items():
        lines = [*cross["cells"], *zip(*cross["cells"], strict=False)]
        if any(n != HIDDEN and n < k for line in cross["cells"] for n in line):
            yield ("cross", name), _("{table}: a cell is below the threshold of {k}").format(table=name, k=k)
        if any(sum(n == HIDDEN for n in line) == 1 for line in lines):
            yield ("cross", name), _("{table}: a cell is hidden alone in its line, and can be computed").format(table=name)


def _sum(head: Mapping[str, Any], parts: Sequence[Record | None]) -> Iterator[tuple[Pointer, str]]:
    there = [part.header for part in parts if part is not None]
    if len(there) != len(parts):
        yield ("parts",), _("a release that it is the sum of is not there")
        return
    if head["cases"] != sum(part["cases"] for part in there):
        yield ("cases",), _("{table} is not the sum of its parts").format(table="cases")
    if "received" in head and head["received"] != sum(part.get("received", 0) for part in there):
        yield ("received",), _("{table} is not the sum of its parts").format(table="received")
    for name, groups in head["tables"].items():
        if any(name not in part["tables"] or not _adds_up(groups, [each["tables"].get(name, {}) for each in there]) for part in there):
            yield ("tables", name), _("{table} is not the sum of its parts").format(table=name)
    if "cross" in head or "medians" in head:
        yield ("parts",), _("a sum has neither cross tables nor medians")


def _adds_up(groups: Mapping[str, int], parts: Sequence[Mapping[str, int]]) -> bool:
    for group, n in groups.items():
        words = set(group.split("+"))
        inside = [(set(each.split("+")), count) for part in parts for each, count in part.items() if words & set(each.split("+"))]
        if any(not each <= words for each, _count in inside) or sum(count for _each, count in inside) != n:
            return False
    return True
