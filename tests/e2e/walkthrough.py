"""Walks through a page of the documentation: runs every command of its `console` blocks and compares what it prints.

The page says in comments, which readers do not see, where a walk begins and who acts when:

- `<!-- walk: demo -->`   from here in a copy of the demo organisation; `empty` is an empty folder; `here` goes on where the walk stood
- `<!-- walk: as=li.wei now=2026-11-23T09:12+08:00 lang=zh exit=1 X=… -->`   the member, the time, the language, the exit code of the next block
- `<!-- walk: file=report.yaml -->`   the next block is the text of that file
- `<!-- walk: $ rm -rf ../hub.git -->`   a command that readers do not see: what has happened to them before they came to this page

In what a command prints, `…` stands for anything, and a line of it alone for any lines. Ids of cases, events and commits may be others than in the
page; they are then put into the commands that follow. A command without output below it only has to succeed.

`PLAINT_REWRITE_DOCS=1 pytest tests/e2e/test_docs.py -k shows` writes into the pages what the commands print now, where no `…` stands.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STEP = re.compile(rf"<!-- walk: (?P<walk>[^\n]*?) -->|{FENCE.pattern}", re.DOTALL | re.MULTILINE)
ID = re.compile(r"\b(?:[A-Z][0-9A-Z]{3}-[0-9A-Z]{4}|(?=[a-z0-9]*[0-9])[a-z][0-9a-hjkmnp-tv-z]{7}|[0-9a-f]{40}|[0-9a-f]{10})\b(?!\.\w)")
DEMO_NOW = "2026-11-20T12:00:00+08:00"


@dataclass(frozen=True)
class Command:
    """One command of a page, what the page says it prints, and under which circumstances."""

    line: int
    text: str
    printed: str
    exit: int = 0


@dataclass(frozen=True)
class Place:
    """A walk goes on elsewhere."""

    kind: str


@dataclass(frozen=True)
class File:
    """A file that the page shows."""

    name: str
    text: str


@dataclass(frozen=True)
class Setting:
    """A variable of the environment."""

    name: str
    value: str


def steps(page: str) -> Iterator[Command | Place | File | Setting]:
    """What a page asks to be done, in its order; commands before the first walk are left out."""
    walking, code, file = False, 0, ""
    for found in STEP.finditer(page):
        if words := found["walk"]:
            if words.startswith("$ "):
                yield Command(page.count("\n", 0, found.start()) + 1, words[2:], "")
                continue
            for word in words.split():
                name, equals, value = word.partition("=")
                if not equals:
                    walking = name != "end"
                    if name not in {"here", "end"}:
                        yield Place(name)
                elif name == "exit":
                    code = int(value)
                elif name == "file":
                    file = value
                else:
                    yield Setting({"as": "PLAINT_MEMBER", "now": "PLAINT_NOW", "lang": "PLAINT_LANG"}.get(name, name), value)
        elif walking and file:
            yield File(file, found[3])
            file = ""
        elif walking and found[2] == "console":
            line = page.count("\n", 0, found.start()) + 2
            yield from _commands(found[3], line, code)
            code = 0


def _commands(block: str, line: int, code: int) -> Iterator[Command]:
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        text = re.match(r"\$ ((?:[^\n]*\\\n)*[^\n]*)\n", part)
        if text:
            yield Command(line, text[1], part[text.end() :], code)
        line += part.count("\n")


@dataclass
class Walk:
    """A walk under way: the folder, the environment, and which ids here are which in the page."""

    folder: Path
    env: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)

    def run(self, command: Command) -> str:
        """Runs a command in a shell; what it printed. AssertionError when its exit code is another."""
        text = command.text
        for shown, real in self.ids.items():
            text = text.replace(shown, real)
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, check=False,
        )  # fmt: skip
        printed = done.stdout.decode()
        assert done.returncode == command.exit, f"line {command.line}: $ {text}\nexit code {done.returncode}, not {command.exit}\n{printed}"
        if text.startswith("cd "):
            self.folder = self.folder / text[3:].split()[0]
        return printed

    def compare(self, command: Command, printed: str) -> None:
        """AssertionError where the page shows something else; learns the ids."""
        if not command.printed:
            return
        pattern, names = "", []
        for line in command.printed.splitlines():
            if line.strip() == "…":
                pattern += r"(?:[^\n]*\n)*?"
                continue
            at = 0
            for found in ID.finditer(line):
                pattern += _literally(line[at : found.start()])
                if found[0] in self.ids:
                    pattern += re.escape(self.ids[found[0]])
                elif found[0] in names:
                    pattern += f"(?P=i{names.index(found[0])})"
                else:
                    pattern += rf"(?P<i{len(names)}>[0-9A-Za-z-]{{{len(found[0])}}})"
                    names.append(found[0])
                at = found.end()
            pattern += _literally(line[at:]) + r"[ ]*\n"
        match = re.fullmatch(pattern, printed)
        assert match, f"line {command.line}: $ {command.text}\nthe page shows:\n{command.printed}\nit prints:\n{printed}"
        self.ids |= {name: match[f"i{index}"] for index, name in enumerate(names)}

    def shown(self, printed: str) -> str:
        """What a command printed, with the ids of the page."""
        for name, real in self.ids.items():
            printed = printed.replace(real, name)
        return printed


def _literally(text: str) -> str:
    return ".*?".join(re.escape(part) for part in text.split("…"))
