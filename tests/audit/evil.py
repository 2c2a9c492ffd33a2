"""Plain git in evil hands: an organisation's repository, and everything that can be done to it.

>>> org = good().copy(tmp_path)
>>> sha = org.event("main", "message", "li.wei", direction="to-reporter", sealed=["report"])
>>> org.audit().codes
[]

`event` and `commit` write what git would, signed by whomever one likes, at any time. The organisations to begin with are in `organisations`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from plaint.cli import run
from plaint.founding import NewMember, join_event
from plaint.model.record import Event, dump_event, dump_header
from plaint.seal.envelope import seal_body
from plaint.seal.identity import new_identity
from plaint.store.commits import ident, signed_commit
from plaint.store.signing import load_signing_key, sign_payloads

NOW = "2026-11-20T12:00"
"""Where the good organisation stands."""
CASES = {"old": "A0DD-0001", "run": "B0DD-0002", "main": "C0DD-0003", "done": "D0DD-0004", "new": "E0DD-0005", "more": "F0DD-0006"}
"""The cases; `more` is for tests to register."""
YEARS = {"old": 2022, "run": 2024, "main": 2026, "done": 2026, "new": 2026, "more": 2026}
WORKFLOW = ".github/workflows/check.yml"
_ids = count(1)


def at(text: str) -> datetime:
    """A time in the organisation's zone."""
    return datetime.fromisoformat(text if "+" in text else f"{text}:00+08:00" if text.count(":") == 1 else f"{text}+08:00")


def new_id() -> str:
    """An event id that no other test event has."""
    return f"t{next(_ids):07}"


