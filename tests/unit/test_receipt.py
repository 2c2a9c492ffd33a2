"""The reporter's receipt: known answers, and every slip that its check digits catch."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from plaint.errors import InputError
from plaint.seal.age import secret_bytes
from plaint.seal.receipt import digits_of, keys_of, new_digits, same_token, spoken

VECTORS = yaml.safe_load((Path(__file__).parents[1] / "vectors" / "receipts.yaml").read_text())
DIGITS = st.from_regex(r"[0-9]{24}", fullmatch=True)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["receipt"])
def test_known_answers(vector: dict[str, str]) -> None:
    digits = digits_of(vector["receipt"])
    keys = keys_of(digits)
    assert (keys.recipient, keys.identity, keys.token, keys.token_hash) == tuple(vector[name] for name in ("recipient", "identity", "token", "token-hash"))
    assert same_token(vector["token"], vector["token-hash"])
    printed = subprocess.run(["age-keygen", "-y"], input=vector["identity"], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == vector["recipient"]


def test_openssl_stretches_alike() -> None:
    digits = digits_of(VECTORS[1]["receipt"])
    options = [f"pass:{digits}", "salt:plaint receipt 1", "n:131072", "r:8", "p:1", "maxmem_bytes:300000000"]
    command = ["openssl", "kdf", "-keylen", "64", *(part for option in options for part in ("-kdfopt", option)), "SCRYPT"]
    made = bytes.fromhex(subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace(":", ""))
    assert made[:32] == secret_bytes(VECTORS[1]["identity"])


@given(DIGITS)
def test_the_check_digits_are_those_of_the_standard(digits: str) -> None:
    assert spoken(digits).replace(" ", "") == digits + mod_97_10.calc_check_digits(digits)
    assert digits_of(spoken(digits)) == digits


@given(DIGITS, st.integers(0, 25), st.integers(1, 9))
def test_one_wrong_digit_is_caught(digits: str, place: int, by: int) -> None:
    whole = spoken(digits).replace(" ", "")
    wrong = whole[:place] + str((int(whole[place]) + by) % 10) + whole[place + 1 :]
    with pytest.raises(InputError):
        digits_of(wrong)


@given(DIGITS, st.integers(0, 24))
def test_two_digits_that_changed_places_are_caught(digits: str, place: int) -> None:
    whole = spoken(digits).replace(" ", "")
    wrong = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    if wrong != whole:
        with pytest.raises(InputError):
            digits_of(wrong)


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_receipt_by_chance(text: str) -> None:
    try:
        digits = digits_of(text)
    except InputError:
        return
    assert re.fullmatch("[0-9]{24}", digits)


def test_it_is_read_however_it_was_grouped() -> None:
    assert digits_of("１２３４-5678 9012.3456–7890\u30001234 98") == "123456789012345678901234"
    assert len({new_digits() for _n in range(50)}) == 50


@pytest.mark.parametrize("token", ["", "A" * 43, "not base64 at all…", "A"])
def test_another_token_is_not_the_same(token: str) -> None:
    assert not same_token(token, VECTORS[0]["token-hash"])
