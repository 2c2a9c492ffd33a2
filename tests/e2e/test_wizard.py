"""`plaint register` in a real terminal: the conversation in both languages, wrong answers, changed answers, Ctrl-C; and what a narrow or plain terminal sees."""

from __future__ import annotations

import gettext
import json
import shutil
from pathlib import Path

import pytest
from terminal import COLOUR, Desk, Terminal

from plaint.i18n import DOMAIN, LOCALE_DIR
from plaint.model.policy import load_preset

pytestmark = pytest.mark.long

NOW = "2026-11-20T12:00:00+08:00"
FIELDS = {"title": "Missing stock", "who": "The store keeper", "when": "last week", "where": "Warehouse 3"}
QUESTIONS = {
    "title": "In one line: what happened?",
    "who": "Who is it about?",
    "when": "When did it happen?",
    "where": "Where?",
    "witnesses": "Who else knows of it?",
    "evidence": "Is there evidence?",
    "earlier": "Was it reported before, and to whom?",
    "risks": "Does the reporter fear any detriment?",
    "wishes": "What does the reporter hope for?",
}


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wizard")
    Desk(folder, folder).good("demo", "org", "--cases", "3", "--today", "2026-11-20")
    return folder / "org"


@pytest.fixture
def desk(master: Path, tmp_path: Path) -> Desk:
    """The intake officer's desk."""
    shutil.copytree(master, tmp_path / "org")
    (tmp_path / "home").mkdir()
    return Desk(tmp_path / "home", tmp_path / "org", {"PLAINT_NOW": NOW, "PLAINT_MEMBER": "li.wei"})


def converse(person: Terminal, *, until: str = "", **answers: str) -> None:
    """Answers every question up to the summary, or to the one that begins with `until`."""
    steps = [
        ("How did it reach us?", answers.get("channel", "phone")),
        ("When did it arrive?", answers.get("received", "2026-11-20 09:12")),
        ("stay anonymous?", "n"),
        ("Name", "Zhang San"),
        ("Telephone", "555 0199"),
        ("Email", ""),
        ("Relation to us", "supplier"),
        ("What is it about?", "violation"),
        *((question, FIELDS.get(name, "")) for name, question in QUESTIONS.items()),
        ("A line with a dot alone ends it:", answers.get("narrative", "The first line.\rThe second line.\r.")),
    ]
    for question, answer in steps:
        if question == until:
            person.expect(question)
            return
        person.answer(question, answer)
    if until == "Is a member of staff concerned":
        person.expect(until)
        return
    if "excluded" in answers:
        person.answer("Is a member of staff concerned", "y")
        person.answer("Who? (member ids", answers["excluded"])
    else:
        person.answer("Is a member of staff concerned", "n")


def bodies(desk: Desk, case: str, member: str) -> dict[str, dict[str, object]]:
    return {each["compartment"]: each["body"] for each in desk.having(PLAINT_MEMBER=member).data("open", case)}


def newest(desk: Desk) -> str:
    return desk.git("log", "-1", "--format=%s").removeprefix("receive: ")


