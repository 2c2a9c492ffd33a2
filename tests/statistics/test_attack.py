"""The independent attacker (see attacker.py) against what others publish, where it wins, and against what plaint publishes, where it must not.

`PLAINT_ATTACK_ORGANISATIONS=200` attacks so many made-up organisations; `benchmarks/bench_attack.py` prints how much of it is of use.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
from attacker import NARROW, SMALL, Figure, Verdict, attack, attack_rule, plaints_rule, read_editions, smallest_first
from made_up import COURSES, attacked, naive, organisation

from plaint.statistics.cross import against_crosses
from plaint.statistics.disclosure import merge

ORGANISATIONS = int(os.environ.get("PLAINT_ATTACK_ORGANISATIONS", "6"))
K = 10


def blanked(counts: Mapping[str, int]) -> Mapping[str, int | None]:
    """The threshold rule alone: what is small is left out."""
    return {word: n if n >= K else None for word, n in counts.items()}


def said(what: str, verdict: Verdict) -> None:
    kinds = {kind: sum(win.kind == kind for win in verdict.wins) for kind in (SMALL, NARROW)}
    print(f"{what}: {verdict.cells} cells, {verdict.exact} small ones known exactly, wins {kinds}")


@pytest.mark.parametrize("seed", [3, 4])
def test_it_wins_against_the_threshold_alone(seed: int, tmp_path: Path) -> None:
    figures = read_editions(naive(organisation(seed, 600), tmp_path, blanked, live=False))
    verdict = attack(figures)
    said("threshold alone, no knowledge of the policy", verdict)
    assert verdict.exact > 10
    assert attack(figures, COURSES).exact > verdict.exact, "and who reads the policy knows more"


@pytest.mark.parametrize("seed", [3, 4])
def test_it_wins_against_a_live_site(seed: int, tmp_path: Path) -> None:
    """Each edition by itself is safe, for its small groups are merged; one less another gives the month's cases away."""
    org = organisation(seed, 300)
    editions = naive(org, tmp_path, lambda counts: merge(counts, org.policy.threshold), live=True)
    assert not attack(read_editions(editions[-1:])).wins
    verdict = attack(read_editions(editions))
    said("a live site", verdict)
    assert verdict.exact > 20


ORDINARY = ("channel", "category", "satisfaction")


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_who_knows_the_plain_rule_wins_against_it(seed: int, tmp_path: Path) -> None:
    """Put together until there are enough, each table is safe from whoever knows the figures alone. The rule itself gives away the rest."""
    org = organisation(seed, 600)
    figures = read_editions(naive(org, tmp_path, lambda counts: joined(smallest_first(counts, org.policy.threshold)), live=False))
    assert not attack(figures).wins
    verdict = attack_rule(figures, smallest_first, ORDINARY)
    said("the plain rule, known", verdict)
    assert sum(win.kind in (SMALL, NARROW) for win in verdict.wins) > 3


def joined(groups: Mapping[frozenset[str], int] | None) -> Mapping[str, int] | None:
    return groups and {"+".join(sorted(group)): n for group, n in groups.items()}


def figure(tables: Mapping[str, Mapping[str, int]]) -> Figure:
    return Figure(
        "2026-Q1",
        date(2026, 1, 1),
        date(2026, 4, 1),
        K,
        100,
        {name: {frozenset(g.split("+")): n for g, n in groups.items()} for name, groups in tables.items()},
    )


def test_what_the_plain_rule_tells() -> None:
    """Of three words with twenty-five cases, beside one with twelve that it did not need: each has seven, eight or nine."""
    wins = attack_rule([figure({"channel": {"phone": 12, "email+letter+visit": 25}})], smallest_first).wins
    assert {(win.kind, win.least, win.most) for win in wins} == {(SMALL, 7, 9)}
    with pytest.raises(AssertionError, match="is not what the rule gives"):
        attack_rule([figure({"channel": {"phone": 12, "email+letter+visit": 25}})], plaints_rule)


def test_a_group_of_the_declined_gives_more_away_where_another_table_leaves_less_room() -> None:
    told = {"outcome": {"upheld": 60, "none+partly": 26}, "clock.feedback": {"late": 74, "none+on-time": 12}}
    wins = attack_rule([figure(told)], plaints_rule).wins
    assert {(win.kind, win.where.split()[-1], win.least, win.most) for win in wins} == {(SMALL, "none", 0, 9)}


