"""The reporter's receipt: 24 random digits (80 bits) that open what is written to them, and two that catch slips.

scrypt stretches the digits into 64 bytes: the secret of an age identity, and a token by which a reporter's later message is known to be theirs.
The case keeps the recipient in its header and the token's hash sealed in its first text; the receipt itself is kept nowhere. The browser does
the same in publish/browser/receipt.js; tests/vectors/receipts.yaml holds both to it.

>>> spoken("000000000000000000000001")
'0000 0000 0000 0000 0000 0001 95'
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass

from plaint.errors import InputError
from plaint.i18n import _
from plaint.seal import age

DIGITS, CHECK = 24, 2
_SALT = b"plaint receipt 1"
_WORK, _BLOCK = 2**17, 8


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """What a receipt is stretched into."""

    recipient: str
    identity: str
    token: str
    """Base64url without padding; only the reporter has it."""

    @property
    def token_hash(self) -> str:
        """What the case keeps of the token: SHA-256, hexadecimal."""
        return token_hash(self.token)


def new_digits() -> str:
    """24 digits, all equally likely."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def spoken(digits: str) -> str:
    """The receipt in groups of four, as it is read out and written down; the last group is the check digits (ISO 7064, MOD 97-10)."""
    groups = [digits[at : at + 4] for at in range(0, DIGITS, 4)]
    return " ".join([*groups, _check(digits)])


def digits_of(typed: str) -> str:
    """The digits of a receipt as somebody typed it, in whatever groups; InputError where it is none or has a slip."""
    found = re.sub(r"[\s.\-–—_]", "", unicodedata.normalize("NFKC", typed))
    if not re.fullmatch(rf"[0-9]{{{DIGITS + CHECK}}}", found):
        raise InputError(_("a receipt has 26 digits, this has {n}").format(n=sum(map(str.isdigit, found))), hint=_("look at it again, group by group"))
    if found[DIGITS:] != _check(found[:DIGITS]):
        raise InputError(_("there is a slip in this receipt: its last two digits do not fit the others"), hint=_("look at it again, group by group"))
    return found[:DIGITS]


def keys_of(digits: str) -> ReceiptKeys:
    """Stretches a receipt into its keys; about half a second and 128 MiB."""
    made = hashlib.scrypt(digits.encode("ascii"), salt=_SALT, n=_WORK, r=_BLOCK, p=1, dklen=64, maxmem=2 * 128 * _WORK * _BLOCK)
    secret = age.secret_from_bytes(made[:32])
    return ReceiptKeys(age.recipient_of(secret), secret, base64.urlsafe_b64encode(made[32:]).rstrip(b"=").decode("ascii"))


def token_hash(token: str) -> str:
    """What a case keeps of a token; of anything that is no token, too, so that a comparison just fails."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raw = b""
    return hashlib.sha256(raw).hexdigest()


def same_token(token: str, kept: str) -> bool:
    """Whether a token is the one whose hash a case keeps."""
    return hmac.compare_digest(token_hash(token), kept)


def _check(digits: str) -> str:
    return f"{98 - int(digits) * 100 % 97:02d}"
