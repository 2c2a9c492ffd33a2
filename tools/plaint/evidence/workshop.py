"""A bench apart, where strangers' files are taken to pieces: a process of its own with little time and memory, so that none can do harm here.

    plaint evidence metadata FILE    ->    python -m plaint.evidence.workshop read <FILE    ->    what it tells, as JSON
                                           python -m plaint.evidence.workshop clean <FILE >COPY

It gets the file as standard input and nothing else: no name, no key. What goes wrong there comes back as one word (`Trouble`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from enum import StrEnum
from typing import IO, BinaryIO, NoReturn

from plaint.errors import EnvironmentFaultError, InputError
from plaint.evidence.metadata import Told, Trait, plain
from plaint.i18n import _, reason

SECONDS = 60
MEMORY = 2 << 30
"""Bytes. The largest photo takes 0.8 GB as pixels, and half as much again to be turned."""
_READ, _CLEAN = "read", "clean"
_FAILED = 4
_OUT_OF_TIME = (-24, -9)
"""What ends a process that used up its seconds: SIGXCPU or SIGKILL."""


class Trouble(StrEnum):
    """Why a file could not be read or cleaned."""

    UNKNOWN = "unknown"
    DAMAGED = "damaged"
    LOCKED = "locked"
    LARGE = "large"
    SLOW = "slow"
    NO_TOOL = "no-tool"
    LEFT = "left"


class TroubleError(InputError):
    """A file that could not be read or cleaned, and why."""

    def __init__(self, trouble: Trouble, where: str, detail: str = "", hint: str = "") -> None:
        self.trouble, self.detail = trouble, detail
        what, usual = _words(trouble, detail)
        super().__init__(what, where=where, hint="; ".join(filter(None, (usual, hint))))


def _words(trouble: Trouble, detail: str) -> tuple[str, str]:
    return {
        Trouble.UNKNOWN: (_("plaint does not know what a file of this kind tells of its author"), _("it knows JPEG, PNG, TIFF, GIF, WebP, PDF, Word, Excel, PowerPoint and OpenDocument")),
        Trouble.DAMAGED: (_("what it tells of its author cannot be read: the file is damaged, or not what it seems"), ""),
        Trouble.LOCKED: (_("what it tells of its author cannot be read: the file is locked with a password"), ""),
        Trouble.LARGE: (_("what it tells of its author was not read: it unpacks to more than {size} MB").format(size=MEMORY >> 20), _("it may be made to do harm")),
        Trouble.SLOW: (_("what it tells of its author was not read: it takes longer than {n} seconds").format(n=SECONDS), _("it may be made to do harm")),
        Trouble.NO_TOOL: (_("office files are cleaned by mat2, which is not installed here"), _("on Debian: apt install mat2; or save it as PDF and add that")),
        Trouble.LEFT: (_("cleaned, it would still tell: {what}").format(what=detail), ""),
    }[trouble]  # fmt: skip


# Outside


def read(file: BinaryIO, name: str) -> list[Told]:
    """What a file tells; TroubleError where that cannot be known."""
    with tempfile.TemporaryFile() as answer:
        _work(_READ, file, name, answer)
        answer.seek(0)
        return [Told(Trait(trait), plain(value), plain(inside)) for trait, value, inside in json.load(answer)]


def clean(file: BinaryIO, name: str) -> tuple[BinaryIO, int]:
    """A cleaned copy as a file without a name, which is gone when it is closed, and its size; proven by reading it again. TroubleError."""
    copy: BinaryIO = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it is handed on
    try:
        _work(_CLEAN, file, name, copy)
        left = read(copy, name)
        size = copy.seek(0, os.SEEK_END)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    if left:
        copy.close()
        raise TroubleError(Trouble.LEFT, name, ", ".join(dict.fromkeys(each.value for each in left)))
    return copy, size


def _work(task: str, file: BinaryIO, name: str, target: IO[bytes]) -> None:
    """Has it done by a process of its own, in a folder of its own for what its tools lay down."""
    file.seek(0)
    command = [sys.executable, "-P", "-m", "plaint.evidence.workshop", task]
    with tempfile.TemporaryDirectory(prefix="plaint-", ignore_cleanup_errors=True) as bench:
        environment = {**os.environ, "TMPDIR": bench}
        try:
            process = subprocess.Popen(command, stdin=file, stdout=target, stderr=subprocess.PIPE, env=environment, start_new_session=True)
        except OSError as error:
            raise EnvironmentFaultError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=name) from error
        with process:
            try:
                _output, said = process.communicate(timeout=2 * SECONDS)
            except subprocess.TimeoutExpired:
                raise TroubleError(Trouble.SLOW, name) from None
            finally:
                if process.returncode is None:
                    _end(process)
    file.seek(0)
    if process.returncode == 0:
        return
    word = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if process.returncode == _FAILED and word in set(Trouble):
        raise TroubleError(Trouble(word), name)
    raise TroubleError(Trouble.SLOW if process.returncode in _OUT_OF_TIME else Trouble.DAMAGED, name)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it with the tools that it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


# Inside


def _inside(task: str) -> None:
    _limit()
    logging.disable()  # the libraries tell the standard error what they mend; there a verdict is expected
    file, target = sys.stdin.buffer, sys.stdout.buffer
    try:
        if task == _READ:
            from plaint.evidence.formats import read as read_one

            target.write(json.dumps([[each.trait, each.value, each.inside] for each in read_one(file)]).encode())
        else:
            from plaint.evidence.formats import clean as clean_one

            clean_one(file, target)
        target.flush()
    except Exception as error:  # noqa: BLE001 - whatever a hostile file makes a library raise
        from plaint.evidence.formats import trouble

        _fail(trouble(error))


def _fail(trouble: str) -> NoReturn:
    sys.stderr.write(f"{trouble}\n")
    sys.stderr.flush()
    os._exit(_FAILED)


def _limit() -> None:
    """So little time and memory; where the system cannot be asked for that (Windows), the time alone, from outside."""
    if sys.platform == "win32":
        return
    import resource

    for what, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    _inside(sys.argv[1])
