"""The one tree of exceptions.

Each error says what is wrong, where, and what to do, in one line, and knows the exit code it ends the program with:
2 for wrong usage or input, 3 where the repository or the environment is broken. Only `plaint.cli` prints them.

>>> str(InputError("the file is empty", where="cases/2026/Q7M4-K2XD.yaml:1", hint="restore it with git"))
'cases/2026/Q7M4-K2XD.yaml:1: the file is empty. restore it with git'
"""

from __future__ import annotations

from plaint.i18n import _


class PlaintError(Exception):
    """Anything plaint stops for; `what` happened, `where`, and the `hint` to the next step."""

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = _("{where}: {what}").format(where=self.where, what=self.what) if self.where else self.what
        return " ".join((with_hint(text, self.hint) if self.hint else text).split())


def with_hint(what: str, hint: str) -> str:
    """What is wrong and the next step, in one line."""
    return _("{what}. {hint}").format(what=what.rstrip(".。"), hint=hint)


class UsageError(PlaintError):
    """The command was called with words that do not fit."""


class InputError(PlaintError):
    """A file or text given to plaint is not what it should be."""


class NotAllowedError(PlaintError):
    """The policy does not allow this event, here, now, by this person."""


class EnvironmentFaultError(PlaintError):
    """Git, a key, an identity or the repository itself is missing or broken."""

    exit_code = 3


class LockedError(EnvironmentFaultError):
    """Another plaint is writing to this repository."""
