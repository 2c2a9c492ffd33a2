"""SSH signatures: the real ssh-keygen's, whatever the key, are verified; all that is not exactly such a signature is refused.

Beside each verdict stands ssh-keygen's own. Where the two differ, ours is the stricter, and the test says why.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519

from fuzz.sshwire import BEGIN, END, KINDS, SK_ECDSA, SK_ED25519, Key, Wire, armour, mpint, ssh_keygen_accepts, string, strings, unarmour
from plaint.audit.sshsig import SignatureError, verify

MESSAGE = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nreceive: Q7M4-K2XD\n"
REAL = ("ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "rsa-3072", "rsa-4096")
ORDER_25519 = 2**252 + 27742317777372353535851937790883648493
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="session")
def real_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key of each kind, made by ssh-keygen."""
    folder = tmp_path_factory.mktemp("keys")
    for name in (*REAL, "rsa-1024"):
        kind, _dash, bits = name.partition("-")
        size = ["-b", bits] if bits else []
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture(scope="session")
def made() -> dict[str, Key]:
    """A key of each kind, made here."""
    return {kind: Key.new(kind) for kind in KINDS}


@pytest.fixture
def agree(tmp_path: Path) -> Callable[..., None]:
    """Both refuse."""

    def check(message: bytes, armoured: str) -> None:
        refused(message, armoured)
        assert not ssh_keygen_accepts(message, armoured, tmp_path)

    return check


def keygen_sign(key: Path, message: bytes, namespace: str = "git", *options: str) -> str:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, *options, "-f", key]
    return subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()


def public_of(key: Path) -> str:
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


def refused(message: bytes, armoured: str, why: str = ".") -> str:
    with pytest.raises(SignatureError, match=why) as caught:
        verify(message, armoured)
    return str(caught.value)


# What is good


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
@pytest.mark.parametrize("name", REAL)
def test_what_ssh_keygen_signs_is_verified(name: str, hash_name: str, real_keys: Path, tmp_path: Path) -> None:
    public = public_of(real_keys / name)
    armoured = keygen_sign(real_keys / name, MESSAGE, "git", "-O", f"hashalg={hash_name}")
    assert verify(MESSAGE, armoured) == public
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path, public=public)
    for other in (MESSAGE[:-1], MESSAGE + b"\n", b"", MESSAGE.replace(b"receive", b"Receive")):
        refused(other, armoured, "changed after signing")
        assert not ssh_keygen_accepts(other, armoured, tmp_path, public=public)


@pytest.mark.parametrize("size", [0, 1, 100, 1_000_000])
def test_messages_of_any_size_and_content(size: int, real_keys: Path) -> None:
    message = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert verify(message, keygen_sign(real_keys / "ed25519", message)) == public_of(real_keys / "ed25519")


@pytest.mark.parametrize("hash_name", [b"sha256", b"sha512"])
@pytest.mark.parametrize("kind", KINDS)
def test_ssh_keygen_accepts_what_we_accept(kind: str, hash_name: bytes, made: dict[str, Key], tmp_path: Path) -> None:
    """With the FIDO kinds, whose devices are imitated here."""
    armoured = made[kind].sign(MESSAGE, hash_name=hash_name)
    assert verify(MESSAGE, armoured) == made[kind].public
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path, public=made[kind].public)
    refused(MESSAGE + b" ", armoured, "changed after signing")
    assert not ssh_keygen_accepts(MESSAGE + b" ", armoured, tmp_path, public=made[kind].public)


def test_rsa_with_sha_256(made: dict[str, Key], tmp_path: Path) -> None:
    armoured = made["ssh-rsa"].sign(MESSAGE, rsa_name="rsa-sha2-256")
    assert verify(MESSAGE, armoured) == made["ssh-rsa"].public
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path)


def test_an_rsa_key_of_an_odd_number_of_bits_and_a_signature_without_its_leading_zeros(tmp_path: Path) -> None:
    """OpenSSH pads what some agents cut off."""
    key = Key.new("ssh-rsa", 2055)
    for number in range(4000):
        message = b"%d" % number
        wire = Wire.read(key.sign(message))
        name, signature = strings(wire.signature)
        if signature[0] == 0:
            short = replace(wire, signature=string(name) + string(signature.lstrip(b"\0"))).armoured()
            assert verify(message, short) == key.public
            assert ssh_keygen_accepts(message, short, tmp_path)
            return
    pytest.fail("no signature began with a zero byte")


