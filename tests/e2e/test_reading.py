"""The commands that only look: what they print, that text and JSON say the same, from wherever they are called; and what the shell completes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from conftest import MEMBERS, NOW, Plaint, environment

from plaint.model.yamlio import load_yaml

COLUMNS = re.compile(r" {2,}")


def events_of(plaint: Plaint, case: str) -> list[dict[str, Any]]:
    """The events of a case, read by nothing but YAML."""
    found: list[dict[str, Any]] = load_yaml(plaint.record(case), case)["events"]
    return found


def in_state(plaint: Plaint, *states: str) -> str:
    """A case of the demo that stands so."""
    return next(str(each["case"]) for each in plaint.cases() if each["state"] in states)


# The queue


def test_todo(demo_once: Plaint) -> None:
    items = demo_once.data("todo")
    assert items
    assert [item["due"] for item in items] == sorted(item["due"] for item in items)
    assert all(item["clock"] != "retention" for item in items)
    states = {each["case"]: each["state"] for each in demo_once.cases()}
    for item in items:
        assert item["state"] == states.get(item["case"])
        if item["case"]:
            clocks = demo_once.data("show", item["case"])["clocks"]
            (same,) = [clock for clock in clocks if clock["clock"] == item["clock"] and clock["subject"] == item["subject"] and clock["stopped"] is None]
            assert {key: same[key] for key in ("due", "started", "provisional", "status")} == {
                key: item[key] for key in ("due", "started", "provisional", "status")
            }

    head, *rows, blank, total = demo_once.good("todo").splitlines()
    assert head.split() == ["due", "time", "status", "case", "clock", "state", "next", "step"]
    assert blank == ""
    assert [row.split("  ")[0] for row in rows] == [item["due"][:16].replace("T", " ") for item in items]
    assert total == f"{sum(item['status'] == 'late' for item in items)} late, {len(items)} in all."
    with_retention = demo_once.data("todo", "--all")
    assert [item for item in with_retention if item["clock"] not in {"retention", "policy-review"}] == items
    assert {item["case"] for item in with_retention if item["clock"] == "retention"} == {case for case, state in states.items() if state == "closed"}


def test_todo_mine(demo_once: Plaint) -> None:
    """Every task is somebody's, and nobody is shown what they may not do."""
    everything = demo_once.data("todo")
    seen = []
    for member in MEMBERS:
        mine = demo_once.data("todo", "--mine", member=member)
        assert all(item in everything for item in mine)
        seen += mine
        if member == "he.ping":
            assert {step for item in mine for step in item["next"]} & {"assign", "decide", "conclude", "verify"} == set()
    assert all(item in seen for item in everything if item["case"])
    # the same person found by their signing key alone
    by_key = demo_once.data("todo", "--mine", env={"PLAINT_SIGNING_KEY": str(demo_once.key("liu.yang"))})
    assert by_key == demo_once.data("todo", "--mine", member="liu.yang")


def test_late_is_told(demo: Plaint) -> None:
    case = demo.register()
    (item,) = [each for each in demo.data("todo", now="2026-11-21T12:01+08:00") if each["case"] == case and each["clock"] == "acknowledgement"]
    assert (item["status"], item["due"], item["next"]) == ("late", "2026-11-21T12:00:00+08:00", ["acknowledge", "notify"])
    row = next(line for line in demo.good("todo", now="2026-11-22T15:30+08:00").splitlines() if case in line and "First reply" in line)
    assert "27 hours over" in row
    assert "  late  " in row
    assert "\x1b" not in row  # no colours where there is no terminal


# Lists and cases


def test_list_and_its_filters(demo_once: Plaint) -> None:
    every = demo_once.cases()
    assert len(every) == 8
    assert [each["received"] for each in every] == sorted(each["received"] for each in every)
    for option in ("state", "category"):
        words = {each[option] for each in every}
        assert len(words) > 1
        for word in words:
            assert demo_once.data("list", f"--{option}", word) == [each for each in every if each[option] == word]
    both = demo_once.data("list", "--state", "closed", "--category", "service")
    assert both == [each for each in every if (each["state"], each["category"]) == ("closed", "service")]
    assert "nonsense is none of: received, accepted" in demo_once.refused("list", "--state", "nonsense")
    assert "Closed is none of" in demo_once.refused("list", "--state", "Closed")
    assert "none of: violation" in demo_once.refused("list", "--category", "nonsense")
    assert demo_once.data("list", "--state", "disposing") == []

    head, *rows, total = demo_once.good("list").splitlines()
    assert COLUMNS.split(head) == ["case", "received", "state", "channel", "category", "due next"]
    assert [(row.split()[0], COLUMNS.split(row)[1]) for row in rows] == [(each["case"], each["received"][:16].replace("T", " ")) for each in every]
    assert total == "8 cases."