def test_the_attacker_knows_plaints_rule() -> None:
    dice = random.Random(7)
    for _n in range(5000):
        counts = {word: dice.choice((0, dice.randrange(12), dice.randrange(60))) for word in "abcdef"[: dice.randrange(2, 7)]}
        assert joined(plaints_rule(counts, K)) == merge(counts, K)


@pytest.mark.parametrize("seed", range(ORGANISATIONS))
def test_it_finds_nothing_in_what_plaint_publishes(seed: int, tmp_path: Path) -> None:
    found = attacked(seed, tmp_path)
    assert found.verdict.wins == ()
    print(f"{found.a_year} cases a year: {found.releases} releases, {found.verdict.cells} cells, {found.named / max(3 * found.cases, 1):.0%} in a named word")


def edition(site: Path, tables: Mapping[str, Mapping[str, int | None]], cases: int, page: str = "") -> Path:
    (site / "data").mkdir(parents=True)
    (site / "en/figures").mkdir(parents=True)
    head = {"release": "2026-Q1", "since": "2026-01-01", "threshold": K, "cases": cases, "tables": tables}
    (site / "data/2026-Q1.json").write_text(json.dumps(head), encoding="utf-8")
    (site / "data/2026-Q1.csv").write_text("period,table,group,count\n", encoding="utf-8")
    if page:
        (site / "en/figures/2026-Q1.html").write_text(page, encoding="utf-8")
    return site


def test_it_wins_where_small_groups_are_merged_with_those_a_table_does_not_apply_to(tmp_path: Path) -> None:
    """Twelve were declined, and have no inquiry: so of the sixteen without one or late, four were late. What plaint did once."""
    merged = {"screening": {"accepted": 64, "declined": 12}, "clock.inquiry": {"on-time": 60, "late+none": 16}}
    found = attack(read_editions([edition(tmp_path, merged, 76)]), COURSES)
    assert [(win.least, win.most) for win in found.wins if win.where.startswith("clock.inquiry late")] == [(4, 4)]
    assert not attack(read_editions([edition(tmp_path / "blind", merged, 76)])).wins, "who does not know the policy sees nothing"


def test_it_wins_by_what_two_safe_tables_say_of_a_course(tmp_path: Path) -> None:
    """Twenty were declined; eighteen had no time limit for their team. So two were accepted first."""
    told = {"screening": {"accepted": 80, "declined": 20}, "clock.team": {"late+on-time": 82, "none": 18}}
    (win,) = attack(read_editions([edition(tmp_path, told, 100)]), COURSES).wins
    assert (win.least, win.most) == (2, 2)
    assert "declined after it was accepted" in win.where


def test_it_reads_shares_on_the_page(tmp_path: Path) -> None:
    told = {"channel": {"phone": 60, "email": 30, "letter": None, "visit": None}}
    assert attack(read_editions([edition(tmp_path, told, 100)])).wins == (), "two hidden cells with ten between them"
    rows = "".join(f"<tr><td>{name}</td><td>{n}</td><td>{share} %</td></tr>" for name, n, share in [("a", 60, 60), ("b", 30, 30), ("c", "·", 6), ("d", "·", 4)])
    page = f"<table><caption>x</caption><thead><tr><th>what</th></tr></thead><tbody>{rows}</tbody></table>"
    found = attack(read_editions([edition(tmp_path / "shares", told, 100, page)]))
    assert {(win.least, win.most) for win in found.wins} == {(6, 6), (4, 4)}


def test_cross_tables_that_were_not_proven_together_are_refused() -> None:
    """Each is proven by itself. Where they close a ring, or say something of each other, that is no proof for all of them."""
    pairs = list(combinations(("channel", "category", "satisfaction"), 2))
    assert "closes a ring" in against_crosses([pairs[0], pairs[2], pairs[1]], ())
    assert not against_crosses(pairs[:2], ())
    assert "only one of them" in against_crosses([("channel", "outcome"), ("channel", "reason")], ("outcome", "reason"))
