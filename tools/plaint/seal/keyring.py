"""Keyrings: the secret halves of a case's compartments, each sealed to the members who may open it.

Rules:

- A keyring maps a compartment to an armoured age file whose plaintext is one line, the compartment's age secret.
- Each file is filled up with decoy recipients to the next multiple of eight and shuffled: it tells neither who nor how many,
  not even to its author a day later. So there is no listing recipients; whoever seals passes all of them.
- Only someone who can open a compartment can re-seal it.

>>> keys = new_case_keys(["report"]); officer = age.generate()
>>> ring = seal_keyring({"report": keys["report"].secret}, {"report": {officer.recipient}})
>>> open_secret(ring, "report", officer.secret) == keys["report"].secret
True
"""

from __future__ import annotations

import hashlib
import secrets as _secrets
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from plaint.errors import InputError, NotAllowedError
from plaint.i18n import _
from plaint.seal import age
from plaint.seal.age import KeyPair
from plaint.seal.armour import inspect

__all__ = [
    "KeyPair", "Keyring", "keyring_hash", "keyring_problems", "new_case_keys", "open_secret", "reseal", "seal_keyring",
]  # fmt: skip

Keyring: TypeAlias = Mapping[str, str]
CROWD = 8
SECRET_LINE = 75  # AGE-SECRET-KEY-1 and 58 more characters, and a newline


def new_case_keys(compartments: Iterable[str]) -> dict[str, KeyPair]:
    """A fresh key for each compartment, in the order given: (recipient, secret)."""
    return {compartment: age.generate() for compartment in compartments}


def seal_keyring(secrets: Mapping[str, str], recipients: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Seal each compartment's secret to its recipients, with decoys, in random order.

    InputError when a compartment has no recipient, or recipients name a compartment without a secret.
    """
    if set(secrets) != set(recipients):
        names = ", ".join(sorted(set(secrets) ^ set(recipients)))
        raise InputError(_("secrets and recipients do not name the same compartments: {names}").format(names=names))
    return {compartment: _seal(secret, recipients[compartment]) for compartment, secret in secrets.items()}


def open_secret(keyring: Keyring, compartment: str, identity: str, recipient: str = "") -> str:
    """The compartment's age secret; NotAllowedError when `identity` does not open it.

    With `recipient` (the one in the case's header) a secret that does not belong to it is refused.
    """
    if compartment not in keyring:
        raise InputError(
            _("the keyring has no compartment “{name}”").format(name=compartment),
            hint=_("it has: {names}").format(names=", ".join(sorted(keyring))),
        )
    try:
        plaintext = age.decrypt(keyring[compartment], identity)
    except NotAllowedError as error:
        raise NotAllowedError(
            _("your key does not open the compartment “{name}” of this case").format(name=compartment),
            hint=_("ask a member who holds it to grant you access"),
        ) from error
    secret = plaintext.decode("ascii", "replace").strip()
    public = age.recipient_of(secret)
    if recipient and public != recipient:
        raise InputError(
            _("the keyring holds a key of another case for “{name}”").format(name=compartment),
            hint=_("plaint sync fetches the right keyring, if any clone still has it"),
        )
    return secret


def reseal(keyring: Keyring, identity: str, recipients: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The keyring with the compartments in `recipients` sealed anew, to these alone; the others stay byte for byte.

    NotAllowedError when `identity` does not open one of them.
    """
    secrets = {compartment: open_secret(keyring, compartment, identity) for compartment in recipients}
    return {**keyring, **seal_keyring(secrets, recipients)}


def keyring_hash(keyring: Keyring) -> str:
    """SHA-256, hexadecimal, of what `sha256sum *.age` prints in the keyring's folder (C locale).

    >>> keyring_hash({"report": "x"}) == hashlib.sha256(
    ...     (hashlib.sha256(b"x").hexdigest() + "  report.age" + chr(10)).encode()).hexdigest()
    True
    """
    manifest = hashlib.sha256()
    for name, text in sorted((f"{compartment}.age".encode(), text) for compartment, text in keyring.items()):
        manifest.update(hashlib.sha256(text.encode("utf-8")).hexdigest().encode("ascii") + b"  " + name + b"\n")
    return manifest.hexdigest()


def keyring_problems(keyring: Keyring) -> tuple[str, ...]:
    """What anyone can see to be wrong with a keyring without a key; empty when it is as it should be."""
    problems: list[str] = []
    for compartment, text in sorted(keyring.items()):
        seen = inspect(text)
        wrong = list(seen.problems)
        if not wrong:
            if seen.others:
                wrong.append(_("it is sealed to a key of another type: {types}").format(types=", ".join(seen.others)))
            if seen.x25519 == 0 or seen.x25519 % CROWD:
                wrong.append(_("its {count} recipients are not a multiple of {crowd}").format(count=seen.x25519, crowd=CROWD))
            if seen.size != SECRET_LINE:
                wrong.append(_("it does not hold one age secret"))
        problems += [f"{compartment}.age: {each}" for each in wrong]
    return tuple(problems)


def _seal(secret: str, recipients: Collection[str]) -> str:
    if isinstance(recipients, str):
        raise TypeError("recipients is a collection of recipients, not one")
    age.recipient_of(secret)
    crowd = sorted(set(recipients))
    if not crowd:
        raise InputError(_("a compartment that nobody can open would be lost"), hint=_("name at least one recipient"))
    crowd += [age.generate().recipient for _i in range(-len(crowd) % CROWD)]
    _secrets.SystemRandom().shuffle(crowd)
    return age.encrypt(secret.strip().encode("ascii") + b"\n", crowd)
