"""An attacker on published figures. It knows nothing of plaint: it reads what the public reads, every edition of a site, and computes.

What it knows:
- From each edition's `data/*.json`, `data/*.csv` and `*/figures/*.html`: groups of words and their counts, totals, shares in per cent, cross tables.
- The time that a figure counts, from its first day (`since`) to its period's end, or that of its last part. All times are cut at each other's ends, so the editions of a
  live site, a quarter after a quarter and the year after its quarters are sums over the same unknown pieces.
- From the policy's page: which courses a case can take (`Course`). A declined case has no outcome; where an inquiry team has its time limit, somebody
  accepted the case.

What it does: one unknown for each word of each table, piece of time and course; every figure is an equation (a share, two inequalities); the least
and the most of each unknown by linear programming (HiGHS). That is the suppression audit of the SDC handbook (Hundepool et al.,
Statistical Disclosure Control, 2012, chapter 4: feasibility intervals). What linear programming proves holds for whole numbers too.

It **wins** with a cell of a table, threshold k, where it proves that the count is below k or can be (`least` < k), and
- `most` < k: the count is known to be small; if `least` is above zero, that there are such cases, and few (`SMALL`), or
- `most` - `least` < k: the count is known to within fewer than k cases (`NARROW`): the protection that the suppression should give.
A course, which no table names, counts as won only where it is small and not empty: policies leave many courses empty, and everybody may know it.

Whoever also knows **by which rule** words are put together (it is no secret) excludes all counts that the rule would have shown otherwise. `attack_rule`
is that attacker: it tries counts for the words of each group, keeps those that give what was published, and wins where these are too much alike. Where
several tables hold the declined (who have no outcome, and no limit of an inquiry), no group that holds them leaves room for more than it counts.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from itertools import combinations, pairwise, permutations, product
from math import ceil, comb, floor
from pathlib import Path

import highspy
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

SMALL, NARROW, OPEN = "small", "narrow", "open"
NO_END = 10**9
Words = frozenset[str]
Piece = tuple[date, date]
Key = tuple[object, ...]


@dataclass(frozen=True)
class Figure:
    """What one page tells of one time."""

    name: str
    start: date
    end: date
    threshold: int
    cases: int | None
    tables: Mapping[str, Mapping[Words, int | None]]
    shares: Mapping[tuple[str, Words], float] = field(default_factory=dict)
    cross: Mapping[str, tuple[Sequence[str], Sequence[str], Sequence[Sequence[int | None]]]] = field(default_factory=dict)
    sum: bool = False
    """Whether it is the sum of other figures, and its groups are what theirs have in common."""


@dataclass(frozen=True)
class Course:
    """A way that a case can go, and the words that are possible in some tables then; a table it does not name can have any word."""

    name: str
    words: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Win:
    """A cell that the figures give away."""

    kind: str
    where: str
    least: int
    most: int


@dataclass(frozen=True)
class Verdict:
    """What came of an attack: every unknown cell with its bounds, and those that were won."""

    cells: int
    exact: int
    """Hidden cells below the threshold whose very count is proven."""
    wins: tuple[Win, ...]


# --- reading ---


def read_editions(folders: Iterable[Path]) -> list[Figure]:
    """Every figure of every edition, each once."""
    found: dict[str, Figure] = {}
    for folder in folders:
        for figure in _read(folder):
            found.setdefault(repr(figure), figure)
    return list(found.values())


def _read(site: Path) -> Iterator[Figure]:
    for path in sorted((site / "data").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        if "release" not in told:
            continue  # a schema
        tables = {name: {_words(group): n for group, n in groups.items()} for name, groups in told["tables"].items()}
        _agree(path.with_suffix(".csv"), tables)
        shares: dict[tuple[str, Words], float] = {}
        for page in sorted(site.glob(f"*/figures/{path.stem}.html")):
            shares |= _page(page, tables)
        cross = {name: (c["rows"], c["columns"], _hidden(c["cells"])) for name, c in told.get("cross", {}).items()}
        end = max(end_of(part) for part in told.get("parts") or [told["release"]])  # a part may be missing: too few, who count in the next
        yield Figure(path.stem, date.fromisoformat(told["since"]), end, told["threshold"], told.get("cases"), tables, shares, cross, "parts" in told)


def _hidden(cells: Sequence[Sequence[object]]) -> list[list[int | None]]:
    return [[n if isinstance(n, int) else None for n in line] for line in cells]


def end_of(period: str) -> date:
    """The first day after a period: 2026, 2026-H1, 2026-Q3, 2026-07."""
    year, _dash, part = period.partition("-")
    months = {"H": 6, "Q": 3}.get(part[:1], 1) * int(part.lstrip("HQ")) if part else 12
    return date(int(year) + months // 12, months % 12 + 1, 1)


def _words(group: str) -> Words:
    return frozenset(group.split("+"))


def _agree(path: Path, tables: Mapping[str, Mapping[Words, int | None]]) -> None:
    """The CSV may tell what the JSON does not; here both are made to tell the same."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["group"] and row["table"] in tables:
                told = int(row["count"]) if row["count"] else None
                assert tables[row["table"]][_words(row["group"])] == told, f"{path}: {row} is not what the JSON says"


