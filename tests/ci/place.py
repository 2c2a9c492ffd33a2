"""What the tests of the forges share: an organisation of one founder with a bare remote, as somebody has it, and this plaint as a wheel."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from e2e.terminal import Desk

ROOT = Path(__file__).parents[2]
PACKAGED = ("tools", "schemas", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "hatch_build.py", ".github", ".pre-commit-hooks.yaml")

SHANGHAI = timezone(timedelta(hours=8))
_DAY = datetime.now(SHANGHAI).replace(second=0, microsecond=0) - timedelta(days=3)


def hours(n: float) -> str:
    """A time so many hours after the founding, three days ago: what is recorded must be near the time of its commit, which is that of this machine."""
    return (_DAY + timedelta(hours=n)).isoformat()


def present(later: float = 0) -> str:
    """The time it is now, or so many hours later: when a forge says that a push came."""
    return (datetime.now(SHANGHAI) + timedelta(hours=later)).isoformat(timespec="seconds")


# one case of the house policy, its first reply due within 24 hours
FOUNDED, RECEIVED, IN_TIME, SOON, DUE, LATE, ANSWERED, AFTER = map(hours, (0, 1, 3, 24, 25, 26, 26.5, 27))


@dataclass(frozen=True)
class Place:
    """An organisation and its remote."""

    folder: Path

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def desk(self, now: str) -> Desk:
        """The founder at work in their clone, at a time."""
        return Desk(self.folder / "home", self.folder / "org", {"PLAINT_NOW": now, "GIT_CONFIG_NOSYSTEM": "1"})

    def git(self, *args: str) -> str:
        return self.desk(FOUNDED).git(*args)

    def push(self, branch: str = "main", *options: str) -> None:
        """Branch and keyrings."""
        self.git("push", "-q", *options, "origin", f"HEAD:refs/heads/{branch}", "refs/plaint/*:refs/plaint/*")

    def register(self, now: str = RECEIVED) -> str:
        """A case, pushed; its id."""
        body = json.dumps({"report": {"title": "账本"}})
        case = self.desk(now).data("register", "--channel", "phone", "--category", "other", "--body", "-", stdin=body)["case"]
        self.push()
        return str(case)

    def answer(self, case: str, now: str = ANSWERED) -> None:
        """The reporter is told; not pushed."""
        self.desk(now).good("acknowledge", case)

    def without_site(self) -> None:
        """Somebody has no use for one, and takes it out."""
        self.git("rm", "-qr", "site")
        self.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "no site")
        self.push()


def found(folder: Path, *options: str, now: str = FOUNDED) -> Place:
    """`plaint init`, pushed to a bare remote."""
    place = Place(folder)
    (folder / "home").mkdir(parents=True)
    at_home = Desk(folder / "home", folder, {"PLAINT_NOW": now})
    at_home.good("init", "org", "--preset", "house", "--member", "li.wei", *options)
    at_home.git("init", "-q", "--bare", "-b", "main", "remote.git")
    place.git("remote", "add", "origin", place.remote.as_uri())
    place.push()
    return place


@cache
def _kept() -> Path:
    """A folder that goes when the tests of this process have ended."""
    folder = Path(tempfile.mkdtemp(prefix="plaint-ci-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def runner() -> Path:
    """Where a runner lives: jobs one after another install into the same temporary folder, as on a self-hosted one."""
    return _kept() / "runner"


@cache
def source() -> Path:
    """A copy of what plaint is built from: a build writes beside its sources."""
    copy = _kept() / "toolkit"
    copy.mkdir()
    for name in PACKAGED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, copy / name)
    return copy


@cache
def wheel() -> Path:
    """This plaint as it would lie on the package index."""
    folder = _kept() / "wheel"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source()]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("plaint-*.whl")
    return built
