"""SSH keys and SSHSIG signatures taken apart and put together, field by field, so that tests can write what no honest program would.

>>> key = Key.new("ssh-ed25519")
>>> armoured = key.sign(b"text")
>>> Wire.read(armoured).armoured() == armoured
True
>>> replace(Wire.read(armoured), namespace=b"file").armoured() == armoured
False

Keys here sign in process and, for the FIDO kinds, do what the device would (PROTOCOL.u2f); `ssh_keygen_accepts` asks the real ssh-keygen.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

BEGIN, END = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"
CURVES: dict[str, tuple[Any, Any]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", SK_ED25519, SK_ECDSA)
TOUCHED = 1


def string(data: bytes) -> bytes:
    """A length and so many bytes."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive number as SSH writes it."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


def strings(data: bytes) -> list[bytes]:
    """The fields of a text that is nothing but fields."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


def armour(data: bytes, width: int = 70) -> str:
    """As ssh-keygen writes it."""
    return BEGIN + "".join(f"{line}\n" for line in textwrap.wrap(base64.b64encode(data).decode(), width)) + END


def unarmour(armoured: str) -> bytes:
    """The bytes in honest armour."""
    return base64.b64decode(armoured.removeprefix(BEGIN).removesuffix(END))


@dataclass(frozen=True)
class Wire:
    """An SSHSIG blob; `signature` is the inner one, as fields and what is after them."""

    key: bytes
    signature: bytes
    namespace: bytes = b"git"
    reserved: bytes = b""
    hash_name: bytes = b"sha512"
    magic: bytes = b"SSHSIG"
    version: int = 1
    tail: bytes = b""

    @classmethod
    def read(cls, armoured: str) -> Wire:
        """From honest armour."""
        data = unarmour(armoured)
        key, namespace, reserved, hash_name, signature = strings(data[10:])
        return cls(key, signature, namespace, reserved, hash_name)

    def data(self) -> bytes:
        """The blob."""
        head = self.magic + self.version.to_bytes(4, "big")
        return head + b"".join(map(string, (self.key, self.namespace, self.reserved, self.hash_name, self.signature))) + self.tail

    def armoured(self) -> str:
        """The text in a commit."""
        return armour(self.data())

    def signed(self, message: bytes) -> bytes:
        """What the inner signature is of."""
        digest = hashlib.new(self.hash_name.decode(), message).digest()
        return self.magic + b"".join(map(string, (self.namespace, self.reserved, self.hash_name, digest)))


@dataclass(frozen=True)
class Key:
    """A private key with the blob of its public half."""

    kind: str
    private: Any
    blob: bytes
    application: bytes = b"ssh:"

    @classmethod
    def new(cls, kind: str, bits: int = 2048) -> Key:
        """A new one."""
        name = string(kind.encode())
        if kind in {"ssh-ed25519", SK_ED25519}:
            made: Any = ed25519.Ed25519PrivateKey.generate()
            raw = string(made.public_key().public_bytes_raw())
        elif kind == "ssh-rsa":
            made = rsa.generate_private_key(65537, bits)
            numbers = made.public_key().public_numbers()
            return cls(kind, made, name + mpint(numbers.e) + mpint(numbers.n))
        else:
            curve = "nistp256" if kind == SK_ECDSA else kind.rpartition("-")[2]
            made = ec.generate_private_key(CURVES[curve][0])
            point = made.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            raw = string(curve.encode()) + string(point)
        return cls(kind, made, name + raw + (string(b"ssh:") if kind.startswith("sk-") else b""))

    @property
    def public(self) -> str:
        """As a member record has it."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    def sign(self, message: bytes, *, hash_name: bytes = b"sha512", flags: int = TOUCHED, namespace: bytes = b"git", rsa_name: str = "rsa-sha2-512") -> str:
        """An armoured signature."""
        wire = Wire(self.blob, b"", namespace, hash_name=hash_name)
        return replace(wire, signature=self.inner(wire.signed(message), flags, rsa_name)).armoured()

    def inner(self, signed: bytes, flags: int = TOUCHED, rsa_name: str = "rsa-sha2-512") -> bytes:
        """The signature of exactly these bytes, with its type."""
        counter = bytes([flags]) + (7).to_bytes(4, "big")
        match self.kind:
            case "ssh-ed25519":
                return string(self.kind.encode()) + string(self.private.sign(signed))
            case "ssh-rsa":
                algorithm = {"rsa-sha2-512": hashes.SHA512(), "rsa-sha2-256": hashes.SHA256(), "ssh-rsa": hashes.SHA1()}[rsa_name]
                return string(rsa_name.encode()) + string(self.private.sign(signed, padding.PKCS1v15(), algorithm))
            case "sk-ssh-ed25519@openssh.com":
                return string(self.kind.encode()) + string(self.private.sign(self._assertion(signed, counter))) + counter
            case "sk-ecdsa-sha2-nistp256@openssh.com":
                return string(self.kind.encode()) + string(self._ecdsa(self._assertion(signed, counter), "nistp256")) + counter
            case _:
                return string(self.kind.encode()) + string(self._ecdsa(signed, self.kind.rpartition("-")[2]))

    def _assertion(self, signed: bytes, counter: bytes) -> bytes:
        return hashlib.sha256(self.application).digest() + counter + hashlib.sha256(signed).digest()

    def _ecdsa(self, signed: bytes, curve: str) -> bytes:
        r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(CURVES[curve][1])))
        return mpint(r) + mpint(s)


def ssh_keygen_accepts(message: bytes, armoured: str | bytes, scratch: Path, namespace: str = "git", *, public: str | None = None) -> bool:
    """What the real one says: `-Y check-novalidate`, and where a public key is given `-Y verify` too; they never differ."""
    signature = scratch / "signature"
    signature.write_bytes(armoured if isinstance(armoured, bytes) else armoured.encode())
    good = _keygen(["check-novalidate", "-n", namespace, "-s", signature], message)
    if public is not None:
        allowed = scratch / "allowed"
        allowed.write_text(f'me namespaces="{namespace}" {public}\n')
        assert _keygen(["verify", "-f", allowed, "-I", "me", "-n", namespace, "-s", signature], message) == good
    return good


def _keygen(arguments: Sequence[str | os.PathLike[str]], message: bytes) -> bool:
    return subprocess.run(["ssh-keygen", "-Y", *arguments], input=message, capture_output=True, check=False).returncode == 0
