"""A case followed step by step: each step is one installed command by one member, and after it everything that git and age alone can tell is looked at.

>>> case = Course.begin(demo, "li.wei", "2026-11-20T09:00+08:00", {"report": {"title": "…"}})            # doctest: +SKIP
>>> case.step("2026-11-20T10:00+08:00", "acknowledge", "--result", "delivered", by="li.wei", state="received")  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from conftest import MEMBERS, Plaint

from plaint.model.yamlio import load_yaml

COMPARTMENTS = ("identity", "inquiry", "report")
CHANGING_ACCESS = frozenset({"receive", "assign", "grant", "revoke", "rekey", "disclose:grant"})
Bodies = Mapping[str, Mapping[str, Any]]


@dataclass
class Course:
    """One case and what is known of it so far."""

    plaint: Plaint
    id: str = ""
    texts: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """What was sealed: event, compartment, body."""
    events: list[tuple[str, str]] = field(default_factory=list)
    """Event (with its step) and id, in order."""
    thorough: bool = True
    """Whether git and `plaint check` are asked after each step."""
    alone: bool = False
    """Other cases are late by now: only this one's findings count."""

    @classmethod
    def begin(
        cls, plaint: Plaint, by: str, now: str, body: Bodies, *options: str, channel: str = "email", category: str = "service", thorough: bool = True
    ) -> Course:
        """Registers the case."""
        case = cls(plaint, thorough=thorough)
        case._do(now, by, "received", "receive", ("register", "--channel", channel, "--category", category, *options), body)
        return case

    def step(self, now: str, event: str, *options: str, by: str, state: str, body: Bodies | None = None) -> str:
        """Records one event, looks at everything; the event's id."""
        step = options[options.index("--step") + 1] if "--step" in options else ""
        return self._do(now, by, state, f"{event}:{step}" if step else event, (event, self.id, *options), body or {})

    def refused(self, now: str, event: str, *options: str, by: str, body: Bodies | None = None) -> str:
        """The one line in which an event is refused; nothing has changed."""
        before = self.plaint.snapshot()
        given = ("--body", "-") if body else ()
        line = self.plaint.refused(event, self.id, *options, *given, member=by, now=now, input=json.dumps(body) if body else None)
        assert self.plaint.snapshot() == before
        return line

    def _do(self, now: str, by: str, state: str, event: str, command: tuple[str, ...], body: Bodies) -> str:
        plaint, kind = self.plaint, event.partition(":")[0]
        parent = plaint.head
        before = plaint.record(self.id) if self.id else b""
        keyring = plaint.keyring(self.id) if self.id else {}
        given = ("--body", "-") if body else ()
        said = plaint.data(*command, *given, member=by, now=now, input=json.dumps(body, ensure_ascii=False) if body else None)

        assert list(said) == ["case", "event", "state", "commit"]
        self.id = self.id or said["case"]
        assert (said["case"], said["state"]) == (self.id, state)
        assert re.fullmatch(r"[a-hjkmnp-tv-z][0-9a-hjkmnp-tv-z]{7}", said["event"])

        self.events.append((event, said["event"]))
        self.texts += [(said["event"], compartment, dict(body[compartment])) for compartment in sorted(body)]
        if self.thorough:
            self._is_one_signed_commit(by, kind, said, parent)
            self._only_grew(by, event, said["event"], before, body, keyring)
            self._is_in_order(now)
        return str(said["event"])

    def _is_one_signed_commit(self, by: str, kind: str, said: Mapping[str, str], parent: str) -> None:
        """One commit on top of the last, by the member, signed with the member's key, on this record alone."""
        plaint = self.plaint
        assert said["commit"] == plaint.head
        assert plaint.git("rev-parse", "HEAD^").strip() == parent
        assert plaint.git("diff-tree", "-r", "--name-only", "--no-commit-id", "HEAD").split() == [plaint.path(self.id)]
        self._is_signed_by(by)
        trailers = plaint.git("log", "-1", "--format=%an|%s|%(trailers:key=Case,valueonly,separator=%x2C)|%(trailers:key=Event,valueonly,separator=%x2C)")
        assert trailers.strip() == f"{by}|{kind}: {self.id}|{self.id}|{said['event']}"
        assert plaint.git("status", "--porcelain") == ""

    def _only_grew(self, by: str, event: str, event_id: str, before: bytes, body: Bodies, keyring: Mapping[str, bytes]) -> None:
        """The file begins with the old one and has one event more, which says nothing in the clear; it names the keyring in force."""
        plaint, kind = self.plaint, event.partition(":")[0]
        after = plaint.record(self.id)
        assert (plaint.folder / plaint.path(self.id)).read_bytes() == after
        assert after.startswith(before)
        tail = load_yaml(after[len(before) :] if before else after[after.index(b"events:\n") + 8 :], "the new event")
        assert len(tail) == 1
        (new,) = tail
        assert (new["event"], new["id"], new["by"]) == (kind, event_id, by)
        sealed = set(body) if kind != "receive" else set(COMPARTMENTS)
        if kind not in {"grant", "revoke"}:
            assert set(new.get("sealed", {})) == sealed
        for text in [t for each in body.values() for t in each.values() if isinstance(t, str)]:
            assert text.encode() not in after
        ring = plaint.keyring(self.id)
        assert ("keyring" in new) == (event in CHANGING_ACCESS)
        if event in CHANGING_ACCESS:
            assert new["keyring"] == manifest_hash(ring)
            assert ring != keyring
        elif event != "dispose:confirm":
            assert ring == keyring

    def _is_signed_by(self, member: str) -> None:
        plaint = self.plaint
        signers = plaint.home / "allowed-signers"
        if not signers.exists():
            keys = {m: load_yaml(plaint.blob(f"HEAD:members/{m}.yaml"), m)["events"][0]["signing"][0] for m in MEMBERS}
            signers.write_text("".join(f'{m} namespaces="git" {key}\n' for m, key in keys.items()))
        done = plaint.command("git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", "HEAD")
        assert done.returncode == 0, done.stderr
        assert f'Good "git" signature for {member} with' in done.stderr

    def _is_in_order(self, now: str) -> None:
        done = self.plaint.run("check", "--now", now, "--format", "json")
        report = json.loads(done.stdout)
        mine = [f for f in report["findings"] if self.id in f["record"]]
        assert [f for f in mine if f["severity"] == "error"] == []
        assert self.alone or done.returncode == 0, done.stdout

    # Who may read

    def opens(self, expected: Mapping[str, set[str]], now: str, asked: Collection[str] = MEMBERS) -> None:
        """Every member opens these compartments and no others with age by hand; those `asked` with plaint too, and they find there what was put in."""
        plaint = self.plaint
        ring = plaint.keyring(self.id)
        assert set(ring) == {f"{c}.age" for c in COMPARTMENTS}
        for member in MEMBERS:
            mine = {c for c in COMPARTMENTS if member in expected[c]}
            assert {c for c in COMPARTMENTS if plaint.age(plaint.identity(member), ring[f"{c}.age"]).returncode == 0} == mine, member
            if member not in asked:
                continue
            if not mine:
                assert f"{member} can open nothing of case {self.id}" in plaint.refused("open", self.id, member=member, now=now)
                continue
            found = plaint.data("open", self.id, member=member, now=now)
            assert {each["compartment"] for each in found} <= mine
            shown = [(each["event"], each["compartment"], without_access(each["body"])) for each in found]
            assert [each for each in shown if each[2]] == [text for text in self.texts if text[1] in mine], member
            for compartment in sorted(mine)[:1]:
                only = plaint.data("open", self.id, "--compartment", compartment, member=member, now=now)
                assert only == [each for each in found if each["compartment"] == compartment]
            for compartment in sorted(set(COMPARTMENTS) - mine)[:1]:
                plaint.refused("open", self.id, "--compartment", compartment, member=member, now=now)


def without_access(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without what plaint itself puts in, on who may open the case."""
    return {k: v for k, v in body.items() if k not in {"excluded", "granted"}}


def manifest_hash(ring: Mapping[str, bytes]) -> str:
    """The hash of a keyring: of what `sha256sum *.age` prints."""
    lines = "".join(f"{hashlib.sha256(ring[name]).hexdigest()}  {name}\n" for name in sorted(ring))
    return hashlib.sha256(lines.encode()).hexdigest()
