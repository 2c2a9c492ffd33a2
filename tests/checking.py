"""A small organisation on disk for tests of `plaint check`: real sealed texts, real git, no signatures (the audit's matter).

>>> house = House.found(tmp_path)
>>> house.add(house.case().receive().acknowledge())
>>> house.codes("2026-10-05T12:30")
[]
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from builders import CaseBuilder, event_id, one_member_per_role
from plaint.check.findings import Report
from plaint.check.run import check
from plaint.check.snapshot import Snapshot
from plaint.founding import Founding, NewMember, files
from plaint.model.policy import Policy, load_preset
from plaint.model.record import Event, dump_event, dump_header
from plaint.seal.envelope import seal_body
from plaint.seal.keyring import new_case_keys, seal_keyring

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
CASE = "Q7M4-K2XD"
OTHER = "R7M4-K2XD"
COMPARTMENTS = ("identity", "inquiry", "report")
NOW = "2026-10-05T12:30"
TOGETHER = ("investigator", "decider", "supervisor", "coordinator")


def sealed_text(compartment: str) -> str:
    """Some text sealed to some key, another each time: whose does not matter without keys."""
    return seal_body(CASE, "h7q2m0xv", compartment, {"note": "text"}, new_case_keys([compartment])[compartment].recipient)


def git(folder: Path, *args: str, stdin: bytes = b"") -> str:
    """Git, whatever the configuration of this machine."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    return subprocess.run(["git", *who, *args], cwd=folder, env=env, input=stdin, capture_output=True, check=True).stdout.decode().strip()


@dataclass
class House:
    """An organisation's folder; each member is called by their role, and `boss` holds several."""

    root: Path
    policy: Policy = field(default_factory=lambda: load_preset("house"))
    keys: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def found(cls, root: Path) -> House:
        house = cls(root)
        roster = one_member_per_role(house.policy)
        people = {name: (tuple(m[0].roles), tuple(m[0].expertise)) for name, m in roster.members.items()}
        people["boss"] = (TOGETHER, ("law",))
        keys = new_case_keys([*people, "recovery"])
        members = tuple(
            NewMember(name, tuple(sorted(roles)), tuple(sorted(known)), f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{n:043}", keys[name].recipient)
            for n, (name, (roles, known)) in enumerate(people.items())
        )
        founding = Founding({"en": "Test", "zh": "测试"}, ("en", "zh"), "house", None, None, None, keys["recovery"].recipient, members)
        for path, data in files(founding, FOUNDED).items():
            house.write(path, data)
        git(root, "init", "-q", "-b", "main")
        return house

    def write(self, path: str, data: bytes | str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{path} does not hold {old!r}"
        self.write(path, text.replace(old, new, 1))

    def move(self, old: str, new: str) -> None:
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)

    def append(self, path: str, *events: Event) -> None:
        self.write(path, self.read(path).encode() + b"".join(map(dump_event, events)))

    def case(self, *, strict: bool = True, start: str = "2026-10-05T09:00") -> CaseBuilder:
        boss = one_member_per_role(self.policy).members["supervisor"][0]
        more = {"boss": (replace(boss, roles=frozenset(TOGETHER), expertise=frozenset({"law"})),)}
        roster = one_member_per_role(self.policy)
        return CaseBuilder(self.policy, replace(roster, members={**roster.members, **more}), start=start, strict=strict)

    def usual(self) -> CaseBuilder:
        """A case in inquiry, on its way in time at `NOW`."""
        return (
            self.case().receive(by="intake").acknowledge(by="intake").accept(by="coordinator").assign(by="coordinator", team=["investigator", "investigator2"])
        )

    def add(self, case: CaseBuilder, name: str = CASE, *, folder: str = "", first: int = 0, policy: int = 1, seals: Mapping[str, str] | None = None) -> str:
        """Writes a case; `first` makes its event ids other than those of the other cases."""
        seals = seals or {c: k.recipient for c, k in new_case_keys(COMPARTMENTS).items()}
        data = dump_header({"plaint": 1, "case": name, "policy": policy, "seals": seals})
        for number, event in enumerate(case.events):
            number_of = {e.id: event_id(first + n + 1) for n, e in enumerate(case.events)}
            codes = {k: number_of.get(v, v) if isinstance(v, str) else v for k, v in event.codes.items()}
            data += dump_event(replace(event, id=event_id(first + number + 1), codes=codes, sealed={c: sealed_text(c) for c in event.sealed}))
        path = f"cases/{folder or case.events[0].at.year}/{name}.yaml"
        self.write(path, data)
        return path

    def keyring(self, name: str, texts: Mapping[str, str]) -> None:
        """Puts a keyring where plaint keeps it, unsigned."""
        blobs = {f"{c}.age": git(self.root, "hash-object", "-w", "--stdin", stdin=text.encode()) for c, text in texts.items()}
        tree = git(self.root, "mktree", stdin="".join(f"100644 blob {sha}\t{path}\n" for path, sha in blobs.items()).encode())
        git(self.root, "update-ref", f"refs/plaint/keys/{name}", git(self.root, "commit-tree", "-m", "keyring", tree))

    def commit(self) -> str:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", "test")
        return git(self.root, "rev-parse", "HEAD")

    def check(self, now: str = NOW, rev: str | None = None) -> Report:
        moment = datetime.fromisoformat(now)
        return check(Snapshot.open(self.root, rev), moment if moment.tzinfo else moment.replace(tzinfo=self.policy.timezone))

    def codes(self, now: str = NOW) -> list[str]:
        """The rules that find something, each once."""
        return sorted({finding.rule for finding in self.check(now).findings})


@cache
def some_keyring(*compartments: str) -> Mapping[str, str]:
    """A keyring of these compartments, as plaint makes it."""
    keys = new_case_keys(compartments)
    return seal_keyring({c: k.secret for c, k in keys.items()}, {c: {k.recipient} for c, k in keys.items()})
