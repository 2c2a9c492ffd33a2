"""What the walk needs of each commit, made ready beside it: read, its signature verified, its changes found.

Rules:
- None of this needs to know what came before, so a process of its own does it, where the history is long enough to be worth its start: while one
  chunk is judged, the next is made ready. The first is made ready here, while that process starts.
- The other process decides nothing about failures: when it ends, for whatever reason (short of memory, a history that is not whole), its work is done
  here from where it stopped, and an error is met again here.
"""

from __future__ import annotations

import gc
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from plaint import process
from plaint.audit.history import CHUNK, History, Step
from plaint.audit.sshsig import SignatureError, verify
from plaint.errors import PlaintError
from plaint.i18n import language, set_language
from plaint.store.git import Git
from plaint.store.objects import Objects

WORTHWHILE = 3 * CHUNK
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


@contextmanager
def ahead(git: Git, objects: Objects, ids: Sequence[str]) -> Iterator[Iterator[Ready]]:
    """The same chunks, of a long history by a process of its own."""
    if len(ids) < WORTHWHILE:
        yield make_ready(git, objects, ids)
        return
    with process.start(__name__, "serve", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
        try:
            yield _received(other, git, objects, ids)
        finally:
            other.kill()


def _received(other: subprocess.Popen[bytes], git: Git, objects: Objects, ids: Sequence[str]) -> Iterator[Ready]:
    with suppress(OSError):
        process.send(other, (git, ids[CHUNK:], language()))
    yield from make_ready(git, objects, ids[:CHUNK])
    for start in range(CHUNK, len(ids), CHUNK):
        try:
            ready: Ready = process.receive(other)
        except EOFError:  # it was ended in the middle
            yield from make_ready(git, objects, ids[start:])
            return
        yield ready


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
