"""What a stranger may hand in: whatever it is, reading it gives a submission that can be sealed and opened again, or one clear error, and never anything else."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutation import PROGRAMS, Tally, fuzzing, inputs, mutate
from plaint.errors import InputError, NotAllowedError
from plaint.intake.attachments import shared_out
from plaint.intake.submission import INLINE, Submission, attached, message_body, read_submission, report_bodies
from plaint.model.schema import check_sealed
from plaint.seal import age
from plaint.seal.envelope import open_body, seal_body
from plaint.seal.receipt import keys_of

RECEIPT = keys_of("0" * 23 + "1")
ID = "0123abcd-0123-4123-8123-0123456789ab"
HEAD = {"plaint": 1, "id": ID, "made": "2026-11-23T04:00:00.000Z", "language": "zh", "pad": "...."}
REPORT: dict[str, Any] = {
    **HEAD, "kind": "report", "category": "ethics", "report": {"title": "回扣", "narrative": "Somebody took it."},
    "identity": {"name": "举报人", "contact": {"phone": "555"}, "relation": "staff"}, "excluded": ["li.wei"],
    "attachments": [{"name": "照片.jpg", "type": "image/jpeg", "data": "AAECAw=="}], "receipt": {"recipient": RECEIPT.recipient, "token": RECEIPT.token_hash},
}  # fmt: skip
MESSAGE: dict[str, Any] = {**HEAD, "kind": "message", "case": "ABCD-2345", "token": "A" * 43, "text": "门卫也知道。", "attachments": []}
TOKENS = (b'"', b"\\", b"\\u0000", b"\\ud800", b"\\udfff\\ud800", b"{", b"}", b"[" * 5000, b"{" * 3000, b'{"a":' * 3000, b"null", b"NaN", b"-Infinity", b"1e999",
          b"9" * 5000, b",", b":", b'"granted":["li.wei"],', b'"pad":"', b"\xff", b"\x00", b"\xef\xbb\xbf", b"=", b"\\n")  # fmt: skip
TEXT = st.text(st.characters(), max_size=40)
LEAVES = st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.none(), st.sampled_from(["", "..", "li.wei", "AAAA", "A===", "age1" + "q" * 58]))
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12)


@cache
def key() -> age.KeyPair:
    return age.generate()


def take_in(plaintext: bytes) -> Submission | None:
    """All that the inbox does with it before git is asked; None where it is refused."""
    try:
        found = read_submission(plaintext, "a file")
        small, _large = shared_out(attached(found, "a file"), INLINE)
        bodies = report_bodies(found, small) if found.kind == "report" else {"report": message_body(found, small)}
        for compartment, body in bodies.items():
            check_sealed(body, compartment, "receive")
            assert not {"granted", "withdrawn"} & set(body)
            sealed = seal_body("ABCD-2345", "abcd2345", compartment, body, key().recipient)
            assert open_body(sealed, key().secret, "ABCD-2345", "abcd2345", compartment) == body
    except InputError as error:
        assert str(error)
        assert "\n" not in str(error)
        return None
    return found


def test_half_a_character_is_mended() -> None:
    """A browser cuts a text that is too long wherever that is."""
    found = take_in(json.dumps({**MESSAGE, "text": "too long 😀"}).encode().replace(b"\\ude00", b""))
    assert found is not None
    assert found.content["text"] == "too long \N{REPLACEMENT CHARACTER}"


def test_what_the_page_makes_is_taken() -> None:
    for content in (REPORT, MESSAGE):
        found = take_in(json.dumps(content).encode())
        assert found is not None
        assert found.kind == content["kind"]


@fuzzing(0.1)
@given(st.sampled_from([REPORT, MESSAGE]), PROGRAMS)
def test_spoilt(content: dict[str, Any], program: bytes) -> None:
    plain = json.dumps(content, ensure_ascii=program[0] % 2 == 0).encode()
    take_in(mutate(plain, program, [json.dumps(MESSAGE).encode()], TOKENS))


@fuzzing(0.1)
@given(st.sampled_from([REPORT, MESSAGE]), st.data())
def test_anything_in_any_field(content: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*content, "granted", "case", "token"]))
    changed = {**content, name: data.draw(ANYTHING)}
    if name in ("report", "identity") and data.draw(st.booleans()):
        changed[name] = data.draw(st.dictionaries(st.sampled_from(["title", "narrative", "name", "granted", "excluded", "receipt"]), ANYTHING, max_size=3))
    take_in(json.dumps(changed).encode())


@fuzzing(0.05)
@given(st.dictionaries(st.sampled_from(["title", "narrative", "when", "who", "wishes"]), TEXT, min_size=1))
def test_any_text_comes_back_as_it_was_written(report: dict[str, str]) -> None:
    found = take_in(json.dumps({**REPORT, "report": report}).encode())
    whole = all(char.isprintable() or char in "\n\t" for text in report.values() for char in text)
    assert found is not None or not whole


def test_a_spoilt_age_file_is_refused() -> None:
    tally = Tally()
    binary = age.encrypt(json.dumps(MESSAGE).encode(), [key().recipient, age.generate().recipient]).encode()
    others = [b"-> X25519 ", b"-> scrypt AAAA 30\n", b"-> scrypt AAAAAAAAAAAAAAAAAAAAAA 63\n", b"-> grease\n", b"\n--- ", b"age-encryption.org/v1\n"]

    @fuzzing(0.1)
    @given(PROGRAMS)
    def run(program: bytes) -> None:
        tally.seen += 1
        try:
            age.decrypt(mutate(binary, program, others, others), key().secret)
        except (InputError, NotAllowedError):
            return
        tally.accepted += 1

    run()
    assert tally.seen >= inputs(0.1) // 2
    assert tally.accepted < tally.seen / 2
