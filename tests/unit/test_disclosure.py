"""Disclosure control: nothing published lets anybody compute a small count. Linear programming is asked again, on every table that can be made."""

from __future__ import annotations

from itertools import product

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
