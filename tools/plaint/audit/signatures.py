"""Verifies the signatures of many commits beside the walk, in a process of its own where that is worth its start."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from plaint.audit.sshsig import SignatureError, verify
from plaint.i18n import language, set_language

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

WORTHWHILE = 3000
"""Commits: below, starting a process takes longer than verifying here."""

Signed = tuple[bytes, str]
Verdict = str | SignatureError
"""The key that signed, or why there is none."""


def verdict(payload: bytes, signature: str) -> Verdict | None:
    """The key; None where there is no signature at all."""
    if not signature:
        return None
    try:
        return verify(payload, signature)
    except SignatureError as error:
        return error


class Verifiers:
    """Takes signatures with `send` and gives their verdicts, in order, with `receive`. A context manager."""

    def __init__(self, count: int) -> None:
        self._waiting: Sequence[Signed] = ()
        self._pipe: Connection | None = None
        self._process: SpawnProcess | None = None
        if count >= WORTHWHILE:
            context = multiprocessing.get_context("spawn")
            self._pipe, there = context.Pipe()
            self._process = context.Process(target=_serve, args=(there, language()), daemon=True)
            self._process.start()
            there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.join(timeout=2)
            if self._process.is_alive():
                self._process.terminate()

    def send(self, signed: Sequence[Signed]) -> None:
        """Signatures to verify."""
        self._waiting = signed
        if self._pipe is not None:
            try:
                self._pipe.send(signed)
            except OSError:
                self._alone()

    def receive(self) -> Sequence[Verdict | None]:
        """The verdicts on what was sent last; none where nothing was."""
        waiting, self._waiting = self._waiting, ()
        if self._pipe is not None and waiting:
            try:
                found: Sequence[Verdict | None] = self._pipe.recv()
            except (EOFError, OSError):
                self._alone()
            else:
                return found
        return [verdict(*each) for each in waiting]

    def _alone(self) -> None:
        """The process was ended from outside (short of memory, say): from now on its work is done here."""
        if self._pipe is not None:
            self._pipe.close()
        self._pipe = None


def _serve(pipe: Connection, lang: str) -> None:
    """The other process: verifies what comes until the pipe ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    set_language(lang)
    while True:
        try:
            pipe.send([verdict(*each) for each in pipe.recv()])
        except (EOFError, OSError):
            return
