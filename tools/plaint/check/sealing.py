"""Family K: is every text sealed to the one key of its compartment, and is each keyring the one that the record says?

None of it needs a key. Texts are looked at by a cheap scan of their first lines (the schema has seen the armour); only what the scan does
not know is taken apart.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from plaint.check.findings import Collector
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.record import Event, Record
from plaint.seal.armour import BEGIN, END, inspect
from plaint.seal.keyring import CROWD, SECRET_LINE, Keyring, keyring_hash
from plaint.store.keyrings import PREFIX

SEALED_MAGIC = b"age-encryption.org/v1\n"
REPORTER = "reporter"
"""The compartment whose key is in the reporter's receipt and in no keyring."""
OTHER_KEYRINGS = frozenset({"import"})
"""Keyrings that belong to no case: the key that tells imported rows apart."""

_SCANNED = 12 * 65
"""Characters of armour that hold a header with one stanza and its grease, nearly always."""
# one X25519 stanza, at most one of grease (rage adds it; it opens nothing), and the header's MAC
_HEADER = re.compile(
    rb"age-encryption\.org/v1\n-> X25519 [A-Za-z0-9+/]{43}\n[A-Za-z0-9+/]{43}\n"
    rb"(?:-> [!-~]+-grease(?: [!-~]+)*\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)?--- [A-Za-z0-9+/]{43}\n"
).match
_LEAST = 32
"""Bytes after the header: a nonce and a tag."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What the keyring rules must know of a case.

    The compartments, the hash in force with the event that set it, and whether the case is over.
    """

    path: str
    compartments: frozenset[str]
    keyring: str
    event: str
    line: int
    final: bool


@dataclass(slots=True)
class Seals:
    """The recipients and the sealed texts seen so far, over all records, each with where it stands; of a text its digest."""

    seen: dict[str, str] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)


def is_well_sealed(text: str) -> bool:
    """Whether an armoured text that the schema has accepted is an age file for one X25519 recipient; False where it must be looked at closely."""
    try:
        if not text.startswith(BEGIN):
            return False
        start = len(BEGIN)
        data = a2b_base64(text[start : start + _SCANNED].partition("\n-----END")[0])
        header = _HEADER(data)
        end = text.rindex(END)
        whole = (end - start) * 48 // 65
        last = (end - start) % 65  # columns of the last line: whole groups of four
        # the last group may hold bits that mean nothing: then the text has a second spelling
        return header is not None and whole - header.end() > _LEAST + 3 and last > 0 == last % 4 and _ends_well(text[end - 4 : end])
    except (Base64Error, ValueError):
        return False


def _ends_well(group: str) -> bool:
    match group.count("="):
        case 0:
            return "\n" not in group
        case 1:
            return group[2] in "AEIMQUYcgkosw048"
        case _:
            return group[1] in "AQgw"


def check_sealed_texts(record: Record, found: Collector) -> None:
    """Every sealed text of a record: in a compartment that it has, whole, and for one X25519 key."""
    seals = record.header.get("seals", {})
    for event in record.events:
        for compartment, text in event.sealed.items():
            if compartment not in seals:
                message = _("there is no compartment {compartment} in the header").format(compartment=compartment)
                found.add("K105", record.path, message, line=event.line, event=event.id)
            if not is_well_sealed(text):
                _look_closely(record, event, compartment, text, found)


def _look_closely(record: Record, event: Event, compartment: str, text: str, found: Collector) -> None:
    if not text.startswith(BEGIN.strip()) or found.said("K101", record.path, event.id):
        return  # the schema has refused it
    seen = inspect(text)
    for problem in seen.problems[:1]:
        found.add("K101", record.path, f"{compartment}: {problem}", line=event.line, event=event.id)
    if not seen.problems and (seen.x25519 != 1 or seen.others):
        kinds = ", ".join([*(["X25519"] * seen.x25519), *seen.others])
        message = _("{compartment}: it is sealed to {kinds}, and should be to one X25519 key").format(compartment=compartment, kinds=kinds)
        found.add("K103", record.path, message, line=event.line, event=event.id)