def test_from_question_to_question(desk: Desk) -> None:
    with desk.terminal("register") as person:
        person.answer("How did it reach us?", "fax")
        person.expect("fax is none of: phone, email, online, letter, visit")
        person.answer("How did it reach us?", "")
        person.answer("How did it reach us?", "1")
        person.answer("When did it arrive?", "2026-11-21 09:00")
        person.expect("is still to come")
        person.answer("When did it arrive?", "the other day")
        person.expect("the other day is no date and time")
        person.answer("When did it arrive?", "2026-11-20 09:12")
        person.answer("stay anonymous?", "perhaps")
        person.answer("stay anonymous?", "n")
        person.answer("Name", "Zhang San")
        person.answer("Telephone", "555 0199")
        person.answer("Email")
        person.answer("Relation to us", "supplier")
        person.answer("What is it about?", "Violation of law or rules")
        for name, question in QUESTIONS.items():
            person.answer(question, FIELDS.get(name, ""))
        person.answer("A line with a dot alone ends it:", ".")
        person.answer("Nothing was written. Leave it empty?", "n")
        person.answer("A line with a dot alone ends it:", "The first line.\r\rThe second 货 line.\r.")
        person.answer("Is a member of staff concerned", "y")
        person.answer("Who? (member ids", "wang.fang, somebody")
        person.expect("somebody is no member of this organisation")
        person.answer("Who? (member ids", "wang.fang，sun.li")
        summary = person.seen
        person.expect("Is this right?")
        summary = person.seen[len(summary) :]
        assert desk.git("status", "--porcelain") == ""
        person.send("\r")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    for shown in ("Phone", "2026-11-20 09:12", "Violation of law or rules", *FIELDS.values(), "wang.fang, sun.li", "Zhang San", "555 0199", "supplier"):
        assert shown in summary
    assert "First reply: due 2026-11-21 09:12" in person.seen

    case = newest(desk)
    assert f"case {case}" in person.seen
    assert desk.check() == []
    assert desk.is_clean()
    event = desk.data("show", case)["events"][0]
    assert event["at"] == "2026-11-20T09:12:00+08:00"
    assert event["codes"]["channel"] == "phone"
    assert event["codes"]["category"] == "violation"
    report = bodies(desk, case, "li.wei")["report"]
    assert {name: report[name] for name in FIELDS} == FIELDS
    assert report["narrative"] == "The first line.\n\nThe second 货 line.\n"
    assert report["excluded"] == ["sun.li", "wang.fang"]
    assert bodies(desk, case, "he.ping")["identity"]["name"] == "Zhang San"
    assert bodies(desk, case, "he.ping")["identity"]["contact"] == {"phone": "555 0199"}


def test_the_whole_story_may_be_left_empty(desk: Desk) -> None:
    with desk.terminal("register") as person:
        converse(person, until="A line with a dot alone ends it:")
        person.send(".\r")
        person.answer("Nothing was written. Leave it empty?")
        person.answer("Is a member of staff concerned", "n")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    assert "narrative" not in bodies(desk, newest(desk), "li.wei")["report"]


def test_who_is_excluded_opens_nothing(desk: Desk) -> None:
    with desk.terminal("register") as person:
        converse(person, excluded="chen.jie")
        person.answer("Is this right?", "yes")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    case = newest(desk)
    identity = desk.folder / ".demo-keys" / "chen.jie.age-identity"
    for compartment in ("identity", "report", "inquiry"):
        sealed = desk.git("show", f"refs/plaint/keys/{case}:{compartment}.age") + "\n"
        assert desk.run("age", "-d", "-i", identity, stdin=sealed).code == 1
    assert "Missing stock" not in desk.having(PLAINT_MEMBER="chen.jie").plaint("open", case).stdout
    # nothing in the open part says who is shut out
    assert "chen.jie" not in desk.git("show", "HEAD")


def test_an_answer_can_be_changed_at_the_end(desk: Desk) -> None:
    with desk.terminal("register") as person:
        converse(person)
        person.answer("Is this right?", "change")
        person.answer("Which answer is to be changed?", "Category")
        person.answer("What is it about?", "ethics")
        person.answer("Is this right?", "2")
        person.answer("Which answer is to be changed?", "where")
        person.answer("Where?", "Warehouse 4")
        person.answer("Is this right?", "1")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    case = newest(desk)
    assert desk.data("show", case)["events"][0]["codes"]["category"] == "ethics"
    assert bodies(desk, case, "li.wei")["report"]["where"] == "Warehouse 4"


def test_what_cannot_be_registered_is_told_and_mended(desk: Desk) -> None:
    with desk.terminal("register") as person:
        converse(person, excluded="he.ping")  # the only one who may open the identity
        person.expect("with these exclusions nobody is left who may open identity")
        person.answer("Which answer is to be changed?", "excluded")
        person.answer("Is a member of staff concerned", "n")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    assert desk.check() == []


