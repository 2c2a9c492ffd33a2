"""A redacted copy of a sealed text: for whom the original is not, and in the open only of which event it is a copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Plaint
from terminal import Desk

from plaint.model.yamlio import load_yaml

pytestmark = pytest.mark.long

STATEMENT = "The guard at the back gate, Old Sun, opened it twice.\n"
COPY = "[redacted] opened it twice.\n"


@pytest.fixture
def interviewed(demo: Plaint) -> tuple[Plaint, str, str]:
    """A case with an interview, sealed to the inquiry, which intake does not read."""
    case = next(str(each["case"]) for each in demo.cases() if each["state"] == "inquiry")
    body = json.dumps({"person": "Old Sun", "statement": STATEMENT})
    done = demo.data("interview", case, "--person", "witness", "--body", "-", input=body, member="wang.fang")
    return demo, case, done["event"]


def test_those_of_the_wider_part_read_the_copy_and_not_the_original(interviewed: tuple[Plaint, str, str]) -> None:
    demo, case, event = interviewed
    before = demo.record(case)
    copy = json.dumps({"statement": COPY})
    done = demo.data("redact", case, event[:4], "--from", "inquiry", "--to", "report", "--body", "-", "--note", "a witness", input=copy, member="wang.fang")
    after = demo.record(case)
    assert after.startswith(before)  # the original is untouched
    last = load_yaml(after, "case")["events"][-1]
    assert list(last) == ["event", "id", "at", "by", "redacts", "part", "sealed"]
    assert (last["event"], last["redacts"], last["part"], list(last["sealed"])) == ("redact", event, "inquiry", ["report"])
    texts = {each["event"]: each for each in demo.data("open", case, member="li.wei")}
    assert texts[done["event"]]["body"] == {"redacted": {"statement": COPY}, "note": "a witness"}
    assert event not in texts
    said = demo.good("open", case, member="li.wei")
    assert f"redacted copy of {event}" in said
    assert "Old Sun" not in said
    assert demo.run("check", "--rev", "HEAD").returncode == 0
    assert demo.run("audit", "--no-cache").returncode == 0


def test_what_is_no_redacted_copy_is_refused(interviewed: tuple[Plaint, str, str]) -> None:
    demo, case, event = interviewed
    before = demo.snapshot()

    def refused(body: object, *options: str, to: str = "report", member: str = "wang.fang") -> str:
        given = ("redact", case, event, "--from", "inquiry", "--to", to, "--body", "-", *options)
        return demo.refused(*given, input=json.dumps(body), member=member)

    assert "nothing was left out" in refused({"person": "Old Sun", "statement": STATEMENT.strip()})
    assert "no field findings" in refused({"findings": "x"})
    assert "nothing is left" in refused({"statement": " "})
    assert "fields with text" in refused({"statement": ["x"]})
    assert "another part" in refused({"statement": COPY}, to="inquiry")
    assert "takes no sealed identity" in refused({"statement": COPY}, to="identity")
    assert "cannot open inquiry" in refused({"statement": COPY}, member="he.ping")
    assert "it takes the role" in refused({"statement": COPY}, member="li.wei")
    assert "has no sealed report text" in demo.refused(
        "redact", case, event, "--from", "report", "--to", "inquiry", "--body", "-", input="{}", member="wang.fang"
    )
    assert "has no event" in demo.refused("redact", case, "zzzz", "--from", "inquiry", "--to", "report", "--body", "-", input="{}", member="wang.fang")
    assert "the copy is missing" in demo.refused("redact", case, event, "--from", "inquiry", "--to", "report", member="wang.fang")
    assert demo.snapshot() == before


def test_in_the_editor_with_the_text_to_cross_out(interviewed: tuple[Plaint, str, str], tmp_path: Path) -> None:
    """What was written is shown again with what is wrong, and only what is confirmed is sealed."""
    demo, case, event = interviewed
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\ncp "$1" "$0.seen"; echo "$1" > "$0.file"; sed -i "s/The guard at the back gate, Old Sun,/[redacted]/; /^person/d" "$1"\n')
    editor.chmod(0o755)
    env = {"EDITOR": str(editor), "PLAINT_MEMBER": "wang.fang", "PLAINT_NOW": str(demo.now)}
    with Desk(demo.home, demo.folder, env).terminal("redact", case, event, "--from", "inquiry", "--to", "report") as person:
        person.expect("left out: person")
        person.expect("changed: statement")
        person.answer("Seal this for everybody who may read the part report?", "y")
        assert person.end() == 0, person.seen
    seen = (tmp_path / "editor.seen").read_text()
    assert "Old Sun" in seen
    assert seen.startswith(f"# interview {event}: ")
    assert not Path((tmp_path / "editor.file").read_text().strip()).exists()
    assert demo.data("open", case, member="li.wei")[-1]["body"] == {"redacted": {"statement": COPY}}
    before = demo.snapshot()
    editor.write_text("#!/bin/sh\n")  # closed as it opened
    with Desk(demo.home, demo.folder, env).terminal("redact", case, event, "--from", "inquiry", "--to", "report") as person:
        person.expect("nothing was left out")
        person.answer("Open it again?", "n")
        assert person.end() != 0
    assert demo.snapshot() == before