def test_show_log_and_record_agree(demo_once: Plaint) -> None:
    for listed in demo_once.cases():
        case = listed["case"]
        events = events_of(demo_once, case)
        shown = demo_once.data("show", case)
        assert {key: shown[key] for key in ("case", "state", "channel", "category")} == {key: listed[key] for key in ("case", "state", "channel", "category")}
        plain = [
            {"event": e.pop("event"), "id": e.pop("id"), "at": e.pop("at"), "by": e.pop("by"), "sealed": sorted(e.pop("sealed", {})), "codes": e}
            for e in events
        ]
        assert [{**each} for each in shown["events"]] == plain
        running = sorted((clock["due"], clock["clock"]) for clock in shown["clocks"] if clock["stopped"] is None)
        assert (listed["due"], listed["clock"]) == (running[0] if running else (None, None))


def test_log_is_what_git_says(demo_once: Plaint) -> None:
    case = in_state(demo_once, "closed")
    log = demo_once.data("log", case)
    assert [each["subject"] for each in log] == [f"{event['event']}: {case}" for event in reversed(events_of(demo_once, case))]
    assert [each["commit"] for each in log] == demo_once.git("log", "--format=%H", "--", demo_once.path(case)).split()
    assert [each["by"] for each in log] == demo_once.git("log", "--format=%an", "--", demo_once.path(case)).split()
    assert all(each["signed"] for each in log)
    rows = demo_once.good("log", case).splitlines()
    assert [row.split()[0] for row in rows] == [each["commit"][:10] for each in log]
    assert all("  signed  " in row for row in rows)


def test_an_unsigned_commit_is_seen(demo: Plaint) -> None:
    case = in_state(demo, "closed")
    path = demo.folder / demo.path(case)
    path.write_bytes(path.read_bytes() + b"- event: rekey\n")
    demo.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--no-gpg-sign", "-am", "by hand")
    demo.git("-c", "user.name=x", "-c", "user.email=x@example.org", "revert", "--no-edit", "--no-gpg-sign", "HEAD")
    assert [each["signed"] for each in demo.data("log", case)][:3] == [False, False, True]
    assert demo.good("log", case).splitlines()[0].count("NOT SIGNED") == 1


def test_open_as_text_and_as_json(demo_once: Plaint) -> None:
    case = in_state(demo_once, "closed")
    texts = demo_once.data("open", case, member="chen.jie")
    assert {each["compartment"] for each in texts} == {"report", "inquiry"}
    printed = demo_once.good("open", case, member="chen.jie")
    for each in texts:
        assert f"{each['kind']} {each['event']} · {each['compartment']}\n" in printed or not any(each["body"].values())
        for text in each["body"].values():
            if isinstance(text, str) and text:
                assert all(line.strip() in printed for line in text.splitlines())
    recorded = {(event["id"], compartment) for event in events_of(demo_once, case) for compartment in event.get("sealed", {})}
    assert {(each["event"], each["compartment"]) for each in texts} == {each for each in recorded if each[1] != "identity"}


@pytest.mark.parametrize("spelling", ["{0}", "lower", "{0:.4}", " {0} "])
def test_a_case_by_the_beginning_of_its_id(demo_once: Plaint, spelling: str) -> None:
    case = in_state(demo_once, "disposed")
    word = case.lower() if spelling == "lower" else spelling.format(case)
    assert demo_once.data("show", word)["case"] == case


def test_a_case_that_is_not_there(demo_once: Plaint) -> None:
    for command in ("show", "open", "log"):
        assert "there is no case" in demo_once.refused(command, "ZZZZ-ZZZZ", member="chen.jie")
        assert "there is no case" in demo_once.refused(command, "", member="chen.jie")


def test_an_id_as_people_type_it(demo_once: Plaint) -> None:
    case = demo_once.cases()[0]["case"]
    wanted = demo_once.data("show", case)
    assert demo_once.data("show", case.replace("-", "")) == wanted
    assert demo_once.data("show", f" {case.replace('-', '').lower()} ") == wanted
    assert "there is no case -" in demo_once.refused("show", "--", "-")


