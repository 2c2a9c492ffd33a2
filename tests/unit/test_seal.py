"""Sealing: envelopes, keyrings and what anyone can see of them without a key."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import InputError, NotAllowedError
from plaint.model.yamlio import dump_yaml
from plaint.seal import age
from plaint.seal.armour import inspect
from plaint.seal.envelope import open_body, padded_size, seal_body, sealed_problems
from plaint.seal.keyring import keyring_hash, keyring_problems, new_case_keys, open_secret, reseal, seal_keyring

CASE = "Q7M4-K2XD"
EVENT = "h7q2m0xv"
BODY = {"title": "夜班无人值守", "narrative": "First line\nsecond line\n", "excluded": ["li.wei"]}


def sealed(text: bytes, recipient: str) -> str:
    return age.encrypt(text, [recipient])


class TestEnvelope:
    def test_what_was_sealed_is_opened(self) -> None:
        key = age.generate()
        text = seal_body(CASE, EVENT, "report", BODY, key.recipient)
        assert text.startswith("-----BEGIN AGE ENCRYPTED FILE-----\n")
        assert open_body(text, key.secret, CASE, EVENT, "report") == BODY

    @pytest.mark.parametrize("place", [("A7M4-K2XD", EVENT, "report"), (CASE, "a7q2m0xv", "report"), (CASE, EVENT, "identity")])
    def test_moved_text_is_refused(self, place: tuple[str, str, str]) -> None:
        key = age.generate()
        text = seal_body(CASE, EVENT, "report", BODY, key.recipient)
        with pytest.raises(InputError, match="belongs to another"):
            open_body(text, key.secret, *place)

    def test_another_key_does_not_open_it(self) -> None:
        text = seal_body(CASE, EVENT, "report", BODY, age.generate().recipient)
        with pytest.raises(NotAllowedError):
            open_body(text, age.generate().secret, CASE, EVENT, "report")

    @pytest.mark.parametrize(
        "plaintext",
        [
            b"hello",
            b"case: [",
            b"case: Q7M4-K2XD\n",
            dump_yaml({"case": CASE, "event": EVENT, "compartment": "report", "body": BODY, "pad": "", "more": "x"}).encode(),
            dump_yaml({"case": CASE, "event": EVENT, "compartment": "report", "body": "text", "pad": ""}).encode(),
        ],
    )
    def test_what_is_no_envelope_is_refused(self, plaintext: bytes) -> None:
        key = age.generate()
        with pytest.raises(InputError):
            open_body(sealed(plaintext, key.recipient), key.secret, CASE, EVENT, "report")

    def test_errors_do_not_quote_the_plaintext(self) -> None:
        key = age.generate()
        with pytest.raises(InputError) as caught:
            open_body(sealed(b"secret word: [", key.recipient), key.secret, CASE, EVENT, "report")
        assert "secret word" not in str(caught.value)

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.sampled_from(["title", "narrative", "note"]), st.text(max_size=3000), min_size=1))
    def test_any_text_comes_back_and_is_padded(self, body: dict[str, str]) -> None:
        body = {name: text.replace("\0", "").replace("\r", "").encode("utf-8", "ignore").decode() for name, text in body.items()}
        key = age.generate()
        text = seal_body(CASE, EVENT, "report", body, key.recipient)
        assert open_body(text, key.secret, CASE, EVENT, "report") == body
        size = len(age.decrypt(text, key.secret))
        assert size == padded_size(size) == inspect(text).size
        assert sealed_problems(text) == ()

    def test_too_much_for_one_text(self) -> None:
        with pytest.raises(InputError, match="too much"):
            seal_body(CASE, EVENT, "report", {"note": "x" * 5_000_000}, age.generate().recipient)

    @pytest.mark.parametrize("recipient", ["", "age1", "ssh-ed25519 AAAA", "age1pq1xyz", "hello"])
    def test_only_x25519_recipients(self, recipient: str) -> None:
        with pytest.raises(InputError, match="not an age recipient"):
            seal_body(CASE, EVENT, "report", BODY, recipient)

    def test_debian_age_opens_it(self, tmp_path: Path) -> None:
        key = age.generate()
        identity = tmp_path / "identity"
        identity.write_text(key.secret + "\n")
        text = seal_body(CASE, EVENT, "report", BODY, key.recipient)
        done = subprocess.run(["age", "-d", "-i", identity], input=text.encode(), capture_output=True, check=True)
        assert done.stdout == age.decrypt(text, key.secret)
        assert done.stdout.decode().startswith(f"case: {CASE}\nevent: {EVENT}\ncompartment: report\nbody:\n")


class TestInspect:
    def test_stanzas_and_size(self) -> None:
        crowd = [age.generate().recipient for _i in range(11)]
        for size in (0, 1, 75, 65535, 65536, 65537, 200_000):
            seen = inspect(age.encrypt(b"x" * size, crowd))
            assert (seen.x25519, seen.others, seen.size, seen.problems) == (11, (), size, ())

    def test_other_types_are_named(self, tmp_path: Path) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
        done = subprocess.run(["age", "-a", "-R", tmp_path / "key.pub"], input=b"x" * 1024, capture_output=True, check=True)
        assert inspect(done.stdout.decode()).others == ("ssh-ed25519",)
        assert "ssh-ed25519" in sealed_problems(done.stdout.decode())[0]

    def test_files_of_debian_age(self) -> None:
        done = subprocess.run(["age", "-a", "-r", age.generate().recipient], input=b"x" * 1024, capture_output=True, check=True)
        assert sealed_problems(done.stdout.decode()) == ()

    def test_more_recipients_or_no_padding_are_seen(self) -> None:
        one, two = age.generate().recipient, age.generate().recipient
        assert "2 recipients" in sealed_problems(age.encrypt(b"x" * 1024, [one, two]))[0]
        assert "not padded" in sealed_problems(age.encrypt(b"x" * 1000, [one]))[0]

    def test_any_damage_is_no_crash(self) -> None:
        text = age.encrypt(b"x" * 1024, [age.generate().recipient])
        for at in range(0, len(text), 7):
            for damaged in (text[:at], text[:at] + "\n" + text[at:], text[:at] + "=" + text[at + 1 :], text[:at] + text[at + 64 :]):
                inspect(damaged)
        for at in range(len(text) - 1):
            assert inspect(text[:at]).problems, at
        for broken in ("", "hello", text + text, " " + text, text + "\n", text.replace("\n", "\r\n"), text.lower()):
            assert inspect(broken).problems

    def test_it_is_fast(self) -> None:
        import time

        text = age.encrypt(b"x" * 4096, [age.generate().recipient])
        start = time.perf_counter()
        for _i in range(500):
            inspect(text)
        assert (time.perf_counter() - start) / 500 < 0.001


class TestKeyring:
    def test_each_holder_opens_it_and_no_other(self) -> None:
        keys = new_case_keys(["identity", "report"])
        custodian, officer, stranger = age.generate(), age.generate(), age.generate()
        ring = seal_keyring(
            {name: key.secret for name, key in keys.items()},
            {"identity": {custodian.recipient}, "report": {custodian.recipient, officer.recipient}},
        )
        assert open_secret(ring, "report", officer.secret, keys["report"].recipient) == keys["report"].secret
        assert open_secret(ring, "identity", custodian.secret) == keys["identity"].secret
        for identity, name in ((officer.secret, "identity"), (stranger.secret, "report")):
            with pytest.raises(NotAllowedError, match="does not open the compartment"):
                open_secret(ring, name, identity)
        with pytest.raises(InputError, match="no compartment"):
            open_secret(ring, "inquiry", officer.secret)

    @pytest.mark.parametrize(("holders", "stanzas"), [(1, 8), (7, 8), (8, 8), (9, 16), (17, 24)])
    def test_decoys_fill_it_up(self, holders: int, stanzas: int) -> None:
        key = age.generate()
        ring = seal_keyring({"report": key.secret}, {"report": {age.generate().recipient for _i in range(holders)}})
        assert inspect(ring["report"]).x25519 == stanzas
        assert keyring_problems(ring) == ()

    def test_the_order_is_shuffled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[list[str]] = []
        monkeypatch.setattr(age, "encrypt", lambda _text, crowd: seen.append(list(crowd)) or "")
        holder, key = age.generate().recipient, age.generate()
        for _i in range(40):
            seal_keyring({"report": key.secret}, {"report": {holder}})
        assert len({crowd.index(holder) for crowd in seen}) > 3
        assert len({recipient for crowd in seen for recipient in crowd}) == 40 * 7 + 1

    def test_reseal_keeps_what_it_does_not_name(self) -> None:
        keys = new_case_keys(["identity", "report"])
        old, new, officer = age.generate(), age.generate(), age.generate()
        ring = seal_keyring({name: key.secret for name, key in keys.items()}, {"identity": {old.recipient}, "report": {officer.recipient}})
        again = reseal(ring, old.secret, {"identity": {new.recipient}})
        assert again["report"] == ring["report"]
        assert open_secret(again, "identity", new.secret) == keys["identity"].secret
        with pytest.raises(NotAllowedError):
            open_secret(again, "identity", old.secret)
        with pytest.raises(NotAllowedError):
            reseal(ring, old.secret, {"report": {old.recipient}})

    def test_nobody_is_refused(self) -> None:
        with pytest.raises(InputError, match="nobody"):
            seal_keyring({"report": age.generate().secret}, {"report": set()})
        with pytest.raises(InputError, match="inquiry"):
            seal_keyring({"report": age.generate().secret}, {"inquiry": {age.generate().recipient}})

    def test_a_key_of_another_case_is_refused(self) -> None:
        holder = age.generate()
        ring = seal_keyring({"report": age.generate().secret}, {"report": {holder.recipient}})
        with pytest.raises(InputError, match="another case"):
            open_secret(ring, "report", holder.secret, age.generate().recipient)

    def test_hash_is_that_of_sha256sum(self, tmp_path: Path) -> None:
        ring = {"report": "b\n", "identity": "a\n", "report-2": "c\n", "inquiry": "投诉\n"}
        for name, text in ring.items():
            (tmp_path / f"{name}.age").write_text(text, "utf-8")
        printed = subprocess.run("LC_ALL=C; sha256sum *.age", shell=True, cwd=tmp_path, capture_output=True, check=True).stdout
        assert keyring_hash(ring) == hashlib.sha256(printed).hexdigest()

    def test_what_anyone_can_see(self, tmp_path: Path) -> None:
        key, holder = age.generate(), age.generate()
        for text in ("hello", age.encrypt(b"x", [holder.recipient]), age.encrypt(key.secret.encode(), [holder.recipient] * 8)):
            assert keyring_problems({"report": text})[0].startswith("report.age: ")

    def test_debian_age_opens_it(self, tmp_path: Path) -> None:
        key, holder = age.generate(), age.generate()
        (tmp_path / "identity").write_text(holder.secret + "\n")
        ring = seal_keyring({"report": key.secret}, {"report": {holder.recipient}})
        done = subprocess.run(["age", "-d", "-i", tmp_path / "identity"], input=ring["report"].encode(), capture_output=True, check=True)
        assert done.stdout.decode() == key.secret + "\n"


def test_a_secret_does_not_show_itself() -> None:
    key = age.generate()
    assert key.secret not in repr(key)
    with pytest.raises(InputError) as caught:
        age.recipient_of(key.secret[:-1] + ("P" if key.secret.endswith("Q") else "Q"))
    assert key.secret[:40] not in str(caught.value)
