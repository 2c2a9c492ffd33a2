"""How long `plaint check` takes, against merely loading the same files with PyYAML's C loader in the same process.

Each case has 12 events from receipt to close and eight sealed texts. The target: linear in the number of cases, and at most twice the load.

    python benchmarks/bench_check.py [1000 3000 10000]
"""

from __future__ import annotations

import base64
import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from plaint.check.run import check
from plaint.check.snapshot import Snapshot
from plaint.founding import Founding, NewMember, files
from plaint.model.record import Event, dump_event, dump_header, new_case_id, new_event_id
from plaint.seal.envelope import seal_body
from plaint.seal.keyring import new_case_keys

SIZES = (1000, 3000, 10000)
TARGET = 2.0
ZONE = ZoneInfo("Asia/Shanghai")
FOUNDED = datetime(2026, 1, 1, 8, tzinfo=ZONE)
NOW = datetime(2026, 6, 30, tzinfo=ZONE)
PEOPLE = {
    "li.wei": ("intake",),
    "wang.fang": ("coordinator",),
    "zhao.min": ("investigator",),
    "chen.jie": ("investigator",),
    "liu.yang": ("decider",),
    "sun.li": ("supervisor",),
    "zhou.ting": ("custodian",),
    "wu.jun": ("steward",),
}
COMPARTMENTS = ("identity", "inquiry", "report")
Course = tuple[tuple[str, str, int, dict[str, Any], tuple[str, ...]], ...]
COURSE: Course = (
    # event, by, hours since the one before, codes, what is sealed
    ("receive", "li.wei", 0, {"channel": "phone", "category": "ethics", "keyring": "0" * 64}, COMPARTMENTS),
    ("acknowledge", "li.wei", 2, {}, ()),
    ("accept", "wang.fang", 20, {}, ()),
    ("assign", "wang.fang", 4, {"team": ["chen.jie", "zhao.min"], "keyring": "1" * 64}, ()),
    ("evidence", "zhao.min", 30, {"kind": "document", "digest": "a" * 64, "size": "small"}, ()),
    ("interview", "zhao.min", 20, {"person": "witness"}, ("inquiry",)),
    ("hear", "chen.jie", 40, {"result": "heard"}, ("inquiry",)),
    ("conclude", "zhao.min", 100, {"outcome": "substantiated"}, ("inquiry",)),
    ("decide", "liu.yang", 20, {"measures": [{"id": "m1", "measure": "warning", "due": "2026-06-01"}]}, ("inquiry",)),
    ("answer", "li.wei", 24, {}, ("report",)),
    ("verify", "sun.li", 48, {"measure": "m1", "result": "fulfilled"}, ()),
    ("close", "wang.fang", 10, {"satisfaction": "satisfied"}, ()),
)


def organisation(folder: Path) -> None:
    """An organisation in `folder`, in git, without cases."""
    keys = new_case_keys([*PEOPLE, "recovery"])
    members = tuple(
        NewMember(m, roles, ("law", "service"), f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n:043}", keys[m].recipient)
        for n, (m, roles) in enumerate(PEOPLE.items())
    )
    founding = Founding({"en": "Bench"}, ("en",), "house", None, None, None, keys["recovery"].recipient, members)
    for path, data in files(founding, FOUNDED).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)


def closed(number: int) -> tuple[datetime, Course]:
    """The whole course, begun early in the year."""
    return FOUNDED + timedelta(hours=20, minutes=7 * (number % 5000)), COURSE


def add_cases(folder: Path, n: int, plan: Callable[[int], tuple[datetime, Course]] = closed) -> list[Path]:
    """Writes `n` cases, each begun and continued as `plan` says; sealed texts come from a small stock, for making them is not what is measured."""
    keys = [new_case_keys(COMPARTMENTS) for _i in range(8)]
    texts = [{c: seal_body(new_case_id(), new_event_id(), c, {"note": "x" * 600}, pair.recipient) for c, pair in each.items()} for each in keys]
    target = folder / "cases" / "2026"
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    recipients = _recipients()
    for number in range(n):
        case = new_case_id()
        at, course = plan(number)
        seals = {c: next(recipients) for c in COMPARTMENTS}
        data = [dump_header({"plaint": 1, "case": case, "policy": 1, "seals": seals})]
        for kind, by, hours, codes, sealed in course:
            at += timedelta(hours=hours)
            text = texts[number % len(texts)]
            data.append(dump_event(Event(kind, new_event_id(), at, by, codes, {c: another(text[c]) for c in sealed})))
        paths.append(target / f"{case}.yaml")
        paths[-1].write_bytes(b"".join(data))
    return paths


def another(armoured: str) -> str:
    """The sealed text with other bytes in its middle, which nobody here opens: no two in a repository are the same."""
    lines = armoured.split("\n")
    lines[-6] = base64.b64encode(os.urandom(48)).decode()
    return "\n".join(lines)


def _recipients() -> Any:
    while True:
        yield new_case_keys(["any"])["any"].recipient


def load_time(paths: Sequence[Path]) -> float:
    """Seconds to read and load the files with CSafeLoader."""
    gc.collect()
    start = perf_counter()
    for path in paths:
        yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return perf_counter() - start


def check_time(folder: Path) -> float:
    """Seconds of one check."""
    gc.collect()
    start = perf_counter()
    report = check(Snapshot.open(folder), NOW.astimezone(UTC))
    seconds = perf_counter() - start
    if report.errors:
        sys.exit("the benchmark's own cases are not in order: " + "; ".join(f.message for f in report.findings[:5]))
    return seconds


def main(sizes: Sequence[int]) -> int:
    """Prints a line for each size; 1 where the largest misses the target (below some thousands the proof of the policy weighs in)."""
    print(f"{'cases':>7}  {'load s':>8}  {'check s':>8}  {'ratio':>6}  {'ms/case':>8}")
    per_case = []
    ratio = 0.0
    for n in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            organisation(folder)
            paths = add_cases(folder, n)
            # in turns, and the best of three each: so that a busy machine slows both or neither
            rounds = [(load_time(paths), check_time(folder)) for _round in range(3)]
            load, seconds = (min(column) for column in zip(*rounds, strict=True))
        per_case.append(seconds / n)
        ratio = seconds / load
        print(f"{n:>7}  {load:>8.2f}  {seconds:>8.2f}  {ratio:>6.2f}  {1000 * seconds / n:>8.3f}", flush=True)
    growth = per_case[-1] / per_case[0]
    print(f"growth per case from {sizes[0]} to {sizes[-1]}: x{growth:.2f} (1 is linear); ratio at {sizes[-1]}: {ratio:.2f}, target {TARGET:.1f}")
    return int(ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main([int(a) for a in sys.argv[1:]] or SIZES))
