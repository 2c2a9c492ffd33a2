"""The one issue that says what is late: opened when something is, brought up to date, closed when nothing is any more.

Rules:
- A hidden line at its end finds it again; it holds a digest of the text, so that nothing is written where nothing changed.
- Somebody else's issue with that line in it is not ours: a forge is asked only for those of whoever holds the token.
- It holds opaque ids, clocks and times. Where there are two (two runs at once), the older one counts.

>>> keep(forge, "1 thing is late.", "| due | case | …", late=True)
Kept(action=<Action.OPENED: 'opened'>, number=7, url='https://…')
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

MARK = "plaint:late"


class Action(StrEnum):
    """What was done."""

    OPENED = "opened"
    REOPENED = "reopened"
    UPDATED = "updated"
    CLOSED = "closed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as a forge has it."""

    number: int
    title: str
    body: str
    is_open: bool
    url: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done, and with which issue (None: there is none)."""

    action: Action
    number: int | None = None
    url: str = ""


class Forge(Protocol):
    """What a forge must be able to do."""

    def find(self, mark: str) -> Issue | None:
        """The oldest issue of ours whose body holds the mark."""

    def open(self, title: str, body: str) -> Issue:
        """A new issue."""

    def change(self, number: int, title: str, body: str, *, is_open: bool) -> Issue:
        """The issue with another title and body, open or closed."""


def marked(title: str, body: str) -> str:
    """The body with its hidden last line."""
    digest = sha256(f"{title}\n{body}".encode()).hexdigest()[:16]
    return f"{body.rstrip()}\n\n<!-- {MARK} {digest} -->\n"


def keep(forge: Forge, title: str, body: str, *, late: bool) -> Kept:
    """Makes the issue say so; `late` is whether it is to be open."""
    found = forge.find(f"<!-- {MARK} ")
    text = marked(title, body)
    if found is None:
        if not late:
            return Kept(Action.NOTHING)
        made = forge.open(title, text)
        return Kept(Action.OPENED, made.number, made.url)
    if not late and not found.is_open:
        return Kept(Action.NOTHING, found.number, found.url)
    if found.is_open == late and found.title == title and text.splitlines()[-1] in found.body:
        return Kept(Action.NOTHING, found.number, found.url)
    done = forge.change(found.number, title, text, is_open=late)
    action = Action.UPDATED if found.is_open else Action.REOPENED
    return Kept(action if late else Action.CLOSED, done.number, done.url)
