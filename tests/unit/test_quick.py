"""The quick guess at a record never makes a difference: whatever the bytes, `parse` says what the strict loader alone would."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.model import record
from plaint.model.quick import guess
from plaint.model.yamlio import load_yaml

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = sorted(p for kind in ("case", "member", "review", "release") for p in (FIXTURES / "valid" / kind).glob("*.yaml"))
MALFORMED = sorted(p for kind in ("case", "member", "review", "release", "policy") for p in (FIXTURES / "malformed" / kind).glob("*.yaml"))


def outcome(parse, data: bytes):
    try:
        found = parse(data)
    except InputError as error:
        return str(error)
    return found, found.raw, found.head, [e.line for e in found.events]


def agree(data: bytes) -> None:
    assert outcome(lambda d: record.parse(d, "x.yaml"), data) == outcome(lambda d: record._record(load_yaml(d, "x.yaml"), d, "x.yaml"), data)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_guess_is_right(path):
    data = path.read_bytes()
    if path.parent.name != "release":  # their tables are nested deeper, and a year has a handful of them
        assert guess(data) == load_yaml(data, "x")
    agree(data)


@pytest.mark.parametrize("path", MALFORMED, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_malformed_files_are_refused_alike(path):
    agree(path.read_bytes())


PIECES = [
    b"\n",
    b" ",
    b"  ",
    b"'",
    b'"',
    b"|",
    b"- ",
    b": ",
    b"#",
    b"&a ",
    b"*a",
    b"!!int ",
    b"\r",
    b"\0",
    b"1",
    b"01",
    b"no",
    b"{}",
    b"[]",
    b"events:\n",
    b"sealed:\n",
]


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused_alike(data):
    text = data.draw(st.sampled_from(FILES)).read_bytes()
    for _change in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=3)) + text[at + cut :]
    agree(text)


@given(st.binary(max_size=60))
def test_any_bytes(data):
    guess(data)
    agree(b"plaint: 1\ncase: Q7M4-K2XD\nevents:\n- " + data)