def test_a_beginning_of_several(demo_once: Plaint) -> None:
    """The demo's ids are the same each time, and some begin alike."""
    ids = [each["case"] for each in demo_once.cases()]
    alike = [case for case in ids if sum(other[0] == case[0] for other in ids) > 1]
    assert alike
    line = demo_once.refused("show", alike[0][0])
    assert "beginning of several cases" in line
    assert ", ".join(sorted(case for case in ids if case[0] == alike[0][0])) in line


# From anywhere


READING = (("todo",), ("todo", "--all"), ("list",), ("show", "CASE"), ("open", "CASE"), ("log", "CASE"), ("policy", "show"), ("member", "list"), ("check",))


@pytest.mark.long
def test_from_a_subfolder_and_with_a_folder_named(demo_once: Plaint, tmp_path: Path) -> None:
    case = in_state(demo_once, "closed")
    below = demo_once.at(demo_once.folder / "cases" / "2026")
    elsewhere = demo_once.at(tmp_path)
    for command in READING:
        words = [case if word == "CASE" else word for word in command]
        here = demo_once.good(*words, member="chen.jie")
        assert below.good(*words, member="chen.jie") == here
        assert elsewhere.good("-C", demo_once.folder, *words, member="chen.jie") == here
        if command == ("show", "CASE"):
            assert elsewhere.good(*words, "-C", demo_once.folder / "members", "--as", "chen.jie") == here
    assert "repository" in elsewhere.refused("list", code=3)
    assert "does not exist" in elsewhere.refused("-C", tmp_path / "nowhere", "list")


@pytest.mark.long
def test_json_does_not_depend_on_the_language(demo_once: Plaint) -> None:
    case = in_state(demo_once, "inquiry", "closed")
    for command in (("todo", "--all"), ("list",), ("show", case), ("log", case), ("open", case), ("member", "list"), ("policy", "show")):
        english = demo_once.data(*command, member="chen.jie", env={"LANG": "en_GB.UTF-8"})
        assert demo_once.data(*command, "--lang", "zh", member="chen.jie") == english
    assert "已办结" in demo_once.good("list", "--lang", "zh")
    assert "已办结" in demo_once.good("list", env={"LANG": "zh_CN.UTF-8"})
    assert "Closed" in demo_once.good("list", env={"LANG": "zh_CN.UTF-8", "PLAINT_LANG": "en"})


# Why


def test_due(demo_once: Plaint) -> None:
    """The feedback clock over the national holidays of 2026 and their make-up days, by the policy file and by the preset."""
    start = ("--clock", "feedback", "--start", "2026-09-24 10:00")
    for policy in ("house", "policy/1.yaml"):
        done = demo_once.run("due", "--policy", policy, *start)
        assert done.returncode == 0
        assert datetime.fromisoformat(done.stdout.strip()).isoformat() == done.stdout.strip()
        assert "7 working days" in done.stderr
        found = demo_once.data("due", "--policy", policy, *start)
        assert found == {"due": done.stdout.strip(), "provisional": False}
    exact = demo_once.data("due", "--policy", "house", "--clock", "acknowledgement", "--start", "2026-02-28T23:30:00+08:00")
    assert exact["due"] == "2026-03-01T23:30:00+08:00"
    paused = demo_once.data(
        "due", "--policy", "house", "--clock", "inquiry", "--start", "2026-03-01 08:00", "--suspended", "2026-03-02T08:00+08:00/2026-03-12T08:00+08:00"
    )
    assert paused["due"] == "2026-05-10T08:00:00+08:00"
    assert demo_once.data("due", "--policy", "house", "--clock", "feedback", "--start", "2031-01-30 08:00")["provisional"] is True
    assert "no clock" in demo_once.refused("due", "--policy", "house", "--clock", "lunch", "--start", "2026-01-01 08:00")
    assert "no file, preset or revision" in demo_once.refused("due", "--policy", "home", *start)
    assert "no date and time" in demo_once.refused("due", "--policy", "house", "--clock", "feedback", "--start", "yesterday")
    assert "ends before it begins" in demo_once.refused(
        "due", "--policy", "house", "--clock", "inquiry", "--start", "2026-01-01 08:00", "--suspended", "2026-02-02T08:00+08:00/2026-02-01T08:00+08:00"
    )


