"""The public site by the installed command: what happens to cases outside a published period changes not a byte of it, and nobody computes a small count."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from conftest import TODAY, Plaint, copy_of

pytestmark = pytest.mark.long

sys.path[:0] = [str(Path(__file__).parents[1] / "statistics")]

LATER = "2026-11-25T10:00:00+08:00"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """Sixty cases, and what of them can be published."""
    place = tmp_path_factory.mktemp("frozen")
    (place / "home").mkdir()
    Plaint(place, place / "home", now=None).good("demo", "org", "--cases", "60", "--today", TODAY)
    org = Plaint(place / "org", place / "home")
    for period in ("2025", "2026-Q1", "2026-Q2", "2026-Q3"):
        crossed = ["--cross", "channel*category"] if period == "2025" else []
        done = org.run("publish", "--period", period, *crossed, "--yes", member="zhou.ning")
        assert done.returncode in (0, 2), done.stderr
        assert not done.returncode or "fewer than" in done.stderr
    return org


def files(org: Plaint, name: str) -> dict[str, str]:
    """Every file of the public site, by what is in it; but for the reporters' mailboxes, which are sealed anew each time (publish/mailboxes.py)."""
    folder = org.home / name
    org.good("site", "build", "--audience", "public", "-o", folder)
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "mailboxes.js"
    }


def test_nothing_outside_the_published_periods_changes_a_byte(published: Plaint, tmp_path: Path) -> None:
    org = copy_of(published, tmp_path)
    before = files(org, "before")
    assert "data/2025.json" in before
    states = {case["case"]: case["state"] for case in org.cases()}
    new = org.register(channel="visit", category="ethics", now=LATER)
    org.good("acknowledge", new, "--result", "delivered", member="li.wei", now=LATER)
    moved = 0
    for case, state in states.items():
        if state == "received":
            moved += org.run("accept", case, member="chen.jie", now=LATER).returncode == 0
        if state == "closed" and moved < 4:
            moved += org.run("reopen", case, "--reason", "new-evidence", member="sun.li", now=LATER).returncode == 0
    assert moved > 2, "cases that were counted are opened again, and open ones go on"
    assert org.git("status", "--porcelain") == ""
    assert files(org, "after") == before


def test_the_attacker_finds_nothing_in_the_site_as_it_is_built(published: Plaint) -> None:
    from attacker import attack, read_editions
    from made_up import COUNTED

    files(published, "site")
    found = attack(figures := read_editions([published.home / "site"]), COUNTED)
    assert figures
    assert any(figure.shares for figure in figures), "the pages were read too"
    assert found.cells > 5
    assert found.wins == ()
