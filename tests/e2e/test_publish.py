"""`plaint stats` and `plaint publish`, by the installed command: live figures recounted from the files by hand, releases frozen and signed."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import NOW, Plaint, copy_of
from recount import recount

from plaint.model.yamlio import load_yaml
from plaint.organisation import Organisation
from plaint.statistics.live import Figures
from plaint.statistics.shared import Question, count

pytestmark = pytest.mark.long


def recounted(org: Plaint, year: str) -> dict[str, Counter[str]]:
    """The same by PyYAML and counting, without anything of plaint's."""
    found: dict[str, Counter[str]] = {"received.channel": Counter(), "concluded.outcome": Counter(), "declined.reason": Counter(), "events": Counter()}
    for path in (org.folder / "cases").rglob("*.yaml"):
        record = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        for event in record["events"]:
            if not event["at"].startswith(year):
                continue
            name = event["event"] + (f":{event['step']}" if "step" in event else "")
            found["events"][name] += 1
            if name == "receive":
                found["received.channel"][event["channel"]] += 1
            if name == "conclude":
                found["concluded.outcome"][event["outcome"]] += 1
            if name == "decline":
                found["declined.reason"][event["reason"]] += 1
    return found


def test_live_figures_agree_with_a_recount(demo_once: Plaint) -> None:
    for year in ("2024", "2025", "2026"):
        told = demo_once.data("stats", "--period", year)
        for table, counts in recounted(demo_once, year).items():
            assert told["tables"][table] == dict(sorted(counts.items())), (year, table)
    rows = list(csv.DictReader(io.StringIO(demo_once.good("stats", "--period", "2025", "--format", "csv"))))
    assert {(r["word"], int(r["count"])) for r in rows if r["table"] == "events"} == set(recounted(demo_once, "2025")["events"].items())
    assert "Received, by channel" in demo_once.good("stats")


REFUSED = [
    ("2026", (), "2026 is not over yet"),
    ("2023-06", (), "too short"),
    ("2023-Q9", (), "no period"),
    ("2022", (), "fewer than 10"),
    ("2025", ("--cross", "channel"), "channel*category"),
    ("2025", ("--cross", "channel*shoes"), "no table shoes"),
]


def test_a_release_is_frozen_signed_and_in_order(busy: Plaint, tmp_path: Path) -> None:
    busy = copy_of(busy, tmp_path)
    before = busy.snapshot()
    for period, more, said in REFUSED:
        assert said in busy.refused("publish", "--period", period, *more, "--yes", member="zhou.ning")
    assert "may not publish" in busy.refused("publish", "--period", "2025", "--yes", member="wang.fang")
    shown = busy.good("publish", "--period", "2025", "--dry-run")
    assert busy.snapshot() == before
    done = json.loads(busy.good("publish", "--period", "2025", "--yes", "--format", "json", member="zhou.ning"))
    header = load_yaml((busy.folder / "releases/2025.yaml").read_bytes(), "")
    assert {**header, "commit": done["commit"]} == {**done, "events": header["events"]}
    assert f"{header['cases']} cases closed" in shown
    assert all(n >= 10 for groups in header["tables"].values() for n in groups.values())
    assert busy.run("check").returncode == 0
    assert busy.run("audit").returncode == 0
    assert "2025 was published already" in busy.refused("publish", "--period", "2025", "--yes", member="zhou.ning")


def test_live_figures_by_channel_category_and_quarter_agree_with_a_recount(demo_once: Plaint) -> None:
    there = recount(demo_once.folder, 2025, datetime.fromisoformat(NOW))
    for by in ("channel", "category"):
        told = demo_once.data("stats", "--period", "2025", "--by", by)
        for figure, event in (("received", "receive"), ("accepted", "accept"), ("declined", "decline"), ("concluded", "conclude"), ("closed", "close")):
            assert {word: part["figures"][figure] for word, part in told["parts"].items()} == {word: there["parts"][word, event] for word in told["parts"]}
        assert sum(part["figures"]["in-work"] for part in told["parts"].values()) == there["work"]
        paces = [part["clocks"].get("acknowledgement", {"on_time": 0, "late": 0}) for part in told["parts"].values()]
        assert (sum(p["on_time"] for p in paces), sum(p["on_time"] + p["late"] for p in paces)) == there["reply"][:2]
        assert set(told["definitions"]) == set(next(iter(told["parts"].values()))["figures"])
    quarters = demo_once.data("stats", "--period", "2025", "--by", "quarter")["parts"]
    months = demo_once.data("stats", "--period", "2025", "--by", "month")["parts"]
    assert list(quarters) == [f"2025-Q{n}" for n in (1, 2, 3, 4)]
    assert {name: part["figures"]["received"] for name, part in months.items()} == {f"2025-{n:02}": there["months"][f"2025-{n:02}"] for n in range(1, 13)}
    for n, part in enumerate(quarters.values()):
        within = [f"2025-{3 * n + m:02}" for m in (1, 2, 3)]
        assert part["figures"]["received"] == sum(there["months"][month] for month in within)
        assert part["figures"]["in-work"] == months[within[-1]]["figures"]["in-work"]
        assert part["figures"]["overdue"] == months[within[-1]]["figures"]["overdue"]
    lines = list(csv.DictReader(io.StringIO(demo_once.good("stats", "--period", "2025", "--by", "channel", "--format", "csv"))))
    assert sum(int(line["count"]) for line in lines if (line["table"], line["word"]) == ("figures", "received")) == there["events"]["receive"]
    shown = demo_once.good("stats", "--by", "year")
    assert "2026" in shown
    assert "Time limits that were over at the end and not stopped." in shown


def test_two_processes_count_the_same_as_one(demo_once: Plaint, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = Organisation.open(demo_once.folder)
    now = datetime.fromisoformat(NOW)
    spans = {"then": (now - timedelta(days=700), now - timedelta(days=200)), "now": (now - timedelta(days=200), now)}
    questions = [Question(None, now), Question(now - timedelta(days=300), now, "channel"), Question(None, now, spans=spans)]
    alone = [shown(count(organisation, each)) for each in questions]
    monkeypatch.setattr("plaint.statistics.shared.WORTHWHILE", 1)
    assert [shown(count(organisation, each)) for each in questions] == alone
    monkeypatch.setattr(organisation.repository, "root", demo_once.folder / "nowhere")  # where the second process finds nothing
    assert shown(count(organisation, questions[0])) == alone[0]


def shown(found: Mapping[str, Figures]) -> dict[str, Any]:
    return {
        word: ({name: dict(+counts) for name, counts in each.tables.items()}, {name: (p.on_time, p.late, p.overdue, sorted(p.took)) for name, p in each.clocks.items()})
        for word, each in found.items()
    }  # fmt: skip
