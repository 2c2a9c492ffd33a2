"""Wrong use: each with its one clear line, its exit code, and a repository in which nothing has changed.

Broken repositories are in test_broken_repository.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Plaint

pytestmark = pytest.mark.long

BODY = "report: {title: x}"
NEW = ("register", "--channel", "phone", "--category", "other", "--body", "-")


@dataclass(frozen=True)
class Case:
    """A call, what it says, and with which code it ends; `STATE` stands for a case in that state, `{place}` for a folder of the test's own."""

    args: tuple[str, ...]
    says: str
    code: int = 2
    member: str | None = "chen.jie"
    input: str | bytes = ""
    env: tuple[tuple[str, str], ...] = ()


def wrong(*args: str, says: str, code: int = 2, member: str | None = "chen.jie", input: str | bytes = "", **env: str) -> Case:  # noqa: A002
    return Case(args, says, code, member, input, tuple(env.items()))


WORDS: dict[str, Case] = {
    # commands, options, words
    "no such command": wrong("regsiter", says="regsiter"),
    "no such option": wrong("list", "--states", "x", says="--states"),
    "no such format": wrong("list", "--format", "xml", says="xml"),
    "no such language": wrong("list", "--lang", "fr", says="fr"),
    "no such folder": wrong("-C", "/nowhere", "list", says="/nowhere"),
    "one argument too many": wrong("show", "CLOSED", "x", says="unexpected"),
    "case left out": wrong("show", says="CASE"),
    "no such case": wrong("show", "Z999-ZZZZ", says="no case Z999-ZZZZ"),
    "beginning of several cases": wrong("show", "", says="no case"),
    "path instead of a case": wrong("show", "../../etc/passwd", says="no case"),
    "case id with a line break": wrong("show", "A\nB", says="no case"),
    "no such compartment": wrong("open", "CLOSED", "--compartment", "secrets", says="secrets"),
    "no such rule": wrong("explain", "Z999", says="no rule Z999"),
    "no such revision": wrong("check", "--rev", "nothing", says="nothing"),
    "no such time": wrong("check", "--now", "yesterday", says="yesterday"),
    "PLAINT_NOW is no time": wrong("list", says="PLAINT_NOW", PLAINT_NOW="soon"),
    "no such state": wrong("list", "--state", "limbo", says="limbo"),
    "no such category": wrong("list", "--category", "gossip", says="gossip"),
    "no such policy": wrong("policy", "show", "nowhere", says="nowhere"),
    "no such policy revision": wrong("policy", "show", "9", says="9"),
    "no such clock": wrong("due", "--policy", "house", "--clock", "lunch", "--start", "2026-01-01 09:00", says="lunch"),
    "no such start": wrong("due", "--policy", "house", "--clock", "feedback", "--start", "noon", says="noon"),
    "suspension backwards": wrong("due", "--policy", "house", "--clock", "inquiry", "--start", "2026-01-01 09:00", "--suspended", "x/y", says="--suspended"),
    "checkpoint is none": wrong("audit", "--since", "no-such-thing", says="no-such-thing"),
    # who
    "no such member": wrong("acknowledge", "RECEIVED", member="no.body", says="no.body"),
    "member id with capitals": wrong("acknowledge", "RECEIVED", member="Li Wei", says="Li Wei"),
    "role is missing": wrong("accept", "RECEIVED", member="li.wei", says="may not accept"),
    "investigator decides": wrong("decide", "CONCLUDED", "--body", "-", member="wang.fang", input="measures: x", says="may not decide"),
    "custodian alone grants the identity": wrong("disclose", "INQUIRY", "--step", "grant", "--request", "h7q2m0xv", says="may not disclose"),
    "steward alone proposes": wrong("dispose", "CLOSED", "--step", "propose", says="may not dispose"),
    "signing key of somebody else": wrong("acknowledge", "RECEIVED", member="li.wei", code=3, says="is not one of li.wei's", PLAINT_SIGNING_KEY="{keys}/he.ping"),
    "no such signing key": wrong("acknowledge", "RECEIVED", member="li.wei", code=3, says="signing key is missing", PLAINT_SIGNING_KEY="{place}/none"),
    "identity of somebody else": wrong("open", "INQUIRY", member="chen.jie", code=3, says="is not chen.jie's", PLAINT_IDENTITY="{keys}/he.ping.age-identity"),
    "no such identity": wrong("open", "INQUIRY", code=3, says="{place}/none", PLAINT_IDENTITY="{place}/none"),
    "nothing that this member may open": wrong("open", "INQUIRY", member="sun.li", says="can open nothing"),
    # when and what
    "not in this state": wrong("close", "RECEIVED", says="not possible"),
    "twice": wrong("accept", "ACCEPTED", says="not possible"),
    "after the end": wrong("link", "DISPOSED", "--other", "CLOSED", "--relation", "related", says="not possible"),
    "resumed without a pause": wrong("resume", "INQUIRY", says="not suspended"),
    "hold that is none": wrong("release-hold", "CLOSED", member="sun.li", says="no hold"),
    "before the event before it": wrong("link", "INQUIRY", "--other", "CLOSED", "--relation", "related", "--at", "2020-01-01 09:00", says="before the event"),
    "from the future": wrong("link", "INQUIRY", "--other", "CLOSED", "--relation", "related", "--at", "2030-01-01 09:00", says="still to come"),
    "disposed of too early": wrong("dispose", "CLOSED", "--step", "propose", member="zhou.ning", says="has not ended"),
    "team of one": wrong("assign", "ACCEPTED", "--team", "wang.fang", says="at least 2"),
    "team of a stranger": wrong("assign", "ACCEPTED", "--team", "wang.fang,no.body", says="no.body"),
    "team without the role": wrong("assign", "ACCEPTED", "--team", "wang.fang,li.wei", says="li.wei"),
    "team left out": wrong("assign", "ACCEPTED", says="--team"),
    "word of no list": wrong("suspend", "INQUIRY", "--reason", "holiday", says="holiday"),
    "reason left out": wrong("decline", "RECEIVED", says="--reason"),
    "outcome of no list": wrong("conclude", "INQUIRY", "--outcome", "maybe", "--body", "-", member="wang.fang", input="course: x", says="maybe"),
    "channel of no list": wrong("register", "--channel", "fax", "--category", "other", "--body", "-", member="li.wei", input=BODY, says="fax"),
    "measure without a date": wrong("decide", "CONCLUDED", "--measure", "warning", "--body", "-", member="liu.yang", input="measures: x", says="warning"),
    "measure on no day": wrong("decide", "CONCLUDED", "--measure", "warning:2026-02-30", "--body", "-", member="liu.yang", input="measures: x", says="2026-02-30"),
    "measure that there is not": wrong("verify", "DECIDED", "--measure", "m9", "--result", "fulfilled", member="sun.li", says="m9"),
    "extension of no clock": wrong("extend", "INQUIRY", "--clock", "lunch", "--until", "2027-01-01 09:00", member="sun.li", says="lunch"),
    "extension to the past": wrong("extend", "INQUIRY", "--clock", "inquiry", "--until", "2026-01-01 09:00", member="sun.li", says="later time"),
    "extension of what does not run": wrong("extend", "INQUIRY", "--clock", "feedback", "--until", "2027-09-01 09:00", member="sun.li", says="not running"),
    "link to nothing": wrong("link", "INQUIRY", "--other", "Z999-ZZZZ", "--relation", "related", says="Z999-ZZZZ"),
    "correction of nothing": wrong("correct", "INQUIRY", "--corrects", "h7q2m0xv", says="h7q2m0xv"),
    "grant to a stranger": wrong("grant", "INQUIRY", "no.body", says="no.body"),
    "rekey of nothing": wrong("rekey", says="--all"),
    "excluded stranger": wrong(*NEW, "--exclude", "no.body", member="li.wei", input=BODY, says="no.body"),
    # the body
    "body left out": wrong("interview", "INQUIRY", "--person", "witness", member="wang.fang", says="--body"),
    "body file is not there": wrong(*NEW[:-1], "{place}/none.yaml", member="li.wei", says="none.yaml"),
    "body is a folder": wrong(*NEW[:-1], "{place}", member="li.wei", says="--body"),
    "body is empty": wrong(*NEW, member="li.wei", says="standard input"),
    "body is a list": wrong(*NEW, member="li.wei", input="- a", says="mapping"),
    "body is no YAML": wrong(*NEW, member="li.wei", input="report: {title: [", says="standard input"),
    "body has a field twice": wrong(*NEW, member="li.wei", input="title: a\ntitle: b", says="title"),
    "body has an unknown field": wrong(*NEW, member="li.wei", input="report: {titel: x}", says="titel"),
    "body of an unknown compartment": wrong(*NEW, member="li.wei", input="secrets: {title: x}\nreport: {title: x}", says="secrets"),
    "body with an alias": wrong(*NEW, member="li.wei", input="report: {title: &a x, narrative: *a}", says="standard input"),
    "body with a tag": wrong(*NEW, member="li.wei", input="report: {title: !!python/object:os.system x}", says="standard input"),
    "body with a number": wrong(*NEW, member="li.wei", input="report: {title: 7}", says="title"),
    "body in another encoding": wrong(*NEW, member="li.wei", input="report: {title: 投诉}".encode("gb18030"), says="standard input"),
    "body with a zero byte": wrong(*NEW, member="li.wei", input=b"report: {title: 'a\0b'}", says="standard input"),
    "body too large": wrong(*NEW, member="li.wei", input="report: {title: " + "x" * 5_000_000 + "}", says="standard input"),
    "alias bomb": wrong(*NEW, member="li.wei", input="a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", says="standard input"),
    # members, founding, import
    "member that is one": wrong("member", "add", "li.wei", "--role", "intake", "--signing-key", "x", "--recipient", "x", member="zhou.ning", says="li.wei"),
    "recipient that is none": wrong("member", "rotate", "li.wei", "--recipient", "age1nothing", member="zhou.ning", says="age1nothing"),
    "own leaving": wrong("member", "leave", "zhou.ning", member="zhou.ning", says="own leaving"),
    "clerk takes somebody on": wrong("member", "roles", "he.ping", "--role", "intake", member="li.wei", says="may not change members"),
    "role of no list": wrong("member", "roles", "he.ping", "--role", "king", member="zhou.ning", says="king"),
    "demo into a full folder": wrong("demo", ".", says="not empty"),
    "demo of minus one": wrong("demo", "{place}/new", "--cases", "-1", says="--cases"),
    "init with a bad id": wrong("init", "{place}/new", "--preset", "house", "--name", "X", "--member", "Li Wei:intake", says="Li Wei"),
    "init with no such preset": wrong("init", "{place}/new", "--preset", "castle", says="castle"),
    "import of no file": wrong("import", "{place}/none.csv", "--map", "{place}/none.yaml", member="li.wei", says="none"),
    "import with a bad map": wrong("import", "{table}", "--map", "{table}", member="li.wei", says="rows.csv"),
    "policy that is not sound": wrong("policy", "lint", "{table}", says="rows.csv"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "rows.csv").write_text("id,text\n1,x\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def standing(demo_once: Plaint) -> dict[str, str]:
    """A case in each state."""
    return {each["state"].upper(): each["case"] for each in demo_once.data("list")}


@pytest.fixture(scope="module")
def demo_once(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """Enough cases for one in every state."""
    place = tmp_path_factory.mktemp("organisation")
    Plaint(place, place, now=None).good("demo", "org", "--cases", "14", "--today", "2026-11-20")
    return Plaint(place / "org", place)


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in WORDS.items()])
def test_one_line_and_nothing_changed(demo_once: Plaint, standing: dict[str, str], place: Path, case: Case) -> None:
    def filled(words: Iterable[str]) -> list[str]:
        names = {"place": str(place), "keys": str(demo_once.folder / ".demo-keys"), "table": str(place / "rows.csv")}
        return [standing.get(word, re.sub(r"\{(place|keys|table)\}", lambda match: names[match[1]], word)) for word in words]

    before = demo_once.snapshot()
    values = filled(value for _name, value in case.env)
    env = {name: value for (name, _value), value in zip(case.env, values, strict=True)}
    line = demo_once.refused(*filled(case.args), code=case.code, member=case.member, input=case.input, env=env)
    (says,) = filled([case.says])
    assert says in line, line
    assert "Traceback" not in line
    assert len(line) < 600
    assert demo_once.snapshot() == before
    assert not (place / "new").exists()


def test_there_are_enough() -> None:
    assert len(WORDS) >= 60
