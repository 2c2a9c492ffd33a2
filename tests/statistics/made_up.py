"""Made-up organisations: two years of closed cases, and what is published of them each period, as the files that the public can fetch.

The cases are facts as plaint's statistics see them, drawn at random: any number from 40 to 2,000 a year, channels and categories from even to
lopsided, and the odd courses too, declined after they were accepted and taken on after they were declined.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

from attacker import Course, Verdict, attack, attack_rule, plaints_rule, read_editions

from plaint.errors import UsageError
from plaint.i18n import set_language
from plaint.model.clocks import Every, Period, parse_period, period_of
from plaint.model.policy import Policy, load_preset
from plaint.publish.figures import as_csv, one
from plaint.statistics.closed import ClosedCase
from plaint.statistics.definitions import tables
from plaint.statistics.release import Counted, Release, base_release, prove, sum_release
from plaint.statistics.told import counted

HOUSE = load_preset("house")
FIRST, MONTHS = date(2024, 1, 1), 24
NONE = frozenset({"none"})
RUN = frozenset({"on-time", "late"})
_REASONS, _OUTCOMES = frozenset(HOUSE.reasons["decline"]), frozenset(HOUSE.outcomes)
_ALWAYS = {"clock.acknowledgement": RUN, "clock.screening": RUN}
_NO_INQUIRY = {"outcome": NONE, "clock.inquiry": NONE, "clock.decision": NONE, "clock.feedback": NONE}
_INQUIRY = {"outcome": _OUTCOMES, "clock.inquiry": RUN, "clock.decision": RUN, "clock.feedback": RUN}
_DECLINED = {**_ALWAYS, **_NO_INQUIRY, "screening": frozenset({"declined"}), "reason": _REASONS, "clock.notice": RUN}
_ACCEPTED = {**_ALWAYS, **_INQUIRY, "screening": frozenset({"accepted"}), "reason": NONE, "clock.team": RUN}
COURSES = (
    Course("accepted", {**_ACCEPTED, "clock.notice": NONE}),
    Course("declined", {**_DECLINED, "clock.team": NONE}),
    Course("declined after it was accepted", {**_DECLINED, "clock.team": RUN}),
    Course("accepted after it was declined", {**_ACCEPTED, "clock.notice": RUN}),
)
"""What the house policy's page tells of the courses that a case can take."""
COUNTED = (Course("accepted", {**_ACCEPTED, "clock.notice": NONE}), Course("declined", {**_DECLINED, "clock.team": NONE}))
"""The same, as plaint counts them: by what became of the case in the end."""


@dataclass(frozen=True)
class Organisation:
    """Its policy, and every case."""

    policy: Policy
    cases: Sequence[Counted]


def organisation(seed: int, a_year: int | None = None) -> Organisation:
    """The n-th made-up organisation; one of ten publishes half-yearly or monthly instead of quarterly."""
    dice = random.Random(seed)
    a_year = a_year or round(40 * 50 ** dice.random())
    every = dice.choice([Every.QUARTER] * 8 + [Every.MONTH, Every.HALF_YEAR])
    policy = replace(HOUSE, publication_every=every, threshold=dice.choice((5, 10, 10, 10, 15)))
    weigh = {name: _weights(dice, sorted(each - NONE if name != "satisfaction" else each)) for name, each in _words().items()}
    odd, declined, late = dice.choice((0.0, 0.01, 0.05)), dice.uniform(0.02, 0.4), dice.choice((0.01, 0.05, 0.2))
    found = []
    for _n in range(round(a_year * (MONTHS / 12 + 0.3))):
        received = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=dice.uniform(-110, MONTHS * 30.4))
        closed = received + timedelta(days=dice.expovariate(1 / 35) + 2)
        course = COURSES[(1 if dice.random() < declined else 0) + (2 if dice.random() < odd else 0)]
        words = {}
        for name, weights in weigh.items():
            possible = sorted(course.words.get(name, frozenset(weights)))
            if possible == ["on-time", "late"] or possible == ["late", "on-time"]:
                words[name] = "late" if dice.random() < late else "on-time"
            else:
                words[name] = possible[0] if len(possible) == 1 else dice.choices(possible, [weights[word] for word in possible])[0]
        kinds = [dice.choices(sorted(HOUSE.measures), [9, 5, 3, 1, 1, 1])[0] for _m in range(dice.choice((0, 0, 0, 1, 2)) if words["outcome"] in ("substantiated", "partly") else 0)]  # fmt: skip
        measures = tuple((kind, "fulfilled" if dice.random() < 0.9 else "partly") for kind in kinds)
        took = {
            name.removeprefix("clock."): timedelta(hours=dice.uniform(1, 90)) for name, word in words.items() if name.startswith("clock.") and word != "none"
        }
        found.append(Counted(received, ClosedCase(received, closed, words, measures, took)))
    return Organisation(policy, found)


