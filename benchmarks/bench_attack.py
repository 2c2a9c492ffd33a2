"""How much of what happened plaint's releases still tell, and whether the attacker in tests/statistics, who knows the rules, finds a small count in them.

Each organisation is made up: two years, 40 to 2,000 cases a year, releases by quarter, month or half-year with the longer periods as sums.
*Named* is the share of closed cases that stand in a word of their own (not put together with others) in the tables by channel, category and outcome.

    python benchmarks/bench_attack.py [200]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "statistics")]

from made_up import Outcome, attacked  # noqa: E402 - found by the line above

SIZES = (100, 250, 600, 2001)


def main() -> None:
    """Prints a row for each size of organisation."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    found = []
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            found.append(attacked(seed, Path(folder)))
    print("| cases a year | organisations | releases | cells attacked | won | named |\n|---|---|---|---|---|---|")
    least = 40
    for most in SIZES:
        _row(f"{least} to {most - 1}", [each for each in found if least <= each.a_year < most])
        least = most
    _row("all", found)


def _row(size: str, some: list[Outcome]) -> None:
    shown = 3 * sum(each.cases for each in some)
    told = f"{sum(each.named for each in some) / shown:.0%}" if shown else "nothing"
    wins, cells = sum(len(each.verdict.wins) for each in some), sum(each.verdict.cells for each in some)
    print(f"| {size} | {len(some)} | {sum(each.releases for each in some)} | {cells} | {wins} | {told} |")


if __name__ == "__main__":
    main()
