"""Our own functions in processes of their own, where work is long enough to be worth their start.

Not by multiprocessing: it imports the whole program that started it, and starts two processes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import IO, Any


def start(module: str, function: str, *args: str, stdin: IO[bytes] | int, stderr: int) -> subprocess.Popen[bytes]:
    """Calls a function of a module with words, in another process; its standard output is a pipe.

    It imports from where we did and nowhere else (-P): the folder it runs in may hold files that are named like modules.
    """
    command = [sys.executable, "-P", "-c", f"import sys; from {module} import {function}; {function}(*sys.argv[1:])", *args]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=env)
    widen(process.stdout, 1 << 20)
    return process


def send(other: subprocess.Popen[bytes], what: object) -> None:
    """Hands it something on its standard input; OSError where it has ended."""
    assert other.stdin is not None
    pickle.dump(what, other.stdin, pickle.HIGHEST_PROTOCOL)
    other.stdin.flush()


def receive(other: subprocess.Popen[bytes]) -> Any:
    """What it hands us on its standard output; EOFError where it has ended, in the middle or before."""
    assert other.stdout is not None
    try:
        return pickle.load(other.stdout)  # noqa: S301 - our own process wrote it
    except (OSError, pickle.UnpicklingError) as error:
        raise EOFError from error


def asked() -> Any:
    """In the other process: the next thing that it was handed; EOFError where there will be none, for whoever started it has ended."""
    return pickle.load(sys.stdin.buffer)  # noqa: S301 - whoever started us wrote it


def answer(what: object) -> None:
    """In the other process: hands something back; OSError where nobody listens any more."""
    pickle.dump(what, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()


def widen(pipe: IO[bytes] | None, size: int) -> None:
    """Lets so many bytes wait in a pipe, where the system allows it: two processes change places less often."""
    try:
        import fcntl

        fcntl.fcntl(pipe or -1, fcntl.F_SETPIPE_SZ, size)
    except (ImportError, AttributeError, OSError):
        return


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that was spoken with over pipes."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what it still wanted to say does not matter
                continue
    process.terminate()
    process.wait()
