"""Files that are none: a named pipe has no end until somebody writes, so nothing may wait for one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Plaint, environment

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")

MAPS = Path(__file__).parents[2] / "examples" / "maps"
COMMANDS: dict[str, tuple[str, ...]] = {
    "evidence": ("evidence", "add", "CASE", "PIPE", "--kind", "document"),
    "metadata": ("evidence", "metadata", "PIPE"),
    "body": ("register", "--channel", "phone", "--category", "other", "--body", "PIPE"),
    "attachment": ("register", "--channel", "phone", "--category", "other", "--body", "-", "--attach", "PIPE"),
    "review": ("review", "conclude", "2026-H1", "--result", "sound", "--body", "PIPE"),
    "table": ("import", "PIPE", "--map", "MAP"),
    "map": ("import", "MAP", "--map", "PIPE"),
    "mail": ("inbox", "import", "PIPE"),
    "draft": ("policy", "draft", "PIPE"),
    "shares": ("recovery", "combine", "PIPE", "-o", "NEW"),
    "addresses": ("remind", "--dry-run", "--addresses", "PIPE"),
    "mailbox": ("inbox", "fetch", "--mailbox", "PIPE"),
    "members": ("init", "NEW", "--preset", "house", "--name", "X", "--members", "PIPE"),
    "identity": ("open", "CASE"),
}


def test_none_waits_for_a_named_pipe(demo: Plaint, tmp_path: Path) -> None:
    impatient = replace(demo, patience=20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    case = demo.register()
    named = {"CASE": case, "PIPE": str(pipe), "MAP": str(MAPS / "cfpb.yaml"), "NEW": str(tmp_path / "new")}
    before = demo.snapshot()
    for name, words in COMMANDS.items():
        member = {"review": "sun.li", "draft": "zhou.ning"}.get(name, "chen.jie")
        env = {"PLAINT_IDENTITY": str(pipe)} if name == "identity" else {}
        done = impatient.run(*(named.get(word, word) for word in words), member=member, input="report: {title: x}", env=env)
        assert f"{pipe}: this is not a plain file" in done.stderr, f"{name}: {done.stderr}{done.stdout}"
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), f"{name}: {done.stderr}"
    key = tmp_path / "key"
    key.write_bytes(demo.key("li.wei").read_bytes())
    os.mkfifo(tmp_path / "key.pub")
    env = {"PLAINT_SIGNING_KEY": str(key)}
    assert "key.pub: this is not a plain file" in impatient.refused(*COMMANDS["body"][:-1], "-", member="li.wei", input="title: x", env=env)
    assert demo.snapshot() == before
    assert not (tmp_path / "new").exists()
    (tmp_path / "post").mkdir()
    os.mkfifo(tmp_path / "post" / "in-a-folder.eml")
    assert impatient.data("inbox", "import", tmp_path / "post", member="li.wei")["cases"] == []


def test_what_the_shell_hands_over_is_read_as_a_text(demo: Plaint) -> None:
    """`--body <(…)`: the shell's own pipe, whose writer is there; the plain text lies in no file."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end:
        end.write(b"report: {title: handed over}\n")
    words = ("register", "--channel", "phone", "--category", "other", "--body", f"/dev/fd/{reading}")
    env = environment(demo.home, {"PLAINT_NOW": demo.now or "", "PLAINT_MEMBER": "li.wei"})
    done = subprocess.run(
        [Path(sys.executable).parent / "plaint", *words], cwd=demo.folder, env=env, pass_fds=[reading], capture_output=True, check=False, timeout=60
    )
    os.close(reading)
    assert done.returncode == 0, done.stderr
