"""A small layered layout (Sugiyama, Tagawa, Toda 1981): boxes in rows, edges through the rows between, nothing on top of anything else.

Rules:
- Boxes stand in rows by their longest way from the start; edges that lead back are laid out upside down.
- Every label is an item of a row of its own between two rows of boxes, so labels overlap neither boxes, nor lines, nor each other.
- Lines run straight down inside a row and bend only in the gaps between rows.
- A line is upright through all its rows unless it must cross another, and everything stands as near to its neighbours as widths allow.

>>> placed = lay_out({"a": (40, 20), "b": (40, 20)}, [Edge("a", "b", (30, 10))])
>>> placed.boxes["a"].y < placed.labels[0].y < placed.boxes["b"].y
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

GAP = 18.0
"""Between two items of a row, and between two rows."""
ROUNDS = 24


@dataclass(frozen=True, slots=True)
class Edge:
    """From one box to another, with the size of its label."""

    source: str
    target: str
    label: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its left upper corner."""

    x: float
    y: float
    width: float
    height: float


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes: boxes by name; for each edge, in order, its label's box and the points its line passes from source to target."""

    boxes: Mapping[str, Box]
    labels: Sequence[Box]
    lines: Sequence[Sequence[Point]]
    width: float
    height: float


@dataclass(slots=True)
class _Item:
    """A box, a label or the passage of a line, in a row; `left` and `right` are its reach from its x."""

    row: int
    left: float
    right: float
    height: float
    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    x: float = 0.0
    line: bool = True
    spine: bool = False
    """Whether it belongs to the first way on from its box: the main course."""