def environment(home: Path, now: str) -> dict[str, str]:
    """What plaint and git see: nothing of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PLAINT_", "GIT_", "LC_", "SSH_", "XDG_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "LANGUAGE": "", "GIT_CONFIG_NOSYSTEM": "1", "PLAINT_NOW": at(now).isoformat()}


@contextlib.contextmanager
def environ(new: Mapping[str, str]) -> Iterator[None]:
    """The environment of this process, for a while."""
    old = dict(os.environ)
    os.environ.clear()
    os.environ.update(new)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


@dataclass(frozen=True)
class Verdict:
    """What `plaint audit` or `check` said."""

    code: int
    findings: Sequence[Mapping[str, Any]]
    summary: Mapping[str, int]
    error: str = ""

    @property
    def codes(self) -> list[str]:
        """The rules that found something, each once."""
        return sorted({f["rule"] for f in self.findings})

    def commits(self, rule: str) -> set[str | None]:
        """The commits that a rule names."""
        return {f["commit"] for f in self.findings if f["rule"] == rule}


@dataclass
class Org:
    """A repository, its members' keys, and the present."""

    folder: Path
    home: Path
    keys: Path
    now: str = NOW
    prefix: str = ""
    clock: datetime = field(default_factory=lambda: at("2026-11-20T09:00"))
    """The time of the next commit."""

    def copy(self, place: Path) -> Org:
        """Another one, in `place`/org."""
        shutil.copytree(self.folder, place / "org", symlinks=True)
        (place / "home").mkdir()
        return replace(self, folder=place / "org", home=place / "home")

    # Running things

    def git(self, *args: str, stdin: bytes | str = b"", env: Mapping[str, str] | None = None, check: bool = True) -> str:
        """What plain git prints."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        everything = {**environment(self.home, self.now), **(env or {})}
        done = subprocess.run(["git", *args], cwd=self.folder, env=everything, input=data, capture_output=True, check=False)
        assert not check or done.returncode == 0, f"git {' '.join(args)}: exit code {done.returncode} {done.stderr.decode(errors='replace')}"
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def plaint(self, *args: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Exit code, standard output and error of a command, run in this process."""
        out, err = io.StringIO(), io.StringIO()
        with environ({**environment(self.home, self.now), **(env or {})}), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["-C", str(self.folder / self.prefix), *args])
        return code, out.getvalue(), err.getvalue()

    def audit(self, *args: str) -> Verdict:
        """`plaint audit`; nothing is remembered unless `memory` is among the arguments."""
        fresh = [] if "memory" in args else ["--no-cache"]
        return self._verdict("audit", *fresh, *(a for a in args if a != "memory"))

    def check(self, *args: str) -> Verdict:
        """`plaint check` of what is committed."""
        self.git("reset", "-q", "--hard")
        return self._verdict("check", *args)

    def _verdict(self, *args: str) -> Verdict:
        code, out, err = self.plaint(*args, "--format", "json")
        found = json.loads(out) if out.startswith("{") else {"findings": [], "summary": {}}
        return Verdict(code, found["findings"], found["summary"], err)

    # Reading

    @property
    def head(self) -> str:
        """The newest commit."""
        return self.git("rev-parse", "HEAD")

    def rev(self, text: str) -> str:
        """A commit's whole id."""
        return self.git("rev-parse", f"{text}^{{commit}}")

    def blob(self, spec: str) -> bytes:
        """A file, byte for byte: `HEAD:README.md`."""
        return subprocess.run(["git", "cat-file", "blob", spec], cwd=self.folder, env=environment(self.home, self.now), capture_output=True, check=True).stdout

    def read(self, path: str, rev: str = "HEAD") -> bytes:
        """A file of the organisation."""
        return self.blob(f"{rev}:{self.prefix}{path}")

    def path(self, case: str) -> str:
        """Where a case stands."""
        return f"cases/{YEARS[case]}/{CASES[case]}.yaml"

    def tick(self, minutes: int = 10) -> datetime:
        """The time of the next commit; time goes on."""
        self.clock += timedelta(minutes=minutes)
        return self.clock

    # Writing, by git's own plumbing

    def put(self, content: bytes | str, kind: str = "blob", *, literally: bool = False) -> str:
        """Stores an object."""
        data = content.encode() if isinstance(content, str) else content
        return self.git("hash-object", "-w", "-t", kind, *(["--literally"] if literally else []), "--stdin", stdin=data)

    def tree(self, changes: Mapping[str, bytes | str | tuple[str, str] | None], base: str | None = "HEAD") -> str:
        """A tree: the one of `base` with some files written (text), removed (None) or put there as (mode, object id)."""
        index = {"GIT_INDEX_FILE": str(self.folder / ".git" / "evil-index")}
        self.git("read-tree", base or "--empty", env=index)
        lines = []
        for path, what in changes.items():
            mode, sha = what if isinstance(what, tuple) else ("0", "0" * 40) if what is None else ("100644", self.put(what))
            lines.append(f"{mode} {sha}\t{self.prefix}{path}\0")
        self.git("update-index", "-z", "--add", "--force-remove", "--index-info", stdin="".join(lines).encode("utf-8", "surrogateescape"), env=index)
        return self.git("write-tree", env=index)

    def signature(self, payload: bytes, by: str, namespace: str = "git") -> str:
        """An SSH signature, by ssh-keygen."""
        return sign_payloads([payload], load_signing_key(self.keys / by), namespace)[0]

    def write_commit(
        self, tree: str, parents: Iterable[str], message: str, by: str | None, *, author: str = "", when: datetime | None = None, zone: str = "", literally: bool = False
    ) -> str:  # fmt: skip
        """Stores a commit, signed by `by` (nobody: None)."""
        who = ident(author or by or "somebody", "", when or self.tick())
        who = f"{who[: who.rindex(' ')]} {zone}" if zone else who
        lines = [f"tree {tree}", *(f"parent {p}" for p in parents), f"author {who}", f"committer {who}"]
        payload = ("\n".join(lines) + f"\n\n{message.rstrip(chr(10))}\n").encode()
        algorithm = "sha1" if len(tree) == 40 else "sha256"
        data = signed_commit(payload, self.signature(payload, by), algorithm) if by else payload
        return self.put(data, "commit", literally=literally)

    def move(self, sha: str, ref: str = "refs/heads/main") -> str:
        """Lets a branch name a commit; files and index follow where it is the one checked out."""
        self.git("update-ref", ref, sha)
        return sha

    def commit(
        self, changes: Mapping[str, bytes | str | tuple[str, str] | None], by: str | None, message: str = "work", *, author: str = "",
        when: datetime | None = None, parents: Sequence[str] | None = None, base: str | None = None, ref: str = "refs/heads/main", zone: str = "",
    ) -> str:  # fmt: skip
        """Commits files on HEAD, or on other `parents` (the tree is the first one's, or that of `base`)."""
        parents = [self.head] if parents is None else parents
        tree = self.tree(changes, base or (parents[0] if parents else None))
        return self.move(self.write_commit(tree, parents, message, by, author=author, when=when, zone=zone), ref)

    def merge(self, *parents: str, by: str | None = None, changes: Mapping[str, Any] | None = None, when: datetime | None = None) -> str:
        """A merge as a forge makes it: git's own merge of the trees, unsigned; with `changes` something of its own."""
        when, line = when or self.tick(), parents[0]
        for other in parents[1:]:
            tree = self.git("merge-tree", "--write-tree", line, other)
            line = self.write_commit(tree, [line, other], "Merge", None, when=when)
        tree = self.tree(changes or {}, line)
        return self.move(self.write_commit(tree, parents, "Merge pull request #1", by, when=when))

    # Events

    def sealed(self, case: str, event: str, compartments: Iterable[str], rev: str = "HEAD") -> dict[str, str]:
        """Texts sealed to a case's compartments."""
        from plaint.model.record import parse

        seals = parse(self.read(self.path(case), rev), self.path(case)).header["seals"]
        return {c: seal_body(CASES[case], event, c, {"note": "text"}, seals[c]) for c in compartments}

    def text_of(
        self, case: str, kind: str, by: str, /, *, when: datetime | None = None, sealed: Iterable[str] | Mapping[str, str] = (), id_: str = "", rev: str = "HEAD", **codes: Any
    ) -> tuple[str, bytes]:  # fmt: skip
        """An event's id and text."""
        id_ = id_ or new_id()
        texts = sealed if isinstance(sealed, Mapping) else self.sealed(case, id_, sealed, rev)
        codes = {key.replace("_", "-"): value for key, value in codes.items()}
        return id_, dump_event(Event(kind, id_, when or self.clock, by, codes, texts))

    def event(
        self, case: str, kind: str, by: str, /, *, signer: str | None = "", author: str = "", when: datetime | None = None, dated: datetime | None = None,
        more: Mapping[str, Any] | None = None, parent: str = "", ref: str = "refs/heads/main", message: str = "", zone: str = "", **codes: Any,
    ) -> str:  # fmt: skip
        """Records an event as plaint does, by any signer, at any time."""
        when = when or self.tick()
        parent = parent or self.head
        id_, text = self.text_of(case, kind, by, when=dated or when, rev=parent, **codes)
        path = self.path(case)
        signer = by if signer == "" else signer
        changes = {path: self.read(path, parent) + text, **(more or {})}
        trailers = message or message_of(kind, CASES[case], id_)
        return self.commit(changes, signer, trailers, author=author or signer or by, when=when, parents=[parent], ref=ref, zone=zone)

    def new_case(self, case: str, by: str, when: datetime, *, policy: int = 2, category: str = "other", kept: bool = True) -> tuple[str, bytes, str]:
        """A new case's path, text and event id, its keyring stored (`kept`)."""
        from plaint.seal.keyring import keyring_hash, new_case_keys, seal_keyring

        keys = new_case_keys(("identity", "inquiry", "report"))
        ring = seal_keyring({c: k.secret for c, k in keys.items()}, {c: {k.recipient} for c, k in keys.items()})
        id_ = new_id()
        sealed = {c: seal_body(case, id_, c, {"note": "text"}, k.recipient) for c, k in keys.items()}
        head = dump_header({"plaint": 1, "case": case, "policy": policy, "seals": {c: k.recipient for c, k in keys.items()}})
        event = Event("receive", id_, when, by, {"channel": "phone", "category": category, "keyring": keyring_hash(ring)}, sealed)
        if kept:
            self.keyring(case, ring)
        return f"cases/{when.year}/{case}.yaml", head + dump_event(event), id_

    def keyring(self, case: str, ring: Mapping[str, str]) -> None:
        """Puts a keyring where plaint keeps it."""
        tree = self.git("mktree", stdin="".join(f"100644 blob {self.put(text)}\t{c}.age\n" for c, text in sorted(ring.items())))
        self.git("update-ref", f"refs/plaint/keys/{case}", self.git("commit-tree", "-m", "keyring", tree, env=NOBODY))

    def house_event(
        self, path: str, kind: str, by: str, /, *, signer: str = "", when: datetime | None = None, dated: datetime | None = None, **codes: Any
    ) -> str:
        """Appends an event to a member, policy or review record."""
        when = when or self.tick()
        text = dump_event(Event(kind, new_id(), dated or when, by, codes))
        return self.commit({path: self.read(path) + text}, signer or by, f"{kind}: {path}", author=signer or by, when=when)

    def public(self, member: str) -> str:
        """A public signing key."""
        return load_signing_key(self.keys / member).public

    def join(
        self, member: str, roles: Sequence[str], by: str, when: datetime | None = None, *, key: str = "", dated: datetime | None = None, **how: Any
    ) -> str:
        """Somebody joins."""
        when = when or self.tick()
        data = self.member_file(member, roles, by, dated or when, key)
        return self.commit({f"members/{member}.yaml": data}, by, f"join: {member}", when=when, **how)

    def member_file(self, member: str, roles: Sequence[str], by: str, when: datetime, key: str = "") -> bytes:
        """A new member's record."""
        joining = NewMember(member, tuple(roles), (), key or self.public(member), new_identity().recipient)
        return dump_header({"plaint": 1, "member": member}) + dump_event(replace(join_event(joining, by, when), id=new_id()))


NOBODY = {f"GIT_{who}_{what}": "somebody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def message_of(kind: str, *pairs: str) -> str:
    """The message of a commit of events: case, event, case, event …"""
    return f"{kind}\n\n" + "".join(f"Case: {case}\nEvent: {event}\n" for case, event in zip(pairs[::2], pairs[1::2], strict=True))
