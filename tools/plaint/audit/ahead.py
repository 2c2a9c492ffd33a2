"""What the walk needs of each commit, made ready beside it: read, its signature verified, its changes found.

Rules:
- None of this needs to know what came before, so a process of its own does it, where the history is long enough to be worth its start: while one
  chunk is judged, the next is made ready.
- The other process decides nothing about failures: when it ends, for whatever reason (short of memory, a history that is not whole), its work is done
  here from where it stopped, and an error is met again here.
"""

from __future__ import annotations

import gc
import signal
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple

from plaint import process
from plaint.audit.history import History, Step, shas
from plaint.audit.sshsig import SignatureError, verify
from plaint.errors import PlaintError
from plaint.i18n import language, set_language
from plaint.store.git import Git
from plaint.store.objects import Objects

WORTHWHILE = 3000
"""Commits: below, starting a process takes longer than doing its work here."""

Signer = str | SignatureError
"""The key that signed, or why there is none."""


class Ready(NamedTuple):
    """A chunk of commits in the order of the history, and who signed each: None where there is no signature, and of a merge, which needs none."""

    steps: Sequence[Step]
    signers: Sequence[Signer | None]


def signer_of(payload: bytes, signature: str) -> Signer | None:
    """The key; None where there is no signature at all."""
    if not signature:
        return None
    try:
        return verify(payload, signature)
    except SignatureError as error:
        return error


def make_ready(git: Git, objects: Objects, ids: Sequence[str]) -> Iterator[Ready]:
    """Chunks, in the order of `ids`; EnvironmentFaultError where the history is not whole."""
    for steps in History(git, objects).steps(ids):
        commits = [step.commit for step in steps]
        yield Ready(steps, [signer_of(each.payload, each.signature) if each and len(each.parents) < 2 else None for each in commits])


class Coming:
    """The commits that a history is made of, less those that an older commit is made of: which they are, and each made ready when its turn comes."""

    def __init__(self, git: Git, objects: Objects, listed: Future[list[str]], other: subprocess.Popen[bytes] | None) -> None:
        self._git, self._objects, self._listed, self._other = git, objects, listed, other

    @property
    def ids(self) -> Sequence[str]:
        """In the order of the history; EnvironmentFaultError where it is not whole."""
        return self._listed.result()

    @property
    def is_long(self) -> bool:
        """Whether the first of them is waited for."""
        return self._other is not None

    def __iter__(self) -> Iterator[Ready]:
        done = 0
        while self._other is not None and done < len(self.ids):
            try:
                ready: Ready = process.receive(self._other)
            except EOFError:  # it was ended in the middle
                break
            done += len(ready.steps)
            yield ready
        yield from make_ready(self._git, self._objects, self.ids[done:])


@contextmanager
def ahead(git: Git, objects: Objects, head: str, without: str | None = None) -> Iterator[Coming]:
    """The commits of `head`, less those of `without`; a long history is listed, and made ready by a process of its own, from here on."""
    with ThreadPoolExecutor(1) as beside:
        if not _is_long(git, head, without):
            yield Coming(git, objects, beside.submit(shas, git, head, without), None)
            return
        with process.start(__name__, "serve", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
            try:
                yield Coming(git, objects, beside.submit(_hand_over, other, git, head, without), other)
            finally:
                other.kill()


def _hand_over(other: subprocess.Popen[bytes], git: Git, head: str, without: str | None) -> list[str]:
    """Lists the commits, while the process starts, and gives them to it."""
    ids = shas(git, head, without)
    with suppress(OSError):
        process.send(other, (git, ids, language()))
    return ids


def _is_long(git: Git, head: str, without: str | None) -> bool:
    return int(git.text("rev-list", "--count", f"--max-count={WORTHWHILE}", head, *([f"^{without}"] if without else []))) == WORTHWHILE


def serve() -> None:
    """The other process: a chunk ahead of the walk, until it is done or the walk is."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the walk's to answer
    git, ids, lang = process.asked()
    set_language(lang)
    objects = Objects(git)
    with suppress(PlaintError, BrokenPipeError):
        for ready in make_ready(git, objects, ids):
            process.answer(ready)
    objects.close()
