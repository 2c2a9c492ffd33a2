r"""What git says of pairs of trees, from one long-lived `git diff-tree --stdin`: a process for each thousand pairs would take half as long again.

Git repeats a line that names no objects, and writes out what waits before it. One that nobody can foretell ends each request: no path holds it.

>>> TreeDiffs(git, "-r", "-z").of([(old, new)], most=1 << 20, seconds=10)
b'… …\n:100644 100644 … … M\0README.md\0'
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader

from plaint.process import end
from plaint.store.git import Git

_LITTLE = ("-c", "core.deltaBaseCacheLimit=16m", "-c", "core.packedGitWindowSize=4m", "-c", "core.packedGitLimit=64m")
"""Memory: it is as fast with it as with all that it would take, the whole pack and 100 MB more."""


class TreeDiffs:
    """Compares trees, one request after another. `close` ends git."""

    def __init__(self, git: Git, *options: str) -> None:
        self._git, self._options = git, options
        self._process: subprocess.Popen[bytes] | None = None

    def of(self, pairs: Sequence[tuple[str, str]], *, most: int, seconds: float) -> bytes | None:
        """What differs in each pair; None where that is more bytes or takes longer, as somebody else can make it do, and where git gives up."""
        if self._process is None:
            self._process = self._git.start(*_LITTLE, "diff-tree", "--stdin", *self._options)
        process = self._process
        last = f"-{secrets.token_hex(16)}\n".encode()
        request = "".join([f"{old} {new}\n" for old, new in pairs]).encode() + last
        feeder = threading.Thread(target=_feed, args=(process, request))  # git answers before it has read all
        timer = threading.Timer(seconds, process.kill)
        feeder.start()
        timer.start()
        output = None
        try:
            output = _read(process, last, most)
        finally:
            timer.cancel()
            if output is None:
                process.kill()
            feeder.join()
        if output is None:
            self.close()
        return output

    def close(self) -> None:
        """End git; the next request starts another."""
        if self._process is not None:
            end(self._process)
            self._process = None


def _feed(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it was ended
        process.stdin.write(request)
        process.stdin.flush()


def _read(process: subprocess.Popen[bytes], last: bytes, most: int) -> bytes | None:
    assert isinstance(process.stdout, BufferedReader)
    output = bytearray()
    while not output.endswith(last):
        piece = process.stdout.read1()
        if not piece or len(output) > most:
            return None
        output += piece
    return bytes(output[: -len(last)])
