"""Disclosure control: nothing published lets anybody compute a small count. Linear programming is asked again, on every table that can be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.statistics.cross import cross_bounds, cross_table
from plaint.statistics.disclosure import bounds, extremes, joined, merge

WORDS = ("a", "b", "c", "d", "e", "f")
COUNTS = st.dictionaries(st.sampled_from(WORDS), st.integers(0, 60), min_size=1, max_size=6)
K = st.integers(5, 15)


@given(COUNTS, K)
def test_merged_groups_are_large_and_hold_every_word_once(counts: dict[str, int], k: int) -> None:
    groups = merge(counts, k)
    if groups is None:
        return
    assert len(groups) > 1, "one group that holds everybody tells something of each"
    assert all(count >= k for count in groups.values())
    assert sorted(word for name in groups for word in name.split("+")) == sorted(counts)
    assert groups == {name: sum(counts[word] for word in name.split("+")) for name in groups}


@settings(max_examples=60, deadline=None)
@given(COUNTS, K)
def test_no_hidden_word_can_be_known_well(counts: dict[str, int], k: int) -> None:
    groups = merge(counts, k)
    if groups:
        found = bounds([{"t": groups}])
        assert all(bound.safe(k) for bound in found)
        assert all(bound.least <= counts[bound.word] <= bound.most for bound in found)


def test_a_threshold_alone_would_not_do() -> None:
    """The proof that the check above can fail: leaving out small cells beside a known total gives them away."""
    counts = {"a": 30, "b": 20, "c": 3}
    naive = [[0.0, 0.0, 1.0]]
    assert extremes(naive, [sum(counts.values()) - 50], 2) == (3, 3)


@given(st.lists(COUNTS, min_size=1, max_size=4), K)
def test_a_sum_tells_nothing_that_its_parts_do_not(several: list[dict[str, int]], k: int) -> None:
    parts = [groups for groups in (merge({word: counts.get(word, 0) for word in WORDS}, k) for counts in several) if groups]
    if not parts:
        return
    total = joined(parts)
    assert sum(total.values()) == sum(sum(part.values()) for part in parts)
    for name, count in total.items():
        words = set(name.split("+"))
        inside = [groups for part in parts for groups in part.items() if set(groups[0].split("+")) <= words]
        assert count == sum(n for _name, n in inside), "each group is a sum of published groups"
        assert all(set(group.split("+")) <= words or not set(group.split("+")) & words for part in parts for group in part)


TABLE = st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=4), min_size=2, max_size=4).filter(lambda rows: len({len(row) for row in rows}) == 1)


@settings(max_examples=60, deadline=None)
@given(TABLE, K)
def test_no_hidden_cell_of_a_cross_table_can_be_known_well(full: list[list[int]], k: int) -> None:
    rows = {f"r{i}": sum(line) for i, line in enumerate(full)}
    columns = {f"c{j}": sum(line[j] for line in full) for j in range(len(full[0]))}
    made = cross_table({(f"r{i}", f"c{j}"): n for i, line in enumerate(full) for j, n in enumerate(line)}, rows, columns, k)
    if made is None:
        return
    hidden = {(i, j) for i, j in product(range(len(full)), range(len(full[0]))) if made.cells[i][j] is None}
    assert all(made.cells[i][j] in (None, n) and (n >= k or (i, j) in hidden) for i, line in enumerate(full) for j, n in enumerate(line))
    for (i, j), bound in cross_bounds(full, hidden):
        assert bound.least <= full[i][j] <= bound.most
        assert bound.safe(k), ((i, j), bound)


def test_the_handbooks_example() -> None:
    """Two cells hidden in each line, and one of them still known to within four: the example that simple rules fail on (SDC handbook, 2010)."""
    full = [[20, 50, 10], [8, 19, 22], [17, 32, 12]]
    hidden = {(1, 0), (1, 1), (2, 0), (2, 1)}
    found = dict(cross_bounds(full, hidden))
    assert any(bound.most - bound.least > 0 for bound in found.values())
    made = cross_table({(f"r{i}", f"c{j}"): n for i, line in enumerate(full) for j, n in enumerate(line)}, {f"r{i}": sum(line) for i, line in enumerate(full)}, {f"c{j}": sum(line[j] for line in full) for j in range(3)}, 10)  # fmt: skip
    assert made is not None
    assert made.cells[1][0] is None


@pytest.mark.parametrize("counts", [{"a": 9}, {"a": 100}, {"a": 5, "b": 4}, {"a": 50, "b": 0}, {"a": 9, "b": 9}])
def test_what_would_show_is_withheld(counts: dict[str, int]) -> None:
    assert merge(counts, 10) is None


def hulls(worlds: dict[object, list[tuple[int, ...]]]) -> Iterator[tuple[object, int, int, int]]:
    """Of everything that can be published: how little and how much each count can be, in all the cases that give it."""
    for shown, each in worlds.items():
        for place in range(len(each[0])):
            counts = [world[place] for world in each]
            yield shown, place, min(counts), max(counts)


@pytest.mark.parametrize(("words", "total"), [(2, 40), (3, 31), (3, 24), (4, 26), (4, 17), (5, 16), (6, 12)])
def test_who_knows_the_rules_learns_nothing_of_a_small_count(words: int, total: int) -> None:
    """Every table of so many cases there can be, put together, and every case that gives the same result: nothing is left out of this proof."""
    k = 5
    worlds: dict[object, list[tuple[int, ...]]] = {}
    for cuts in combinations(range(total + words - 1), words - 1):
        counts = tuple(b - a - 1 for a, b in pairwise((-1, *cuts, total + words - 1)))
        groups = merge(dict(zip(WORDS, counts, strict=False)), k)
        worlds.setdefault(frozenset(groups.items()) if groups else None, []).append(counts)
    assert len(worlds) > 1
    for shown, place, least, most in hulls(worlds):
        assert least >= k or (most >= k and most - least >= k), (shown, WORDS[place], least, most)


def test_without_the_rule_of_wide_groups_it_would() -> None:
    """What plaint did once: the smallest words until there are enough. Who knows that, knows here that each of two is nearly as small as can be."""

    def smallest(counts: tuple[int, ...], k: int) -> list[int]:
        order = sorted(range(len(counts)), key=lambda place: counts[place])
        size = next(n for n in range(len(counts) + 1) if all(counts[i] >= k for i in order[n:]) and (not n or sum(counts[i] for i in order[:n]) >= k))
        return order[:size]

    seen = (12, 9, 9)
    same = [c for c in product(range(31), repeat=3) if sum(c) == 30 and smallest(c, 10) == [1, 2] and c[0] == 12]
    assert seen in same
    assert {n for c in same for n in c[1:]} == {7, 8, 9, 10, 11}
    assert merge({"a": 12, "b": 9, "c": 9}, 10) is None


def filled(rows: Sequence[int], columns: Sequence[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every table of counts with these totals."""
    if len(rows) == 1:
        yield (tuple(columns),)
        return
    for line in product(*(range(min(rows[0], n) + 1) for n in columns)):
        if sum(line) == rows[0]:
            for rest in filled(rows[1:], [n - x for n, x in zip(columns, line, strict=True)]):
                yield (line, *rest)


