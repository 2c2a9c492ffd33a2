"""Which keyring of a case is the right one, here or at the shared repository, and what follows from it. Pure: refs and hashes in, decisions out.

Rules:
- The record says by its hash which keyring is in force. The one with that hash wins, wherever it is; the shared one where both have it.
- A keyring of a case that was disposed of is destroyed, here and there.
- Where neither is right nothing is changed: a wrong keyring never takes the place of another.
- The key of imported rows belongs to no case; the newer one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Held:
    """A keyring where it is held: the id of its commit, its hash, and its time in seconds."""

    sha: str
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What the record says of a case's keyring: its hash, or that it is to be destroyed."""

    hash: str
    final: bool


@dataclass(slots=True)
class Decisions:
    """What to set and delete here, what to push (None: to destroy) there, and which cases have no right keyring on either side."""

    here: dict[str, str | None] = field(default_factory=dict)
    there: dict[str, str | None] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def decide(expected: Mapping[str, Expected], mine: Mapping[str, Held], theirs: Mapping[str, Held]) -> Decisions:
    """What must change so that both sides hold the keyring in force of every case."""
    found = Decisions()
    for name in sorted({*expected, *mine, *theirs}):
        local, shared = mine.get(name), theirs.get(name)
        wanted = expected.get(name)
        if name == IMPORT:
            _newer(name, local, shared, found)
        elif wanted is None:
            continue  # a case that this history does not know: somebody else's, to be pushed with its record
        elif wanted.final:
            _destroy(name, local, shared, found)
        elif shared and shared.hash == wanted.hash:
            if local is None or local.sha != shared.sha:
                found.here[name] = shared.sha
        elif local and local.hash == wanted.hash:
            found.there[name] = local.sha
        else:
            found.missing.append(name)
    return found


def _newer(name: str, local: Held | None, shared: Held | None, found: Decisions) -> None:
    if local and (shared is None or (shared.sha != local.sha and local.time > shared.time)):
        found.there[name] = local.sha
    elif shared and (local is None or local.sha != shared.sha):
        found.here[name] = shared.sha


def _destroy(name: str, local: Held | None, shared: Held | None, found: Decisions) -> None:
    if local:
        found.here[name] = None
    if shared:
        found.there[name] = None
