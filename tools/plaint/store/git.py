"""The git command, run by subprocess with an environment of our own; not GitPython, whose import costs 104 ms of each command.

Rules:

- What a caller's shell, hook or CI put into the environment (GIT_DIR, GIT_INDEX_FILE, injected configuration …) does not reach
  git: inside a hook it would make us write to another repository or index (pre-commit's `no_git_env` tells the story).
- Output is untranslated, paths are literal and unquoted, nothing prompts, no replacement objects or grafts.
- A failure becomes an EnvironmentFaultError with git's own last words and, for the usual ones, the next step.

>>> Git(Path(".")).run("version").startswith(b"git version")
True
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from plaint.errors import EnvironmentFaultError, LockedError
from plaint.i18n import _, reason
from plaint.process import widen

# Only what says how to reach the user's own git, configuration files or a remote; everything else named GIT_* is dropped.
_KEPT = frozenset({
    "GIT_EXEC_PATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_SSL_CAINFO", "GIT_SSL_NO_VERIFY", "GIT_ASKPASS",
    "GIT_HTTP_PROXY_AUTHMETHOD", "GIT_ALLOW_PROTOCOL", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
})  # fmt: skip
# Inside a pre-receive hook what is pushed lies in a folder of its own until it is accepted; git names it so, and only there.
_QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
_SET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "LC_ALL": "C",
    "LANGUAGE": "C",
}
_OPTIONS = (
    "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-c", "core.autocrlf=false", "-c", "core.safecrlf=false",
    "-c", "core.commentChar=#", "-c", "commit.gpgSign=false", "-c", "advice.detachedHead=false",
    "-c", "log.showSignature=false", "-c", "color.ui=false",  # what git prints is read by a program
    "-c", "core.commitGraph=false",  # a file that says what the parents of commits are, and need not be right
    "-c", "core.logAllRefUpdates=true",  # "always" would keep destroyed keyrings alive in a reflog
)  # fmt: skip


_BUFFER = 1 << 16


_STALE = 10.0
"""Seconds after which nobody is at work on a ref any more."""
_REF_LOCK = re.compile(r"^(?!remote:).*Unable to create '([^'\n]*/(?:HEAD|packed-refs|refs/[^'\n]+)\.lock)': File exists", re.MULTILINE)
"""Not that of the index, which git holds while somebody writes the message of a commit; nor one on the server."""
_PIPE = 1 << 18
"""Bytes; git's answers to what is asked at once go into it."""


class Result(NamedTuple):
    """What a git process gave: exit `code`, standard `output`, standard `error`."""

    code: int
    output: bytes
    error: str


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without what would lead git elsewhere, and with what keeps it quiet and predictable."""
    kept = {*_KEPT, *(_QUARANTINE if "GIT_QUARANTINE_PATH" in env else ())}
    return {name: value for name, value in env.items() if not name.startswith("GIT_") or name in kept} | _SET


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git in one folder."""

    folder: Path

    def call(self, *args: str, stdin: bytes = b"", keep: Sequence[int] = ()) -> Result:
        """Run and return, whatever the exit code. `keep`: open files the process inherits (the lock, see store.lock).

        Waits for another git that changes the same ref, and removes the lock of one that was killed.
        """
        deadline = time.monotonic() + 2 * _STALE
        while True:
            result = self._call(args, stdin, keep)
            locked = _REF_LOCK.search(result.error) if result.code != 0 else None
            if locked is None or time.monotonic() > deadline or not _is_passing(self.folder / locked[1]):
                return result

    def _call(self, args: Sequence[str], stdin: bytes, keep: Sequence[int]) -> Result:
        try:
            done = subprocess.run(
                self._command(args),
                input=stdin,
                capture_output=True,
                env=clean_environment(os.environ),
                pass_fds=tuple(keep) if os.name == "posix" else (),
                check=False,
            )
        except OSError as error:
            raise self._not_started(error) from error
        return Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def run(self, *args: str, stdin: bytes = b"", keep: Sequence[int] = ()) -> bytes:
        """Standard output; EnvironmentFaultError when git fails."""
        result = self.call(*args, stdin=stdin, keep=keep)
        if result.code != 0:
            raise fault(args[0], result, self.folder)
        return result.output

    def text(self, *args: str, stdin: bytes = b"") -> str:
        """Standard output as text, without the last newline."""
        return self.run(*args, stdin=stdin).decode("utf-8", "surrogateescape").removesuffix("\n")

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """A long-lived git process with pipes for standard input and output."""
        try:
            process = subprocess.Popen(
                self._command(args),
                bufsize=_BUFFER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=clean_environment(os.environ),
            )
        except OSError as error:
            raise self._not_started(error) from error
        widen(process.stdin, _PIPE)
        widen(process.stdout, _PIPE)
        return process

    def _command(self, args: Sequence[str]) -> list[str]:
        # -C rather than cwd=: a process started without chdir can be spawned faster, and git words the error
        return ["git", "-C", str(self.folder), *_OPTIONS, *args]

    def _not_started(self, error: OSError) -> EnvironmentFaultError:
        if isinstance(error, FileNotFoundError):
            return EnvironmentFaultError(_("git was not found"), hint=_("install git 2.34 or newer and put it on the PATH"))
        return EnvironmentFaultError(_("git cannot be started: {reason}").format(reason=reason(error)))


def _is_passing(lock: Path) -> bool:
    """Whether to try again: a ref is locked for moments only, so a lock that has stood for longer is a dead process's, and is removed."""
    try:
        if time.time() - lock.stat().st_mtime < _STALE:
            time.sleep(0.1)
        else:
            lock.unlink()
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def last_words(error: str) -> str:
    """The line of git's standard error that says what failed: the last `fatal:` or `error:`, else the last line."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (telling or lines or [""])[-1]


def fault(command: str, result: Result, folder: Path) -> EnvironmentFaultError:
    """The error for a failed git command."""
    words = last_words(result.error)
    where = str(folder)
    if "dubious ownership" in result.error:
        return EnvironmentFaultError(
            _("the repository belongs to another user, so git does not trust it"),
            where=where,
            hint=_("if you do: git config --global --add safe.directory {folder}").format(folder=where),
        )
    if "not a git repository" in result.error:
        return EnvironmentFaultError(_("this is not a git repository"), where=where, hint=_("go into one with cd or -C, or make one with plaint init"))
    if "must be run in a work tree" in result.error:
        return bare_repository(folder)
    if "cannot change to" in result.error:
        return EnvironmentFaultError(_("there is no such folder"), where=where)
    if ".lock': File exists" in result.error:
        return LockedError(
            _("git cannot take its lock: {words}").format(words=words),
            where=where,
            hint=_("another git process is at work; if none is, one was killed: remove that .lock file"),
        )
    return EnvironmentFaultError(
        _("git {command} failed: {words}").format(command=command, words=words or result.code),
        where=where,
        hint=_("git fsck says whether the repository is whole"),
    )


def bare_repository(folder: Path) -> EnvironmentFaultError:
    """The error for a repository without a working tree."""
    return EnvironmentFaultError(_("this git repository is bare: it has no files to work on"), where=str(folder), hint=_("clone it and work in the clone"))