@pytest.mark.long
@pytest.mark.parametrize(
    ("k", "rows", "columns"),
    [(2, (7, 4, 4), (6, 5, 4)), (3, (12, 8, 7), (14, 13)), (2, (8, 6, 5, 4), (12, 11)), (2, (8, 5, 5), (6, 4, 4, 4)), (3, (12, 8, 7), (10, 9, 8))],
)
def test_who_knows_the_rules_learns_nothing_of_a_hidden_cell(k: int, rows: Sequence[int], columns: Sequence[int]) -> None:
    """Every cross table with these totals, and all that look alike when they are published."""
    names, heads = [f"r{i}" for i in range(len(rows))], [f"c{j}" for j in range(len(columns))]
    worlds: dict[object, list[tuple[int, ...]]] = {}
    for full in filled(rows, columns):
        cells = {(name, head): n for name, line in zip(names, full, strict=True) for head, n in zip(heads, line, strict=True)}
        made = cross_table(cells, dict(zip(names, rows, strict=True)), dict(zip(heads, columns, strict=True)), k)
        worlds.setdefault(made, []).append(tuple(n for line in full for n in line))
    assert any(made is not None and None in made.cells[-1] + made.cells[0] + made.cells[1] for made in worlds), "something is hidden, and something shown"
    for shown, place, least, most in hulls(worlds):
        assert least >= k or (most >= k and most - least >= k), (shown, place, least, most)