def test_due_agrees_with_show(demo_once: Plaint) -> None:
    case = in_state(demo_once, "closed")
    clocks = {clock["clock"]: clock for clock in demo_once.data("show", case)["clocks"]}
    for name in ("acknowledgement", "screening", "feedback", "retention"):
        worked_out = demo_once.data("due", "--policy", "policy/1.yaml", "--clock", name, "--start", clocks[name]["started"])
        assert worked_out["due"] == clocks[name]["due"]


def test_explain(demo_once: Plaint, tmp_path: Path) -> None:
    rules = demo_once.data("explain")
    codes = [rule["rule"] for rule in rules]
    assert len(set(codes)) == len(codes) > 40
    assert {code[0] for code in codes} >= set("STDKPR")
    assert all(rule["title"] and rule["explanation"] and rule["remedy"] and rule["severity"] in {"error", "warning"} for rule in rules)
    table = demo_once.good("explain")
    assert all(f"  {rule['rule']}  {rule['title']}\n" in table for rule in rules)
    one = demo_once.good("explain", "D101")
    (plain,) = [rule for rule in rules if rule["rule"] == "D101"]
    assert demo_once.data("explain", "D101") == plain
    assert plain["explanation"] in one
    assert plain["remedy"] in one
    chinese = demo_once.data("explain", "--lang", "zh")
    assert [rule["rule"] for rule in chinese] == codes
    assert {key: plain[key] == demo_once.data("explain", "D101", "--lang", "zh")[key] for key in plain} == {
        "rule": True, "severity": True, "title": False, "explanation": False, "remedy": False,
    }  # fmt: skip
    assert "there is no rule X999" in demo_once.refused("explain", "X999")
    assert demo_once.at(tmp_path).good("explain", "D101") == one  # needs no repository


# The policy


def test_policy_show(demo_once: Plaint) -> None:
    document = load_yaml(demo_once.blob("HEAD:policy/1.yaml"), "policy/1.yaml")
    del document["events"]
    shown = demo_once.data("policy", "show")
    assert {key: shown[key] for key in document} == document
    table = demo_once.good("policy", "show")
    for part in ("channels", "categories", "outcomes", "measures", "states", "roles"):
        for word, text in document[part].items():
            title = (text.get("title") or text)["en"]
            assert word in table, word
            assert title in " ".join(table.split()), title
    for clock in document["clocks"].values():
        assert clock["title"]["en"] in table
    assert "投诉举报处置制度" in demo_once.good("policy", "show", "--lang", "zh")
    assert demo_once.run("policy", "lint").returncode == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_policy_diagrams(demo_once: Plaint, tmp_path: Path, language: str) -> None:
    policy = demo_once.data("policy", "show")
    titles = [state["title"][language] for state in policy["states"].values()]
    drawn = demo_once.good("policy", "show", "--diagram", "text", "--lang", language)
    assert all(f" {title}" in drawn for title in titles)

    picture = tmp_path / "course.svg"
    demo_once.good("policy", "show", "--diagram", "svg", "-o", picture, "--lang", language)
    assert picture.read_text().strip() == demo_once.good("policy", "show", "--diagram", "svg", "--lang", language).strip()
    root = ET.parse(picture).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert root.get("role") == "img"
    labels = {"".join(text.itertext()) for text in root.iter(f"{space}text")}
    assert set(titles) <= labels
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert set((root.get("aria-labelledby") or "").split()) <= set(ids)
    width, height = (float(number) for number in (root.get("viewBox") or "").split()[2:])
    for text in root.iter(f"{space}text"):
        assert 0 <= float(text.get("x", "0")) <= width
        assert 0 <= float(text.get("y", "0")) <= height
    # it loads nothing, and runs nothing
    assert not re.search(r"(href|src)\s*=|url\(\s*['\"]?http|@import|<script|\son\w+=", picture.read_text())


# One case, from the first line to the last


