"""The recovery key in shares: any `threshold` of them make it, fewer tell nothing of it (SLIP-39, Shamir's secret sharing in words).

SLIP-39 comes from Trezor's reference implementation. An `AGE-SECRET-KEY-1…` is 32 bytes in Bech32 (BIP 173, decoded by its reference
implementation), so a share is 33 words: to be written on paper by hand, each with a checksum that finds slips of the pen.

>>> combine(split(secret, threshold=2, shares=3)[:2]) == secret
True
"""

from __future__ import annotations

from collections.abc import Sequence

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from plaint.errors import InputError, UsageError
from plaint.i18n import _, ngettext
from plaint.seal.age import secret_bytes, secret_from_bytes

MOST = 16
"""SLIP-39 has no more shares than these."""


def split(secret: str, threshold: int, shares: int) -> list[str]:
    """Shares of an `AGE-SECRET-KEY-1…`, each a line of 33 words; UsageError where the numbers make no sense."""
    if not 2 <= threshold <= shares <= MOST:
        hint = _("at least two must be needed, and no more than there are; at most {most}").format(most=MOST)
        raise UsageError(_("{threshold} of {shares} shares cannot be").format(threshold=threshold, shares=shares), hint=hint)
    found: list[str] = generate_mnemonics(1, [(threshold, shares)], secret_bytes(secret))[0]
    return found


def combine(shares: Sequence[str]) -> str:
    """The key that the shares make; InputError where one is misspelt, belongs to another key, or too few are there."""
    read = [_read(text, number) for number, text in enumerate(shares, start=1)]
    for number, share in enumerate(read, start=1):
        if share.identifier != read[0].identifier:
            raise InputError(_("share {n} belongs to another key than share 1").format(n=number))
    distinct = {share.index: text for share, text in zip(read, shares, strict=True)}
    needed = read[0].member_threshold if read else 2
    if len(distinct) < needed:
        raise InputError(
            ngettext("it takes {needed} different shares, and {n} is here", "it takes {needed} different shares, and {n} are here", len(distinct)).format(
                needed=needed, n=len(distinct)
            )
        )
    try:
        found = combine_mnemonics([_plain(text) for text in list(distinct.values())[:needed]])
    except MnemonicError as error:
        raise InputError(_("the shares do not fit together: {error}").format(error=error)) from error
    return secret_from_bytes(found)


def is_share(text: str) -> bool:
    """Whether a text looks like a share rather than like a key."""
    words = _plain(text).split()
    return len(words) > 10 and all(word.isalpha() for word in words)


def _read(text: str, number: int) -> Share:
    try:
        return Share.from_mnemonic(_plain(text))
    except MnemonicError as error:
        raise InputError(_("share {n} is misspelt, or words of it are missing").format(n=number), hint=str(error)) from error


def _plain(text: str) -> str:
    """The words alone; a file of plaint's says more around them, in lines that begin with #."""
    return " ".join(word.lower() for line in text.splitlines() if not line.lstrip().startswith("#") for word in line.split())
