"""A cross table of two of a release's tables: rows with small cells are suppressed, and others with them, until no hidden cell can be computed.

Rules:
- Rows and columns are the groups that the two tables publish, so their totals are known to everybody.
- A row with a cell below `k`, zeros too, is hidden whole. Then, as long as a hidden cell is bounded too well by the totals and the rows that stand,
  the row with the smallest total is hidden too (complementary suppression): which one that is depends on nothing but totals that everybody knows. One
  sign stands for all: which came first is not told.
- **Whoever knows these rules** can exclude the cases for which they would have hidden other rows. So a table is told only where, for every hidden
  cell, cases are found that give the same table and differ enough in that cell (`_told_apart`). They are looked for in what is published alone; so that none
  were found tells nothing of the cells.
- What linear programming bounds too well is not told either (`cross_bounds`, the proof by another hand). Where nothing is left, the table is withheld.
- Each is proven by itself; `against_crosses` says which do not go together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from plaint.i18n import _
from plaint.statistics.disclosure import Bound, Groups, extremes

Cells = Mapping[tuple[str, str], int]
"""(word of the first table, word of the second) -> cases."""
Lines = Sequence[Sequence[int]]


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
    hidden = _hidden(full, k)
    if hidden is None or (hidden and not _told_apart(full, hidden, k)):
        return None
    if any(not bound.safe(k) for _place, bound in cross_bounds(full, set(product(hidden, range(len(heads)))))):
        return None
    return Cross(names, heads, tuple(tuple(None if i in hidden else n for n in line) for i, line in enumerate(full)))


def cross_bounds(full: Lines, hidden: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Bound]]:
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


def _hidden(full: Lines, k: int) -> list[int] | None:
    """The rows to hide; None where all would have to be."""
    hidden = [i for i, line in enumerate(full) if min(line) < k]
    others = sorted(set(range(len(full))) - set(hidden), key=lambda i: (sum(full[i]), i))
    while hidden and not _loose([full[i] for i in hidden], k):
        if not others:
            return None
        hidden.append(others.pop(0))
    return sorted(hidden) if others else None


def _loose(block: Lines, k: int) -> bool:
    """Whether the totals of a block leave each of its cells as much as `k`, and room for no less than `k`."""
    rows, columns = [sum(line) for line in block], [sum(line) for line in zip(*block, strict=True)]
    total = sum(rows)
    return all(min(r, c) >= k and min(r, c) - max(0, r + c - total) >= k for r, c in product(rows, columns))


def _told_apart(full: Lines, hidden: Sequence[int], k: int) -> bool:
    """Whether for every hidden cell there are cases that would give this table, and differ in that cell by no less than `k`; one has `k` there."""
    rows, columns = [sum(full[i]) for i in hidden], [sum(full[i][j] for i in hidden) for j in range(len(full[0]))]
    found: dict[tuple[int, int], list[int]] = {place: [] for place in product(range(len(rows)), range(len(columns)))}
    for block in _blocks(rows, columns):
        at = dict(zip(hidden, block, strict=True))
        if _hidden([at.get(i, line) for i, line in enumerate(full)], k) == hidden:
            for (i, j), seen in found.items():
                seen.append(block[i][j])
            if all(Bound("", "", min(seen), max(seen)).safe(k) for seen in found.values()):
                return True
    return False


def _blocks(rows: Sequence[int], columns: Sequence[int]) -> Iterator[list[list[int]]]:
    """Blocks with these totals: each cell filled first, or last of its row and column, and the others one after the other from each corner."""
    for i, j, down, right in product(range(len(rows)), range(len(columns)), range(len(rows)), range(len(columns))):
        order = [((r + down) % len(rows), (c + right) % len(columns)) for r, c in product(range(len(rows)), range(len(columns)))]
        yield _filled(rows, columns, [(i, j), *order])
        beside = [place for place in order if (place[0] == i) != (place[1] == j)]
        yield _filled(rows, columns, [*beside, *order])


def _filled(rows: Sequence[int], columns: Sequence[int], order: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Each place in order takes as much as its row and its column still need."""
    left, below = list(rows), list(columns)
    block = [[0] * len(columns) for _row in rows]
    for i, j in order:
        n = min(left[i], below[j])
        block[i][j] += n
        left[i] -= n
        below[j] -= n
    return block


def _sum(cells: Cells, row: str, column: str) -> int:
    return sum(cells.get((a, b), 0) for a in row.split("+") for b in column.split("+"))