GOLDEN = """\
[case]  Decided · Quality and speed of service · Letter
  on hold
  2026-11-20 12:00  receive                li.wei         channel=Letter  category=Quality and speed of service  🔒 Who reported, What the inquiry found, What was reported
  2026-11-20 15:00  acknowledge            li.wei         result=delivered
  2026-11-23 09:00  accept                 chen.jie
  2026-11-23 10:00  assign                 chen.jie       team=wang.fang,zhao.min
  2026-11-25 09:00  suspend                chen.jie       reason=Waiting for the reporter
  2026-11-27 09:00  resume                 chen.jie
  2026-11-27 10:00  conclude               zhao.min       outcome=Substantiated  🔒 What the inquiry found
  2026-11-30 09:00  decide                 liu.yang       measures=m1 Rectification 2026-12-31,m2 Education 2027-01-15  🔒 What the inquiry found
  2026-11-30 10:00  hold                   sun.li         reason=Audit
  2026-11-30 11:00  request the identity   chen.jie
  2026-11-30 12:00  verify                 sun.li         measure=m1  result=partly

  due 2026-11-21 12:00  First reply: done, 2026-11-20 15:00
  due 2026-11-28 00:00  Accept or decline: done, 2026-11-23 09:00
  due 2026-11-27 00:00  Inquiry team: done, 2026-11-23 10:00
  due 2027-01-24 10:00  Inquiry: done, 2026-11-27 10:00
  due 2026-12-05 00:00  Decision: done, 2026-11-30 09:00
  due 2026-12-09 00:00  Feedback to the reporter: running, 8 days left
  due 2027-01-01 00:00  Measure carried out m1: running, 31 days left
  due 2027-01-16 00:00  Measure carried out m2: running, 46 days left
  due 2026-12-04 00:00  Answer to a request for the identity: running, 3 days left

Next: notify, evidence, hand-over, extend, answer, verify, release-hold, correct, redact, link, message, disclose, grant, revoke, rekey, export
"""


@pytest.mark.long
def test_a_case_as_it_is_printed(demo: Plaint) -> None:
    text = json.dumps({"identity": {"name": "A"}, "report": {"title": "Late again"}})
    case = demo.data("register", "--channel", "letter", "--category", "service", "--body", "-", member="li.wei", input=text)["case"]
    for member, now, *words in (
        ("li.wei", "11-20T15:00", "acknowledge", "--result", "delivered"),
        ("chen.jie", "11-23T09:00", "accept"),
        ("chen.jie", "11-23T10:00", "assign", "--team", "wang.fang,zhao.min"),
        ("chen.jie", "11-25T09:00", "suspend", "--reason", "reporter"),
        ("chen.jie", "11-27T09:00", "resume"),
        ("zhao.min", "11-27T10:00", "conclude", "--outcome", "substantiated", "--body", "-"),
        ("liu.yang", "11-30T09:00", "decide", "--measure", "rectification:2026-12-31", "--measure", "education:2027-01-15", "--body", "-"),
        ("sun.li", "11-30T10:00", "hold", "--reason", "audit"),
        ("chen.jie", "11-30T11:00", "disclose", "--step", "request"),
        ("sun.li", "11-30T12:00", "verify", "--measure", "m1", "--result", "partly"),
    ):
        body = {"course": "x y", "findings": "x y", "recommendation": "x y"} if words[0] == "conclude" else {"measures": "x y"}
        said = demo.good(words[0], case, *words[1:], member=member, now=f"2026-{now}+08:00", input=json.dumps(body))
        assert re.fullmatch(rf"case {case}  event [0-9a-z]{{8}}  state \w+(?: \w+)*  commit [0-9a-f]{{10}}\n(?:  next: .*\n)?", said)
    shown = demo.good("show", case, now="2026-11-30T12:30+08:00").replace(case, "[case]")
    assert shown == GOLDEN
    chinese = demo.good("show", case, "--lang", "zh", now="2026-11-30T12:30+08:00")
    assert chinese.splitlines()[0] == f"{case}  已决定 · 服务质量与效率 · 信函"


@pytest.mark.long
def test_the_demo_is_the_same_each_time(tmp_path: Path) -> None:
    """But for keys and what is sealed: ids, times, members and texts."""
    seen = []
    for name in ("a", "b"):
        home = tmp_path / name
        home.mkdir()
        plaint = Plaint(home, home)
        plaint.good("demo", "org", "--cases", "4", "--seed", "7", "--today", "2026-11-20", now=NOW)
        org = plaint.at(home / "org")
        records = [re.sub(r"age1\w+|keyring: .*|(?m:^ {6}.*\n)", "", org.record(each["case"]).decode()) for each in org.cases()]
        texts = [org.data("open", each["case"], member="chen.jie") for each in org.cases() if each["state"] != "disposed"]
        seen.append((org.good("list"), org.good("todo", "--all"), records, texts, org.git("log", "--format=%an %ad %B")))
    assert seen[0] == seen[1]


# The shell


