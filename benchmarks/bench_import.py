"""How many rows a second `plaint import` registers, in a new organisation of seven members. The target: at least 100.

Without a file it makes up a table. Real ones:

    python benchmarks/bench_import.py [--rows 5000] [FILE.csv --map MAP.yaml]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from plaint.founding import Founding, NewMember, found, new_signing_key
from plaint.seal.identity import new_identity, write_identity
from plaint.store.signing import load_signing_key

TARGET = 100
ROLES = {
    "li.wei": "intake",
    "chen.min": "coordinator",
    "wang.fang": "investigator",
    "sun.yan": "decider",
    "qian.jun": "supervisor",
    "wu.hao": "custodian",
    "zhou.xin": "steward",
}
MAP = """
plaint: 1
map: bench
key: [number]
channel: {constant: online}
category: {constant: service}
received: {column: date, formats: ['%Y-%m-%d']}
sealed: {identity: {account: user}, report: {title: title, narrative: text}}
"""


def organisation(place: Path) -> Path:
    """A new organisation; the keys lie beside it."""
    keys = place / "keys"
    members = []
    for member, role in ROLES.items():
        new_signing_key(keys / member, member)
        recipient, secret = new_identity()
        write_identity(keys / f"{member}.age-identity", secret, None)
        members.append(NewMember(member, (role,), (), (keys / f"{member}.pub").read_text(), recipient))
    founding = Founding({"en": "Bench"}, ("en",), "house", None, None, None, new_identity().recipient, tuple(members))
    repository = found(place / "org", founding, load_signing_key(keys / "li.wei"), datetime.now(UTC).replace(microsecond=0))
    repository.git.run("config", "plaint.keys", str(keys))
    repository.git.run("config", "user.signingkey", str(keys / "li.wei"))
    repository.close()
    return place / "org"


def table(place: Path, rows: int) -> tuple[Path, Path]:
    """A made-up table of so many rows and its map."""
    file, plan = place / "rows.csv", place / "map.yaml"
    lines = (f"{n},user{n},{2012 + n % 9}-0{1 + n % 9}-1{n % 10},title {n},{'text ' * (20 + n % 200)}\n" for n in range(rows))
    file.write_text("number,user,date,title,text\n" + "".join(lines), "utf-8")
    plan.write_text(MAP, "utf-8")
    return file, plan


def timed(folder: Path, file: Path, plan: Path) -> tuple[float, dict[str, int]]:
    """Seconds, and what the import says."""
    code = "from plaint.cli import main; main()"
    command = [sys.executable, "-c", code, "-C", str(folder), "--as", "li.wei", "import", str(file), "--map", str(plan), "--format", "json"]
    start = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env=os.environ | {"PYTHONUTF8": "1"})
    seconds = perf_counter() - start
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
    return seconds, {name: found[name] if name != "refused" else len(found[name]) for name in ("registered", "skipped", "refused")}


def main() -> int:
    """Imports a table twice; the exit code says whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--map", type=Path)
    parser.add_argument("--rows", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = organisation(Path(place))
        file, plan = (options.file.resolve(), options.map.resolve()) if options.file else table(Path(place), options.rows)
        seconds, counts = timed(folder, file, plan)
        rate = counts["registered"] / seconds
        size = sum(path.stat().st_size for path in (folder / ".git").rglob("*") if path.is_file()) / 2**20
        print(f"{file.name}: {counts} in {seconds:.1f} s: {rate:.0f} rows/s (target {TARGET}); .git {size:.0f} MiB")
        seconds, counts = timed(folder, file, plan)
        print(f"again: {counts} in {seconds:.1f} s")
    return 0 if rate >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
