"""How long the site takes to build against MkDocs itself on the same pages; and the statistics of 10,000 cases against merely loading their files.

The pages that plaint makes (both languages, public and internal with a timeline of each case) are written down as Markdown, and MkDocs builds them
with its own theme and search, without plaint. Whole processes, in turns, the best of three. The targets: at most twice MkDocs' processor time, at most 5 seconds.

    python benchmarks/bench_site.py [--cases 200] [--stats 10000]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from time import perf_counter

import yaml
from bench_check import add_cases, load_time
from bench_check import organisation as empty

from plaint.organisation import Organisation
from plaint.publish.site import Audience, Site

TODAY, NOW = "2026-11-20", "2026-11-20T12:00:00+08:00"
BUILD, STATS = 2.0, 5.0
ENV = os.environ | {"PLAINT_NOW": NOW, "PLAINT_LANG": "en", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def processor() -> float:
    """The processor's seconds in all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(*command: str | Path, cwd: Path) -> tuple[float, float]:
    """One whole process: by the clock, and of the processor (which a busy machine lengthens less)."""
    begin, before = perf_counter(), processor()
    subprocess.run([str(each) for each in command], cwd=cwd, env=ENV, check=True, capture_output=True)
    return perf_counter() - begin, processor() - before


def plain(org: Path, place: Path) -> tuple[Path, int]:
    """The same pages for MkDocs alone: its configuration, and how many there are."""
    site = Site(Organisation.open(org), datetime.fromisoformat(NOW), Audience.INTERNAL)
    count = 0
    for language, pages in site.pages().items():
        for page in pages:
            path = place / "docs" / language / f"{page.path}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page.markdown(), encoding="utf-8")
            count += 1
    config = place / "mkdocs.yml"
    told = {"site_name": "Bench", "use_directory_urls": False, "plugins": ["search"], "markdown_extensions": ["attr_list"], "validation": {"nav": {"omitted_files": "ignore"}}}  # fmt: skip
    config.write_text(yaml.safe_dump(told), encoding="utf-8")
    return config, count


def build(cases: int, place: Path) -> float:
    """How many times as long as MkDocs."""
    seconds("plaint", "demo", "org", "--cases", str(cases), "--today", TODAY, cwd=place)
    org = place / "org"
    (place / "plain").mkdir()
    config, count = plain(org, place / "plain")
    rounds = [
        (
            seconds("plaint", "site", "build", "--audience", "internal", "-o", place / f"ours{n}", cwd=org),
            seconds("mkdocs", "build", "-q", "-f", config, "-d", place / f"theirs{n}", cwd=place),
        )
        for n in range(3)
    ]
    ours, theirs = ([min(each) for each in zip(*column, strict=True)] for column in zip(*rounds, strict=True))
    ratio = ours[1] / theirs[1]
    told = f"plaint {ours[0]:.1f} s ({ours[1]:.1f} s of the processor), MkDocs {theirs[0]:.1f} s ({theirs[1]:.1f} s)"
    print(f"{cases} cases, {count} pages: {told}, ratio of the processor {ratio:.2f} (target {BUILD:.0f})", flush=True)
    return ratio


def statistics(cases: int, place: Path) -> float:
    """Seconds of `plaint stats`."""
    folder = place / "many"
    folder.mkdir()
    empty(folder)
    paths = add_cases(folder, cases)
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run([*git, "add", "-A"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "cases"], cwd=folder, check=True)
    rounds = [(*seconds("plaint", "stats", cwd=folder), load_time(paths)) for _round in range(3)]
    ours, used, load = (min(column) for column in zip(*rounds, strict=True))
    told = f"plaint stats {ours:.1f} s (target {STATS:.0f}), {used:.1f} s of two processors"
    print(f"{cases} cases of 12 events: {told}; their files by PyYAML's C loader alone {load:.1f} s", flush=True)
    return ours


def main() -> int:
    """1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--stats", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        ratio, took = build(options.cases, place), statistics(options.stats, place)
    return int(ratio > BUILD or took > STATS)


if __name__ == "__main__":
    sys.exit(main())
