"""Whole-process times of the command line: `--help`, `todo` on 1,000 cases, and one event against a bare signed `git commit`.

python benchmarks/bench_cli.py [--cases 1000] [--runs 9]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAINT = shutil.which("plaint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "plaint"


def seconds(command: list[str], cwd: Path, env: dict[str, str]) -> float:
    """How long one run takes, whole process."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, check=True, capture_output=True)
    return time.perf_counter() - begin


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    env = os.environ | {"PLAINT_LANG": "en"}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "org")
        subprocess.run([PLAINT, "demo", str(folder), "--cases", "0"], check=True, capture_output=True)
        table = Path(scratch, "rows.csv")
        with table.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "text", "received"])
            rows.writerows([i, f"Complaint number {i}", f"2026-{1 + i % 10:02}-{1 + i % 28:02} 09:00"] for i in range(options.cases))
        mapping = Path(scratch, "map.yaml")
        mapping.write_text(
            "plaint: 1\nmap: bench\nkey: [id]\nchannel: {constant: online}\ncategory: {constant: service}\n"
            "received: {column: received, formats: ['%Y-%m-%d %H:%M']}\nsealed:\n  report: {narrative: text}\n",
            encoding="utf-8",
        )
        begin = time.perf_counter()
        done = subprocess.run([PLAINT, "import", str(table), "--map", str(mapping), "--as", "li.wei"], cwd=folder, capture_output=True, text=True, check=False)
        print(
            f"import of {options.cases} rows  {options.cases / (time.perf_counter() - begin):7.0f} rows/s  (exit {done.returncode}) {done.stderr.strip()[-200:]}"
        )
        for name, command in (("plaint --help", ["--help"]), (f"plaint todo, {options.cases} cases", ["todo"]), ("python -c pass", [])):
            call = [PLAINT, *command] if command else [sys.executable, "-c", "pass"]
            times = [seconds(call, folder, env) for _ in range(options.runs)]
            print(f"{name:28} {statistics.median(times) * 1000:7.0f} ms")
        cases = json.loads(subprocess.run([PLAINT, "list", "--format", "json"], cwd=folder, capture_output=True, check=True).stdout)
        ours, bare = [], []
        key = folder / ".demo-keys" / "li.wei"
        git = ["git", "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "-c", "user.name=x", "-c", "user.email=x@example.org"]
        for case in cases[: options.runs]:
            ours.append(seconds([PLAINT, "acknowledge", case["case"], "--as", "li.wei"], folder, env))
            (folder / "note.txt").write_text(case["case"])
            subprocess.run([*git, "add", "note.txt"], cwd=folder, check=True)
            bare.append(seconds([*git, "commit", "-q", "-S", "-m", "bare", "note.txt"], folder, env))
        ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
        print(f"one event {statistics.median(ours) * 1000:.0f} ms, bare signed commit {statistics.median(bare) * 1000:.0f} ms, ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