@pytest.mark.parametrize("question", ["How did it reach us?", "Name", "A line with a dot alone ends it:", "Is a member of staff concerned", "Is this right?"])
def test_ctrl_c_leaves_nothing(desk: Desk, question: str) -> None:
    before = desk.refs(), desk.git("count-objects", "-v")
    with desk.terminal("register") as person:
        converse(person, until=question)
        assert person.interrupt() == 130
        assert person.seen.strip().endswith("plaint: stopped; nothing was recorded")
        assert "Traceback" not in person.seen
    assert (desk.refs(), desk.git("count-objects", "-v")) == before
    assert desk.is_clean()


def test_no_leaves_nothing(desk: Desk) -> None:
    before = desk.refs()
    with desk.terminal("register") as person:
        converse(person)
        person.answer("Is this right?", "no")
        assert person.end() == 130
    assert desk.refs() == before


def test_flags_are_not_asked_for(desk: Desk) -> None:
    with desk.terminal("register", "--channel", "letter", "--category", "other", "--received", "2026-11-19 10:00", "--exclude", "chen.jie") as person:
        person.answer("stay anonymous?", "y")
        for name in ("Telephone", "Email", "Relation to us", *QUESTIONS.values()):
            person.answer(name)
        person.answer("A line with a dot alone ends it:", "It happened.")
        person.wait(0.3)
        person.send("\x04")  # Ctrl-D ends it too
        person.answer("Which files came with it")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    for question in ("How did it reach us?", "When did it arrive?", "What is it about?", "Is a member of staff concerned", "Name (empty"):
        assert question not in person.seen
    assert "anonymous" in person.seen


def test_nothing_is_asked_of_who_may_not(desk: Desk) -> None:
    with desk.having(PLAINT_MEMBER="liu.yang").terminal("register", columns=200) as person:
        assert person.end() == 2
        assert person.seen.strip() == "plaint: liu.yang may not receive: it takes the role Intake officer, Case coordinator"
    with desk.having(PLAINT_SIGNING_KEY=str(desk.home / "lost")).terminal("register", columns=200) as person:
        assert person.end() == 3
        assert "the signing key is missing" in person.seen
        assert len(person.seen.strip().splitlines()) == 1


def test_a_long_paragraph_is_kept_whole(desk: Desk) -> None:
    """A terminal's line driver cuts at 4,096 bytes; a pasted letter is longer."""
    paragraph = "一段很长的举报内容。" * 400
    with desk.terminal("register") as person:
        converse(person, until="A line with a dot alone ends it:")
        for start in range(0, len(paragraph), 200):
            person.send(paragraph[start : start + 200])
            person.wait()
        person.send("\r.\r")
        person.answer("Is a member of staff concerned", "n")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen[-2000:]
    assert bodies(desk, newest(desk), "li.wei")["report"]["narrative"] == paragraph + "\n"


