"""A cross table of two of a release's tables: small cells are suppressed, and others with them, until no hidden cell can be computed.

Rules:
- Rows and columns are the groups that the two tables publish, so their totals are known to everybody.
- A cell below `k` is hidden, zeros too. Then, as long as linear programming bounds a hidden cell too well from the totals and the cells that
  stand, the smallest cell beside it is hidden too (complementary suppression). One sign stands for all: which came first is not told.
- Where nothing is left to show, the table is withheld.
- Each is proven by itself; `against_crosses` says which do not go together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plaint.i18n import _
from plaint.statistics.disclosure import Bound, Groups, extremes

Cells = Mapping[tuple[str, str], int]
"""(word of the first table, word of the second) -> cases."""


@dataclass(frozen=True, slots=True)
class Cross:
    """A cross table as it is published; None is a hidden cell."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]


def cross_table(cells: Cells, rows: Groups, columns: Groups, k: int) -> Cross | None:
    """The table with what must be hidden hidden; None where nothing is left."""
    names, heads = tuple(rows), tuple(columns)
    full = [[_sum(cells, row, column) for column in heads] for row in names]
    hidden = {(i, j) for i, line in enumerate(full) for j, n in enumerate(line) if n < k}
    while unsafe := [place for place, bound in cross_bounds(full, hidden) if not bound.safe(k)]:
        beside = [place for place in _beside(unsafe[0], len(names), len(heads)) if place not in hidden]
        if not beside:
            return None
        hidden.add(min(beside, key=lambda place: (full[place[0]][place[1]], place)))
    if len(hidden) == len(names) * len(heads):
        return None
    return Cross(names, heads, tuple(tuple(None if (i, j) in hidden else n for j, n in enumerate(line)) for i, line in enumerate(full)))


def cross_bounds(full: Sequence[Sequence[int]], hidden: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Bound]]:
    """What anybody can conclude about each hidden cell from the totals of rows and columns and the cells that stand."""
    places = sorted(hidden)
    equations: list[list[float]] = []
    totals: list[int] = []
    for axis in (0, 1):
        for line in {place[axis] for place in places}:
            mine = [place for place in places if place[axis] == line]
            equations.append([1.0 if place in mine else 0.0 for place in places])
            totals.append(sum(full[i][j] for i, j in mine))
    for n, place in enumerate(places):
        yield place, Bound("", "", *extremes(equations, totals, n))


def against_crosses(pairs: Sequence[tuple[str, str]], linked: Collection[str]) -> str:
    """Why some cross tables may not stand in one release; empty where they may. `linked` are the tables that say something of each other."""
    crossed = sorted({name for pair in pairs for name in pair if name in linked})
    if len(crossed) > 1:
        return _("{tables} say something of each other: only one of them can be crossed").format(tables=", ".join(crossed))
    reached: dict[str, set[str]] = {}
    for first, second in pairs:
        one, other = reached.get(first, {first}), reached.get(second, {second})
        if first in other:
            return _("{first}*{second} closes a ring of cross tables: together they tell more than each").format(first=first, second=second)
        reached |= dict.fromkeys(one | other, one | other)
    return ""


def _beside(place: tuple[int, int], rows: int, columns: int) -> list[tuple[int, int]]:
    i, j = place
    return [(i, n) for n in range(columns) if n != j] + [(n, j) for n in range(rows) if n != i]


def _sum(cells: Cells, row: str, column: str) -> int:
    return sum(cells.get((a, b), 0) for a in row.split("+") for b in column.split("+"))
