"""What may be published of a table of counts, so that nobody can compute a small one, not from several releases, nor by knowing these rules.

Rules (the SDC handbook's threshold rule, made strict):
- Words with fewer than `k` cases are put together into one group, zeros too, with the smallest of the others until the group is `wide`.
- **Wide** depends on what is published alone, and means: whoever knows these rules, too, cannot tell for any word of the group that its count is small,
  nor where it lies within less than `k`. For that the group must not be so large beside the smallest word that stands alone (`least_alone`) that its
  words, each smaller than that one, would have to share it. The proof is two cases that give the same table: one word has as much as can be and the
  others nothing, or what is left over.
- Words as large as each other are put together or stand alone both: their names decide nothing.
- A table in which one group holds everybody says something of each of them: it is withheld, and so is every table of fewer than `k`.
- Releases count disjoint cases, or are sums of what was published: `joined` makes the table of a sum, with words apart only where they were
  apart in every part.
- `bounds` is the proof, by linear programming: what anybody can conclude about each word from everything that is published.

>>> merge({"phone": 30, "letter": 3, "visit": 0, "email": 12}, 10)
{'phone': 30, 'email+letter+visit': 15}
>>> merge({"phone": 60, "email": 12, "letter": 9, "visit": 9}, 10)  # "letter+visit: 18" beside 12 would tell that both lie between 6 and 12
{'phone': 60, 'email+letter+visit': 30}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

Groups = Mapping[str, int]
"""Group (words joined by +) -> count."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What can be concluded about a hidden count: it lies between these."""

    table: str
    word: str
    least: int
    most: int

    def safe(self, k: int) -> bool:
        """Whether it is not known to be small, nor known well: it can be as much as `k`, and lies within no less than `k`."""
        return self.most >= k and self.most - self.least >= k


def merge(counts: Mapping[str, int], k: int) -> dict[str, int] | None:
    """The groups to publish, larger ones first; None where nothing may be told."""
    if sum(counts.values()) < k:
        return None
    order = sorted(counts, key=lambda word: (counts[word], word))
    small = sum(n < k for n in counts.values())
    if not small:
        return {word: counts[word] for word in reversed(order)} if len(order) > 1 else None
    for size in range(max(small, 2), len(order)):
        hidden, alone = order[:size], order[size:]
        total = sum(counts[word] for word in hidden)
        if counts[hidden[-1]] < counts[alone[0]] and wide(total, size, counts[alone[0]], k):
            return {**{word: counts[word] for word in reversed(alone)}, joined_name(hidden): total}
    return None


def wide(total: int, size: int, least_alone: int, k: int) -> bool:
    """Whether a group of `size` words with `total` cases, beside words that have each `least_alone` or more, tells nothing of a word of its own.

    The two cases: up to `most` in one word and nothing in the others; above that, `most` in one word and the rest, fewer than `k`, in one other.
    """
    most = least_alone - 1
    if total < k or total <= most:
        return total >= k
    return 2 * most - total >= k if size == 2 else most >= k and total < most + k


def joined_name(words: Iterable[str]) -> str:
    """The name of a group."""
    return "+".join(sorted(words))


def joined(parts: Sequence[Groups]) -> dict[str, int]:
    """The table of a sum: the finest grouping that every part's groups fit into, each the sum of published counts."""
    groups: list[set[str]] = []
    for name in (name for part in parts for name in part):
        mine = set(name.split("+"))
        touching = [group for group in groups if group & mine]
        groups = [group for group in groups if not group & mine] + [reduce(set.union, touching, mine)]
    named = {joined_name(group): sum(count for part in parts for name, count in part.items() if set(name.split("+")) <= group) for group in groups}
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def bounds(releases: Sequence[Mapping[str, Groups]]) -> list[Bound]:
    """What can be concluded about every word that stands in a group with others, release by release; the releases count disjoint cases."""
    found: list[Bound] = []
    for tables in releases:
        for table, groups in tables.items():
            words = [word for name in groups for word in name.split("+")]
            rows = [[1.0 if word in name.split("+") else 0.0 for word in words] for name in groups]
            for place, word in enumerate(words):
                if word not in groups:
                    found.append(Bound(table, word, *extremes(rows, list(groups.values()), place)))
    return found


def extremes(equations: Sequence[Sequence[float]], totals: Sequence[int], place: int) -> tuple[int, int]:
    """The least and the most that one unknown count can be, none being below zero, where sums of them are known."""
    from scipy.optimize import linprog  # slow to load, and needed only to publish

    aim = [1.0 if n == place else 0.0 for n in range(len(equations[0]))]
    low = linprog(aim, A_eq=equations, b_eq=totals, method="highs")
    high = linprog([-each for each in aim], A_eq=equations, b_eq=totals, method="highs")
    assert low.fun is not None
    assert high.fun is not None
    return round(low.fun), round(-high.fun)