def test_the_chosen_editor_is_used(desk: Desk, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\ncp "$1" "$0.seen"; stat -c %a "$1" > "$0.mode"; echo "$1" > "$0.file"; echo "Written in the editor." > "$1"\n')
    editor.chmod(0o755)
    with desk.having(EDITOR=str(editor)).terminal("register") as person:
        for question, answer in (
            ("reach us?", "1"),
            ("arrive?", "2026-11-20 09:12"),
            ("anonymous?", "y"),
            ("Telephone", ""),
            ("Email", ""),
            ("Relation", ""),
            ("about?", "4"),
        ):
            person.answer(question, answer)
        for question in QUESTIONS.values():
            person.answer(question)
        person.expect("your editor opens")
        person.answer("Is a member of staff concerned", "n")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    assert bodies(desk, newest(desk), "li.wei")["report"]["narrative"] == "Written in the editor.\n"
    assert "is sealed" in (tmp_path / "editor.seen").read_text()
    assert (tmp_path / "editor.mode").read_text() == "600\n"
    assert not Path((tmp_path / "editor.file").read_text().strip()).exists()


def test_in_chinese(desk: Desk) -> None:
    catalogue = gettext.translation(DOMAIN, LOCALE_DIR, ["zh"], fallback=True)

    def zh(text: str) -> str:
        return catalogue.gettext(text)

    policy = load_preset("house")
    with desk.having(PLAINT_LANG="zh").terminal("register") as person:
        person.expect(policy.channels["phone"]["zh"])
        person.answer(zh("How did it reach us?"), policy.channels["letter"]["zh"])
        person.answer(zh("When did it arrive?"), "2026/11/20 09:12")
        person.answer(zh("Does the reporter wish to stay anonymous?"), "n")
        for question, answer in (("Name", "张三"), ("Telephone", ""), ("Email", ""), ("Relation to us (staff, customer, supplier …)", "供应商")):
            person.answer(zh(question), answer)
        person.answer(zh("What is it about?"), policy.categories["ethics"]["zh"])
        for name, question in QUESTIONS.items():
            person.answer(zh(question), "仓库少了货" if name == "title" else "")
        person.expect(zh("what happened, in full"))
        person.answer("\n", "上周发现账实不符。\r。")
        person.answer(zh("Which files came with it: scans, documents? (names with spaces between; empty for none)"), "没有的文件.pdf")
        person.expect("没有的文件.pdf")
        person.answer(zh("Which files came with it: scans, documents? (names with spaces between; empty for none)"))
        person.answer(zh("Is a member of staff concerned, who must not read it?"), "y")
        person.answer(zh("Who? (member ids, with commas between)"), "wang.fang、sun.li")
        person.answer(zh("Is this right?"))
        person.answer(zh("Does the reporter want a receipt, to read our answers on the site and write back?"))
        assert person.end() == 0, person.seen
    case = newest(desk)
    event = desk.data("show", case)["events"][0]
    assert (event["codes"]["channel"], event["codes"]["category"]) == ("letter", "ethics")
    report = bodies(desk, case, "li.wei")["report"]
    assert (report["title"], report["narrative"], report["excluded"]) == ("仓库少了货", "上周发现账实不符。\n", ["sun.li", "wang.fang"])
    assert policy.categories["ethics"]["zh"] in person.seen
    assert "状态 已登记" in person.seen


def test_a_letter_with_its_scans_is_read_back_and_corrected(desk: Desk, tmp_path: Path) -> None:
    """Three days old, with two scans; the clock began when it arrived. The reporter calls, hears what was written down, and corrects it."""
    for name in ("page 1.pdf", "page 2.pdf"):
        (tmp_path / name).write_bytes(b"%PDF " + name.encode())
    scans = f"'{tmp_path}/page 1.pdf' '{tmp_path}/page 2.pdf'"
    with desk.terminal("register", "--channel", "letter", "--received", "2026-11-17 16:30", "--category", "ethics") as person:
        person.answer("stay anonymous?", "n")
        for question, answer in (("Name", "Zhang San"), ("Telephone", ""), ("Email", ""), ("Relation to us", "")):
            person.answer(question, answer)
        for name, question in QUESTIONS.items():
            person.answer(question, "Gooods are missing" if name == "title" else "")
        person.answer("A line with a dot alone ends it:", "See the scans.\r.")
        person.answer("Which files came with it", "'not closed")
        person.expect("a quotation mark is missing")
        person.answer("Which files came with it", str(tmp_path / "page 3.pdf"))
        person.expect("cannot be read")
        person.answer("Which files came with it", scans)
        person.answer("Do they show who the reporter is?")
        person.answer("Is a member of staff concerned", "n")
        person.expect("page 1.pdf, page 2.pdf (for the custodians alone)")
        person.answer("Is this right?")
        person.answer("want a receipt", "y")
        person.answer("Shall the reporter read on the site", "y")
        assert person.end() == 0, person.seen
    assert "First reply: due 2026-11-18 16:30" in person.seen
    assert "page 2.pdf, for the custodians alone" in person.seen
    case = desk.git("log", "-1", "--format=%s").removeprefix("message: ")
    found = desk.having(PLAINT_MEMBER="he.ping").data("evidence", "list", case)
    assert [piece["sealed"]["name"] for piece in found] == ["page 1.pdf", "page 2.pdf"]
    assert [piece["sealed"] for piece in desk.data("evidence", "list", case)] == [{}, {}]  # the intake officer does not see who wrote
    assert [event["event"] for event in desk.data("show", case)["events"]] == ["receive", "evidence", "evidence", "message"]
    assert desk.data("show", case)["events"][-1]["sealed"] == ["report", "reporter"]

    with desk.terminal("correct", case) as person:
        person.expect("Read to the reporter what was written down:")
        person.expect("What: Gooods are missing")
        person.answer("What is to be corrected?", "title")
        person.answer("A line with a dot alone ends it:", "Goods are missing\r.")
        person.expect("What: Goods are missing")
        person.answer("What is to be corrected?")
        assert person.end() == 0, person.seen
    last = desk.data("open", case)[-1]
    assert (last["kind"], last["body"]["title"]) == ("correct", "Goods are missing")
    assert "nothing is corrected" in desk.plaint("correct", case).fails(2)
    assert "cannot be read" in desk.plaint(
        "register", "--channel", "letter", "--category", "other", "--body", "-", "--attach", "none.pdf", stdin="note: x"
    ).fails(2)
    assert [finding["rule"] for finding in desk.check()] == ["D101"]  # the first reply was due a day after the letter came, not after it was typed in


def test_what_was_handed_in_by_nobody_known_is_for_the_inquiry(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Goods leave by night.")
    given = ("register", "--channel", "visit", "--category", "other", "--body", "-", "--attach", tmp_path / "note.txt")
    done = desk.data(*given, stdin="narrative: by night")
    (piece,) = desk.data("evidence", "list", done["case"])
    assert (piece["event"], piece["sealed"]["name"]) == (done["evidence"][0], "note.txt")
    named = desk.data(*given, "--hides-reporter", stdin="{identity: {name: Anna}, report: {narrative: by night}}")
    assert desk.data("evidence", "list", named["case"])[0]["sealed"]["name"] == "note.txt"


def test_sixty_columns_are_enough(desk: Desk) -> None:
    with desk.terminal("register", columns=60) as person:
        converse(person, narrative="A long story. " * 20 + "\r.")
        person.expect("The whole story")
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    summary = person.seen[person.seen.index("How it came") :].split("register it")[0]
    assert max(map(len, summary.splitlines())) <= 60
    assert "A long story" in summary


def test_no_color(desk: Desk) -> None:
    with desk.terminal("todo") as person:
        assert person.end() == 0
        assert COLOUR.search(person.raw)
    with desk.having(NO_COLOR="1").terminal("todo") as person:
        assert person.end() == 0
        assert not COLOUR.search(person.raw)
    assert not COLOUR.search(desk.good("todo"))


def test_progress_is_shown_in_a_terminal_only(desk: Desk, tmp_path: Path) -> None:
    with desk.at(tmp_path).terminal("demo", "shown", "--cases", "2", "--today", "2026-11-20") as person:
        assert person.end() == 0
        assert "100%" in person.seen
    done = desk.at(tmp_path).plaint("demo", "quiet", "--cases", "2", "--today", "2026-11-20")
    assert done.code == 0
    assert "%" not in done.stderr
    assert "\r" not in done.stderr


def test_standard_output_is_the_result_alone(desk: Desk) -> None:
    out = desk.home / "out.json"
    with desk.terminal("-c", f"plaint register --format json > {out}", program="sh") as person:
        converse(person)
        person.answer("Is this right?")
        person.answer("want a receipt")
        assert person.end() == 0, person.seen
    assert json.loads(out.read_text())["case"] == newest(desk)
