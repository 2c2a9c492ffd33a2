"""What this clone has verified: the newest commit, and what was found on the way, so that the next audit costs only what is new.

Rules:
- It is written with a keyed hash (HMAC-SHA256) whose key lies in the user's configuration folder: whoever can write to the clone, or sends
  one, cannot make us believe that something was verified.
- Anything else than what this plaint wrote itself is as good as nothing: then all is verified anew. It can be deleted at any time.
- The commit remembered of a branch must be in its history; if it is not, history was taken back, and that is a finding.

>>> Memory(folder, key).recall()
Start(head='9f2c…', …)
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import struct
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from plaint.check.findings import Finding
from plaint.check.rules import Severity
from plaint.i18n import language

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Start:
    """A commit that was verified before, and what was seen up to it; `heads` holds the newest verified commit of each branch.

    `latest` is the newest time of a commit, `texts` are the digests of the sealed texts.
    """

    head: str
    root: str
    commits: int
    events: int
    latest: datetime
    texts: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    heads: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of one clone: `file` in its git folder, under the key in `key_file`."""

    file: Path
    key_file: Path

    def recall(self) -> Start | None:
        """What was verified; None where nothing was, or where it is not to be trusted."""
        try:
            stored = json.loads(self.file.read_text("utf-8"))
            body = stored["body"]
            if not hmac.compare_digest(self._seal(body), stored["seal"]) or body["made-by"] != _made_by():
                return None
            findings = tuple(_finding(each) for each in body["findings"])
            packed = b64decode(body["texts"])
            texts = struct.unpack(f">{len(packed) // 8}Q", packed)
            latest = datetime.fromisoformat(body["latest"])
            return Start(body["head"], body["root"], body["commits"], body["events"], latest, texts, findings, body["heads"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
            return None

    def keep(self, start: Start) -> None:
        """Remember; silently nothing where neither folder can be written to (a read-only clone)."""
        body = {
            "made-by": _made_by(),
            "head": start.head,
            "root": start.root,
            "commits": start.commits,
            "events": start.events,
            "latest": start.latest.isoformat(),
            "texts": b64encode(struct.pack(f">{len(start.texts)}Q", *start.texts)).decode("ascii"),
            "findings": [finding.plain() for finding in start.findings],
            "heads": dict(start.heads),
        }
        with suppress(OSError):
            _replace(self.file, json.dumps({"body": body, "seal": self._seal(body)}, ensure_ascii=False))

    def forget(self) -> None:
        """Nothing was verified."""
        self.file.unlink(missing_ok=True)

    def _seal(self, body: Any) -> str:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        return hmac.new(self._key(), str(self.file).encode("utf-8", "surrogateescape") + b"\0" + text, hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        try:
            key = self.key_file.read_bytes()
        except FileNotFoundError:
            key = b""
        if len(key) != 32:
            key = secrets.token_bytes(32)
            self.key_file.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.key_file, key)
        return key


def _made_by() -> str:
    """What a verdict depends on besides the history: rules change with the program, messages with the language."""
    try:
        made = version("plaint")
    except PackageNotFoundError:
        made = "?"
    return f"{FORMAT} {made} {language()}"


def _finding(plain: dict[str, Any]) -> Finding:
    names = {each.name for each in fields(Finding)}
    return Finding(**{**{k: v for k, v in plain.items() if k in names}, "severity": Severity(plain["severity"])})


def _replace(path: Path, content: str | bytes) -> None:
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
