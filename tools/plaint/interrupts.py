"""Ctrl-C and the system's wish that we end: what must not be cut in two is not, and what stands is not denied afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_done: list[bool] = []


@contextmanager
def undisturbed(*, forget: bool = False) -> Iterator[None]:
    """Lets who asks the program to end wait until this is done; processes started meanwhile are spared too, git among them.

    `forget`: Ctrl-C was for what is done by then, so it is not made good afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        if forget and signal.SIGINT in signal.sigpending() and signal.SIGINT not in before:
            signal.sigwait({signal.SIGINT})
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def note_done() -> None:
    """Something stands now that Ctrl-C does not take back."""
    _done.append(True)


def anything_done() -> bool:
    """Whether something does."""
    return bool(_done)
