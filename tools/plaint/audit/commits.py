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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from plaint.i18n import _

_SIGNATURE = {40: b"gpgsig", 64: b"gpgsig-sha256"}
"""The header of a signature, by the length of ids."""
_FIELD = rb"[a-z0-9-]+ .*\n(?: .*\n)*"
_COMMIT = {
    size: re.compile(
        rb"tree ([0-9a-f]{%d})\n((?:parent [0-9a-f]{%d}\n)*)" % (size, size)
        + rb"author (.*) <[^<>\n]*> [0-9]{1,11} [+-][0-9]{4}\ncommitter .* <[^<>\n]*> ([0-9]{1,11}) [+-][0-9]{4}\n((?:%b)*)\n" % _FIELD
    )
    for size in _SIGNATURE
}
_MORE = re.compile(_FIELD)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_AWAY = re.compile(
    r"\[(?:skip|no)[ -]ci\]|\[ci[ -]skip\]|\[skip actions\]|\[actions skip\]|\*\*\*no_ci\*\*\*|^skip-checks: *true", re.MULTILINE | re.IGNORECASE
)
"""At these words GitHub, GitLab, Forgejo and others leave out what they run for a push."""
_TRAILER = re.compile(r"^(Case|Event): (\S+)$", re.MULTILINE)


class CommitError(Exception):
    """These bytes are no commit that git would have made; as text, why."""


class Commit(NamedTuple):
    """One commit. `payload` is what its `signature` is of; `signature` is "" where there is none."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    at: datetime
    payload: bytes
    signature: str
    message: str
    trailers: Mapping[str, Sequence[str]]
    """The cases and events that its message names."""
    looks_away: bool
    """Whether its message tells a forge not to run its checks."""


def parse_commit(sha: str, data: bytes) -> Commit:
    """The commit in an object's bytes; CommitError where it is none, or not the one of that id."""
    size = len(sha)
    algorithm = hashlib.sha1 if size == 40 else hashlib.sha256  # as git hashes, sha1 included
    if algorithm(b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest() != sha:
        raise CommitError(_("its content is not what its id says"))
    match = _COMMIT[size].match(data)
    if match is None or b"\0" in data:
        raise CommitError(_("it is not a commit as git writes it"))
    tree, parents, author, seconds, _more = match.groups()
    message = data[match.end() :].decode("utf-8", "replace")
    payload, signature = _parted(data, match.span(5), _SIGNATURE[size])
    return Commit(
        sha,
        tree.decode("ascii"),
        tuple(parents.decode("ascii").replace("parent ", "").split()),
        author.decode("utf-8", "replace"),
        _EPOCH + timedelta(seconds=int(seconds)),
        payload,
        signature.decode("ascii", "replace").replace("\n ", "\n"),
        message,
        _trailers(message),
        bool(_LOOK_AWAY.search(message)),
    )


def _trailers(message: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"Case": [], "Event": []}
    for name, value in _TRAILER.findall(message):
        found[name].append(value)
    return found


def _parted(data: bytes, span: tuple[int, int], signing: bytes) -> tuple[bytes, bytes]:
    """What is signed, and the signature; `span` is where the headers are that not every commit has."""
    payload, signature = data, b""
    seen: set[bytes] = set()
    for field in _MORE.finditer(data, *span):
        name, _space, value = field[0].partition(b" ")
        if name in seen and name != b"mergetag":
            raise CommitError(_("its header has {name} twice").format(name=name.decode("ascii")))
        seen.add(name)
        if name == signing:
            payload, signature = data[: field.start()] + data[field.end() :], value[:-1]
        elif name != b"mergetag" and (name != b"encoding" or b"\n " in value):
            raise CommitError(_("it is not a commit as git writes it"))
    return payload, signature
