"""The recovery key in shares: any so many make it, fewer do not, and every slip of the pen is found."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic.wordlist import WORDLIST

from plaint.errors import InputError, UsageError
from plaint.seal.age import generate
from plaint.seal.shares import combine, is_share, split


@pytest.mark.parametrize(("threshold", "shares"), [(2, 2), (2, 3), (3, 5), (16, 16)])
def test_any_so_many_make_the_key_and_fewer_do_not(threshold: int, shares: int) -> None:
    secret = generate().secret
    made = split(secret, threshold, shares)
    assert len(made) == shares
    assert all(len(share.split()) == 33 and is_share(share) for share in made)
    for some in list(combinations(made, threshold))[:20]:
        assert combine(some) == secret
    for few in list(combinations(made, threshold - 1))[:20]:
        with pytest.raises(InputError, match=f"it takes {threshold}"):
            combine(few)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 32), word=st.sampled_from(WORDLIST), which=st.integers(0, 1))
def test_a_wrong_word_is_found(place: int, word: str, which: int) -> None:
    made = SHARES[:]
    words = made[which].split()
    if words[place] == word:
        return
    words[place] = word
    made[which] = " ".join(words)
    with pytest.raises(InputError, match=f"share {which + 1}|share 2"):
        combine(made)


def test_case_line_breaks_and_remarks_do_not_matter() -> None:
    paper = ["# Share 1 of 2\n" + share.upper().replace(" ", "\n", 5) + "\n" for share in SHARES]
    assert combine(paper) == KEY


def test_the_same_share_twice_is_one() -> None:
    with pytest.raises(InputError, match="it takes 2 different shares, and 1 is here"):
        combine([SHARES[0], SHARES[0]])


def test_shares_of_two_keys_do_not_mix() -> None:
    with pytest.raises(InputError, match="share 2 belongs to another key"):
        combine([SHARES[0], split(generate().secret, 2, 2)[1]])


@pytest.mark.parametrize(("threshold", "shares"), [(1, 1), (1, 3), (4, 3), (2, 17), (0, 0)])
def test_numbers_that_make_no_sense(threshold: int, shares: int) -> None:
    with pytest.raises(UsageError):
        split(KEY, threshold, shares)


def test_what_is_no_key_is_refused() -> None:
    for wrong in ("", "AGE-SECRET-KEY-1QQQQ", "age1qqqq", KEY[:-1] + ("A" if KEY[-1] != "A" else "C")):
        with pytest.raises(InputError):
            split(wrong, 2, 3)


KEY = generate().secret
SHARES = split(KEY, 2, 2)
