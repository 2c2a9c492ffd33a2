"""What was mailed to whom: a file of JSON lines that only grows, on this machine and not in the repository. It holds ids and times, no addresses.

Reminders have one, acknowledgements another: a `member` there is a keyed hash of the reporter's address.

Rules:
- `intent`: all of a mail but its end is with the server; it is on the disk before the end is sent, from which on the mail may be delivered.
- `sent`: the server took it. `refused`: it said that it did not. `void`: nothing of it holds any more, so it is not sent again.
- An intent without one of these is of a run that was killed, or of a connection that broke, while the server took the mail: nobody knows.
- One process at a time. A last line that was cut off was never acted upon, and is taken away; a broken line elsewhere stops everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from plaint.errors import EnvironmentFaultError, LockedError
from plaint.i18n import _, reason
from plaint.remind.plan import Intent, Thing, Told
from plaint.store import lock

SENT, REFUSED, VOID = "sent", "refused", "void"
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class Ledger:
    """An open ledger, ours alone until it is closed."""

    def __init__(self, path: Path, handle: int, told: Told) -> None:
        self.path = path
        self.told = told
        self._handle = handle

    def intend(self, intent: Intent) -> None:
        """On the disk when this returns."""
        things = [thing._asdict() for thing in intent.things]
        self._add({"what": "intent", "id": intent.id, "member": intent.member, "at": intent.at.isoformat(), "things": things})

    def settle(self, intent: Intent, what: str, reply: str = "") -> None:
        """How it ended: `SENT`, `REFUSED` with the server's reply, or `VOID`."""
        self._add({"what": what, "id": intent.id, **({"reply": reply} if reply else {})})

    def _add(self, entry: dict[str, Any]) -> None:
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
        try:
            # one write: what a killed process wrote stays written. The disk itself is asked for next, in case the power fails
            if os.write(self._handle, line) != len(line):
                raise EnvironmentFaultError(_("the ledger of mails cannot be written: the disk is full"), where=str(self.path))
            os.fsync(self._handle)
        except OSError as error:
            raise _unwritable(self.path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """The ledger, made if there is none; LockedError while another process has it, EnvironmentFaultError where it is broken."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with lock.hold(path.with_suffix(".lock"), wait=0):
            told, whole = _read(path)
            handle = _open(path, whole)
            try:
                yield Ledger(path, handle, told)
            finally:
                os.close(handle)
    except LockedError as error:
        raise LockedError(_("another plaint is at work with the mail"), where=error.where, hint=_("try again when it is done")) from error


def read(path: Path) -> Told:
    """What a ledger says, as it stands now; nothing where there is none."""
    return _read(path)[0]


def _open(path: Path, whole: int) -> int:
    try:
        new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), _PRIVATE_FILE)
        os.ftruncate(handle, whole)
        if new and os.name == "posix":  # the name of a new file is kept by its folder
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        raise _unwritable(path, error) from error
    return handle


def _read(path: Path) -> tuple[Told, int]:
    """What it says, and how long it is without a last line that was cut off."""
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise EnvironmentFaultError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error
    whole = data.rfind(b"\n") + 1
    pending: dict[str, Intent] = {}
    things: dict[str, set[Thing]] = {}
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
        try:
            _take(json.loads(line), pending, things)
        except (ValueError, LookupError, TypeError) as error:
            raise EnvironmentFaultError(
                _("this line of the ledger of mails cannot be read"),
                where=f"{path}:{number}",
                hint=_("restore the file from a backup; without it what was mailed is mailed again"),
            ) from error
    return Told(things, tuple(pending.values())), whole


def _take(entry: Mapping[str, Any], pending: dict[str, Intent], things: dict[str, set[Thing]]) -> None:
    """One line more."""
    match entry["what"]:
        case "intent":
            told = tuple(Thing(**thing) for thing in entry["things"])
            pending[entry["id"]] = Intent(entry["id"], entry["member"], datetime.fromisoformat(entry["at"]), told)
        case "sent":
            intent = pending.pop(entry["id"])
            things.setdefault(intent.member, set()).update(intent.things)
        case "refused" | "void":
            del pending[entry["id"]]
        case what:
            raise ValueError(what)


def _unwritable(path: Path, error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(_("the ledger of mails cannot be written: {reason}").format(reason=reason(error)), where=str(path))