@pytest.mark.parametrize("width", [1, 64, 70, 76])
def test_lines_of_another_width(width: int, made: dict[str, Key]) -> None:
    key = made["ssh-ed25519"]
    armoured = armour(unarmour(key.sign(MESSAGE)), width)
    if width > 1:
        assert verify(MESSAGE, armoured) == key.public
    else:
        refused(MESSAGE, armoured, "not signed with an SSH key")  # more lines than any signature has


def test_the_last_line_end_may_be_missing(made: dict[str, Key]) -> None:
    key = made["ssh-ed25519"]
    assert verify(MESSAGE, key.sign(MESSAGE).removesuffix("\n")) == key.public


def test_another_namespace_where_it_is_asked_for(real_keys: Path) -> None:
    armoured = keygen_sign(real_keys / "ed25519", MESSAGE, "plaint-checkpoint")
    assert verify(MESSAGE, armoured, "plaint-checkpoint") == public_of(real_keys / "ed25519")
    refused(MESSAGE, armoured, "plaint-checkpoint")


# What is not


@pytest.mark.parametrize("namespace", ["file", "Git", "git ", "email", "git\0", "g", "gitx"])
def test_another_namespace(namespace: str, made: dict[str, Key], agree: Callable[..., None]) -> None:
    agree(MESSAGE, made["ssh-ed25519"].sign(MESSAGE, namespace=namespace.encode()))


def test_an_empty_namespace(made: dict[str, Key], agree: Callable[..., None]) -> None:
    agree(MESSAGE, made["ssh-ed25519"].sign(MESSAGE, namespace=b""))


@pytest.mark.parametrize("name", ["ed25519", "ecdsa-256", "rsa-2048"])
def test_a_namespace_changed_afterwards(name: str, real_keys: Path, agree: Callable[..., None]) -> None:
    wire = Wire.read(keygen_sign(real_keys / name, MESSAGE, "file"))
    agree(MESSAGE, replace(wire, namespace=b"git").armoured())


def test_sha_1_in_rsa(made: dict[str, Key], agree: Callable[..., None]) -> None:
    agree(MESSAGE, made["ssh-rsa"].sign(MESSAGE, rsa_name="ssh-rsa"))


def test_an_rsa_signature_under_another_hash_than_its_name_says(made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made["ssh-rsa"].sign(MESSAGE, rsa_name="ssh-rsa"))
    for name in (b"rsa-sha2-256", b"rsa-sha2-512"):
        agree(MESSAGE, replace(wire, signature=string(name) + string(strings(wire.signature)[1])).armoured())


def test_rsa_1024(real_keys: Path, made: dict[str, Key], tmp_path: Path) -> None:
    """ssh-keygen of some years still takes it; we do not."""
    armoured = keygen_sign(real_keys / "rsa-1024", MESSAGE)
    refused(MESSAGE, armoured, "1024 bits is too weak")
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path)


@pytest.mark.parametrize("exponent", [1, 2, 65536])
def test_rsa_exponents_of_no_key(exponent: int, made: dict[str, Key], tmp_path: Path) -> None:
    """With e = 1 the padded digest is its own signature, which anyone can write; OpenSSH takes even that."""
    numbers = made["ssh-rsa"].private.public_key().public_numbers()
    blob = string(b"ssh-rsa") + mpint(exponent) + mpint(numbers.n)
    wire = Wire(blob, b"")
    digest = bytes.fromhex("3051300d060960864801650304020305000440") + hashlib.sha512(wire.signed(MESSAGE)).digest()
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
    armoured = replace(wire, signature=string(b"rsa-sha2-512") + string(padded)).armoured()
    refused(MESSAGE, armoured, "malformed")
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path) == (exponent == 1)


def test_hashes_that_the_protocol_does_not_know(made: dict[str, Key], agree: Callable[..., None]) -> None:
    for name in (b"sha1", b"md5", b"sha384", b"sha3_512", b"SHA512", b"", b"sha512\0"):
        key = made["ssh-ed25519"]
        wire = Wire(key.blob, b"", hash_name=name)
        clean = name.decode().rstrip("\0").lower() or "sha512"
        digest = hashlib.new(clean, MESSAGE).digest()
        signed = b"SSHSIG" + b"".join(map(string, (b"git", b"", name, digest)))
        agree(MESSAGE, replace(wire, signature=key.inner(signed)).armoured())


