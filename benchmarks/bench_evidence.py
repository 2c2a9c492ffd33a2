"""`plaint evidence add` of one large file against Debian's `age` on the same file: seconds and peak memory. The targets: 1.5 times the time, 150 MB.

    python benchmarks/bench_evidence.py [--size 1000] [--lfs] [--place /tmp]

The file is pseudo-random, so that nothing can be compressed; it and all that is made of it is removed. Each is run twice, in turn, and the better
time counts; both write the sealed file to the same disk. Opening it again (`get`, against `age -d`) is measured too. On a busy machine both wait for
the processor, and what each uses of it says more: plaint hashes the file before and after, and for git once more, and on two free cores does that
while it seals.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

SLOWER, PEAK = 1.5, 150
PIECE = 1 << 20


def made_up(path: Path, megabytes: int) -> None:
    """A pseudo-random file, the same each time."""
    source = random.Random(1)
    block = source.randbytes(16 * PIECE)
    with path.open("wb") as file:
        for number in range(megabytes):
            start = source.randrange(15 * PIECE)
            file.write(number.to_bytes(8, "big") + block[start : start + PIECE - 8])


def forget_written(place: Path) -> None:
    """Puts on the disk, and out of the memory, what earlier runs have written, so that each finds as much free memory as the first."""
    os.sync()
    for file in place.rglob("*"):
        if file.is_file() and file.name != "recording.bin" and file.stat().st_size > PIECE:
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(place: Path, command: list[str | Path], env: dict[str, str] | None = None) -> tuple[float, float, float, str]:
    """Seconds, seconds of the processor, peak memory in MB, and what it printed."""
    forget_written(place)
    start = perf_counter()
    done = subprocess.run([sys.executable, "-c", WATCH, *map(str, command)], capture_output=True, text=True, check=False, env=env)
    seconds = perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr)
    peak, busy = re.findall(r"peak (\d+) busy ([\d.]+)", done.stderr)[-1]
    return seconds, float(busy), int(peak) / 1000, done.stdout


WATCH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("peak", used.ru_maxrss, "busy", used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(code)
"""


def large_to_lfs(folder: Path) -> None:
    """As a steward turns it on."""
    with (folder / "plaint.yaml").open("a") as file:
        file.write("lfs-above: 1\n")
    key = folder / ".demo-keys" / "zhou.ning"
    who = ["-c", "user.name=zhou.ning", "-c", "user.email=z@example.org", "-c", f"user.signingkey={key}", "-c", "gpg.format=ssh"]
    subprocess.run(["git", "-C", folder, *who, "commit", "-qaS", "-m", "Large files go to Git LFS"], check=True)


def compared(what: str, size: int, ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Prints ours against theirs; how many times as long ours took."""
    rate, ratio = size / ours[0], ours[0] / theirs[0]
    print(f"{what} {size} MiB: plaint {ours[0]:.1f} s ({rate:.0f} MiB/s, processor {ours[1]:.1f} s, peak memory {ours[2]:.0f} MB), ", end="")
    print(f"age {theirs[0]:.1f} s (processor {theirs[1]:.1f} s): {ratio:.2f} times")
    return ratio


def main() -> int:
    """Prints the figures; the exit code says whether the targets were met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1000, help="megabytes (of 1,048,576 bytes)")
    parser.add_argument("--lfs", action="store_true", help="in an organisation that keeps large files in Git LFS")
    parser.add_argument("--place", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.place) as folder:
        place = Path(folder).resolve()
        plaint = [sys.executable, "-c", "from plaint.cli import main; main()", "-C", place / "org", "--as", "wang.fang"]
        demo = subprocess.run([*plaint[:3], "demo", place / "org", "--cases", "8", "--today", "2026-11-20"], capture_output=True, text=True, check=False)
        if demo.returncode:
            sys.exit(demo.stderr)
        if options.lfs:
            large_to_lfs(place / "org")
        env = {**os.environ, "PLAINT_NOW": "2026-11-20T12:00:00+08:00"}
        cases = subprocess.run([*plaint, "list", "--state", "inquiry"], capture_output=True, text=True, check=True, env=env).stdout
        case = re.findall(r"^[A-Z0-9]{4}-[A-Z0-9]{4}", cases, re.MULTILINE)[0]
        key = place / "org/.demo-keys/wang.fang.age-identity"
        recipient = subprocess.run(["age-keygen", "-y", key], capture_output=True, text=True, check=True).stdout.strip()
        file = place / "recording.bin"
        made_up(file, options.size)
        ours, theirs, event = [], [], ""
        for _turn in range(2):
            *figures, said = timed(place, [*plaint, "evidence", "add", case, file, "--kind", "recording"], env)
            ours.append(figures)
            event = re.findall(r"[a-z][0-9a-z]{7}(?=  recording)", said)[0]
            theirs.append(timed(place, ["age", "-r", recipient, "-o", place / "sealed.age", file])[:3])
        ratio = compared("add", options.size, min(ours), min(theirs))
        peak = max(figures[2] for figures in ours)
        *back, _said = timed(place, [*plaint, "evidence", "get", case, event, "-o", place / "back.bin"], env)
        (place / "back.bin").unlink()
        compared("get", options.size, back, timed(place, ["age", "-d", "-i", key, "-o", place / "back.bin", place / "sealed.age"])[:3])
        print(f"targets: add within {SLOWER} times, peak memory {PEAK} MB")
    return 0 if ratio <= SLOWER and peak <= PEAK else 1


if __name__ == "__main__":
    sys.exit(main())