class _Tables(HTMLParser):
    """The tables of a page: rows of the texts of their cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag == "td":
            self.tables[-1][-1].append("")
        self.inside = tag == "td"

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data.strip()


def _page(path: Path, tables: Mapping[str, Mapping[Words, int | None]]) -> dict[tuple[str, Words], float]:
    """The shares on a page, whose tables stand in the order of the data; where a page tells a count that the data do not, the data take it."""
    reader = _Tables()
    reader.feed(path.read_text(encoding="utf-8"))
    shown = [[row for row in rows if row] for rows in reader.tables]
    found: dict[tuple[str, Words], float] = {}
    for (name, groups), rows in zip(tables.items(), shown, strict=False):
        assert len(groups) == len(rows), f"{path}: {name} has other rows than the data"
        for (group, count), (_title, number, share) in zip(groups.items(), rows, strict=True):
            assert number == ("·" if count is None else str(count)), f"{path}: {name} {number} is not what the data say"
            if percent := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", share):
                found[name, group] = float(percent[1])
    return found


# --- equations ---


class Problem:
    """Unknowns that are not below zero, and what is known of sums of them."""

    def __init__(self) -> None:
        self.unknowns: dict[Key, int] = {}
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def unknown(self, key: Key) -> int:
        return self.unknowns.setdefault(key, len(self.unknowns))

    def know(self, keys: Iterable[Key], least: float, most: float | None = None, *, minus: Iterable[Key] = ()) -> None:
        """The sum of some unknowns, less others, lies between two numbers, or is one."""
        row: dict[int, float] = {}
        for sign, some in ((1.0, keys), (-1.0, minus)):
            for key in some:
                place = self.unknown(key)
                row[place] = row.get(place, 0.0) + sign
        self.rows.append((row, least, least if most is None else most))

    def bounds(self, aims: Mapping[Key, Sequence[Key]]) -> dict[Key, tuple[int, int]]:
        """The least and the most of some sums of unknowns. Unknowns that no row connects are looked at apart."""
        size = len(self.unknowns)
        links = [(a, b) for row, _l, _m in self.rows for a, b in pairwise(row)] + [
            (self.unknown(a), self.unknown(b)) for keys in aims.values() for a, b in pairwise(keys)
        ]
        graph = csr_array((np.ones(len(links)), ([a for a, _b in links], [b for _a, b in links])), shape=(size, size))
        _count, part = connected_components(graph, directed=False)
        rows_of: dict[int, list[tuple[dict[int, float], float, float]]] = {}
        for row in self.rows:
            rows_of.setdefault(int(part[next(iter(row[0]))]), []).append(row)
        programs: dict[int, _Program] = {}
        found = {}
        for name, keys in aims.items():
            places = [self.unknowns[key] for key in keys]
            component = int(part[places[0]])
            if component not in programs:
                programs[component] = _Program([int(n) for n in np.flatnonzero(part == component)], rows_of.get(component, []))
            found[name] = programs[component].extremes(places)
        return found


class _Program:
    """The linear program of unknowns that hang together; each question goes on from the answer to the one before."""

    def __init__(self, places: Sequence[int], rows: Sequence[tuple[dict[int, float], float, float]]) -> None:
        self.at = {place: n for n, place in enumerate(places)}
        self.columns = np.arange(len(places), dtype=np.int32)
        self.solver = highspy.Highs()
        self.solver.silent()
        self.solver.addVars(len(places), np.zeros(len(places)), np.full(len(places), highspy.kHighsInf))
        for row, least, most in sorted({(tuple(sorted(row.items())), least, most) for row, least, most in rows}):
            names = np.array([self.at[place] for place, _value in row], dtype=np.int32)
            self.solver.addRow(least, most, len(row), names, np.array([value for _place, value in row]))

    def extremes(self, places: Sequence[int]) -> tuple[int, int]:
        """Rounded inwards: counts are whole numbers."""
        aim = np.zeros(len(self.at))
        aim[[self.at[place] for place in places]] = 1.0
        self.solver.changeColsCost(len(aim), self.columns, aim)
        least = ceil(self._solve(highspy.ObjSense.kMinimize) - 1e-6)
        most = self._solve(highspy.ObjSense.kMaximize)
        return least, floor(most + 1e-6) if most < highspy.kHighsInf else NO_END

    def _solve(self, sense: highspy.ObjSense) -> float:
        self.solver.changeObjectiveSense(sense)
        self.solver.run()
        status = self.solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return float(highspy.kHighsInf)
        assert status == highspy.HighsModelStatus.kOptimal, f"the figures contradict each other: {status}"
        return float(self.solver.getObjectiveValue())


# --- the attack ---


def attack(figures: Sequence[Figure], courses: Sequence[Course] = ()) -> Verdict:
    """Everything that the figures together give away."""
    cuts = sorted({day for figure in figures for day in (figure.start, figure.end)})
    pieces = list(pairwise(cuts))
    inside = {id(figure): [piece for piece in pieces if figure.start <= piece[0] and piece[1] <= figure.end] for figure in figures}
    used = sorted({piece for some in inside.values() for piece in some})
    threshold = max(figure.threshold for figure in figures)
    totals = _totals(figures, inside)
    problem = Problem()
    aims: dict[Key, list[Key]] = {}
    ways = list(courses) or [Course("any", {})]
    course_tables = {name for way in ways for name in way.words}
    words_of: dict[str, set[str]] = {}
    for figure in figures:
        for name, groups in figure.tables.items():
            words_of.setdefault(name, set()).update(word for group in groups for word in group)

    def cells(piece: Piece, table: str, word: str) -> list[Key]:
        if table not in course_tables:
            return [("cell", piece, table, word)]
        return [("cell", piece, table, word, way.name) for way in ways if word in way.words.get(table, {word})]

    for piece in used:
        told = sorted({name for figure in figures if piece in inside[id(figure)] for name in figure.tables})
        for name in told:
            for word in sorted(words_of[name]):
                if each := cells(piece, name, word):
                    aims["word", piece, name, word] = each
            everything = [key for word in sorted(words_of[name]) for key in cells(piece, name, word)]
            if name.startswith("measures."):
                problem.know(everything, 0, minus=[("measures", piece)])
            elif name not in course_tables:
                _know_total(problem, everything, piece, totals)
            else:
                for way in ways:
                    problem.know([key for key in everything if key[-1] == way.name], 0, minus=[("way", piece, way.name)])
        _know_total(problem, [("way", piece, way.name) for way in ways], piece, totals)
        if course_tables.intersection(told):
            aims |= {("way", piece, way.name): [("way", piece, way.name)] for way in ways}
    for figure in figures:
        mine = inside[id(figure)]
        for name, groups in figure.tables.items():
            for group, count in groups.items():
                keys = [key for piece in mine for word in sorted(group) for key in cells(piece, name, word)]
                if count is not None:
                    problem.know(keys, count)
                if (name, group) in figure.shares and figure.cases:
                    share, whole = figure.shares[name, group], figure.cases
                    if not name.startswith("measures."):
                        problem.know(keys, (share - 0.5) / 100 * whole, (share + 0.5) / 100 * whole)
    bounds = problem.bounds(aims)
    wins = []
    for (kind, piece, *rest), (least, most) in bounds.items():
        where = f"{' '.join(map(str, rest))} from {piece[0]} to {piece[1]}"  # type: ignore[index]
        if kind == "word":
            wins += _judge(where, least, most, threshold)
        elif 0 < least <= most < threshold:
            wins.append(Win(SMALL, f"course {where}", least, most))
    crossed = [each for figure in figures for each in _cross(figure)]
    wins += [win for where, least, most in crossed for win in _judge(where, least, most, threshold)]
    every = [bound for key, bound in bounds.items() if key[0] == "word"] + [(least, most) for _where, least, most in crossed]
    return Verdict(len(every), sum(0 < least == most < threshold for least, most in every), tuple(wins))


def _judge(where: str, least: int, most: int, threshold: int) -> list[Win]:
    if least >= threshold:
        return []
    if most < threshold:
        return [Win(SMALL, where, least, most)]
    return [Win(NARROW, where, least, most)] if most - least < threshold else []


def _totals(figures: Sequence[Figure], inside: Mapping[int, Sequence[Piece]]) -> dict[Piece, int]:
    """How many cases there are in each piece of time, where that is certain."""
    problem = Problem()
    aims: dict[Key, list[Key]] = {}
    for figure in figures:
        if figure.cases is not None:
            problem.know([(piece,) for piece in inside[id(figure)]], figure.cases)
            aims |= {(piece,): [(piece,)] for piece in inside[id(figure)]}
    return {key[0]: least for key, (least, most) in problem.bounds(aims).items() if least == most}  # type: ignore[misc]


def _know_total(problem: Problem, keys: Sequence[Key], piece: Piece, totals: Mapping[Piece, int]) -> None:
    if piece in totals:
        problem.know(keys, totals[piece])
    else:
        problem.know(keys, 0, minus=[("total", piece)])


def _cross(figure: Figure) -> Iterator[tuple[str, int, int]]:
    """The hidden cells of the cross tables of one page, all of them together: the unknowns are the cells of the whole."""
    if not figure.cross:
        return
    groups: dict[str, Sequence[str]] = {}
    for pair, (rows, columns, _cells) in figure.cross.items():
        first, second = pair.split("*")
        groups |= {first: rows, second: columns}
    names = list(groups)
    whole = list(product(*groups.values()))
    problem = Problem()
    aims: dict[Key, list[Key]] = {}
    for name, each in groups.items():
        for group in each:
            count = figure.tables[name][_words(group)]
            if count is not None:
                problem.know([cell for cell in whole if cell[names.index(name)] == group], count)
    for pair, (rows, columns, table) in figure.cross.items():
        a, b = (names.index(name) for name in pair.split("*"))
        for row, line in zip(rows, table, strict=True):
            for column, count in zip(columns, line, strict=True):
                keys: list[Key] = [cell for cell in whole if cell[a] == row and cell[b] == column]
                if count is None:
                    aims[pair, row, column] = keys
                else:
                    problem.know(keys, count)
    for (pair, row, column), (least, most) in problem.bounds(aims).items():
        yield f"{pair} {row} {column} in {figure.name}", least, most


# --- who knows the rule ---

Rule = Callable[[Mapping[str, int], int], Mapping[Words, int] | None]
"""How words are put together: counts and threshold -> groups."""
MANY = 20_000
"""So many counts of one group are tried one by one; of a greater group those only in which two words have all."""
TABLES_OF_COURSES = ("reason", "outcome", "clock.")
WITHOUT = "none"


def plaints_rule(counts: Mapping[str, int], k: int) -> Mapping[Words, int] | None:
    """As the handbook says it: the words below the threshold, then the next larger ones, words alike together, until the group may stand."""
    if sum(counts.values()) < k or len(counts) < 2:
        return None
    sizes = sorted(set(counts.values()))
    if sizes[0] >= k:
        return {frozenset([word]): n for word, n in counts.items()}
    for at, size in enumerate(sizes[:-1]):
        group = [word for word, n in counts.items() if n <= size]
        total, top = sum(counts[word] for word in group), sizes[at + 1] - 1
        if sizes[at + 1] < k or len(group) < 2 or total < k:
            continue
        if total <= top or (len(group) == 2 and 2 * top - total >= k) or (len(group) > 2 and top >= k and total < top + k):
            return {frozenset(group): total, **{frozenset([word]): n for word, n in counts.items() if word not in group}}
    return None


def smallest_first(counts: Mapping[str, int], k: int) -> Mapping[Words, int] | None:
    """The plain rule: the words below the threshold, and the smallest of the others, until the group has the threshold."""
    order = sorted(counts, key=lambda word: (counts[word], word))
    group: list[str] = []
    while order and (counts[order[0]] < k or (group and sum(counts[word] for word in group) < k)):
        group.append(order.pop(0))
    found = {frozenset([word]): counts[word] for word in order}
    if group:
        found[frozenset(group)] = sum(counts[word] for word in group)
    return found if len(found) > 1 else None


def attack_rule(figures: Sequence[Figure], rule: Rule, only: Sequence[str] = ()) -> Verdict:
    """What the figures give away to whoever knows the rule; `only` some tables, where the others were not made by it."""
    wins, cells = [], 0
    for figure in figures:
        if figure.sum:
            continue
        room = min(
            (n for name, groups in figure.tables.items() for group, n in groups.items() if name.startswith("clock.") and _limits(group) and n), default=NO_END
        )
        for name, groups in figure.tables.items():
            counts = {group: n for group, n in groups.items() if n is not None}
            if (only and name not in only) or any(name.startswith("clock.") and _limits(group) for group in counts) or name == "screening":
                continue
            if name != "outcome" and name.startswith(TABLES_OF_COURSES):
                counts.pop(frozenset([WITHOUT]), None)
            for group in [group for group in counts if len(group) > 1]:
                found = _ranges(counts, group, figure.threshold, rule, room)
                cells += len(found)
                where = f"{figure.name} {name}"
                wins += [
                    win for word, (least, most, every) in found.items() for win in _judge_rule(f"{where} {word}", least, most, figure.threshold, every=every)
                ]
    return Verdict(cells, 0, tuple(wins))


def _limits(group: Words) -> bool:
    """Whether it is the group of all that were not late, with those who had no limit."""
    return group == {"on-time", WITHOUT}


def _judge_rule(where: str, least: int, most: int, threshold: int, *, every: bool) -> list[Win]:
    found = _judge(where, least, most, threshold)
    return found if every or not found else [Win(OPEN, where, least, most)]


def _ranges(counts: Mapping[Words, int], group: Words, k: int, rule: Rule, room: int) -> dict[str, tuple[int, int, bool]]:
    """Of each word of a group the least and the most that the rule leaves possible; and whether all was tried."""
    alone = {next(iter(each)): n for each, n in counts.items() if each != group}
    words, total = sorted(group), counts[group]
    seen: dict[str, set[int]] = {word: set() for word in words}
    every = comb(total + len(words) - 1, len(words) - 1) <= MANY
    for tried in _tries(words, total, min(alone.values(), default=total), every=every):
        if tried.get(WITHOUT, 0) <= room and rule({**alone, **tried}, k) == counts:
            for word in words:
                seen[word].add(tried.get(word, 0))
            if not any(_judge("", min(each), max(each), k) for each in seen.values()):
                break
    assert all(seen.values()), f"{sorted(group)}: {total} beside {alone} is not what the rule gives"
    return {word: (min(each), max(each), every) for word, each in seen.items()}


def _tries(words: Sequence[str], total: int, top: int, *, every: bool) -> Iterator[dict[str, int]]:
    """Counts of so many cases: first all in one word or two, then, if that is not too much, any other."""
    zero = dict.fromkeys(words, 0)
    for most in dict.fromkeys((total, min(total, top - 1), *range(total, -1, -1))):
        for one, other in permutations(words, 2):
            yield {**zero, other: total - most, one: most}
    if every:
        for cuts in combinations(range(total + len(words) - 1), len(words) - 1):
            yield dict(zip(words, (b - a - 1 for a, b in pairwise((-1, *cuts, total + len(words) - 1))), strict=True))