def test_dsa(agree: Callable[..., None]) -> None:
    private = dsa.generate_private_key(1024)
    numbers = private.public_key().public_numbers()
    p = numbers.parameter_numbers
    wire = Wire(string(b"ssh-dss") + mpint(p.p) + mpint(p.q) + mpint(p.g) + mpint(numbers.y), string(b"ssh-dss") + string(b"\1" * 40))
    agree(MESSAGE, wire.armoured())


def test_certificates(real_keys: Path, tmp_path: Path) -> None:
    """A certificate would bring an authority into it that no record names; ssh-keygen signs with the key inside if asked so."""
    for name in ("ed25519", "ecdsa-256", "rsa-2048"):
        key = tmp_path / name
        for suffix in ("", ".pub"):
            key.with_name(name + suffix).write_bytes((real_keys / (name + suffix)).read_bytes())
        key.chmod(0o600)
        subprocess.run(["ssh-keygen", "-q", "-s", real_keys / "ed25519", "-I", "id", "-n", "me", f"{key}.pub"], check=True)
        certificate = key.with_name(f"{name}-cert.pub").read_text().split()
        wire = replace(Wire.read(keygen_sign(key, MESSAGE)), key=unarmour(BEGIN + certificate[1] + END))
        refused(MESSAGE, wire.armoured(), "not accepted: .*-cert-v01@openssh.com")


@pytest.mark.parametrize("change", [{"version": 0}, {"version": 2}, {"version": 2**32 - 1}, {"magic": b"SSHSIH"}, {"magic": b"sshsig"}, {"magic": b""}])
def test_another_version_or_magic(change: dict[str, object], made: dict[str, Key], tmp_path: Path) -> None:
    armoured = replace(Wire.read(made["ssh-ed25519"].sign(MESSAGE)), **change).armoured()  # type: ignore[arg-type]
    refused(MESSAGE, armoured)
    assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path) == (change.get("version") == 0)  # ssh-keygen asks for 1 at most


