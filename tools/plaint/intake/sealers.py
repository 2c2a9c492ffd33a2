"""Seals many new cases at once on all processors: pyrage holds Python's lock, so threads would not help.

Each helper process has one pipe to this one and nothing else: if this process ends, however it ends, the pipe ends and so does the helper.
(`concurrent.futures` leaves its workers behind when the parent is killed; these would hold secrets in memory.)
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from plaint.desk import SealedCase, SealJob, seal_here
from plaint.errors import EnvironmentFaultError, PlaintError
from plaint.i18n import _, language, set_language

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

WORTHWHILE = 200  # cases: below, starting helpers (a third of a second) takes longer than sealing
MOST = 8


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Sealers:
    """Helper processes that seal; a context manager, called like `seal_here`. With `count` below two it seals in this process."""

    def __init__(self, count: int) -> None:
        self._count = min(count, MOST)
        self._helpers: list[tuple[SpawnProcess, Connection]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for _process, pipe in self._helpers:
            pipe.close()
        for process, _pipe in self._helpers:
            process.join(timeout=2)
            if process.is_alive():
                process.terminate()
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
            for share, (_process, pipe) in zip(shares, self._helpers, strict=True):
                pipe.send(share)
            for number, (_process, pipe) in enumerate(self._helpers):
                done[number :: len(self._helpers)] = pipe.recv()
        except (EOFError, OSError) as error:
            raise EnvironmentFaultError(
                _("a helper process ended before its work was done"), hint=_("run it again: what was recorded stays, the rest follows")
            ) from error
        return [each for each in done if each is not None]

    def _start(self) -> None:
        """The helpers are started when there is something to seal, so that an import of nothing new waits for nothing."""
        context = multiprocessing.get_context("spawn")  # no open files, no locks, no git process in it, unlike after a fork
        for _number in range(self._count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, language()), daemon=True)
            process.start()
            there.close()
            self._helpers.append((process, here))


def _serve(pipe: Connection, lang: str) -> None:
    """A helper: seals what comes until the pipe ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    set_language(lang)
    while True:
        try:
            jobs = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(seal_here(jobs))
        except (BrokenPipeError, OSError):
            return
