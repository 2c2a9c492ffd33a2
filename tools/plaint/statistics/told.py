"""Which tables a release tells of the cases closed in its time, and what is put together in them. Pure.

Several tables say how many cases were declined: they have no outcome, and no limits of an inquiry ran in them. So that number is told in one
place, or nowhere:
- The table of outcomes counts the declined as a word of its own, and puts words together as any other does (`disclosure.merge`).
- Where the declined stand alone there, they are known: accepted and declined, the reasons and the time limits are told of the accepted or the declined,
  each side by itself.
- Where they do not, there are no such tables; but for a limit of the accepted, how many were late, and all others in one group, if that is no smaller than
  the group in which the declined are.
- A table whose side the policy does not fix is withheld (see `sides`).
Each of these choices follows from what is published, so it tells nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from plaint.model.policy import Policy
from plaint.statistics.closed import ClosedCase
from plaint.statistics.definitions import CLOCK, LATE, MEASURES, NONE, ON_TIME, OUTCOME, REASON, SCREENING, Table, tables
from plaint.statistics.disclosure import joined_name, merge
from plaint.statistics.sides import Side, sides


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of some cases: table -> group -> count, and clock -> median in hours."""

    tables: Mapping[str, Mapping[str, int]]
    medians: Mapping[str, int]


def told(policy: Policy, closed: Sequence[ClosedCase], k: int) -> Told:
    """What may be told of these cases."""
    known, side_of = tables(policy), sides(policy)
    found: dict[str, Mapping[str, int] | None] = {}
    outcomes = _every(known[OUTCOME], closed, side_of.get(OUTCOME))
    declined = sum(case.words[SCREENING] == Side.DECLINED for case in closed)
    if side_of.get(OUTCOME) is Side.ACCEPTED and outcomes[NONE] == declined:
        found[OUTCOME] = merge(outcomes, k)
    groups = found.get(OUTCOME) or {}
    holding = next((n for group, n in groups.items() if NONE in group.split("+")), 0)  # the group that the declined are in
    apart = NONE in groups
    if apart:
        found[SCREENING] = {Side.ACCEPTED.value: len(closed) - declined, Side.DECLINED.value: declined}
    for name, table in known.items():
        side = side_of.get(name)
        if name == REASON or name.startswith(CLOCK):
            counts = _every(table, closed, side)
            if side is Side.ALL:
                found[name] = merge(_without_none(counts), k) if not counts[NONE] else None
            elif side and apart:
                found[name] = _of_side(counts, len(closed) - declined if side is Side.DECLINED else declined, k)
            elif side is Side.ACCEPTED and groups:
                late, others = counts[LATE], len(closed) - counts[LATE]
                found[name] = {LATE: late, joined_name((ON_TIME, NONE)): others} if late >= k and others >= holding else None
        elif name not in (OUTCOME, SCREENING):
            found[name] = merge(_every(table, closed, Side.ALL), k)
    for_medians = {Side.ALL: True, Side.ACCEPTED: bool(groups), Side.DECLINED: apart}
    return Told(
        {name: found_table for name in known if (found_table := found.get(name))},
        {
            clock: hours
            for name in known
            if name.startswith(CLOCK) and (side := side_of.get(name)) and for_medians[side]
            if (hours := _median_hours(closed, clock := name.removeprefix(CLOCK), side, k)) is not None
        },
    )


def course_tables(policy: Policy) -> frozenset[str]:
    """The tables that say something of each other: those that do not apply to every case."""
    side_of = sides(policy)
    return frozenset({SCREENING, REASON, OUTCOME, *(name for name in tables(policy) if name.startswith(CLOCK) and side_of.get(name) is not Side.ALL)})


def counted(cases: Sequence[ClosedCase], name: str, side: Side | None = Side.ALL) -> Counter[str]:
    """How many cases, or measures, have each word of a table; a case that is not of its side has none."""
    if name.startswith(f"{MEASURES}."):
        place = 0 if name == f"{MEASURES}.kind" else 1
        return Counter(measure[place] for case in cases for measure in case.measures)
    return Counter(case.words.get(name, NONE) if _is_of(case, side) else NONE for case in cases)


def words_of(policy: Policy, closed: Sequence[ClosedCase]) -> list[dict[str, str]]:
    """The words of each case, as the tables count them."""
    side_of = sides(policy)
    return [{name: word if _is_of(case, side_of.get(name)) else NONE for name, word in case.words.items()} for case in closed]


def _is_of(case: ClosedCase, side: Side | None) -> bool:
    return side in (Side.ALL, None) or case.words[SCREENING] == side


def _every(table: Table, closed: Sequence[ClosedCase], side: Side | None) -> Counter[str]:
    """The counts of a table, the words that nothing has too."""
    counts = counted(closed, table.name, side)
    return Counter({word: counts[word] for word in {**table.words, **counts}})


def _without_none(counts: Mapping[str, int]) -> dict[str, int]:
    return {word: n for word, n in counts.items() if word != NONE}


def _of_side(counts: Mapping[str, int], others: int, k: int) -> dict[str, int] | None:
    """The words of a side put together by themselves, the other side apart."""
    inside = merge(_without_none(counts), k) if counts[NONE] == others else None
    return {**inside, NONE: others} if inside else None


def _median_hours(closed: Sequence[ClosedCase], clock: str, side: Side, k: int) -> int | None:
    hours = [case.took[clock].total_seconds() / 3600 for case in closed if clock in case.took and _is_of(case, side)]
    return round(median(hours)) if len(hours) >= k else None
