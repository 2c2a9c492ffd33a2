"""Organisations for the tests: a good one of five years, with real keys, seals and signatures; the demo's; and new ones.

One good organisation is made a process, of some 40 commits: members join, leave and change keys, the policy is revised, a case is disposed of,
others run. Tests copy it and go on by hand.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from evil import CASES, NOW, WORKFLOW, Org, at, environ, environment, new_id

from plaint.actor import Actor
from plaint.cli import run
from plaint.desk import Entry, Ids, record, register_many
from plaint.founding import Founding, NewMember, files, found, new_signing_key
from plaint.model.record import Event, dump_event
from plaint.organisation import Organisation
from plaint.seal.identity import new_identity, write_identity
from plaint.store.repository import Repository
from plaint.store.signing import load_signing_key

FOUNDED = "2022-01-05T09:00"
MEMBERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zhou.ning": (("steward",), ()),
    "li.wei": (("intake",), ()),
    "chen.jie": (("coordinator",), ()),
    "wang.fang": (("investigator",), ("law", "finance")),
    "zhao.min": (("investigator",), ("service",)),
    "liu.yang": (("decider",), ()),
    "sun.li": (("supervisor",), ()),
    "he.ping": (("custodian",), ()),
    "gao.lan": (("intake",), ()),
}
"""The founders; gao.lan leaves, wang.fang changes keys."""
STRANGERS = ("stranger", "wang.fang.new", "newcomer")


@cache
def good() -> Org:
    """The good organisation of this process. Only to be copied."""
    place = Path(tempfile.mkdtemp(prefix="plaint-audit-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    (place / "home").mkdir()
    org = Org(place / "org", place / "home", place / "keys")
    with environ({**environment(org.home, NOW), "PLAINT_HOME": str(org.keys)}):
        _make(org)
    org.git("repack", "-a", "-d", "-q")  # one file is copied sooner than three hundred
    return org


def demo(place: Path, cases: int) -> Org:
    """The organisation of `plaint demo`, where it stands."""
    (place / "home").mkdir()
    org = Org(place / "org", place / "home", place / "org" / ".demo-keys")
    with environ(environment(org.home, NOW)), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run(["demo", str(org.folder), "--cases", str(cases), "--today", NOW[:10]]) == 0
    return org


def found_org(org: Org, members: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MEMBERS, preset: str = "house") -> Repository:
    """Founds an organisation of these members, with keys for them that do not exist yet."""
    joining = []
    for member, (roles, expertise) in members.items():
        if not (org.keys / member).exists():
            new_signing_key(org.keys / member, member)
        identity = new_identity()
        write_identity(org.keys / f"{member}.age-identity", identity.secret)
        joining.append(NewMember(member, roles, expertise, org.public(member), identity.recipient))
    founding = Founding({"en": "Example Works", "zh": "示例机构"}, ("zh", "en"), preset, None, None, None, new_identity().recipient, tuple(joining))
    founder = load_signing_key(org.keys / joining[0].id)
    with found(org.folder, founding, founder, at(FOUNDED)) as repository:
        repository.git.run("config", "plaint.keys", str(org.keys))
    return Repository.discover(org.folder)


def founding_files(org: Org, founder: str, when: datetime) -> dict[str, bytes]:
    """What somebody who founds an organisation alone commits first."""
    member = NewMember(founder, ("steward", "intake", "coordinator"), (), org.public(founder), new_identity().recipient)
    founding = Founding({"en": "Example Works"}, ("en",), "house", None, None, None, new_identity().recipient, (member,))
    return files(founding, when)


def _make(org: Org) -> None:
    for stranger in STRANGERS:
        new_signing_key(org.keys / stranger, stranger)
    repository = found_org(org)
    actors: dict[str, Actor] = {}

    def do(when: str, by: str, case: str, kind: str, *sealed: str, **codes: Any) -> None:
        actor = actors.setdefault(by, Actor.find(Organisation(repository), by, lambda _file: ""))
        entry = Entry(kind, codes, {c: {"note": "text"} if kind != "conclude" else {} for c in sealed}, at(when), Ids(CASES[case], new_id()))
        if kind == "receive":
            register_many(actor, [(replace(entry, bodies={"report": {"title": "A report"}}), ())], at(when))
        else:
            record(actor, CASES[case], entry, at(when), at(when))

    def put(when: str, by: str, message: str, changes: Mapping[str, bytes]) -> None:
        repository.commit(changes, message, load_signing_key(org.keys / by), by, at(when))

    def append(when: str, by: str, path: str, kind: str, **codes: Any) -> None:
        old = repository.read(path)
        put(when, by, f"{kind}: {path}\n", {path: (old or b"") + dump_event(Event(kind, new_id(), at(when), by, codes))})

    do("2022-01-06T09:00", "gao.lan", "old", "receive", channel="phone", category="other")
    do("2022-01-06T10:00", "gao.lan", "old", "acknowledge", result="delivered")
    do("2022-01-06T15:00", "chen.jie", "old", "decline", reason="out-of-scope")
    do("2022-01-06T16:00", "gao.lan", "old", "notify", result="delivered")
    do("2022-01-20T09:00", "chen.jie", "old", "close", satisfaction="unknown")
    append("2022-03-01T09:00", "zhou.ning", "members/gao.lan.yaml", "leave")
    append("2023-02-01T09:00", "wang.fang", "members/wang.fang.yaml", "rotate", signing=[org.public("wang.fang.new")])
    for half in ("", ".pub"):  # from now on the new one is hers
        (org.keys / f"wang.fang{half}").rename(org.keys / f"wang.fang.old{half}")
        (org.keys / f"wang.fang.new{half}").rename(org.keys / f"wang.fang{half}")
    put(
        "2024-01-10T09:00",
        "zhou.ning",
        "draft: policy 2\n",
        {"policy/2.yaml": next_policy(repository.read("policy/1.yaml") or b"", 2, "2024-03-01", at("2024-01-10T09:00"))},
    )
    append("2024-01-11T09:00", "sun.li", "policy/2.yaml", "approve")
    append("2024-01-12T09:00", "liu.yang", "policy/2.yaml", "approve")
    do("2024-02-20T09:00", "li.wei", "run", "receive", channel="letter", category="service")
    do("2024-02-20T10:00", "li.wei", "run", "acknowledge", result="delivered")
    do("2024-02-20T11:00", "chen.jie", "run", "accept")
    do("2025-03-01T09:00", "zhou.ning", "old", "dispose", step="propose")
    do("2025-03-02T09:00", "sun.li", "old", "dispose", step="confirm")
    do("2026-11-02T09:00", "li.wei", "main", "receive", channel="phone", category="ethics")
    do("2026-11-02T10:00", "li.wei", "main", "acknowledge", result="delivered")
    do("2026-11-02T11:00", "chen.jie", "main", "accept")
    do("2026-11-02T14:00", "chen.jie", "main", "assign", team=["wang.fang", "zhao.min"])
    do("2026-11-05T09:00", "wang.fang", "main", "interview", "inquiry", person="witness")
    put("2026-11-06T09:00", "zhou.ning", "readme\n", {"README.md": b"# Example Works\n\nFirst.\n\nMiddle.\n\nLast.\n"})
    do("2026-11-09T09:00", "li.wei", "done", "receive", channel="email", category="other")
    do("2026-11-09T10:00", "li.wei", "done", "acknowledge", result="delivered")
    do("2026-11-09T11:00", "chen.jie", "done", "decline", reason="no-grounds")
    do("2026-11-09T12:00", "li.wei", "done", "notify", result="delivered")
    do("2026-11-18T09:00", "chen.jie", "done", "close", satisfaction="unknown")
    do("2026-11-19T09:00", "li.wei", "new", "receive", channel="phone", category="service")
    do("2026-11-19T10:00", "li.wei", "new", "acknowledge", result="delivered")
    put("2026-11-19T10:30", "zhou.ning", "workflow\n", {WORKFLOW: b"on: push\njobs: {}\n"})
    put("2026-11-19T10:40", "zhou.ning", "workflow\n", {WORKFLOW: b"on: [push, pull_request]\njobs: {}\n"})
    repository.close()


def next_policy(text: bytes, number: int, effective: str, when: datetime, by: str = "zhou.ning", change: Callable[[str], str] = lambda text: text) -> bytes:
    """The next revision of a policy, drafted."""
    head = text.decode().partition("\nevents:\n")[0]
    head = re.sub(r"(?m)^policy: .*$", f"policy: {number}", head, count=1)
    head = re.sub(r"(?m)^effective: .*$", f"effective: '{effective}'", head, count=1)
    return f"{change(head)}\nevents:\n".encode() + dump_event(Event("draft", new_id(), when, by))
