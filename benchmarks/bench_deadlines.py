"""What CI pays to see that nothing is late: `git clone` and `plaint check --now` of open cases, in fresh processes, from a bare repository.

The floor is the same clone and a process that only loads the same files with PyYAML's C loader. Every case is open, in one of eight stages; one in a
hundred is late. The target: linear in the number of cases, and at most twice the floor. `plaint todo` and `plaint remind --dry-run` read the same.

    python benchmarks/bench_deadlines.py [1000 10000]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from bench_check import COURSE, NOW, Course, add_cases, organisation

SIZES = (1000, 10000)
TARGET = 2.0
STAGES = (1, 2, 3, 4, 6, 8, 9, 10)
"""After how many events of the course a case stands."""
LATE = 100
"""One case in so many is late."""
PLAINT = shutil.which("plaint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "plaint"
LOAD = """
import sys, yaml
from pathlib import Path
for path in Path(sys.argv[1]).rglob("*.yaml"):
    yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
"""
ROUNDS = 3


def still_open(number: int) -> tuple[datetime, Course]:
    """A case that stopped at a stage some hours ago, or, if it is late, weeks ago."""
    course = tuple((kind, by, hours, _due(codes), sealed) for kind, by, hours, codes, sealed in COURSE[: STAGES[number % len(STAGES)]])
    past = timedelta(days=75) if number % LATE == LATE - 2 else timedelta(hours=1 + number % 20)
    return NOW - past - timedelta(hours=sum(step[2] for step in course)), course


def _due(codes: dict[str, object]) -> dict[str, object]:
    """Measures are due after the day of the check."""
    return {**codes, "measures": [{"id": "m1", "measure": "warning", "due": "2026-07-31"}]} if "measures" in codes else codes


def seconds(*command: str | Path, fine: Sequence[int] = (0,)) -> tuple[float, bytes]:
    """How long a fresh process takes, and what it prints."""
    begin = perf_counter()
    done = subprocess.run([str(c) for c in command], capture_output=True, check=False)
    took = perf_counter() - begin
    if done.returncode not in fine:
        sys.exit(f"{command[0]}: exit code {done.returncode}: {done.stderr.decode()[-500:]}")
    return took, done.stdout


def bare_with(cases: int, place: Path) -> Path:
    """A bare repository with so many open cases, packed."""
    folder = place / "org"
    folder.mkdir()
    organisation(folder)
    add_cases(folder, cases, still_open)
    git = ("git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")
    for step in (("add", "-A"), ("commit", "-q", "-m", "bench")):
        subprocess.run([*git, *step], check=True)
    bare = place / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(folder), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "gc", "-q"], check=True)
    shutil.rmtree(folder)
    return bare


def measure(cases: int) -> tuple[float, float]:
    """One line; the seconds of the check, and the ratio of clone and check to the floor."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        bare = bare_with(cases, place)
        rounds = []
        late = 0
        for number in range(ROUNDS):  # in turns, and the best of each: so that a busy machine slows all or none
            clone = place / f"clone{number}"
            cloned, _nothing = seconds("git", "clone", "-q", f"file://{bare}", clone)
            checked, printed = seconds(PLAINT, "check", "-C", clone, "--now", NOW.isoformat(), "--format", "json", fine=(1,))
            loaded, _nothing = seconds(sys.executable, "-c", LOAD, clone)
            todo, _printed = seconds(PLAINT, "todo", "-C", clone, "--format", "json")
            rounds.append((cloned, checked, loaded, todo))
            late = json.loads(printed)["summary"]["errors"]
            shutil.rmtree(clone)
        cloned, checked, loaded, todo = (min(column) for column in zip(*rounds, strict=True))
        ratio = (cloned + checked) / (cloned + loaded)
        print(
            f"{cases:>7}  {late:>5}  {cloned:>8.2f}  {checked:>8.2f}  {loaded:>8.2f}  {ratio:>6.2f}  {1000 * checked / cases:>8.3f}  {todo:>7.2f}", flush=True
        )
        return checked, ratio


def main(sizes: Sequence[int]) -> int:
    """Prints a line for each size; 1 where the largest misses the target."""
    print(f"{'cases':>7}  {'found':>5}  {'clone s':>8}  {'check s':>8}  {'load s':>8}  {'ratio':>6}  {'ms/case':>8}  {'todo s':>7}")
    times = {n: measure(n) for n in sizes}
    first, last = sizes[0], sizes[-1]
    growth = (times[last][0] / last) / (times[first][0] / first)
    print(f"growth of the check per case from {first} to {last}: x{growth:.2f} (1 is linear); ratio at {last}: {times[last][1]:.2f}, target {TARGET:.1f}")
    return int(times[last][1] > TARGET)


if __name__ == "__main__":
    os.environ["PLAINT_NOW"] = NOW.isoformat()
    sys.exit(main([int(a) for a in sys.argv[1:]] or SIZES))
