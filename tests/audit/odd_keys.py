"""Signing keys that are not plain Ed25519: made by ssh-keygen, or, where that takes a device, as the device would make them."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from hashlib import new as digest_of
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOUCHED, COUNTER = b"\1", (7).to_bytes(4, "big")
APPLICATION = b"ssh:"


def keygen(path: Path, kind: str) -> None:
    """A key such as `rsa-4096` or `ecdsa-384`."""
    name, _dash, bits = kind.partition("-")
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", name, *(["-b", bits] if bits else []), "-N", "", "-f", str(path)], check=True, capture_output=True)


def string(data: bytes) -> bytes:
    """A field as SSH writes it."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive number as SSH writes it."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def armoured(blob: bytes, signature: bytes, namespace: str, hash_name: str = "sha512") -> str:
    """An SSH signature around its parts."""
    fields = (blob, namespace.encode(), b"", hash_name.encode(), signature)
    text = b64encode(b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(string, fields))).decode()
    lines = "\n".join(text[i : i + 70] for i in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"


def framed(payload: bytes, namespace: str, hash_name: str = "sha512") -> bytes:
    """What is signed."""
    return b"SSHSIG" + b"".join(map(string, (namespace.encode(), b"", hash_name.encode(), digest_of(hash_name, payload).digest())))


class Hardware:
    """A FIDO key (PROTOCOL.u2f), in software."""

    def __init__(self, kind: str) -> None:
        self.kind = kind.encode()
        self._ed25519 = Ed25519PrivateKey.generate()
        self._ecdsa = ec.generate_private_key(ec.SECP256R1())
        if b"ed25519" in self.kind:
            point = string(self._ed25519.public_key().public_bytes_raw())
        else:
            point = string(b"nistp256") + string(self._ecdsa.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        self.blob = string(self.kind) + point + string(APPLICATION)
        self.public = f"{kind} {b64encode(self.blob).decode()}"

    def sign(self, payload: bytes, namespace: str = "git", flags: bytes = TOUCHED) -> str:
        """A signature, after a touch."""
        message = sha256(APPLICATION).digest() + flags + COUNTER + sha256(framed(payload, namespace)).digest()
        if b"ed25519" in self.kind:
            made = self._ed25519.sign(message)
        else:
            made = b"".join(map(mpint, decode_dss_signature(self._ecdsa.sign(message, ec.ECDSA(hashes.SHA256())))))
        return armoured(self.blob, string(self.kind) + string(made) + flags + COUNTER, namespace)