def test_the_reserved_field(made: dict[str, Key], tmp_path: Path, agree: Callable[..., None]) -> None:
    key = made["ssh-ed25519"]
    wire = replace(Wire.read(key.sign(MESSAGE)), reserved=b"x")
    refused(MESSAGE, wire.armoured(), "field that nobody knows")
    assert ssh_keygen_accepts(MESSAGE, wire.armoured(), tmp_path)  # it looks at none of it: text could hide there
    agree(MESSAGE, replace(wire, signature=key.inner(wire.signed(MESSAGE))).armoured())


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_too_many_or_too_few_anywhere(kind: str, made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made[kind].sign(MESSAGE))
    agree(MESSAGE, replace(wire, tail=b"\0").armoured())
    agree(MESSAGE, replace(wire, key=wire.key + b"\0").armoured())
    agree(MESSAGE, replace(wire, signature=wire.signature + b"\0").armoured())
    agree(MESSAGE, replace(wire, signature=wire.signature[:-1]).armoured())
    agree(MESSAGE, replace(wire, key=wire.key[:-1]).armoured())
    for cut in range(len(wire.data())):
        refused(MESSAGE, armour(wire.data()[:cut]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_single_byte_counts(kind: str, made: dict[str, Key]) -> None:
    """Of key, namespace, reserved field, hash and signature; a FIDO key's flags and counter are signed too."""
    data = Wire.read(made[kind].sign(MESSAGE)).data()
    for at in range(len(data)):
        for bit in (1, 0x80):
            refused(MESSAGE, armour(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]))


@pytest.mark.parametrize("size", [2**31, 2**32 - 1, 10**6, 16_385])
def test_lengths_beyond_everything(size: int, made: dict[str, Key], agree: Callable[..., None]) -> None:
    data = Wire.read(made["ssh-ed25519"].sign(MESSAGE)).data()
    for at in (10, 14, 10 + 4 + 51):  # the key's, that of its name, the namespace's
        agree(MESSAGE, armour(data[:at] + size.to_bytes(4, "big") + data[at + 4 :]))


def test_a_signature_of_many_kilobytes(made: dict[str, Key]) -> None:
    wire = Wire.read(made["ssh-ed25519"].sign(MESSAGE))
    refused(MESSAGE, replace(wire, tail=b"\0" * 100_000).armoured(), "not signed with an SSH key")
    refused(MESSAGE, armour(replace(wire, tail=b"\0" * 11_000).data(), 76), "something follows")


def rearmoured(armoured: str) -> Iterator[tuple[str, str]]:
    body = armoured.removeprefix(BEGIN).removesuffix(END)
    lines = body.splitlines()
    yield "text before", f"\n{armoured}"
    yield "text after", f"{armoured}\n"
    yield "two of them", armoured + armoured
    yield "CRLF", armoured.replace("\n", "\r\n")
    yield "PGP", armoured.replace("SSH", "PGP")
    yield "X.509", armoured.replace("SSH SIGNATURE", "SIGNED MESSAGE")
    yield "a header", armoured.replace(BEGIN, BEGIN + "Comment: hello\n\n")
    yield "an empty line", armoured.replace(BEGIN, BEGIN + "\n")
    yield "a blank", armoured.replace(lines[0], " " + lines[0])
    yield "a blank inside", armoured.replace(lines[0], lines[0][:9] + " " + lines[0][9:])
    yield "a tab after", armoured.replace(lines[0], lines[0] + "\t")
    yield "no end", armoured.removesuffix(END)
    yield "no begin", armoured.removeprefix(BEGIN)
    yield "nothing inside", BEGIN + END
    yield "one line of all", BEGIN + "".join(lines) + "\n" + END
    yield "URL-safe letters", BEGIN + body.translate(str.maketrans("+/", "-_")) + "A" * 4 + "\n" + END
    yield "full width letters", armoured.replace(lines[0][0], chr(ord(lines[0][0]) + 0xFEE0), 1)
    yield "padding in the middle", armoured.replace(lines[0], lines[0][:-4] + "AA==")
    yield "padding too many", armoured.replace("\n" + END, "====\n" + END)
    yield "a group of one", armoured.replace("\n" + END, "A\n" + END)
    yield "nothing", ""
    yield "NUL", armoured + "\0"


def test_other_armour(made: dict[str, Key]) -> None:
    seen = set()
    for what, text in rearmoured(made["ssh-ed25519"].sign(MESSAGE)):
        refused(MESSAGE, text)
        seen.add(what)
    assert len(seen) == 22


def test_base64_with_bits_that_mean_nothing(made: dict[str, Key], tmp_path: Path) -> None:
    """Two spellings of one signature would be two commits of one content."""
    data = Wire.read(made["ssh-ed25519"].sign(MESSAGE, hash_name=b"sha256")).data()
    assert len(data) % 3, "the last group must not be full"
    text = armour(data)
    last = text.removesuffix("\n" + END).rstrip("=")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spelt = last[:-1] + letters[letters.index(last[-1]) ^ 1] + text[len(last) :]
    refused(MESSAGE, spelt, "damaged")
    assert unarmour(spelt) == data
    assert not ssh_keygen_accepts(MESSAGE, spelt, tmp_path)


# Keys and curves


def test_a_signature_of_another_type_than_its_key(made: dict[str, Key], agree: Callable[..., None]) -> None:
    for kind in KINDS:
        for other in KINDS:
            if kind != other:
                wire = Wire.read(made[kind].sign(MESSAGE))
                signature = made[other].inner(wire.signed(MESSAGE))
                refused(MESSAGE, replace(wire, signature=signature).armoured())
        agree(MESSAGE, replace(wire, signature=wire.signature.replace(strings(wire.signature[: 4 + wire.signature[3]])[0], b"ssh-none", 1)).armoured())


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_elses_key_put_in(kind: str, made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made[kind].sign(MESSAGE))
    agree(MESSAGE, replace(wire, key=Key.new(kind).blob).armoured())


def test_malleable_ed25519(made: dict[str, Key], tmp_path: Path) -> None:
    """S + L is a second signature by the same key that anyone can make; OpenSSH takes it (it looks at three bits only)."""
    for kind in ("ssh-ed25519", SK_ED25519):
        wire = Wire.read(made[kind].sign(MESSAGE))
        end = 8 + len(kind) + 64
        r, s = wire.signature[: end - 32], int.from_bytes(wire.signature[end - 32 : end], "little")
        twisted = r + (s + ORDER_25519).to_bytes(32, "little") + wire.signature[end:]
        armoured = replace(wire, signature=twisted).armoured()
        refused(MESSAGE, armoured, "does not match")
        assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path)


SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",  # the identity
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
    "0000000000000000000000000000000000000000000000000000000000000000",  # order 4
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",  # and ways to spell them that are none
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("point", SMALL)
def test_keys_of_small_order(point: str) -> None:
    """R = the identity and S = 0 is then a signature of every eighth text at least."""
    public = bytes.fromhex(point)
    signature = b"\1" + b"\0" * 63
    for blob, inner in (
        (string(b"ssh-ed25519") + string(public), string(b"ssh-ed25519") + string(signature)),
        (string(SK_ED25519.encode()) + string(public) + string(b"ssh:"), string(SK_ED25519.encode()) + string(signature) + b"\1\0\0\0\0"),
    ):
        for number in range(24):
            refused(b"%d" % number, Wire(blob, inner).armoured(), "malformed")


def test_that_the_identity_key_would_sign_anything(tmp_path: Path) -> None:
    """Why the test above is there: the arithmetic alone, and ssh-keygen, take it."""
    public, signature = bytes.fromhex(SMALL[0]), b"\1" + b"\0" * 63
    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, b"whatever")
    wire = Wire(string(b"ssh-ed25519") + string(public), string(b"ssh-ed25519") + string(signature))
    assert ssh_keygen_accepts(MESSAGE, wire.armoured(), tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_ed25519_keys_and_signatures_of_other_sizes(size: int, made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made["ssh-ed25519"].sign(MESSAGE))
    agree(MESSAGE, replace(wire, key=string(b"ssh-ed25519") + string(b"\2" * size)).armoured())
    agree(MESSAGE, replace(wire, signature=string(b"ssh-ed25519") + string(b"\2" * (size - (size == 64)))).armoured())


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", SK_ECDSA])
@pytest.mark.parametrize(
    "numbers",
    [
        mpint(0) + mpint(0),
        mpint(0) + mpint(1),
        mpint(1) + mpint(0),
        string(b"\0") + string(b"\0"),
        string(b"\xff") + string(b"\xff"),
        mpint(ORDER_P256) + mpint(1),
        mpint(1) + mpint(ORDER_P256),
        mpint(2**521) + mpint(2**521),
        mpint(2**4000) + mpint(1),
        mpint(1),
        mpint(1) * 3,
        b"",
    ],
)
def test_ecdsa_numbers_out_of_range(kind: str, numbers: bytes, made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made[kind].sign(MESSAGE))
    agree(MESSAGE, replace(wire, signature=string(kind.encode()) + string(numbers) + (b"\1\0\0\0\0" if kind == SK_ECDSA else b"")).armoured())


def test_ecdsa_numbers_written_otherwise(made: dict[str, Key], tmp_path: Path) -> None:
    """Zeros in front (OpenSSH takes them), or a number whose first bit would make it negative (OpenSSH does not)."""
    key = made["ecdsa-sha2-nistp256"]
    while True:
        wire = Wire.read(key.sign(MESSAGE))
        r, s = strings(strings(wire.signature)[1])
        if r[0] == 0:
            break
    name = string(key.kind.encode())
    for numbers, accepted in ((string(b"\0" + r) + string(s), True), (string(r[1:]) + string(s), False), (string(r) + string(b"\0\0" + s), True)):
        armoured = replace(wire, signature=name + string(numbers)).armoured()
        refused(MESSAGE, armoured, "written wrongly")
        assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path) == accepted


def test_rsa_numbers_written_otherwise(made: dict[str, Key]) -> None:
    wire = Wire.read(made["ssh-rsa"].sign(MESSAGE))
    name, exponent, modulus = strings(wire.key)
    for other in ((b"\0" + exponent, modulus), (exponent, b"\0" + modulus), (exponent, modulus[1:]), (b"", modulus), (exponent, b""), (modulus, exponent)):
        refused(MESSAGE, replace(wire, key=string(name) + b"".join(map(string, other))).armoured())


def test_a_signature_longer_than_the_rsa_key(made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made["ssh-rsa"].sign(MESSAGE))
    name, signature = strings(wire.signature)
    for other in (b"\0" + signature, signature + b"\0", signature * 2, b"", b"\0"):
        agree(MESSAGE, replace(wire, signature=string(name) + string(other)).armoured())


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", SK_ECDSA])
def test_points_that_are_none(kind: str, made: dict[str, Key], agree: Callable[..., None]) -> None:
    key = made[kind]
    wire = Wire.read(key.sign(MESSAGE))
    fields = strings(wire.key)
    point = fields[2]
    compressed = key.private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    hybrid = bytes([6 + (point[-1] & 1)]) + point[1:]
    off = point[:-1] + bytes([point[-1] ^ 1])
    zero = b"\4" + b"\0" * (len(point) - 1)
    for other in (compressed, hybrid, off, zero, b"\0", b"", point + b"\0", point[:-1], b"\4"):
        changed = [fields[0], fields[1], other, *fields[3:]]
        agree(MESSAGE, replace(wire, key=b"".join(map(string, changed))).armoured())


