"""The bundle of all mailboxes: one file that everybody downloads, and of which a receipt opens what is its own (publish/browser/follow.js).

Rules:
- A mailbox is JSON: the case's id and state, and what was written to the reporter, sealed to the receipt already. It is cut into parts, and each
  is sealed again to the receipt's recipient, in cells of one size (age adds a few bytes of chance to each).
- A cell's tag is a hash of a salt, the recipient and the part's number: only who has the receipt finds theirs.
- Decoys, sealed to keys that nobody has, fill the bundle up to a power of two of cells. So its size tells neither how many messages a case has
  nor how many cases have a mailbox, and nothing in it tells a decoy from a cell.
- A receipt opens one case. Where two officers registered the same report before they met, it is the one that is not linked as a duplicate.
- Salt and sealing are new each time the site is built. So two editions do not tell whether anything was written in between.
- No secret is needed: the forge's CI can build it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from plaint.access import REPORTER
from plaint.model.machine import event_name
from plaint.model.record import Record
from plaint.model.words import local
from plaint.organisation import Organisation
from plaint.seal import age
from plaint.store.history import history

PART, CELL = 1400, 2048
"""Letters of JSON in a part, and the bytes it is padded to: all of ASCII, with room for its escapes."""
TITLES: Mapping[str, Mapping[str, str]] = {
    "acknowledge": {"en": "Your report has arrived", "zh": "投诉已收到"},
    "notify": {"en": "Notice", "zh": "告知"},
    "answer": {"en": "Our answer", "zh": "反馈"},
    "disclose:inform": {"en": "About your identity", "zh": "关于您的身份"},
}
"""What the reporter reads above what was written to them; of any other event, a plain message."""
MESSAGE: Mapping[str, str] = {"en": "Message", "zh": "信息"}
LEAST = 128
"""Cells in the smallest bundle: some 400 kB."""


def bundle(organisation: Organisation) -> str:
    """The bundle as a script, which loads from a folder too, where JSON would not."""
    salt = secrets.token_hex(16)
    cells = {}
    for recipient, record in _with_receipt(organisation).items():
        for number, part in enumerate(_parts(json.dumps(mailbox(organisation, record)))):
            cells[tag(salt, recipient, number)] = _cell(part, recipient)
    for _decoy in range(max(LEAST, 1 << (len(cells) - 1).bit_length()) - len(cells)):
        cells[secrets.token_hex(16)] = _cell("", age.generate().recipient)
    content = {"salt": salt, "cells": [[name, cells[name]] for name in sorted(cells)]}
    return f"window.plaintMailboxes = {json.dumps(content)};\n"


def _with_receipt(organisation: Organisation) -> dict[str, Record]:
    """The case of each receipt, unless it was disposed of."""
    found: dict[str, Record] = {}
    for record in organisation.cases():
        recipient = record.header["seals"].get(REPORTER)
        if recipient and not organisation.policy_of(record).states[organisation.state(record).state].final:
            found[recipient] = min(found.get(recipient, record), record, key=_duplicate)
    return found


def _duplicate(record: Record) -> bool:
    return any(event.kind == "link" and event.codes.get("relation") == "duplicate" for event in record.events)


def tag(salt: str, recipient: str, number: int) -> str:
    """What a cell is found by."""
    return hashlib.sha256(f"plaint mailbox 1\n{salt}\n{recipient}\n{number}".encode()).hexdigest()[:32]


def mailbox(organisation: Organisation, record: Record) -> Mapping[str, Any]:
    """What a receipt opens: the case's public state, and everything that was written to the reporter."""
    policy = organisation.policy_of(record)
    state = organisation.state(record)
    proof = [commit.sha for commit in history(organisation.repository, record.path)][-1:]
    return {
        "case": record.id,
        "received": local(record.events[0].at, policy.timezone),
        "state": dict(policy.states[state.state].title),
        "proof": proof[0] if proof else "",
        "readers": record.header["seals"]["report"],
        "messages": [
            {"event": event.id, "at": local(event.at, policy.timezone), "title": dict(TITLES.get(event_name(event), MESSAGE)), "sealed": event.sealed[REPORTER]}
            for event in record.events
            if REPORTER in event.sealed
        ],
    }


def _parts(text: str) -> Iterator[str]:
    for start in range(0, len(text), PART):
        yield text[start : start + PART]


def _cell(part: str, recipient: str) -> str:
    """One part, sealed and padded, as base64 without the lines around it."""
    plain = json.dumps({"part": part, "pad": ""})
    padded = json.dumps({"part": part, "pad": "." * (CELL - len(plain))})
    if len(padded) != CELL:
        raise AssertionError("a part is too large for its cell")
    sealed = age.encrypt(padded.encode("ascii"), [recipient])
    return "".join(line for line in sealed.splitlines() if not line.startswith("-----"))
