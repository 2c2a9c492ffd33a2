"""One writer at a time: a lock file in the repository's common git folder, shared by all its working trees.

`flock` where there is one: the kernel gives it back when the process ends, however it ends. The file itself stays and says who
holds it (process and host), for the message. A git process that moves a ref inherits the lock, so that it is held until that
process has ended too, even if ours was killed. Without `flock` (Windows) the file's existence is the lock, and one left behind
by a dead process of this host is removed.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plaint.errors import EnvironmentFaultError, LockedError
from plaint.i18n import _, reason

if sys.platform != "win32":
    import fcntl

HAVE_FLOCK = sys.platform != "win32"
WAIT = 10.0  # seconds
_PAUSE = 0.01


@contextmanager
def hold(path: Path, wait: float = WAIT) -> Iterator[int]:
    """Hold the lock; gives a file descriptor that a child process can inherit (-1 where there is no flock).

    LockedError when another process has not let go within `wait` seconds.
    """
    try:
        handle = _flock(path, wait) if HAVE_FLOCK else _create(path, wait)
    except OSError as error:
        raise EnvironmentFaultError(_("the lock file cannot be written: {reason}").format(reason=reason(error)), where=str(path)) from error
    try:
        yield handle
    finally:
        if HAVE_FLOCK:
            os.close(handle)  # a child that inherited it holds on until it ends
        else:
            path.unlink(missing_ok=True)


def _flock(path: Path, wait: float) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise _locked(path) from None
                time.sleep(_PAUSE)
            else:
                break
        os.truncate(handle, 0)
        os.pwrite(handle, _holder(), 0)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _create(path: Path, wait: float) -> int:
    deadline = time.monotonic() + wait
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            if _is_stale(path):
                path.unlink(missing_ok=True)
            elif time.monotonic() >= deadline:
                raise _locked(path) from None
            else:
                time.sleep(_PAUSE)
        else:
            os.write(handle, _holder())
            os.close(handle)
            return -1


def _holder() -> bytes:
    return f"{os.getpid()} {socket.gethostname()}\n".encode()


def _read_holder(path: Path) -> tuple[str, str]:
    try:
        words = path.read_text("utf-8", "replace").split()
    except OSError:
        return "", ""
    return (words[0], words[1]) if len(words) == 2 else ("", "")


def _is_stale(path: Path) -> bool:
    """Whether the process that made the lock file is known to be dead; one of another host is not."""
    process, host = _read_holder(path)
    if host != socket.gethostname() or not process.isdigit():
        return False
    if sys.platform == "win32":  # os.kill(pid, 0) would end it there
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _locked(path: Path) -> LockedError:
    process, host = _read_holder(path)
    who = _("process {process} on {host}").format(process=process, host=host) if process else _("another process")
    return LockedError(_("the repository is being written to by {who}").format(who=who), where=str(path), hint=_("try again when it is done"))