@pytest.mark.parametrize("curve", [b"nistp384", b"nistp521", b"secp256k1", b"P-256", b"NISTP256", b""])
def test_another_curve_named_in_the_key(curve: bytes, made: dict[str, Key], agree: Callable[..., None]) -> None:
    for kind in ("ecdsa-sha2-nistp256", SK_ECDSA):
        wire = Wire.read(made[kind].sign(MESSAGE))
        fields = strings(wire.key)
        agree(MESSAGE, replace(wire, key=b"".join(map(string, [fields[0], curve, *fields[2:]]))).armoured())


# Security keys


@pytest.mark.parametrize("kind", [SK_ED25519, SK_ECDSA])
def test_a_security_key_that_was_not_touched(kind: str, made: dict[str, Key], tmp_path: Path) -> None:
    """A program on the owner's computer can ask a device for that without anybody's knowing; ssh-keygen leaves it to its caller."""
    for flags in (0, 4, 0xFE):
        armoured = made[kind].sign(MESSAGE, flags=flags)
        refused(MESSAGE, armoured, "not touched")
        assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path)
    for flags in (1, 5):  # 4: a PIN or finger was asked for, too
        armoured = made[kind].sign(MESSAGE, flags=flags)
        assert verify(MESSAGE, armoured) == made[kind].public
        assert ssh_keygen_accepts(MESSAGE, armoured, tmp_path)


@pytest.mark.parametrize("kind", [SK_ED25519, SK_ECDSA])
def test_flags_counter_and_application_are_signed(kind: str, made: dict[str, Key], agree: Callable[..., None]) -> None:
    wire = Wire.read(made[kind].sign(MESSAGE))
    agree(MESSAGE, replace(wire, signature=wire.signature[:-5] + b"\5" + wire.signature[-4:]).armoured())
    agree(MESSAGE, replace(wire, signature=wire.signature[:-1] + b"\0").armoured())
    for application in (b"ssh:other", b"https://example.org", b""):
        agree(MESSAGE, replace(wire, key=wire.key.replace(string(b"ssh:"), string(application))).armoured())


def test_a_security_key_used_as_a_plain_one(made: dict[str, Key], agree: Callable[..., None]) -> None:
    """The same curve and point, with and without the device's frame."""
    for plain, sk in (("ssh-ed25519", SK_ED25519), ("ecdsa-sha2-nistp256", SK_ECDSA)):
        key = made[plain]
        fields = [sk.encode(), *strings(key.blob)[1:], b"ssh:"]
        wire = Wire(b"".join(map(string, fields)), b"")
        inner = strings(key.inner(wire.signed(MESSAGE)))[1]
        agree(MESSAGE, replace(wire, signature=string(sk.encode()) + string(inner) + b"\1\0\0\0\7").armoured())
        agree(MESSAGE, replace(wire, signature=string(plain.encode()) + string(inner)).armoured())


# Everything empty


def test_empty_everything(agree: Callable[..., None]) -> None:
    for wire in (Wire(b"", b""), Wire(string(b""), string(b"")), Wire(string(b"ssh-ed25519"), string(b"ssh-ed25519")), Wire(b"", b"", b"", b"", b"")):
        agree(MESSAGE, wire.armoured())
        agree(b"", wire.armoured())
    for data in (b"", b"SSHSIG", b"SSHSIG\0\0\0\1", b"\0" * 40, b"SSHSIG\0\0\0\1" + b"\0" * 20):
        agree(MESSAGE, armour(data) if data else BEGIN + END)


@pytest.mark.parametrize("name", [b"ssh-dss", b"ssh-ed448", b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com", b"rsa-sha2-512", b"\xff\xfe", b"x" * 500])
def test_keys_of_no_kind(name: bytes, agree: Callable[..., None]) -> None:
    message = refused(MESSAGE, Wire(string(name) + string(b"\1" * 32), string(name) + string(b"\1" * 64)).armoured(), "not accepted")
    assert len(message) < 120
    agree(MESSAGE, Wire(string(name) + string(b"\1" * 32), string(name) + string(b"\1" * 64)).armoured())
