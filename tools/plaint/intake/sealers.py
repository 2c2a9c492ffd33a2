"""Seals many new cases at once on all processors: pyrage holds Python's lock, so threads would not help.

Each helper process has pipes to this one and nothing else: if this process ends, however it ends, they end and so does the helper.
(`concurrent.futures` leaves its workers behind when the parent is killed; these would hold secrets in memory.)
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from plaint import process
from plaint.desk import SealedCase, SealJob, seal_here
from plaint.errors import EnvironmentFaultError, PlaintError
from plaint.i18n import _, language, set_language

WORTHWHILE = 200  # cases: below, starting helpers (a third of a second) takes longer than sealing
MOST = 8


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Sealers:
    """Helper processes that seal; a context manager, called like `seal_here`. With `count` below two it seals in this process."""

    def __init__(self, count: int) -> None:
        self._count = min(count, MOST)
        self._helpers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for helper in self._helpers:
            assert helper.stdin is not None
            with suppress(OSError):
                helper.stdin.close()
        for helper in self._helpers:
            with helper:
                with suppress(subprocess.TimeoutExpired):
                    helper.wait(timeout=2)
                helper.kill()  # in the middle of a share that nobody waits for; does nothing to one that has ended
        self._helpers = []

    def __call__(self, jobs: Sequence[SealJob]) -> Sequence[SealedCase | PlaintError]:
        """The sealed cases in the order of the jobs."""
        if self._count > 1 and not self._helpers:
            self._start()
        if not self._helpers:
            return seal_here(jobs)
        shares = [jobs[number :: len(self._helpers)] for number in range(len(self._helpers))]
        done: list[SealedCase | PlaintError | None] = [None] * len(jobs)
        try:
            for share, helper in zip(shares, self._helpers, strict=True):
                process.send(helper, share)
            for number, helper in enumerate(self._helpers):
                done[number :: len(self._helpers)] = process.receive(helper)
        except (EOFError, OSError) as error:
            raise EnvironmentFaultError(
                _("a helper process ended before its work was done"), hint=_("run it again: what was recorded stays, the rest follows")
            ) from error
        return [each for each in done if each is not None]

    def _start(self) -> None:
        """The helpers are started when there is something to seal, so that an import of nothing new waits for nothing."""
        for _number in range(self._count):
            helper = process.start(__name__, "serve", language(), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._helpers.append(helper)


def serve(lang: str) -> None:
    """A helper: seals what comes until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    set_language(lang)
    with suppress(EOFError, OSError):
        while True:
            process.answer(seal_here(process.asked()))