def bash_offers(plaint: Plaint, *words: str) -> list[str]:
    """What bash offers for the last word when Tab is pressed: its own function, called as bash calls it."""
    script = """
    eval "$(_PLAINT_COMPLETE=bash_source plaint)"
    complete -p plaint >/dev/null || exit 9
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
    _plaint_completion plaint "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" || exit 8
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = plaint.command("bash", "--norc", "-c", script, "bash", *words, env=dict(plaint.env))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.long
def test_bash_completes(demo_once: Plaint, tmp_path: Path) -> None:
    cases = sorted(each["case"] for each in demo_once.cases())
    assert bash_offers(demo_once, "plaint", "show", "") == cases
    first = cases[0]
    assert bash_offers(demo_once, "plaint", "accept", first[:3]) == [case for case in cases if case.startswith(first[:3])]
    assert bash_offers(demo_once, "plaint", "accept", first[:3].lower()) == [case for case in cases if case.startswith(first[:3])]
    assert bash_offers(demo_once, "plaint", "ac") == ["acknowledge", "accept"]
    assert {"register", "conclude", "release-hold", "todo", "check"} <= set(bash_offers(demo_once, "plaint", ""))
    assert bash_offers(demo_once, "plaint", "--as", "li") == ["li.wei", "liu.yang"]
    assert bash_offers(demo_once, "plaint", "grant", first, "wa") == ["wang.fang"]
    assert bash_offers(demo_once, "plaint", "assign", first, "--team", "zh") == ["zhao.min", "zhou.ning"]
    assert bash_offers(demo_once, "plaint", "link", first, "--other", first[:5]) == [first]
    assert bash_offers(demo_once, "plaint", "hear", first, "--result", "") == ["heard", "waived"]
    assert "no-grounds" in bash_offers(demo_once, "plaint", "decline", first, "--reason", "")
    assert "--measure" in bash_offers(demo_once, "plaint", "decide", "--m")

    elsewhere = demo_once.at(tmp_path)
    assert bash_offers(elsewhere, "plaint", "-C", str(demo_once.folder), "show", "") == cases
    assert bash_offers(elsewhere, "plaint", "show", "") == []  # no organisation here: silence, no error in the prompt


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete(demo_once: Plaint, shell: str) -> None:
    """Their scripts are well formed where the shell is there to say so; what they ask plaint for is answered anywhere."""
    case = demo_once.cases()[0]["case"]
    script = demo_once.command("plaint", env={"_PLAINT_COMPLETE": f"{shell}_source"})
    assert script.returncode == 0
    assert "_PLAINT_COMPLETE" in script.stdout
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script.stdout, text=True, capture_output=True, check=False, env=environment(demo_once.home))
        assert checked.returncode == 0, checked.stderr
    words = {"COMP_WORDS": f"plaint show {case[:4]}", "COMP_CWORD": "2" if shell == "zsh" else case[:4], "_PLAINT_COMPLETE": f"{shell}_complete"}
    answered = demo_once.command("plaint", env=words)
    assert case in answered.stdout
    assert answered.stderr == ""


def test_plaint_alone_tells_what_there_is(demo_once: Plaint, tmp_path: Path) -> None:
    for words in ((), ("policy",), ("member",)):
        done = demo_once.at(tmp_path).run(*words)
        assert done.returncode == 2
        assert "Usage: plaint" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert len((done.stdout + done.stderr).splitlines()) > 8


def test_a_body_as_programs_write_json(demo: Plaint) -> None:
    body = json.dumps({"report": {"title": "Emoji 😀 and 汉字", "narrative": "a\u2028b\tc"}}, ensure_ascii=True)
    case = demo.data("register", "--channel", "phone", "--category", "other", "--body", "-", member="li.wei", input=body)["case"]
    (opened,) = demo.data("open", case, member="li.wei", now=NOW)
    assert (opened["body"]["title"], opened["body"]["narrative"]) == ("Emoji 😀 and 汉字", "a\u2028b\tc")
    before = demo.snapshot()
    for wrong in ('{"report": {"title": "\\ud83d"}}', '{"report": {"title": "x", "title": "y"}}', '{"report": {"title": '):
        demo.refused("register", "--channel", "phone", "--category", "other", "--body", "-", member="li.wei", input=wrong)
    assert demo.snapshot() == before


def test_nothing_written_is_said(demo: Plaint) -> None:
    case = demo.register()
    done = demo.run("open", case, member="he.ping")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Nothing was written" in done.stderr
