"""Mutations: a short text of random bytes is a program that spoils other bytes. Hypothesis draws the program, so what fails is shrunk.

>>> mutate(b"some text", bytes(6), [b"another"], [b"token"])
b'rome text'

Six bytes are one step: what to do, where (as a fraction of the length), how much, and with what.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

STEP = 6
WANTED = int(os.environ.get("PLAINT_FUZZ", "0"))
"""Inputs over all targets; 0 means the quick run of every day."""
QUICK = 4000
TOTAL = WANTED or QUICK

PROGRAMS = st.binary(min_size=STEP, max_size=4 * STEP)


def fuzzing(share: float) -> Callable[[object], object]:
    """Settings for a target that gets this share of all inputs; the same inputs each day, other ones in a long run."""
    return settings(
        max_examples=inputs(share),
        deadline=30_000,  # milliseconds for one input: what takes longer hangs, even on a machine that is busy with other things
        derandomize=not WANTED,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def inputs(share: float) -> int:
    """So many inputs are this share."""
    return max(1, round(TOTAL * share))


@dataclass
class Tally:
    """What came of a target's inputs."""

    seen: int = 0
    accepted: int = 0
    kinds: set[str] = field(default_factory=set)


def mutate(data: bytes, program: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """The data after every step of the program."""
    for at in range(0, len(program) - STEP + 1, STEP):
        data = _step(data, program[at : at + STEP], others, tokens)
    return data


def _step(data: bytes, code: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    size = len(data)
    at = int.from_bytes(code[1:3], "big") * size >> 16
    count, extra = code[3], int.from_bytes(code[4:6], "big")
    other = others[extra % len(others)]
    token = tokens[extra % len(tokens)]
    lines = data.split(b"\n")
    line = int.from_bytes(code[1:3], "big") * len(lines) >> 16
    target = extra % len(lines)
    match code[0] % 14:
        case 0:  # a bit
            return data[:at] + bytes([data[at] ^ (1 << count % 8)]) + data[at + 1 :] if data else data
        case 1:  # a byte
            return data[:at] + bytes([count]) + data[at + 1 :]
        case 2:  # cut out
            return data[:at] + data[at + 1 + count % 40 :]
        case 3:  # again
            return data[: at + count] + data[at:]
        case 4:  # a token in
            return data[:at] + token + data[at:]
        case 5:  # a token instead
            return data[:at] + token + data[at + len(token) :]
        case 6:  # cut short
            return data[:at]
        case 7:  # the rest of another
            return data[:at] + other[len(other) * count >> 8 :]
        case 8:  # a piece of another
            start = len(other) * count >> 8
            return data[:at] + other[start : start + 1 + extra % 60] + data[at:]
        case 9:  # a line elsewhere
            moved = lines.pop(line)
            lines.insert(target, moved)
        case 10:  # a line again
            lines.insert(target, lines[line])
        case 11:  # a line less
            del lines[line]
        case 12:  # a line of another
            pieces = other.split(b"\n")
            lines.insert(line, pieces[count % len(pieces)])
        case _:  # one word for another everywhere
            old = tokens[count % len(tokens)]
            return data.replace(old, token) if old else data
    return b"\n".join(lines)