def check_seals(record: Record, seals: Seals, found: Collector) -> None:
    """The public keys in a header: real ones, and no two the same."""
    for compartment, recipient in record.header.get("seals", {}).items():
        if not isinstance(recipient, str):
            continue  # the schema has refused it
        here = f"{record.path}: {compartment}"
        if (other := seals.seen.setdefault(recipient, here)) != here:
            message = _("{compartment} has the same key as {other}").format(compartment=compartment, other=other)
            found.add("K106", record.path, message, line=record.line_of(("seals", compartment)))
        elif not _is_recipient(recipient):
            line = record.line_of(("seals", compartment))
            if not found.said("K104", record.path, None, line):
                message = _("the key of {compartment} is not an age recipient: a letter is wrong").format(compartment=compartment)
                found.add("K104", record.path, message, line=line)


def check_copies(record: Record, seals: Seals, found: Collector) -> None:
    """No sealed text stands twice: sealing the same words again gives another text, so one of the two was copied."""
    for event in record.events:
        for compartment, text in event.sealed.items():
            here = f"{record.path}: {event.id}: {compartment}"
            digest = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
            if (other := seals.texts.setdefault(digest, here)) != here:
                message = _("{compartment}: the same sealed text stands in {other}").format(compartment=compartment, other=other or _("an older event"))
                found.add("K107", record.path, message, line=event.line, event=event.id)


def _is_recipient(recipient: str) -> bool:
    from plaint.seal.age import check_recipient

    try:
        check_recipient(recipient)
    except InputError:
        return False
    return True


def holding(record: Record, keyring: str, *, final: bool) -> Holding:
    """What is kept of a case for the keyring rules."""
    last = next((e for e in reversed(record.events) if "keyring" in e.codes), record.events[0])
    return Holding(record.path, frozenset(record.header["seals"]) - {REPORTER}, keyring, last.id, last.line, final)


def check_keyrings(keyrings: Mapping[str, Keyring], cases: Mapping[str, Holding], found: Collector) -> None:
    """Every keyring against the case it belongs to, and every case against its keyring."""
    for name, keyring in sorted(keyrings.items()):
        if name in OTHER_KEYRINGS:
            continue
        case = cases.get(name)
        if case is None:
            found.add("K203", PREFIX + name, _("there is no case {case}").format(case=name))
        elif case.final:
            message = _("the case was disposed of, and its keyring is still here")
            found.add("K203", case.path, message, line=case.line, event=case.event)
        else:
            _check_keyring(keyring, case, found)
    for name, case in cases.items():
        if not case.final and name not in keyrings:
            found.add("K201", case.path, _("this clone has no keyring of the case"), line=case.line, event=case.event)


def _check_keyring(keyring: Keyring, case: Holding, found: Collector) -> None:
    if not keyring:
        found.add("K206", case.path, _("what the ref names is missing"), line=case.line, event=case.event)
        return
    if keyring_hash(keyring) != case.keyring:
        message = _("the keyring's hash is {found}…, and the record says {hash}…").format(found=keyring_hash(keyring)[:12], hash=case.keyring[:12])
        found.add("K202", case.path, message, line=case.line, event=case.event)
    if set(keyring) != case.compartments:
        message = _("the keyring holds {found}, and the case has {seals}").format(found=", ".join(sorted(keyring)), seals=", ".join(sorted(case.compartments)))
        found.add("K204", case.path, message, line=case.line, event=case.event)
    for compartment, text in sorted(keyring.items()):
        seen = inspect(text)
        name = f"{compartment}.age"
        problem = seen.problems[0] if seen.problems else "" if seen.size == SECRET_LINE else _("it does not hold one age secret")
        if problem:
            found.add("K206", case.path, f"{name}: {problem}", line=case.line, event=case.event)
        elif seen.others:
            message = _("{name}: it is sealed to a key of another type: {types}").format(name=name, types=", ".join(seen.others))
            found.add("K205", case.path, message, line=case.line, event=case.event)
        elif seen.x25519 == 0 or seen.x25519 % CROWD:
            message = _("{name}: its {n} recipients are not a multiple of {crowd}").format(name=name, n=seen.x25519, crowd=CROWD)
            found.add("K205", case.path, message, line=case.line, event=case.event)
