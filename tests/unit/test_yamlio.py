"""The strict loader and the one spelling of the dumper."""

from __future__ import annotations

import string
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.model.yamlio import MAX_BYTES, dump_yaml, load_yaml, positions

LOOKS_LIKE_ELSE = ("no", "Yes", "y", "NULL", "~", "<<", "=", "0", "007", "0x1f", "1e3", "12:30:00", "2026-11-20", ".inf", ".", "---")
LOOKS_LIKE_YAML = ("-", "- a", "a: b", "a #b", "#", "", "'", '"', "\\", "%TAG", "!x", "&a", "*a", "{a", "[", "@", "`", "...\n", "---\na")
ODD_SPACE = (" a", "a ", "a\n", "a\n\n", "\na", "a\n \nb", "  a\nb", "a\n\u3000 \nb\n\n c", "\t", "a\tb\nc", "\r\n", "\u2028a\nb", "\x85")
ODD_CHARACTERS = ("\ufeff", "\0", "\x7f\n", "中文、\n第二行\n", "🙂\nb")
TRICKY = st.sampled_from((*LOOKS_LIKE_ELSE, *LOOKS_LIKE_YAML, *ODD_SPACE, *ODD_CHARACTERS))
ANY = st.text(st.characters(codec="utf-8"), max_size=60)
TEXTS = TRICKY | ANY | st.text(st.sampled_from(" \n\ta:#'\"-é\u3000"), max_size=12)
KEYS = TEXTS.filter(lambda key: len(key) < 100)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers(0, 10**18 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=400, deadline=None)
def test_what_is_dumped_loads_again(value: object) -> None:
    text = dump_yaml(value)
    assert load_yaml(text.encode(), "x") == value
    assert dump_yaml(load_yaml(text.encode(), "x")) == text


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_other_readers_see_the_same(value: object) -> None:
    assert yaml.safe_load(dump_yaml(value)) == value


@given(st.binary(max_size=200) | st.text(st.sampled_from("ab1 \n:-#&*!|>{}[],?%@`'\"\\~<=\t.é"), max_size=60).map(str.encode))
@settings(max_examples=800, deadline=None)
def test_only_input_errors_come_out(data: bytes) -> None:
    try:
        value = load_yaml(data, "x")
    except InputError as error:
        assert error.where.startswith("x")
        assert "\n" not in str(error)
    else:
        assert load_yaml(dump_yaml(value).encode(), "x") == value


def _seen_by_other_reader(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


@given(st.text(string.ascii_letters + string.digits + "-+._:~<=TZ ", min_size=1, max_size=14))
@settings(max_examples=1500, deadline=None)
def test_a_plain_scalar_means_the_same_to_other_readers_or_is_refused(text: str) -> None:
    try:
        value = load_yaml(text.encode(), "x")
    except InputError:
        return
    assert _seen_by_other_reader(text) == value


NUMBERS = ("010", "0o17", "0x1F", "0b1", "1_000", "1.5", ".5", "1e5", "-1", "+1", "12:30", "12:30:45", ".inf", "-.INF", ".nan", "1" * 19)
DATES = ("2026-11-20", "2026-11-20T09:12:00Z", "2026-11-20 09:12:00")


@pytest.mark.parametrize("plain", [*NUMBERS, *DATES, "no", "On", "TRUE", "null", "~", "<<", "=", ""])
def test_ambiguous_plain_scalars_are_refused(plain: str) -> None:
    for text in (f"key: {plain}\n", f"- {plain}\n"):
        with pytest.raises(InputError) as caught:
            load_yaml(text.encode(), "file.yaml")
        assert caught.value.where == "file.yaml:1"
    if plain:
        with pytest.raises(InputError):
            load_yaml(f"{plain}: key\n".encode(), "x")
        assert load_yaml(f"key: '{plain}'\n".encode(), "x") == {"key": plain}


@pytest.mark.parametrize("plain", ["li.wei", "24 hours", "7 working days", "half-year", "Asia/Shanghai", "yes-men", "e12", "中文", "nan", "v1.2"])
def test_clear_plain_scalars_are_text(plain: str) -> None:
    assert load_yaml(f"key: {plain}\n".encode(), "x") == {"key": plain}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4),
        ("a: &x 1\n", 1),
        ("a: b\nc: *x\n", 2),
        ("a: b\nc: !!int '3'\n", 2),
        ("a: ! b\n", 1),
        ("a: b\n---\nc: d\n", 2),
        ("%YAML 1.2\n---\na: b\n", 1),
        ("a: b\n? [c]\n: d\n", 2),
        ("a: b\n1: c\n", 2),
        ("a: b\r\n", 1),
        ("a: b\nc: \x00\n", 2),
        ("a: b\nc: \x1b\n", 0),
        ("a: b\n  c: d\n", 2),
        ("# only a comment\n", 2),
    ],
)
def test_what_is_refused_names_its_line(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        load_yaml(text.encode(), "x")
    assert caught.value.where == (f"x:{line}" if line else "x")


def test_limits() -> None:
    for hostile in (b"[" * 100_000, b"- " * 100_000, b"{a: " * 100_000, b"[" + b"a," * 100_001 + b"]", b"a" * (MAX_BYTES + 1)):
        with pytest.raises(InputError):
            load_yaml(hostile, "x")
    with pytest.raises(InputError):
        load_yaml(b"[" + b"{}," * 100_001 + b"]", "x")
    assert load_yaml(b"[" * 20 + b"]" * 20, "x")


def test_the_dumper_has_no_words_for_other_types() -> None:
    for value in (None, True, 1.5, -1, 10**18, b"x", {1: "x"}):
        with pytest.raises(TypeError):
            dump_yaml(value)
    for text in ("\ud800", "a\n\udfff"):
        with pytest.raises(InputError):
            dump_yaml(text)
    with pytest.raises(InputError):
        dump_yaml({"k" * 201: "x"})


def test_spelling() -> None:
    value = {
        "n": 0,
        "word": "phone",
        "no": "no",
        "list": ["a b", {"x": "1", "y": []}],
        "text": "one\n\ntwo\n",
        "open": "a\nb",
        "e": {},
        "q": "it's",
    }
    assert (
        dump_yaml(value)
        == "'n': 0\nword: phone\n'no': 'no'\nlist:\n- 'a b'\n- x: '1'\n  'y': []\ntext: |\n  one\n\n  two\nopen: |-\n  a\n  b\ne: {}\nq: 'it''s'\n"
    )


def test_positions() -> None:
    lines = positions(b"a: 1\nb:\n- c: x\n- d:\n    e: f\n")
    assert lines[("b", 1, "d", "e")] == 5
    assert lines[("b", 0)] == 3
    assert lines[()] == 1
