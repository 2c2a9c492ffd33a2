"""`plaint audit` against git's own: `git log --format=%G?` over the same commits (on a sample), and `git fsck` of the same repository.

python benchmarks/bench_audit.py [--years N] [commits …]      (default 1000 20000, and 20000 in one year)

The commits are those of cases over four years, each with ten events; `--years 1` puts all cases into one year's folder, which git compares anew for each
commit: with 20,000 commits a folder of 2,000 files.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from plaint.actor import Actor
from plaint.desk import Entry, plan_case, seal_case
from plaint.desk import _draft as draft
from plaint.model.record import Event, append, new_event_id
from plaint.organisation import Organisation
from plaint.store.commits import Change

PLAINT = shutil.which("plaint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "plaint"
SAMPLE = 100
EVENTS = 10
"""Events a case."""
YEARS = 4


def seconds(command: Sequence[str], folder: Path) -> float:
    """How long one run takes, whole process."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begin


def peak(command: Sequence[str], folder: Path) -> float:
    """Its largest resident memory, in MB."""
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], cwd=folder, check=True, capture_output=True, text=True)
    return int(done.stderr.split()[-1]) / 1024


def changes(actor: Actor, cases: int, begin: datetime) -> Iterator[Change]:
    """So many cases, side by side: receipt, acknowledgement, acceptance, then links between them."""
    bodies = {"report": {"title": "T", "narrative": "What happened. " * 20}}
    drafts = []
    for number in range(cases):
        at = begin + timedelta(minutes=number)
        plan = plan_case(actor.organisation, actor.member, Entry("receive", {"channel": "letter", "category": "service"}, bodies, at))
        drafts.append(draft(plan, seal_case(plan.job)))
        yield Change({drafts[-1].path: drafts[-1].data}, f"receive: {drafts[-1].case}\n\nCase: {drafts[-1].case}\nEvent: {plan.event.id}\n", actor.member, at)
    texts = [each.data for each in drafts]
    for step in range(1, EVENTS):
        for number, each in enumerate(drafts):
            at = begin + timedelta(minutes=step * cases + number)
            other = drafts[(number + step) % cases].case
            kind, codes = {1: ("acknowledge", {"result": "delivered"}), 2: ("accept", {})}.get(step, ("link", {"other": other, "relation": "related"}))
            event = Event(kind, new_event_id(), at, actor.member, codes)
            texts[number] = append(texts[number], event)
            yield Change({each.path: texts[number]}, f"{kind}: {each.case}\n\nCase: {each.case}\nEvent: {event.id}\n", actor.member, at)


def build(folder: Path, commits: int, years: int) -> None:
    """An organisation with so many signed commits, over so many years."""
    subprocess.run([PLAINT, "demo", str(folder), "--cases", "0", "--today", "2022-01-10"], check=True, capture_output=True)
    actor = Actor(Organisation.open(folder), "chen.jie", lambda _what: "")
    begins = [datetime.fromisoformat(f"{2022 + year}-01-11T09:00:00+08:00") for year in range(years)]
    waiting: list[Change] = []
    for change in (each for begin in begins for each in changes(actor, commits // EVENTS // years, begin)):
        waiting.append(change)
        if len(waiting) == 2000:
            actor.organisation.repository.commit_series(waiting, actor.signing_key)
            waiting = []
    if waiting:
        actor.organisation.repository.commit_series(waiting, actor.signing_key)
    actor.organisation.repository.close()
    subprocess.run(["git", "gc", "-q"], cwd=folder, check=True)


def measure(commits: int, years: int) -> None:
    """Builds and prints one line."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "org")
        build(folder, commits, years)
        # so that git knows whose keys are good, and really verifies
        signers = Path(scratch, "signers")
        signers.write_text(f"* {(folder / '.demo-keys' / 'chen.jie.pub').read_text()}")
        log = ["git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "--format=%G?", f"-{SAMPLE}"]
        full = [PLAINT, "audit", "--no-cache"]
        times = [(seconds(full, folder), seconds(["git", "fsck"], folder), seconds(log, folder) / SAMPLE * commits) for _round in range(3)]
        audit, fsck, by_git = (min(column) for column in zip(*times, strict=True))
        memory = peak(full, folder)
        actor = Actor(Organisation.open(folder), "chen.jie", lambda _what: "")
        head = Organisation.open(folder)
        later = datetime.fromisoformat("2026-01-01T09:00:00+08:00")
        actor.organisation.repository.commit_series(list(changes(actor, 10, later))[:10], actor.signing_key)
        assert head.revision
        new = seconds([PLAINT, "audit"], folder)
        print(
            f"{commits:>7} commits, {years} y: audit {audit:6.2f} s ({1e6 * audit / commits:4.0f} us each), {by_git / audit:5.1f} x faster than git log %G?, "
            f"{audit / fsck:4.1f} x git fsck ({fsck:.2f} s), {memory:4.0f} MB; 10 new commits {new:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--years", type=int)
    parser.add_argument("commits", type=int, nargs="*")
    given = parser.parse_args()
    for size in given.commits or [1000, 20_000]:
        measure(size, given.years or YEARS)
    if not given.commits and not given.years:
        measure(20_000, 1)
