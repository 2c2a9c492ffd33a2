"""Ctrl-C at every git that a command calls: one line, and the case stands as before or, where git had begun to record it, as after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRIPTS, Plaint, copy_of

pytestmark = pytest.mark.long

# Ctrl-C in a terminal goes to git and to plaint; one that holds it off goes on. No shell script, for shells let it through.
GIT = """#!{python}
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
git = [{git!r}, *sys.argv[1:]]
def press():
    os.kill(os.getppid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
with open(os.environ["CALLS"], "a+") as calls:
    print(file=calls, flush=True)
    calls.seek(0)
    here = len(calls.read()) == int(os.environ["AT"])
if here and os.environ["WHEN"] == "before":
    press()
if here and os.environ["WHEN"] == "after":
    code = subprocess.run(git).returncode
    press()
    sys.exit(code)
os.execv(git[0], git)
"""
NOTHING = "plaint: stopped; nothing was recorded"
SOMETHING = "plaint: stopped; what was done until then stands"


@pytest.mark.parametrize("when", ["before", "after"])
def test_at_every_git(demo_once: Plaint, tmp_path: Path, when: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "git"
    program.write_text(GIT.format(git=shutil.which("git"), python=sys.executable))
    program.chmod(0o755)
    path = f"{folder}{os.pathsep}{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    stopped = recorded = 0
    for at in range(1, 100):
        desk = copy_of(demo_once, tmp_path / str(at))
        calls = tmp_path / f"{at}.calls"
        calls.touch()
        before = desk.snapshot()
        env = {"PATH": path, "CALLS": str(calls), "AT": str(at), "WHEN": when}
        done = desk.run("register", "--channel", "phone", "--category", "other", "--body", "-", member="li.wei", input="report: {title: x}", env=env)
        assert "Traceback" not in done.stderr
        if desk.snapshot() == before:
            assert (done.returncode, done.stderr.strip()) == (130, NOTHING)
            stopped += 1
        else:
            assert not desk.git("status", "--porcelain"), done
            assert desk.git("rev-list", "--count", "HEAD~1..HEAD").strip() == "1"
            assert len(desk.cases()) == len(demo_once.cases()) + 1
            assert (done.returncode, done.stderr) in {(0, ""), (130, f"\n{SOMETHING}\n")}
            recorded += 1
        if len(calls.read_text()) < at:
            break
    assert stopped >= 4
    assert recorded >= 3  # the last time nobody pressed it


@pytest.mark.parametrize(("pressed", "code", "says"), [("", 3, "this should not have happened (Panic: Ctrl-C)"), ("1", 130, NOTHING)])
def test_what_a_library_in_rust_throws(tmp_path: Path, pressed: str, code: int, says: str) -> None:
    """PyO3's PanicException is no Exception; it comes, for one, where Ctrl-C ends an import that such a library makes."""
    program = f"""
import os, signal
from plaint import cli
from plaint.cli.group import plaint

class Panic(BaseException): pass

def main(*_args, **_options):
    try:
        if {pressed!r}:
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()
    except KeyboardInterrupt:
        pass
    raise Panic("Ctrl-C")

plaint.main = main
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "PLAINT_LANG": "en"})
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away(demo_once: Plaint) -> None:
    """`plaint list | head -1` is no fault, and no finding."""
    done = demo_once.command("bash", "-c", "set -o pipefail; plaint list | head -1")
    assert (done.returncode, done.stderr) == (0, "")
