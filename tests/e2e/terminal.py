"""A person at a desk: the installed `plaint` command, git and age run as they would run them, in a pipe or in a real terminal.

>>> desk = Desk(home=tmp_path, folder=organisation)
>>> desk.plaint("todo").stdout
'…'
>>> with desk.terminal("register") as person:
...     person.answer("How did it reach us?", "phone")
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

SCRIPTS = Path(sys.executable).parent
PATIENCE = 30.0
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CTRL_C = "\x03"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """The one line that an error is told in."""
        lines = self.stderr.strip().splitlines()
        assert len(lines) == 1, self.stderr
        assert lines[0].startswith("plaint: "), self.stderr
        return lines[0]

    def fails(self, code: int, *words: str) -> str:
        """That it failed so, in one line that holds these words."""
        assert self.code == code, f"exit code {self.code}: {self.stderr}{self.stdout}"
        assert not self.stdout, self.stdout
        for word in words:
            assert word in self.line, self.line
        return self.line


@dataclass(frozen=True)
class Desk:
    """Where somebody works: a home folder of their own, a folder to work in, more environment."""

    home: Path
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def having(self, **env: str) -> Desk:
        """The same desk with more in the environment."""
        return replace(self, env={**self.env, **env})

    def at(self, folder: Path) -> Desk:
        """The same person in another folder."""
        return replace(self, folder=folder)

    @property
    def environment(self) -> dict[str, str]:
        """A clean environment: nothing of whoever runs the tests."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PLAINT_", "GIT_", "LC_", "SSH_", "XDG_")) and k not in {"EDITOR", "VISUAL", "NO_COLOR", "COLUMNS", "LINES"}
        }
        return {
            **kept,
            "PATH": f"{SCRIPTS}{os.pathsep}{kept.get('PATH', os.defpath)}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LANGUAGE": "",
            "PLAINT_LANG": "en",
            "TERM": "xterm",
            **self.env,
        }

    def run(self, *command: str | Path, stdin: str | bytes = b"", timeout: float = 120) -> Done:
        """Runs any command, without a terminal."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [str(c) for c in command],
            input=data,
            capture_output=True,
            cwd=self.folder,
            env=self.environment,
            check=False,
            timeout=timeout,
            start_new_session=True,
        )
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def plaint(self, *arguments: str | Path, stdin: str = "") -> Done:
        """Runs plaint, without a terminal."""
        return self.run("plaint", *arguments, stdin=stdin)

    def good(self, *arguments: str | Path, stdin: str = "") -> str:
        """What plaint prints; the test fails if it does."""
        done = self.plaint(*arguments, stdin=stdin)
        assert done.code == 0, f"{arguments}: exit code {done.code}: {done.stderr}{done.stdout}"
        return done.stdout

    def data(self, *arguments: str | Path, stdin: str = "") -> Any:
        """What plaint prints as JSON."""
        return json.loads(self.good(*arguments, "--format", "json", stdin=stdin))

    def git(self, *arguments: str | Path) -> str:
        """What git prints."""
        done = self.run("git", *arguments)
        assert done.code == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """plaint, started and left to itself."""
        return subprocess.Popen(
            ["plaint", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=self.environment, start_new_session=True,
        )  # fmt: skip

    def terminal(self, *arguments: str | Path, program: str = "plaint", columns: int = 100) -> Terminal:
        """plaint (or another program) in a terminal of its own."""
        return Terminal([program, *map(str, arguments)], self.environment, self.folder, columns)

    # What stands in the repository

    @property
    def head(self) -> str:
        """The commit that HEAD names."""
        return self.git("rev-parse", "HEAD")

    def refs(self) -> str:
        """Every ref with its commit, keyrings too."""
        return self.git("for-each-ref", "--format=%(objectname) %(refname)")

    def check(self, *options: str) -> list[dict[str, Any]]:
        """The findings of `plaint check`; warnings of too few people, and of keyrings to seal anew after somebody left, are a matter of their own."""
        done = self.plaint("check", "--format", "json", *options)
        assert done.code in {0, 1}, done.stderr
        return [f for f in json.loads(done.stdout)["findings"] if f["rule"] not in {"P102", "K207"}]

    def is_clean(self) -> bool:
        """Whether files, index and commit agree, and nothing lies about."""
        return not self.git("status", "--porcelain")

    def register(self, title: str = "A report", *options: str) -> str:
        """Registers a case by flags; its id."""
        body = json.dumps({"report": {"title": title}}, ensure_ascii=False)
        return str(self.data("register", "--channel", "phone", "--category", "other", "--body", "-", *options, stdin=body)["case"])


class Terminal:
    """A program in a pseudo-terminal, and the person before it."""

    def __init__(self, command: list[str], env: Mapping[str, str], folder: Path, columns: int) -> None:
        program = shutil.which(command[0], path=env["PATH"])
        assert program, command[0]
        self.raw = ""
        self._at = 0
        self._bytes = b""
        self.code: int | None = None
        self.pid, self.handle = pty.fork()
        if self.pid == 0:  # the child; nothing but exec from here on
            try:
                os.chdir(folder)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
                os.execve(program, command, dict(env))
            finally:
                os._exit(127)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.handle)

    @property
    def seen(self) -> str:
        """Everything that stood on the screen, without colours and cursor movements."""
        return ANSI.sub("", self.raw).replace("\r\n", "\n").replace("\r", "")

    def expect(self, text: str) -> None:
        """Waits until the text appears, later than what was expected before."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.seen.find(text, self._at)) < 0:
            if not self._read(deadline):
                raise AssertionError(f"waited in vain for {text!r}; the screen says:\n{self.seen}")
        self._at = found + len(text)

    def send(self, text: str) -> None:
        """Types."""
        os.write(self.handle, text.encode())

    def answer(self, question: str, text: str = "") -> None:
        """Waits for the question and types the answer and Enter."""
        self.expect(question)
        self.send(text + "\r")

    def secret(self, question: str, text: str) -> None:
        """The same for a passphrase: once the terminal shows nothing of what is typed."""
        self.expect(question)
        deadline = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.handle)[3] & termios.ECHO:
            assert time.monotonic() < deadline, f"the terminal still shows what is typed:\n{self.seen}"
            time.sleep(0.005)
        self.send(text + "\r")

    def interrupt(self) -> int:
        """Ctrl-C, again where it came before the program was listening; the exit code."""
        for _attempt in range(int(PATIENCE)):
            self.send(CTRL_C)
            with suppress(TimeoutError):
                return self.end(patience=1.0)
        raise AssertionError(f"Ctrl-C does not end it; the screen says:\n{self.seen}")

    def end(self, patience: float = PATIENCE) -> int:
        """Waits until the program ends; its exit code. TimeoutError when it does not."""
        deadline = time.monotonic() + patience
        while self._read(deadline):
            pass
        _pid, status = os.waitpid(self.pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, quiet: float = 0.01) -> None:
        """Reads what there is, until the screen is quiet for so many seconds."""
        with suppress(TimeoutError):
            while self._read(time.monotonic() + quiet):
                pass

    def _read(self, deadline: float) -> bool:
        ready, _w, _x = select.select([self.handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"nothing more happened; the screen says:\n{self.seen}")
        try:
            data = os.read(self.handle, 65536)
        except OSError:  # how Linux says that the other end is closed
            data = b""
        self._bytes += data
        self.raw = self._bytes.decode("utf-8", "ignore")
        return bool(data)


def keep_to(folder: Path, name: str) -> str:
    """An executable script's folder put before everything else on the PATH."""
    return f"{folder / name}{os.pathsep}{SCRIPTS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