def lay_out(sizes: Mapping[str, tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """Places boxes of these sizes, the first being the start, and the edges between them."""
    back = _leading_back(list(sizes), edges)
    ranks = _ranks(list(sizes), edges, back)
    items = [_Item(2 * ranks[n], w / 2, w / 2, h, line=False) for n, (w, h) in sizes.items()]
    number = {name: i for i, name in enumerate(sizes)}
    chains = [_chain(items, number, ranks, edge, edge_back) for edge, edge_back in zip(edges, back, strict=True)]
    rows = _ordered(items)
    _place(items, rows, chains)
    shift = GAP / 2 - min(i.x - i.left for i in items)
    for item in items:
        item.x += shift
    tops, bottoms = _heights(items, rows)
    boxes = {n: _box(items[i], tops, bottoms) for n, i in number.items()}
    lines, labels = [], []
    ports = _ports(items, chains)
    for index, (chain, label, edge_back) in enumerate(chains):
        lines.append(_line(items, chain, tops, bottoms, ports[index], edge_back))
        labels.append(_box(items[label], tops, bottoms))
    return Layout(boxes, labels, lines, max(i.x + i.right for i in items) + GAP / 2, bottoms[-1] + GAP / 2)


def _leading_back(names: Sequence[str], edges: Sequence[Edge]) -> list[bool]:
    """Which edges close a circle, on a walk in depth from the start."""
    back = [False] * len(edges)
    mark: dict[str, int] = {}

    def walk(name: str) -> None:
        mark[name] = 1
        for i, edge in enumerate(edges):
            if edge.source == name:
                if mark.get(edge.target) == 1:
                    back[i] = True
                elif edge.target not in mark:
                    walk(edge.target)
        mark[name] = 2

    for name in names:
        if name not in mark:
            walk(name)
    return back


def _ranks(names: Sequence[str], edges: Sequence[Edge], back: Sequence[bool]) -> dict[str, int]:
    ranks = dict.fromkeys(names, 0)
    forward = [edge for edge, edge_back in zip(edges, back, strict=True) if not edge_back]
    for _round in names:
        for edge in forward:
            ranks[edge.target] = max(ranks[edge.target], ranks[edge.source] + 1)
    return ranks


def _chain(items: list[_Item], number: Mapping[str, int], ranks: Mapping[str, int], edge: Edge, back: bool) -> tuple[list[int], int, bool]:
    """Adds an edge's passages; gives its items from the upper to the lower end, and which of them is the label."""
    upper, lower = (edge.target, edge.source) if back else (edge.source, edge.target)
    first, last = 2 * ranks[upper] + 1, 2 * ranks[lower] - 1
    labelled = last if back else first
    chain = [number[upper]]
    label = -1
    for row in range(first, last + 1):
        if row == labelled:
            label = len(items)
            items.append(_Item(row, 5, edge.label[0] + 8, edge.label[1]))
        else:
            items.append(_Item(row, 5, 5, 0))
        chain.append(len(items) - 1)
    chain.append(number[lower])
    if not back and not any(items[i].spine for i in items[number[upper]].down):
        for index in chain[1:-1]:
            items[index].spine = True
    for one, other in pairwise(chain):
        items[one].down.append(other)
        items[other].up.append(one)
    return chain, label, back


def _ordered(items: Sequence[_Item]) -> list[list[int]]:
    """The rows, ordered so that few lines cross: sweeps by the mean place of the neighbours; the best is kept."""
    rows: list[list[int]] = [[] for _row in range(max(i.row for i in items) + 1)]
    for index, item in enumerate(items):
        rows[item.row].append(index)
    best, fewest = [list(r) for r in rows], _crossings(items, rows)
    for turn in range(ROUNDS):
        place = {i: p for row in rows for p, i in enumerate(row)}
        for row in rows if turn % 2 == 0 else rows[::-1]:
            keys = {}
            for index in row:
                near = items[index].up if turn % 2 == 0 else items[index].down
                keys[index] = sum(place[n] for n in near) / len(near) if near else place[index]
            row.sort(key=keys.__getitem__)
            place.update({i: p for p, i in enumerate(row)})
        crossings = _crossings(items, rows)
        if crossings < fewest:
            best, fewest = [list(r) for r in rows], crossings
    return best


def _crossings(items: Sequence[_Item], rows: Sequence[Sequence[int]]) -> int:
    place = {i: p for row in rows for p, i in enumerate(row)}
    count = 0
    for row in rows:
        ends = [(place[i], place[d]) for i in row for d in items[i].down]
        count += sum((a - c) * (b - d) < 0 for n, (a, b) in enumerate(ends) for c, d in ends[n + 1 :])
    return count


def _place(items: Sequence[_Item], rows: Sequence[Sequence[int]], chains: Sequence[tuple[list[int], int, bool]]) -> None:
    """Gives each item its x: a line is one upright block, and each block stands as near to its neighbours as the order allows."""
    blocks, order = _blocks(items, rows, chains)
    block_of = {i: n for n, block in enumerate(blocks) for i in block}
    pairs = [(one, other) for row in rows for one, other in pairwise(row)]
    space: dict[tuple[int, int], float] = {}
    for one, other in pairs:
        key = (block_of[one], block_of[other])
        space[key] = max(space.get(key, 0.0), items[one].right + GAP + items[other].left)
    before: list[list[tuple[int, float]]] = [[] for _block in blocks]
    behind: list[list[tuple[int, float]]] = [[] for _block in blocks]
    for (one, other), room in space.items():
        before[other].append((one, room))
        behind[one].append((other, room))
    xs = [0.0] * len(blocks)
    for _round in range(ROUNDS):
        wanted = [_wanted(items, block_of, xs, block, n) for n, block in enumerate(blocks)]
        rightmost, leftmost = wanted[:], wanted[:]
        for n in order:
            rightmost[n] = max([wanted[n], *(rightmost[b] + room for b, room in before[n])])
        for n in reversed(order):
            leftmost[n] = min([wanted[n], *(leftmost[b] - room for b, room in behind[n])])
        # both keep every distance, so their mean does too
        xs = [(a + b) / 2 for a, b in zip(rightmost, leftmost, strict=True)]
    for turn in range(ROUNDS * 10):
        for n in order if turn % 2 else order[::-1]:
            least = max((xs[b] + room for b, room in before[n]), default=-inf)
            most = min((xs[b] - room for b, room in behind[n]), default=inf)
            xs[n] = max(least, min(most, _wanted(items, block_of, xs, blocks[n], n)))
    for n, block in enumerate(blocks):
        for index in block:
            items[index].x = xs[n]


def _wanted(items: Sequence[_Item], block_of: Mapping[int, int], xs: Sequence[float], block: Sequence[int], number: int) -> float:
    """The mean of the neighbours' places; the main course pulls most, so that it stands upright."""
    mass = moment = 0.0
    for index in block:
        for n in (*items[index].up, *items[index].down):
            if block_of[n] != number:
                line = n if items[n].line else index
                pull = 8.0 if items[line].spine else 1.0
                mass, moment = mass + pull, moment + pull * xs[block_of[n]]
    return moment / mass if mass else xs[number]


def _blocks(items: Sequence[_Item], rows: Sequence[Sequence[int]], chains: Sequence[tuple[list[int], int, bool]]) -> tuple[list[list[int]], list[int]]:
    """Boxes one by one and lines whole, with an order from left to right; lines that cross are cut into their pieces."""
    whole = [chain[1:-1] for chain, _label, _back in chains]
    boxes = [[i] for i, item in enumerate(items) if not item.line]
    while True:
        blocks = boxes + whole
        block_of = {i: n for n, block in enumerate(blocks) for i in block}
        after: list[set[int]] = [set() for _block in blocks]
        for row in rows:
            for one, other in pairwise(row):
                after[block_of[one]].add(block_of[other])
        waiting = [sum(n in others for others in after) for n in range(len(blocks))]
        ready, order = [n for n, count in enumerate(waiting) if not count], []
        while ready:
            n = ready.pop()
            order.append(n)
            for other in after[n]:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        stuck = set(range(len(blocks))) - set(order)
        if not stuck:
            return blocks, order
        longest = max(stuck, key=lambda n: len(blocks[n]))
        whole = [piece for n, block in enumerate(blocks) if n >= len(boxes) for piece in ([[i] for i in block] if n == longest else [block])]


def _isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The non-decreasing sequence nearest to the values (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, mass, size = pools.pop()
            pool = ((mean * mass + pool[0] * pool[1]) / (mass + pool[1]), mass + pool[1], size + pool[2])
        pools.append(pool)
    return [mean for mean, _mass, size in pools for _one in range(size)]


def _heights(items: Sequence[_Item], rows: Sequence[Sequence[int]]) -> tuple[list[float], list[float]]:
    tops, bottoms, y = [], [], GAP / 2
    for row in rows:
        tops.append(y)
        y += max((items[i].height for i in row), default=0.0)
        bottoms.append(y)
        y += GAP
    return tops, bottoms


def _box(item: _Item, tops: Sequence[float], bottoms: Sequence[float]) -> Box:
    middle = (tops[item.row] + bottoms[item.row]) / 2
    return Box(item.x - item.left, middle - item.height / 2, item.left + item.right, item.height)


def _ports(items: Sequence[_Item], chains: Sequence[tuple[list[int], int, bool]]) -> list[tuple[float, float]]:
    """The x at which each edge leaves its upper and reaches its lower box: under its line if it can, apart from the others."""
    ports = [[0.0, 0.0] for _chain in chains]
    sides: dict[tuple[int, int], list[int]] = {}
    for index, (chain, _label, _back) in enumerate(chains):
        sides.setdefault((chain[0], 0), []).append(index)
        sides.setdefault((chain[-1], 1), []).append(index)
    for (box, side), edges in sides.items():

        def next_x(edge: int, side: int = side) -> float:
            chain = chains[edge][0]
            return items[chain[1] if side == 0 else chain[-2]].x

        edges.sort(key=next_x)
        left, right = items[box].x - items[box].left + 10, items[box].x + items[box].right - 10
        step = min(16.0, (right - left) / max(1, len(edges) - 1))
        fitted = _isotonic([min(max(next_x(e), left), right) - step * n for n, e in enumerate(edges)], [1.0] * len(edges))
        over = max(0.0, fitted[-1] + step * (len(edges) - 1) - right)
        for n, edge in enumerate(edges):
            ports[edge][side] = max(left + step * n, fitted[n] + step * n - over) if right > left else items[box].x
    return [(a, b) for a, b in ports]


def _line(items: Sequence[_Item], chain: Sequence[int], tops: Sequence[float], bottoms: Sequence[float], ports: tuple[float, float], back: bool) -> list[Point]:
    upper, lower = (_box(items[chain[0]], tops, bottoms), _box(items[chain[-1]], tops, bottoms))
    points: list[Point] = [(ports[0], upper.y + upper.height), (ports[0], bottoms[items[chain[0]].row])]
    for index in chain[1:-1]:
        points += [(items[index].x, tops[items[index].row]), (items[index].x, bottoms[items[index].row])]
    points += [(ports[1], tops[items[chain[-1]].row]), (ports[1], lower.y)]
    return points[::-1] if back else points


def within(boxes: Iterable[Box], one: Box) -> bool:
    """Whether a box touches any of the others (for tests and callers that add their own)."""
    return any(one.x < b.x + b.width and b.x < one.x + one.width and one.y < b.y + b.height and b.y < one.y + one.height for b in boxes)
