"""A commit object taken apart, strictly: what is signed, by whom, when, over which tree and parents.

Rules:
- The header lines are those that git writes: tree, parents, author and committer come first, in that order; anything else, and anything
  twice, is refused: a second signature or parent list is how one commit could be made to say two things.
- Ids are spelt as git spells them, and only signatures and merged tags go over several lines.
- The signed text is the object without its signature. So every byte is signed, or is the signature: one for the other hash is refused.
- The id is computed anew from the bytes, so an object stored under another's name is seen.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from plaint.i18n import _

_IDENT = re.compile(rb"(.*) <([^<>]*)> ([0-9]{1,11}) ([+-][0-9]{4})")
_SIGNATURE = {40: b"gpgsig", 64: b"gpgsig-sha256"}
_MANY = (b"parent", b"mergetag")
_OID = {40: re.compile(rb"[0-9a-f]{40}"), 64: re.compile(rb"[0-9a-f]{64}")}
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
        for line in self.message.split("\n"):
            if match := _TRAILER.fullmatch(line):
                found[match[1]].append(match[2])
        return found


def parse_commit(sha: str, data: bytes) -> Commit:
    """The commit in an object's bytes; CommitError where it is none, or not the one of that id."""
    if hashlib.new("sha1" if len(sha) == 40 else "sha256", b"commit %d\0" % len(data) + data).hexdigest() != sha:
        raise CommitError(_("its content is not what its id says"))
    head, blank, message = data.partition(b"\n\n")
    if not blank or b"\0" in data:
        raise _unlike_git()
    lines = _fields(head)
    names = [name for name, _value in lines]
    for name in set(names).difference(_MANY):
        if names.count(name) > 1:
            raise CommitError(_("its header has {name} twice").format(name=name.decode("ascii", "replace")))
    signing, is_id = _SIGNATURE[len(sha)], _OID[len(sha)].fullmatch
    for name, value in lines:
        if b"\n" in value and name not in (signing, b"mergetag"):
            raise _unlike_git()
        if name in (b"tree", b"parent") and not is_id(value):
            raise _unlike_git()
    parents = names.count(b"parent")
    rest = {signing, b"encoding", b"mergetag"}
    if names[: parents + 3] != [b"tree", *[b"parent"] * parents, b"author", b"committer"] or not rest.issuperset(names[parents + 3 :]):
        raise _unlike_git()
    values = {name: value for name, value in lines if name not in _MANY}
    author, committer = (_IDENT.fullmatch(values.get(name, b"")) for name in (b"author", b"committer"))
    if author is None or committer is None:
        raise CommitError(_("it does not say by whom and when it was made"))
    payload = b"".join(_line(name, value) for name, value in lines if name != signing) + b"\n" + message
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


def _unlike_git() -> CommitError:
    return CommitError(_("it is not a commit as git writes it"))


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
                raise _unlike_git()
            found.append((name, value))
    return found


def _line(name: bytes, value: bytes) -> bytes:
    return name + b" " + value.replace(b"\n", b"\n ") + b"\n"
