"""Our own functions in processes of their own, where work is long enough to be worth their start.

Not by multiprocessing: it imports the whole program that started it, and starts two processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO


def start(module: str, function: str, *args: str, stdin: IO[bytes] | int, stderr: int) -> subprocess.Popen[bytes]:
    """Calls a function of a module with words, in another process; its standard output is a pipe.

    It imports from where we did and nowhere else (-P): the folder it runs in may hold files that are named like modules.
    """
    command = [sys.executable, "-P", "-c", f"import sys; from {module} import {function}; {function}(*sys.argv[1:])", *args]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=env)
    widen(process.stdout, 1 << 20)
    return process


def widen(pipe: IO[bytes] | None, size: int) -> None:
    """Lets so many bytes wait in a pipe, where the system allows it: two processes change places less often."""
    try:
        import fcntl

        fcntl.fcntl(pipe or -1, fcntl.F_SETPIPE_SZ, size)
    except (ImportError, AttributeError, OSError):
        return
