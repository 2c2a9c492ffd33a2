"""What the end-to-end tests share: a small demo organisation, made once and copied for each test, and the installed `plaint` run in it.

>>> def test_something(demo):                       # doctest: +SKIP
...     demo.good("accept", case, member="chen.jie", now="2026-11-21T09:00+08:00")
...     assert demo.run("close", case, member="li.wei").returncode == 2

- `demo`: a copy of the organisation of `plaint demo --cases 8 --today 2026-11-20`, for one test alone; it stands at noon of that day.
- `demo_once`: the original, for tests that only read.
- Members: li.wei intake, chen.jie coordinator, wang.fang and zhao.min investigators, liu.yang decider, sun.li supervisor, he.ping custodian,
  zhou.ning steward. `demo.key(MEMBER)` and `demo.identity(MEMBER)` are their key files; `recovery` is a member for `identity`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(sys.executable).parent
CASES = 8
TODAY = "2026-11-20"
NOW = f"{TODAY}T12:00:00+08:00"
MEMBERS = ("chen.jie", "he.ping", "li.wei", "liu.yang", "sun.li", "wang.fang", "zhao.min", "zhou.ning")
PATIENCE = 120


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment with nothing in it of whoever runs the tests: no keys, no identity, no locale, no git settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PLAINT_", "GIT_", "LC_", "SSH_", "XDG_"))}
    return {
        **kept,
        "PATH": f"{SCRIPTS}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LANGUAGE": "",
        "GIT_CONFIG_NOSYSTEM": "1",
        **(more or {}),
    }


@dataclass(frozen=True)
class Plaint:
    """The installed command in one folder, at one present time."""

    folder: Path
    home: Path
    now: str | None = NOW
    env: Mapping[str, str] = field(default_factory=dict)
    patience: int = PATIENCE

    def run(
        self,
        *args: str | Path,
        member: str | None = None,
        input: str | bytes | None = None,  # noqa: A002 - as subprocess.run calls it
        now: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs plaint, without a terminal, as a member; standard input is empty where none is given."""
        present = now or self.now
        more = {**self.env, **({"PLAINT_NOW": present} if present else {}), **({"PLAINT_MEMBER": member} if member else {}), **(env or {})}
        return self.command("plaint", *args, input=input, env=more)

    def command(
        self,
        *command: str | Path,
        input: str | bytes | None = None,  # noqa: A002 - as subprocess.run calls it
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs any program in the folder."""
        data = input if isinstance(input, bytes) else (input or "").encode()
        done = subprocess.run(
            [str(c) for c in command],
            cwd=self.folder,
            env=environment(self.home, env),
            input=data,
            capture_output=True,
            check=False,
            timeout=self.patience,
            start_new_session=True,  # no terminal to ask in
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def good(self, *args: str | Path, **how: Any) -> str:
        """What plaint prints; the test fails if plaint does."""
        done = self.run(*args, **how)
        assert done.returncode == 0, f"plaint {' '.join(map(str, args))}: exit code {done.returncode}\n{done.stderr}{done.stdout}"
        return done.stdout

    def data(self, *args: str | Path, **how: Any) -> Any:
        """What plaint prints with `--format json`, read."""
        return json.loads(self.good(*args, "--format", "json", **how))

    def refused(self, *args: str | Path, code: int = 2, **how: Any) -> str:
        """The one line in which plaint refuses."""
        done = self.run(*args, **how)
        assert done.returncode == code, f"plaint {' '.join(map(str, args))}: exit code {done.returncode}, not {code}\n{done.stderr}{done.stdout}"
        assert done.stdout == ""
        assert done.stderr.startswith("plaint: "), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def at(self, folder: Path) -> Plaint:
        """The same in another folder."""
        return replace(self, folder=folder)

    # What stands in git, read by git alone

    def git(self, *args: str | Path) -> str:
        """What git prints."""
        done = self.command("git", *args)
        assert done.returncode == 0, f"git {' '.join(map(str, args))}: {done.stderr}"
        return done.stdout

    def blob(self, spec: str) -> bytes:
        """A blob, byte for byte: `HEAD:cases/…`, `refs/plaint/keys/CASE:report.age`."""
        return subprocess.run(["git", "cat-file", "blob", spec], cwd=self.folder, env=environment(self.home), capture_output=True, check=True).stdout

    @property
    def head(self) -> str:
        """The commit that HEAD names."""
        return self.git("rev-parse", "HEAD").strip()

    def path(self, case: str) -> str:
        """Where a case's record stands in the repository."""
        (found,) = self.git("ls-files", f"cases/*/{case}.yaml").split()
        return found

    def record(self, case: str, commit: str = "HEAD") -> bytes:
        """A case's committed record."""
        return self.blob(f"{commit}:{self.path(case)}")

    def keyring(self, case: str) -> dict[str, bytes]:
        """A case's keyring, as it lies in git: file name -> armoured age file; empty where there is none."""
        ref = f"refs/plaint/keys/{case}"
        if self.command("git", "rev-parse", "--verify", "--quiet", ref).returncode:
            return {}
        return {name: self.blob(f"{ref}:{name}") for name in self.git("ls-tree", "--name-only", ref).split()}

    def snapshot(self) -> tuple[str, str, str]:
        """Every ref, what is not committed, and the index: the same before and after where nothing was changed."""
        return self.git("for-each-ref", "--format=%(objectname) %(refname)"), self.git("status", "--porcelain", "--ignored"), self.git("ls-files", "--stage")

    # Keys of the demo

    def key(self, member: str) -> Path:
        """A member's private signing key; `.pub` beside it."""
        return self.folder / ".demo-keys" / member

    def identity(self, member: str) -> Path:
        """A member's age identity, or that of `recovery`."""
        return self.folder / ".demo-keys" / f"{member}.age-identity"

    def age(self, identity: Path, sealed: bytes) -> subprocess.CompletedProcess[bytes]:
        """The age tool by hand: `age -d -i IDENTITY`."""
        return subprocess.run(["age", "-d", "-i", str(identity)], input=sealed, capture_output=True, check=False, timeout=PATIENCE)

    # Cases

    def register(
        self, body: Mapping[str, Any] | None = None, *options: str, channel: str = "phone", category: str = "other", member: str = "li.wei", now: str | None = None
    ) -> str:  # fmt: skip
        """Registers a case; its id."""
        text = json.dumps(body or {"report": {"title": "A report"}}, ensure_ascii=False)
        return str(self.data("register", "--channel", channel, "--category", category, "--body", "-", *options, member=member, now=now, input=text)["case"])

    def cases(self) -> list[dict[str, Any]]:
        """The cases as `plaint list` has them."""
        found: list[dict[str, Any]] = self.data("list")
        return found


@pytest.fixture(scope="session")
def demo_once(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """The demo organisation of this worker. Only to be read."""
    return _demo(tmp_path_factory.mktemp("organisation"), CASES)


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """One with enough cases to publish something and to fill a year's report."""
    return _demo(tmp_path_factory.mktemp("busy"), 60)


def _demo(place: Path, cases: int) -> Plaint:
    home = place / "home"
    home.mkdir()
    Plaint(place, home, now=None).good("demo", "org", "--cases", str(cases), "--today", TODAY)
    return Plaint(place / "org", home)


@pytest.fixture
def demo(demo_once: Plaint, tmp_path: Path) -> Plaint:
    """A copy of the demo organisation for one test."""
    return copy_of(demo_once, tmp_path)


def copy_of(original: Plaint, place: Path) -> Plaint:
    """Another copy, in a new folder `place`/org."""
    home = place / "home"
    home.mkdir(parents=True, exist_ok=True)
    folder = place / "org"
    shutil.copytree(original.folder, folder, symlinks=True)
    config = folder / ".git" / "config"
    config.write_text(config.read_text().replace(str(original.folder), str(folder)))  # user.signingkey is a whole path
    return Plaint(folder, home, original.now)
