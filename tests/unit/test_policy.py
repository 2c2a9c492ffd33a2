"""The presets say what the written policy and the Directive say, and `plaint policy` shows it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from plaint.cli import run
from plaint.errors import InputError
from plaint.i18n import set_language
from plaint.model.course import explore
from plaint.model.diagram import svg_diagram, text_diagram
from plaint.model.layout import Edge, lay_out, within
from plaint.model.policy import ClockKind, Policy, load_preset, policy_from, preset_document, preset_names, preset_text
from plaint.model.schema import validate
from plaint.model.words import EVENTS, STEPS
from plaint.model.yamlio import load_yaml

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


@pytest.fixture(params=preset_names())
def preset(request: pytest.FixtureRequest) -> Policy:
    return load_preset(request.param)


@pytest.mark.parametrize("name", preset_names())
def test_presets_fit_the_schema(name: str) -> None:
    data = preset_text(name)
    assert validate(load_yaml(data, name), "policy", data) == []


def test_events_known_are_those_of_the_case_schema() -> None:
    schema = json.loads((SCHEMAS / "case.schema.json").read_text("utf-8"))
    kinds = set(schema["$defs"]["event"]["properties"]["event"]["enum"])
    assert {name.partition(":")[0] for name in EVENTS} == kinds
    assert {f"{kind}:{step}" for kind, steps in STEPS.items() for step in steps} == {name for name in EVENTS if ":" in name}
    assert all(text["en"] and text["zh"] for text in EVENTS.values())


def test_presets_have_a_transition_for_every_event(preset: Policy) -> None:
    assert set(preset.transitions) == {name.partition(":")[0] for name in EVENTS}


# --- the house preset: the table of the written policy --------------------------------------------------------------------------------


@pytest.fixture
def house() -> Policy:
    return load_preset("house")


def test_house_scope_and_channels(house: Policy) -> None:
    assert {k: v["zh"] for k, v in house.categories.items()} == {
        "violation": "违法违规",
        "service": "服务质量与效率",
        "ethics": "职业道德与不正当竞争",
        "other": "其他",
    }
    assert list(house.channels) == ["phone", "email", "online", "letter", "visit"]


@pytest.mark.parametrize(
    ("clock", "within", "starts", "stops"),
    [
        ("acknowledgement", "24 hours", ("receive",), "acknowledge"),
        ("notice", "3 working days", ("decline",), "notify"),
        ("team", "3 working days", ("accept", "reopen"), "assign"),
        ("feedback", "7 working days", ("conclude",), "answer"),
        ("retention", "3 years", ("close",), "dispose:confirm"),
    ],
)
def test_house_clocks(house: Policy, clock: str, within: str, starts: tuple[str, ...], stops: str) -> None:
    found = house.clocks[clock]
    assert (str(found.within), found.starts) == (within, starts)
    assert stops in found.stops


def test_house_measures_reviews_and_rights(house: Policy) -> None:
    assert list(house.measures) == ["education", "warning", "sanction", "dismissal", "rectification", "rule-change"]
    assert house.clocks["measure"].per == "measure"
    assert house.clocks["retention"].kind is ClockKind.RETENTION
    assert set(house.recurring) == {"review", "annual-report"}
    assert house.holders("identity") == ("custodian",)
    assert {("conclude", "decide"), ("dispose:propose", "dispose:confirm"), ("disclose:request", "disclose:grant")} <= set(house.apart)
    assert all(t.unless == "held" for t in house.transitions["dispose"] if t.when["step"] in ("propose", "confirm"))
    assert house.team.least == 2
    assert house.threshold == 10


def test_eu_articles_9_and_16_to_18() -> None:
    eu = load_preset("eu-2019-1937")
    assert str(eu.clocks["acknowledgement"].within) == "7 days"  # art. 9(1)(b)
    feedback = eu.clocks["feedback"]  # art. 9(1)(f)
    assert (str(feedback.within), feedback.or_after, feedback.starts[0]) == ("3 months", "acknowledgement", "acknowledge")
    assert {"phone", "visit", "letter", "online"} <= set(eu.channels)  # art. 9(2): in writing, orally, in person
    assert eu.holders("identity") == ("custodian",)  # art. 16(1)
    assert any(t.when.get("step") == "inform" for t in eu.transitions["disclose"])  # art. 16(3)
    assert eu.clocks["retention"].grace is not None  # art. 18(1): no longer than necessary


def test_hinschg_sections_11_and_17() -> None:
    de = load_preset("de-hinschg")
    assert str(de.clocks["acknowledgement"].within) == "7 days"  # s. 17(1) no. 1
    assert (str(de.clocks["feedback"].within), de.clocks["feedback"].or_after) == ("3 months", "acknowledgement")  # s. 17(2)
    retention = de.clocks["retention"]  # s. 11(5)
    assert (str(retention.at_most), retention.grace) == ("3 years", None)
    assert de.holders("identity") == ("custodian",)  # s. 8


def test_a_wrong_time_zone_is_an_input_error() -> None:
    document = preset_document("house")
    document["calendar"]["timezone"] = "Asia/Nowhere"
    with pytest.raises(InputError, match="Asia/Nowhere"):
        policy_from(document)


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="house"):
        load_preset("no-such")


# --- courses and pictures --------------------------------------------------------------------------------------------------------------


def test_courses_are_few(preset: Policy) -> None:
    course = explore(preset)
    assert course.complete
    assert len(course.steps) < 1000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_text_diagram_names_every_state(preset: Policy, language: str) -> None:
    set_language(language)
    drawn = text_diagram(preset)
    assert all(state.title[language] in drawn for state in preset.states.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_svg_is_well_formed_accessible_and_self_contained(preset: Policy, language: str) -> None:
    set_language(language)
    drawn = svg_diagram(preset)
    root = ET.fromstring(drawn)
    spaced = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert all(root.get(key) for key in ("width", "height", "viewBox"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert (root.get("aria-labelledby") or "").split() == ids[:2]
    assert root.findtext(f"{spaced}title") == preset.title[language]
    assert root.findtext(f"{spaced}desc")
    texts = [element.text for element in root.iter(f"{spaced}text")]
    assert all(state.title[language] in texts for state in preset.states.values())
    assert "prefers-color-scheme" in drawn
    assert "currentColor" in drawn
    assert not any(word in drawn.replace("http://www.w3.org/2000/svg", "") for word in ("http:", "https:", "@import", "<script", "@font-face"))


def test_titles_are_escaped() -> None:
    document = preset_document("house")
    document["title"] = {"en": "<b> & co", "zh": "<b> & co"}
    assert '<title id="plaint-1-en-title">&lt;b&gt; &amp; co</title>' in svg_diagram(policy_from(document))


def test_layout_keeps_boxes_labels_and_lines_apart() -> None:
    sizes = {"start": (14.0, 14.0), **{name: (90.0 + 30 * n, 34.0) for n, name in enumerate("abcdef")}}
    pairs = ["sa", "ab", "ac", "bd", "cd", "de", "ef", "fa", "ea", "bf", "af", "db"]
    edges = [Edge("start" if p[0] == "s" else p[0], p[1], (60.0, 15.0)) for p in pairs]
    placed = lay_out(sizes, edges)
    everything = [*placed.boxes.values(), *placed.labels]
    for index, box in enumerate(everything):
        assert not within(everything[index + 1 :], box)
        assert box.x >= 0
        assert box.x + box.width <= placed.width
    for edge, line in zip(edges, placed.lines, strict=True):
        first, last = placed.boxes[edge.source], placed.boxes[edge.target]
        assert first.x <= line[0][0] <= first.x + first.width
        assert last.x <= line[-1][0] <= last.x + last.width
        middles = [(x, (y1 + y2) / 2) for (x, y1), (x2, y2) in pairwise(line) if x == x2]
        for x, y in middles:
            assert not any(b.x < x < b.x + b.width and b.y < y < b.y + b.height for b in placed.boxes.values())


# --- the commands ----------------------------------------------------------------------------------------------------------------------


def test_show_prints_every_part_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "house", "--lang", "zh"]) == 0
    shown = capsys.readouterr().out
    assert "违法违规" in shown
    assert "dispose:confirm" in shown
    assert run(["policy", "show", "house", "--lang", "en"]) == 0
    assert "7 working days" in capsys.readouterr().out


def test_show_json_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "show", "house", "--format", "json", "--lang", "en"]) == 0
    assert json.loads(capsys.readouterr().out) == preset_document("house")


def test_show_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "house.svg"
    assert run(["policy", "show", "house", "--diagram", "svg", "-o", str(picture), "--lang", "en"]) == 0
    assert capsys.readouterr().out == ""
    ET.parse(picture)


def test_lint_ends_with_1_and_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    text = preset_text("house").decode().replace("stops: [assign, decline]", "stops: [receive]")
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    assert run(["policy", "lint", "house", "--lang", "en"]) == 0
    assert "sound" in capsys.readouterr().out
    assert run(["policy", "lint", "broken.yaml", "--lang", "en"]) == 1
    assert "clock-never-stops" in capsys.readouterr().out
    assert run(["policy", "lint", "broken.yaml", "--format", "json", "--lang", "en"]) == 1
    assert [p["code"] for p in json.loads(capsys.readouterr().out)] == ["clock-never-stops"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["policy", "show", "nowhere"], "nowhere"),
        (["policy", "show", "house", "--diagram", "svg", "--format", "json"], "not JSON"),
        (["policy", "lint", "malformed.yaml"], "malformed.yaml:1"),
        (["policy", "show", "house", "-o", "no/such/folder/x.txt"], "cannot write"),
    ],
)
def test_wrong_calls_say_so_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "malformed.yaml").write_text("plaint: 1\n", encoding="utf-8")
    assert run([*arguments, "--lang", "en"]) in (2, 3)
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
