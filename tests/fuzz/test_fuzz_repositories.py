"""Whole commits at random: members with good keys commit spoilt files, trees and headers; the audit reports each, or it was legal growth.

Every input is a commit of its own upon the same good history, signed by a member of it; a merge takes many of them together, so that one audit
of what is new judges them all. Nothing but PlaintError may come out; where it does, for the history cannot be read, each is audited alone.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutation import PROGRAMS, Tally, fuzzing, inputs, mutate
from fuzz.sshwire import Key
from fuzz.test_fuzz_records import TOKENS
from fuzz.test_fuzz_signatures import COMMIT_TOKENS
from plaint.audit.history import Changed, History
from plaint.audit.run import audit
from plaint.errors import InputError, PlaintError
from plaint.model.record import Event, dump_event, parse, parse_events
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.pack import object_id
from plaint.store.trees import TREE_MODE, Entry

TODAY = "2026-11-20"
NOW = datetime.fromisoformat("2026-11-20T13:00:00+08:00")
MEMBERS = ("li.wei", "chen.jie", "zhou.ning", "he.ping")
RECORDS = ("cases/", "members/", "policy/", "reviews/")
PROTECTED = ("plaint.yaml", "site/", "schemas/")
SHARE = 0.03
TOGETHER, ALONE = 25, 2
"""So many commits at a time, of which some are judged alone, for git may refuse to read them."""
MODES = ("100644", "100755", "120000", "160000", "40000", "100664", "0", "")
PATHS = (
    "cases/2026/Q7M4-K2XD.yaml", "cases/2026/q7m4-k2xd.yaml", "cases/2026/Q7M4-K2XD/1.age", "cases/x", "cases", "members/li.wei.yaml", "members/eve.yaml",
    "policy/0002.yaml", "reviews/x.yaml", ".gitmodules", ".gitattributes", "plaint.yaml", "README.md", "notes/x\ny", ".github/workflows/x.yml", "a/b/c/d/e",
)  # fmt: skip


@dataclass
class Forge:
    """Writes objects straight into a copy of the repository."""

    folder: Path
    objects: Objects
    head: str
    keys: Mapping[str, Key]
    trees: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def put(self, kind: str, data: bytes) -> str:
        sha = object_id(kind, data)
        file = self.folder / ".git" / "objects" / sha[:2] / sha[2:]
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data, 1))
        return sha

    def tree(self, base: str | None, path: str, mode: str, sha: str | None) -> str | None:
        """The tree with one path changed, or taken out where there is no id."""
        if base and base not in self.trees:
            self.trees[base] = {entry.path: entry for entry in self.objects.read_tree(base) or ()}
        entries = dict(self.trees[base]) if base else {}
        name, slash, rest = path.partition("/")
        if slash:
            inner = entries.get(name)
            sha, mode = self.tree(inner.sha if inner and inner.mode == TREE_MODE else None, rest, mode, sha), TREE_MODE
        if sha is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(name, mode, sha)
        return self.put("tree", encoded(entries)) if entries else None

    def sign(self, member: str, payload: bytes) -> str:
        head, blank, message = payload.partition(b"\n\n")
        folded = self.keys[member].sign(payload).strip().replace("\n", "\n ").encode()
        return self.put("commit", head + b"\ngpgsig " + folded + (blank or b"\n\n") + message)


def encoded(entries: Mapping[str, Entry]) -> bytes:
    ordered = sorted(entries.values(), key=lambda e: e.path + ("/" if e.mode == TREE_MODE else ""))
    return b"".join(f"{e.mode} {e.path}\0".encode("utf-8", "surrogateescape") + bytes.fromhex(e.sha) for e in ordered)


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    folder = tmp_path_factory.mktemp("fuzz") / "org"
    program = shutil.which("plaint", path=str(Path(sys.executable).parent))
    assert program
    subprocess.run([program, "demo", str(folder), "--cases", "6", "--today", TODAY], check=True, capture_output=True)
    objects = Objects(Git(folder))
    keys = {}
    for member in MEMBERS:
        kind, blob = (folder / ".demo-keys" / f"{member}.pub").read_text().split()[:2]
        private = load_ssh_private_key((folder / ".demo-keys" / member).read_bytes(), None)
        keys[member] = Key(kind, private, base64.b64decode(blob))
    head = objects.get("HEAD")
    assert head is not None
    yield Forge(folder, objects, head.sha, keys)
    objects.close()


def is_growth(forge: Forge, change: Changed, member: str) -> bool:
    """Whether a change is one that its signer may make: events of their own at the end of a record, or a file that is nobody's."""
    path = change.path
    if path.startswith(PROTECTED) or (path.startswith("policy/") and member != "zhou.ning"):
        return member == "zhou.ning"
    if not path.startswith(RECORDS):
        return True
    if path.endswith("/.gitkeep"):
        return True
    old = forge.objects.read_blob(change.old) if change.old_mode else b""
    new = forge.objects.read_blob(change.new) if change.mode else None
    if old is None or new is None or change.mode != "100644" or not new.startswith(old):
        return False
    try:
        events = parse_events(new[len(old) :], path) if old else parse(new, path).events
    except InputError:
        return False
    return all(event.by == member for event in events)


