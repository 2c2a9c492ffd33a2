"""Signatures and commits at random, led by coverage: for as long as one likes, with libFuzzer by way of atheris, which the tests do not need.

    pip install atheris
    python tests/fuzz/guided.py signatures -max_total_time=600
    python tests/fuzz/guided.py commits -runs=1000000

What follows the target are libFuzzer's own options. What must hold is what tests/fuzz/test_fuzz_signatures.py says; what breaks it is written to a file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1])]
with atheris.instrument_imports(include=["plaint.audit.commits", "plaint.audit.sshsig"]):
    from fuzz import test_fuzz_signatures as rules
    from fuzz.mutation import Tally
    from fuzz.sshwire import armour

TARGETS = {
    "signatures": (lambda data, tally: rules.accepted(rules.MESSAGE, armour(data), tally), lambda: rules.blobs()),
    "armour": (
        lambda data, tally: rules.accepted(rules.MESSAGE, data.decode("utf-8", "replace"), tally),
        lambda: [made.encode() for _public, made in rules.signatures()],
    ),
    "commits": (lambda data, tally: rules.read_alike(data, tally), lambda: rules.commits()),
}


def main() -> None:
    target, *options = sys.argv[1:] or [""]
    if target not in TARGETS:
        sys.exit(f"{sys.argv[0]} {'|'.join(TARGETS)} [libFuzzer's options]")
    judge, seeds = TARGETS[target]
    tally = Tally()
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *options, corpus], lambda data: judge(data, tally))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
