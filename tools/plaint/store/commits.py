"""Commit objects as bytes: who, when, what over what, and the SSH signature where git puts and looks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from plaint.errors import InputError
from plaint.i18n import _

_BAD_IN_IDENT = str.maketrans("", "", "<>\n\r\0")


@dataclass(frozen=True, slots=True)
class Change:
    """One commit to make: files (path below plaint.yaml's folder -> content), message, author (a member id), time (None: now).

    `blobs` are new files whose content lies in git already: path -> blob id.
    """

    files: Mapping[str, bytes]
    message: str
    author: str
    when: datetime | None = None
    blobs: Mapping[str, str] = field(default_factory=dict)


def ident(name: str, email: str, when: datetime | None) -> str:
    """`NAME <EMAIL> SECONDS +0800`; the email is `NAME@plaint.invalid` when there is none.

    >>> ident("li.wei", "", datetime(2026, 11, 20, 1, 12, tzinfo=UTC))
    'li.wei <li.wei@plaint.invalid> 1795137120 +0000'
    """
    when = when or datetime.now(UTC).astimezone()
    offset = when.utcoffset()
    if offset is None:
        raise InputError(_("the time of a commit needs a time zone"))
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    name = name.translate(_BAD_IN_IDENT).strip() or "plaint"
    email = email.translate(_BAD_IN_IDENT).strip() or f"{name}@plaint.invalid"
    return f"{name} <{email}> {int(when.timestamp())} {zone}"


def unsigned_commit(tree: str, parents: Sequence[str], who: str, message: str) -> bytes:
    """The commit without a signature: what is signed. `who` is author and committer."""
    if "\0" in message:
        raise InputError(_("a commit message cannot hold a zero byte"))
    head = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
    return ("\n".join(head) + f"\n\n{message.strip()}\n").encode()


def signed_commit(payload: bytes, signature: str, algorithm: str = "sha1") -> bytes:
    """The commit with its signature, the last header line before the message."""
    header = "gpgsig" if algorithm == "sha1" else f"gpgsig-{algorithm}"
    head, message = payload.split(b"\n\n", 1)
    folded = signature.strip().replace("\n", "\n ")
    return head + f"\n{header} {folded}\n\n".encode() + message


def tree_of(commit: bytes) -> str:
    """The tree a commit names."""
    return commit[len(b"tree ") : commit.index(b"\n")].decode("ascii")
