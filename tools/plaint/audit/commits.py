"""A commit object taken apart, strictly: what is signed, by whom, when, over which tree and parents.

Rules:
- The header lines are those that git writes, in git's order; anything else, and anything twice, is refused: a second signature or parent
  list is how one commit could be made to say two things.
- The signed text is the object without its signature.
- The id is computed anew from the bytes, so an object stored under another's name is seen.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from plaint.i18n import _

_IDENT = re.compile(rb"(.*) <([^<>]*)> ([0-9]{1,11}) ([+-][0-9]{4})")
_ORDER = (b"tree", b"parent", b"author", b"committer", b"gpgsig", b"gpgsig-sha256", b"encoding", b"mergetag")
_MANY = (b"parent", b"mergetag")
_TRAILER = re.compile(r"(Case|Event): (\S+)")


class CommitError(Exception):
    """These bytes are no commit that git would have made; as text, why."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `payload` is what its `signature` is of; `signature` is "" where there is none."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    payload: bytes
    signature: str
    message: str

    @property
    def trailers(self) -> dict[str, list[str]]:
        """The cases and events that the message names."""
        found: dict[str, list[str]] = {"Case": [], "Event": []}
        for line in self.message.splitlines():
            if match := _TRAILER.fullmatch(line):
                found[match[1]].append(match[2])
        return found


def parse_commit(sha: str, data: bytes) -> Commit:
    """The commit in an object's bytes; CommitError where it is none, or not the one of that id."""
    if hashlib.new("sha1" if len(sha) == 40 else "sha256", b"commit %d\0" % len(data) + data).hexdigest() != sha:
        raise CommitError(_("its content is not what its id says"))
    head, blank, message = data.partition(b"\n\n")
    if not blank or b"\0" in data:
        raise CommitError(_("it is not a commit as git writes it"))
    lines = _fields(head)
    names = [name for name, _value in lines]
    for name in _ORDER:
        if names.count(name) > 1 and name not in _MANY:
            raise CommitError(_("its header has {name} twice").format(name=name.decode()))
    if (
        names[:1] != [b"tree"]
        or set(names) - set(_ORDER)
        or [n for n in names if n in _ORDER[:4]] != sorted((n for n in names if n in _ORDER[:4]), key=_ORDER.index)
    ):
        raise CommitError(_("it is not a commit as git writes it"))
    values = {name: value for name, value in lines if name not in _MANY}
    author, committer = (_IDENT.fullmatch(values.get(name, b"")) for name in (b"author", b"committer"))
    if author is None or committer is None:
        raise CommitError(_("it does not say by whom and when it was made"))
    signing = b"gpgsig" if len(sha) == 40 else b"gpgsig-sha256"
    payload = b"".join(_line(name, value) for name, value in lines if name not in (b"gpgsig", b"gpgsig-sha256")) + b"\n" + message
    try:
        at = datetime.fromtimestamp(int(committer[3]), UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise CommitError(_("it does not say by whom and when it was made")) from error
    return Commit(
        sha,
        values[b"tree"].decode("ascii", "replace"),
        tuple(value.decode("ascii", "replace") for name, value in lines if name == b"parent"),
        author[1].decode("utf-8", "replace"),
        at,
        payload,
        values.get(signing, b"").decode("ascii", "replace"),
        message.decode("utf-8", "replace"),
    )


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values; a line that begins with a space goes on with the value before it."""
    found: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\n"):
        if line[:1] == b" " and found:
            name, value = found[-1]
            found[-1] = name, value + b"\n" + line[1:]
        else:
            name, space, value = line.partition(b" ")
            if not space:
                raise CommitError(_("it is not a commit as git writes it"))
            found.append((name, value))
    return found


def _line(name: bytes, value: bytes) -> bytes:
    return name + b" " + value.replace(b"\n", b"\n ") + b"\n"
