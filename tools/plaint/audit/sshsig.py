r"""SSH signatures, verified in process, as OpenSSH's PROTOCOL.sshsig has them.

The arithmetic is libsodium's (`nacl`) for Ed25519, and the `cryptography` package's for the rest.

Rules:
- The armour is exact; the namespace is `git` (or what the caller asks for); the hash is SHA-256 or SHA-512; nothing may follow.
- The key inside the signature is the one that is verified with, and is given back: whose it is, the caller knows.
- Keys are Ed25519, ECDSA on the NIST curves, RSA of 2,048 bits or more (with SHA-2, never SHA-1), and the two FIDO kinds (`sk-…`).
- A FIDO key must have been touched, as sshd asks too: else a program on its owner's computer could sign without them.
- Every number and point has the one spelling that OpenSSH gives it; Ed25519 keys that anyone could sign with (of small order) are none.

A process per commit costs 15 ms, this 0.1 ms. `verify` raises nothing but `SignatureError`, whatever the bytes are.

>>> verify(b"commit …", "-----BEGIN SSH SIGNATURE-----\n…")
Traceback (most recent call last):
plaint.audit.sshsig.SignatureError: …
"""

from __future__ import annotations

import hashlib
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from plaint.i18n import _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

NAMESPACE = "git"
LEAST_RSA_BITS = 2048
_ARMOUR = re.compile(r"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/]{1,76}={0,2}\n){1,200})-----END SSH SIGNATURE-----\n?")
_MAGIC = b"SSHSIG"
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_CURVES = {b"nistp256": "SECP256R1", b"nistp384": "SECP384R1", b"nistp521": "SECP521R1"}
_P25519 = 2**255 - 19
_SMALL_ORDER = frozenset({0, 1, _P25519 - 1, *(int.from_bytes(bytes.fromhex(y), "little") for y in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
))})  # fmt: skip
_ED25519 = 64
"""Bytes of an Ed25519 signature."""
_ED25519_HEAD = len(b"ssh-ed25519").to_bytes(4, "big") + b"ssh-ed25519" + _ED25519.to_bytes(4, "big")
_TOUCHED = 1  # among the flags of a FIDO signature
_MOST = 16_384  # bytes: four times the largest RSA signature with its key


class SignatureError(Exception):
    """The signature proves nothing; as text, why."""


Raw = Callable[[bytes, bytes], bool]
"""Whether the first is a signature of the second."""


class _Reader:
    """Length-prefixed fields, as SSH writes them."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise SignatureError(_("the signature is cut short"))
        found = self._data[self._at : end]
        self._at = end
        return found

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def field(self) -> bytes:
        return self.take(self.number())

    def integer(self) -> int:
        """A positive number, in as few bytes as it takes (an `mpint` that begins with a zero bit)."""
        data = self.field()
        number = int.from_bytes(data, "big", signed=True)
        if number <= 0 or len(data) != number.bit_length() // 8 + 1:
            raise SignatureError(_("the signature or its key holds a number that is written wrongly"))
        return number

    def end(self) -> None:
        if self._at != len(self._data):
            raise SignatureError(_("something follows the signature"))


def verify(message: bytes, armoured: str, namespace: str = NAMESPACE) -> str:
    """The public key (`ssh-ed25519 AAAA…`) that made this signature of the message; SignatureError where it did not."""
    data = _dearmoured(armoured)
    try:
        frame = _ed25519_frame(data[:-_ED25519], namespace)
    except SignatureError:
        frame = None  # the long way says what is wrong
    if frame is not None:
        if not frame.check(data[-_ED25519:], frame.signed + frame.hash(message).digest()):
            raise SignatureError(_("the signature does not match: the content was changed after signing"))
        return frame.key
    key, hash_name, signature = _opened(data, namespace)
    signed = _signed(namespace, hash_name) + _HASHES[hash_name](message).digest()
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        name, check = _verifier(key)
        right = check(_Reader(signature), signed)
    except SignatureError:
        raise
    except (ValueError, TypeError, ArithmeticError, UnsupportedAlgorithm) as error:  # what the arithmetic says of impossible keys
        raise SignatureError(_("the key of the signature is malformed")) from error
    if not right:
        raise SignatureError(_("the signature does not match: the content was changed after signing"))
    return f"{name} {b2a_base64(key, newline=False).decode('ascii')}"


def _opened(data: bytes, namespace: str) -> tuple[bytes, bytes, bytes]:
    """The key, the name of the hash and the signature proper."""
    reader = _Reader(data)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise SignatureError(_("this is no SSH signature"))
    key, space, reserved, hash_name, signature = (reader.field() for _field in range(5))
    reader.end()
    if space != namespace.encode():
        raise SignatureError(_("the signature was made for something else: {namespace}").format(namespace=space.decode("ascii", "replace")[:40]))
    if reserved:
        raise SignatureError(_("the signature uses a field that nobody knows"))
    if hash_name not in _HASHES:
        raise SignatureError(_("the signature uses another hash than SHA-256 and SHA-512"))
    return key, hash_name, signature


def _signed(namespace: str, hash_name: bytes) -> bytes:
    """What is signed, but for the digest of the message that ends it."""
    parts = b"".join(len(part).to_bytes(4, "big") + part for part in (namespace.encode(), b"", hash_name))
    return _MAGIC + parts + _HASHES[hash_name]().digest_size.to_bytes(4, "big")


class _Frame(NamedTuple):
    """All of an Ed25519 signature but the 64 bytes that differ from one message to the next."""

    key: str
    hash: Callable[[bytes], hashlib._Hash]
    signed: bytes
    check: Raw


@lru_cache(maxsize=256)
def _ed25519_frame(frame: bytes, namespace: str) -> _Frame | None:
    """What the bytes before an Ed25519 signature say, which are the same each time that a member signs; None of other kinds of keys."""
    key, hash_name, signature = _opened(frame + bytes(_ED25519), namespace)
    if signature != _ED25519_HEAD + bytes(_ED25519):
        return None
    reader = _Reader(key)
    if reader.field() != b"ssh-ed25519":
        return None
    check = _raw_ed25519(reader.field())
    reader.end()
    return _Frame(f"ssh-ed25519 {b2a_base64(key, newline=False).decode('ascii')}", _HASHES[hash_name], _signed(namespace, hash_name), check)


def _dearmoured(armoured: str) -> bytes:
    match = _ARMOUR.fullmatch(armoured)
    if match is None:
        raise SignatureError(_("it is not signed with an SSH key"))
    text = match[1].replace("\n", "")
    try:
        data = a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise SignatureError(_("the signature is damaged")) from error
    if len(data) > _MOST or b2a_base64(data, newline=False).decode("ascii") != text:
        raise SignatureError(_("the signature is damaged"))
    return data


Check = Callable[[_Reader, bytes], bool]


@lru_cache(maxsize=256)
def _verifier(key: bytes) -> tuple[str, Check]:
    """The key's type, and what verifies with it; made once for each key."""
    reader = _Reader(key)
    name = reader.field()
    match name:
        case b"ssh-ed25519":
            check = _ed25519(reader.field())
        case b"sk-ssh-ed25519@openssh.com":
            check = _security_key(_raw_ed25519(reader.field()), reader.field(), name)
        case b"ssh-rsa":
            check = _rsa(reader.integer(), reader.integer())
        case b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521":
            check = _ecdsa(name, reader.field(), reader.field())
        case b"sk-ecdsa-sha2-nistp256@openssh.com":
            check = _security_key(_raw_ecdsa(b"nistp256", reader.field(), reader.field()), reader.field(), name)
        case _:
            raise SignatureError(_("keys of this type are not accepted: {type}").format(type=name.decode("ascii", "replace")[:40]))
    reader.end()
    return name.decode("ascii"), check