def test_repositories(forge: Forge) -> None:
    tally = Tally()
    git, objects = Git(forge.folder), forge.objects
    top = objects.read_tree(f"{forge.head}^{{tree}}")
    root = objects.get(f"{forge.head}^{{tree}}")
    assert top
    assert root
    files = {e.path: e.sha for e in objects.ls_tree(forge.head) if e.path.startswith((*RECORDS, "plaint.yaml", "README.md"))}
    names = sorted(files)
    contents = [objects.read_blob(files[name]) or b"" for name in names]
    good = audit(git, objects, "", forge.head)
    assert good.report.exit_code() == 0
    cases = [name for name in names if name.startswith("cases/")]
    tails = []
    for number, name in enumerate(cases):
        other = cases[number - 1].rpartition("/")[2].removesuffix(".yaml")
        tails.append((name, Event("link", f"e{number:07}", NOW, "chen.jie", {"other": other, "relation": "related"})))

    def payload(tree: str, member: str, message: str, when: datetime = NOW, parents: tuple[str, ...] = (forge.head,)) -> bytes:
        who = f"{member} <{member}@plaint.invalid> {int(when.timestamp())} +0800"
        lines = "".join(f"parent {parent}\n" for parent in parents)
        return f"tree {tree}\n{lines}author {who}\ncommitter {who}\n\n{message}\n".encode()

    def audited(sha: str) -> set[tuple[str | None, str]]:
        """(commit, rule) of all that is found from the good history to a commit."""
        return {(finding.commit, finding.rule) for finding in audit(git, objects, "", sha, start=good.start).report.findings}

    def judged(made: Mapping[str, str]) -> None:
        """Commits with the members who signed them: each is reported, or the oracle agrees that it is legal."""
        children = tuple(made)
        joint = forge.put("commit", payload(root.sha, "li.wei", "merge", NOW, children)) if len(children) > 1 else children[0]
        try:
            found = audited(joint)
        except PlaintError as error:
            tally.kinds.add(type(error).__name__)
            for child in children if len(children) > 1 else ():
                judged({child: made[child]})
            return
        steps = [step for chunk in History(git, objects).steps(children) for step in chunk]
        for step in steps:
            rules = {rule for commit, rule in found if commit == step.sha}
            tally.kinds |= rules
            if not rules:
                tally.accepted += 1
                assert step.commit is not None
                assert all(is_growth(forge, change, made[step.sha]) for change in step.changes[0]), [change.path for change in step.changes[0]]

    def message_of(name: str, event: Event) -> str:
        case = name.rpartition("/")[2].removesuffix(".yaml")
        return f"{event.kind}: {case}\n\nCase: {case}\nEvent: {event.id}"

    def commit(member: str, what: str, which: int, program: bytes) -> str:
        name, event = tails[which % len(tails)]
        data = (objects.read_blob(files[name]) or b"") + dump_event(event)
        message, mode, when = message_of(name, event), "100644", NOW
        extra = int.from_bytes(program[:4], "big")
        match what:
            case "file":
                name, data = names[which], mutate(contents[which], program, contents, TOKENS)
            case "tail":
                old = len(data) - len(dump_event(event))
                tail = mutate(data[old:], program, contents, TOKENS)
                data = data[:old] + tail
            case "path":
                name = PATHS[extra % len(PATHS)]
                data = contents[which] if extra & 64 else data
            case "mode":
                mode = MODES[extra % len(MODES)]
            case "time":
                when = NOW + timedelta(seconds=(extra - 2**31) >> program[4] % 24)
            case _:
                pass
        sha = None if mode == "" else forge.put("blob", data)
        tree = forge.tree(root.sha, name, mode, sha) or root.sha
        if what == "tree":
            entries = {entry.path: entry for entry in top}
            raw = mutate(
                encoded(entries), program, [encoded(entries)], (b"40000 ", b"100644 ", b"120000 ", b"160000 ", b"\0", b"cases\0", b"..\0", b".git\0", b"/")
            )
            tree = forge.put("tree", raw)
        body = payload(tree, member, message, when)
        if what == "payload":
            body = mutate(body, program, [body], COMMIT_TOKENS)
        return forge.sign(member, body)

    def some(kinds: str, count: int) -> st.SearchStrategy[list[tuple[str, str, int, bytes]]]:
        one = st.tuples(st.sampled_from(MEMBERS), st.sampled_from(kinds.split()), st.integers(0, len(names) - 1), PROGRAMS)
        return st.lists(one, min_size=count, max_size=count)

    @fuzzing(SHARE / TOGETHER)
    @given(some("file file tail tail path mode time", TOGETHER - ALONE), some("tree payload", ALONE))
    def commits(joint: list[tuple[str, str, int, bytes]], single: list[tuple[str, str, int, bytes]]) -> None:
        for each in (joint, *([one] for one in single)):
            tally.seen += len(each)
            judged({commit(*one): one[0] for one in each})

    for name, event in tails:
        old = objects.read_blob(files[name]) or b""
        tree = forge.tree(root.sha, name, "100644", forge.put("blob", old + dump_event(event))) or ""
        judged({forge.sign("chen.jie", payload(tree, "chen.jie", message_of(name, event))): "chen.jie"})
    assert tally.accepted, "legal growth is accepted"
    commits()
    assert tally.seen >= inputs(SHARE / TOGETHER) * TOGETHER
    assert {"A104", "A203", "A401", "A404", "A402", "A506"} <= tally.kinds, tally.kinds
