"""The age format by way of pyrage: the only module that imports it, with types and our errors around it.

Recipients and secrets are plain strings here (`age1…`, `AGE-SECRET-KEY-1…`), X25519 only: an SSH stanza would name its key.

>>> recipient, secret = generate()
>>> decrypt(encrypt(b"hello", [recipient]), secret)
b'hello'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

import pyrage  # type: ignore[import-untyped]
from bech32 import bech32_decode, bech32_encode, convertbits

from plaint.errors import InputError, NotAllowedError
from plaint.i18n import _

_HRP = "age-secret-key-"
SECRET_PREFIX = "AGE-SECRET-KEY-1"  # noqa: S105 - the name of a kind of secret, not one


class KeyPair(NamedTuple):
    """An age key: `recipient` is public; `secret` does not show itself in a traceback or a log."""

    recipient: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair(recipient={self.recipient!r}, secret=…)"


def generate() -> KeyPair:
    """A fresh X25519 key."""
    identity = pyrage.x25519.Identity.generate()
    return KeyPair(str(identity.to_public()), str(identity))


def secret_from_bytes(plain: bytes) -> str:
    """The secret key that 32 bytes are."""
    data = convertbits(plain, 8, 5)
    assert data is not None
    found: str = bech32_encode(_HRP, data)
    return found.upper()


def secret_bytes(secret: str) -> bytes:
    """The 32 bytes of a secret key; InputError when it is not one."""
    prefix, data = bech32_decode(secret.strip())
    plain = convertbits(data, 5, 8, pad=False) if data is not None else None
    if prefix != _HRP or plain is None:
        raise InputError(_("this is not an age secret key"))
    return bytes(plain)


def recipient_of(secret: str) -> str:
    """The public half of an X25519 secret; InputError when it is not one."""
    return str(_identity(secret).to_public())


def check_recipient(recipient: str) -> str:
    """The recipient itself; InputError unless it is an X25519 age recipient."""
    _recipient(recipient)
    return recipient


def encrypt(plaintext: bytes, recipients: Sequence[str]) -> str:
    """An armoured age file, its stanzas in the order of `recipients`."""
    if not recipients:
        raise InputError(_("nothing can be sealed to nobody"), hint=_("name at least one recipient"))
    sealed: bytes = pyrage.encrypt(plaintext, [_recipient(each) for each in recipients], armored=True)
    return sealed.decode("ascii").replace("\r\n", "\n")


def decrypt(sealed: str | bytes, *secrets: str) -> bytes:
    """The plaintext; NotAllowedError when no secret opens it or it was damaged (age cannot tell which)."""
    data = sealed.encode("utf-8") if isinstance(sealed, str) else sealed
    identities = [_identity(secret) for secret in secrets]
    try:
        plaintext: bytes = pyrage.decrypt(data, identities)
    except pyrage.DecryptError as error:
        raise NotAllowedError(
            _("this key does not open it, or the sealed text is damaged"),
            hint=_("ask a member who holds this compartment for access"),
        ) from error
    return plaintext


def encrypt_stream(source: BinaryIO, target: BinaryIO, recipient: str) -> None:
    """All of `source` to `target`, which is to be flushed then, as a binary age file for one recipient, in constant memory.

    What the two raise themselves (even an interrupt) comes back as pyrage.EncryptError, or not at all: they keep their own account
    (see plaint.evidence.pipe).
    """
    pyrage.encrypt_io(source, target, [_recipient(recipient)])


def decrypt_stream(source: BinaryIO, target: BinaryIO, secret: str) -> None:
    """The plaintext of a binary age file to `target`, in constant memory; NotAllowedError when the secret does not open it or it was damaged.

    What was written to `target` before damage shows is authentic, and incomplete.
    """
    identity = _identity(secret)
    try:
        pyrage.decrypt_io(source, target, [identity])
    except (pyrage.DecryptError, OSError) as error:  # OSError: damage behind the header
        raise NotAllowedError(_("this key does not open it, or it is damaged")) from error


def encrypt_with_passphrase(plaintext: bytes, passphrase: str) -> bytes:
    """An armoured age file under a passphrase, as `age -p -a` makes it. Takes about two seconds, on purpose."""
    sealed: bytes = pyrage.passphrase.encrypt(plaintext, passphrase, armored=True)
    return sealed


def decrypt_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """What lies under the passphrase, of an armoured or binary age file; InputError when it is the wrong one."""
    try:
        plaintext: bytes = pyrage.passphrase.decrypt(sealed, passphrase)
    except pyrage.DecryptError as error:
        raise InputError(_("the passphrase is wrong, or the file is damaged"), hint=_("try again")) from error
    return plaintext


def _identity(secret: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(secret.strip())
    except pyrage.IdentityError:  # its message may quote the secret: drop it and its cause
        raise InputError(_("this is not an age identity (AGE-SECRET-KEY-1…)")) from None


def _recipient(recipient: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        shown = recipient if len(recipient) <= 80 else recipient[:80] + "…"
        raise InputError(
            _("“{recipient}” is not an age recipient").format(recipient=shown),
            hint=_("a recipient is X25519 and begins with age1; age-keygen -y prints it"),
        ) from error