def _raw_ed25519(public: bytes) -> Raw:
    # nearly every signature is one of these, and libsodium verifies it in half the time that OpenSSL takes
    from nacl.bindings import crypto_sign_BYTES, crypto_sign_open
    from nacl.exceptions import BadSignatureError

    if len(public) != 32 or not _is_usable(public):
        raise SignatureError(_("the key of the signature is malformed"))

    def check(signature: bytes, signed: bytes) -> bool:
        if len(signature) != crypto_sign_BYTES:
            return False
        try:
            crypto_sign_open(signature + signed, public)
        except BadSignatureError:
            return False
        return True

    return check


def _is_usable(public: bytes) -> bool:
    """Whether an Ed25519 key is spelt in the one way and not among the eight points that make a signature good for any text."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)  # without the sign of x
    return y < _P25519 and y not in _SMALL_ORDER


def _raw_ecdsa(curve: bytes, named: bytes, point: bytes) -> Raw:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if named != curve or point[:1] != b"\x04":  # neither compressed nor hybrid, as OpenSSH has it
        raise SignatureError(_("the key of the signature is malformed"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, _CURVES[curve])(), point)
    algorithm = ec.ECDSA(_hash_for(curve))

    def check(signature: bytes, signed: bytes) -> bool:
        reader = _Reader(signature)
        r, s = reader.integer(), reader.integer()
        reader.end()
        try:
            key.verify(encode_dss_signature(r, s), signed, algorithm)
        except InvalidSignature:
            return False
        return True

    return check


def _hash_for(curve: bytes) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return {b"nistp256": hashes.SHA256(), b"nistp384": hashes.SHA384(), b"nistp521": hashes.SHA512()}[curve]


def _plain(name: bytes, raw: Raw) -> Check:
    def check(reader: _Reader, signed: bytes) -> bool:
        if reader.field() != name:
            raise SignatureError(_("the signature is of another type than its key"))
        signature = reader.field()
        reader.end()
        return raw(signature, signed)

    return check


def _ed25519(public: bytes) -> Check:
    return _plain(b"ssh-ed25519", _raw_ed25519(public))


def _ecdsa(name: bytes, named: bytes, point: bytes) -> Check:
    return _plain(name, _raw_ecdsa(name.removeprefix(b"ecdsa-sha2-"), named, point))


def _rsa(exponent: int, modulus: int) -> Check:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    key = RSAPublicNumbers(exponent, modulus).public_key()
    if key.key_size < LEAST_RSA_BITS:
        raise SignatureError(_("an RSA key of {bits} bits is too weak").format(bits=key.key_size))
    algorithms = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}

    def check(reader: _Reader, signed: bytes) -> bool:
        algorithm = algorithms.get(reader.field())
        if algorithm is None:
            raise SignatureError(_("the signature is of another type than its key"))
        signature = reader.field().rjust((key.key_size + 7) // 8, b"\0")
        reader.end()
        try:
            key.verify(signature, signed, PKCS1v15(), algorithm)
        except InvalidSignature:
            return False
        return True

    return check


def _security_key(raw: Raw, application: bytes, name: bytes) -> Check:
    """A FIDO key signs the hash of the application, its flags and its counter with the message (PROTOCOL.u2f)."""
    scope = hashlib.sha256(application).digest()

    def check(reader: _Reader, signed: bytes) -> bool:
        if reader.field() != name:
            raise SignatureError(_("the signature is of another type than its key"))
        signature, flags, counter = reader.field(), reader.take(1), reader.take(4)
        reader.end()
        if not flags[0] & _TOUCHED:
            raise SignatureError(_("the security key was not touched for it"))
        return raw(signature, scope + flags + counter + hashlib.sha256(signed).digest())

    return check