def _words() -> dict[str, frozenset[str]]:
    return {name: frozenset(table.words) for name, table in tables(HOUSE).items() if not name.startswith("measures")}


def _weights(dice: random.Random, words: Iterable[str]) -> dict[str, float]:
    slope = dice.choice((0.1, 0.8, 1.8))
    return {word: (place + 1) ** -slope for place, word in enumerate(words)}


def periods(policy: Policy) -> list[Period]:
    """Every period of two years: the shortest that the policy publishes, and the longer ones after them."""
    found: dict[str, Period] = {}
    for every in (policy.publication_every, Every.QUARTER, Every.HALF_YEAR, Every.YEAR):
        if every.months >= policy.publication_every.months:
            period = period_of(FIRST, every)
            while period.end <= date(FIRST.year + MONTHS // 12, 1, 1):
                found[period.id] = period
                period = period_of(period.end, every)
    return sorted(found.values(), key=lambda p: (p.end, p.end - p.start))


def published(org: Organisation, crossed: Sequence[tuple[str, str]] = ()) -> list[Release]:
    """Every release that plaint makes of it, in order of time; cross tables where there can be some."""
    done: list[Release] = []
    for period in periods(org.policy):
        base = period_of(period.start, org.policy.publication_every).id == period.id
        for pairs in (crossed, ()) if base and crossed else ((),):
            try:
                made = base_release(org.policy, period, org.cases, done, pairs) if base else sum_release(org.policy, period, done)
            except UsageError:
                continue
            done.append(made)
            break
    prove(done)
    return done


@dataclass(frozen=True)
class Outcome:
    """What came of attacking all that plaint publishes of one organisation in two years."""

    a_year: int
    releases: int
    verdict: Verdict
    cases: int
    named: int
    """Cases shown in a word of their own, of three times as many: by channel, by category and by outcome."""


def attacked(seed: int, site: Path) -> Outcome:
    """Makes the n-th organisation, publishes, and lets the attacker read; every third has a cross table."""
    org = organisation(seed)
    pairs = list(combinations(("channel", "category", "satisfaction", "outcome"), 2))
    done = published(org, [pairs[seed % len(pairs)]] if seed % 3 == 0 else ())
    for release in done:
        write(release, org.policy, site)
    base = [release for release in done if not release.parts]
    tables_of = [release.tables.get(name, {}) for release in base for name in ("channel", "category", "outcome")]
    named = sum(n for groups in tables_of for group, n in groups.items() if "+" not in group)
    a_year = round(len(org.cases) / (MONTHS / 12 + 0.3))
    figures = read_editions([site])
    verdict, knowing = (attack(figures, COUNTED), attack_rule(figures, plaints_rule)) if done else (Verdict(0, 0, ()), Verdict(0, 0, ()))
    verdict = replace(verdict, cells=verdict.cells + knowing.cells, wins=(*verdict.wins, *knowing.wins))
    return Outcome(a_year, len(done), verdict, sum(release.cases for release in base), named)


def write(release: Release, policy: Policy, site: Path) -> None:
    """A release as plaint's site has it: the page's own tables, and the open data."""
    set_language("en")
    for folder in ("data", "en/figures"):
        (site / folder).mkdir(parents=True, exist_ok=True)
    (site / f"data/{release.period}.json").write_text(json.dumps(release.header()), encoding="utf-8")
    (site / f"data/{release.period}.csv").write_text(as_csv(release), encoding="utf-8")
    (site / f"en/figures/{release.period}.html").write_text(one(release, tables(policy)).body, encoding="utf-8")


def naive(org: Organisation, site: Path, told: Callable[[Mapping[str, int]], Mapping[str, int | None] | None], *, live: bool, months: int = 9) -> list[Path]:
    """What others do: each month's figures by themselves, or (`live`) one page of all so far, made anew each month. An edition each."""
    editions = []
    for month in range(1, months + 1):
        period = parse_period(f"{FIRST.year + (month - 1) // 12}-{(month - 1) % 12 + 1:02}")
        start = FIRST if live else period.start
        closed = [case.closed for case in org.cases if case.closed and start <= case.closed.closed.date() < period.end]
        found = {}
        for name, table in tables(org.policy).items():
            counts = counted(closed, name)
            if sum(counts.values()) >= org.policy.threshold and (groups := told({word: counts[word] for word in table.words})):
                found[name] = groups
        folder = site / period.id
        (folder / "data").mkdir(parents=True)
        head = {"release": period.id, "since": start.isoformat(), "threshold": org.policy.threshold, "cases": len(closed), "tables": found}
        (folder / f"data/{period.id}.json").write_text(json.dumps(head), encoding="utf-8")
        lines = [f"{name},{group},{'' if n is None else n}" for name, groups in found.items() for group, n in groups.items()]
        (folder / f"data/{period.id}.csv").write_text("\n".join(["table,group,count", *lines, ""]), encoding="utf-8")
        editions.append(folder)
    return editions
