"""A checkpoint: a note of what a history was, small enough to mail, print or publish, so that nobody can take it back unseen.

It names the first commit, the newest and how many there are, and may be signed by the member who made it. A supervisor keeps it; a later
`plaint audit --since FILE` refuses a history that does not contain it.

>>> Checkpoint.read(b'{"plaint": "checkpoint", "root": "…", "head": "…", "commits": 3, "at": "…", "by": ""}').commits
3
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from plaint.audit.sshsig import SignatureError, verify
from plaint.errors import InputError
from plaint.i18n import _

NAMESPACE = "plaint-checkpoint"
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KEYS = {"plaint": str, "root": str, "head": str, "commits": int, "at": str, "by": str}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`root` and `head` are commit ids, `at` is RFC 3339, `by` the member who signed ("" for nobody), `key` the key that signed."""

    root: str
    head: str
    commits: int
    at: str
    by: str = ""
    key: str = ""

    def payload(self) -> bytes:
        """What is signed, in one spelling."""
        plain = {"plaint": "checkpoint", "root": self.root, "head": self.head, "commits": self.commits, "at": self.at, "by": self.by}
        return json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()

    def text(self, signature: str = "") -> str:
        """The file."""
        plain = json.loads(self.payload())
        return json.dumps(plain | ({"signature": signature} if signature else {}), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, data: bytes, where: str = "") -> Checkpoint:
        """The checkpoint in a file; InputError where it is none, or its signature is not of it."""
        try:
            plain = json.loads(data)
        except (ValueError, RecursionError):
            plain = None
        signature = plain.pop("signature", "") if isinstance(plain, dict) else ""
        if not _is_checkpoint(plain) or not isinstance(signature, str):
            raise InputError(_("this is no checkpoint"), where=where, hint=_("plaint audit --checkpoint FILE makes one"))
        found = cls(plain["root"], plain["head"], plain["commits"], plain["at"], plain["by"])
        if not signature and found.by:
            raise InputError(_("the checkpoint names {member} as its signer, and is not signed").format(member=found.by), where=where)
        if not signature:
            return found
        try:
            key = verify(found.payload(), signature, NAMESPACE)
        except SignatureError as error:
            raise InputError(_("the signature of the checkpoint is wrong: {reason}").format(reason=error), where=where) from error
        return cls(found.root, found.head, found.commits, found.at, found.by, key)


def _is_checkpoint(plain: Any) -> bool:
    if not isinstance(plain, dict) or plain.keys() != _KEYS.keys() or any(type(plain[key]) is not kind for key, kind in _KEYS.items()):
        return False
    return plain["plaint"] == "checkpoint" and bool(_ID.fullmatch(plain["root"]) and _ID.fullmatch(plain["head"]))
