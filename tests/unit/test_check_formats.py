"""The formats of a report, against golden files; `PLAINT_UPDATE_GOLDEN=1` writes them anew, to be looked at in the diff."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from plaint.check.findings import Collector, Report
from plaint.check.formats import FORMATS
from plaint.check.rules import rules
from plaint.i18n import set_language

GOLDEN = Path(__file__).parents[1] / "golden"
ENDING = {"text": "txt", "json": "json", "github": "github", "sarif": "sarif", "junit": "xml"}


def some_report() -> Report:
    found = Collector()
    found.add("D101", "cases/2026/Q7M4-K2XD.yaml", "First reply: was due 2026-10-06 09:00, 3 hours ago", line=9, event="h7q2m0xv")
    found.add("D102", "cases/2026/Q7M4-K2XD.yaml", "Accept or decline: due 2026-10-13 00:00, in 6 days", line=9, event="h7q2m0xv")
    found.add("K203", "refs/plaint/keys/R7M4-K2XD", "there is no case R7M4-K2XD")
    found.add("S201", "cases/2026/50%, \x1b[31m<a>:b\n.txt", '100% "wrong" & <odd>,\nreally: yes')
    found.add("R201", "reviews/2026-H1.yaml", "监督检查 of 2026-H1: was due 2026-08-31, 36 days ago")
    return Report(found.in_order(), 12, 34, "a" * 40, notes=("this clone has no keyrings",), prefix="org/")


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name):
    output = FORMATS[name](some_report())
    path = GOLDEN / f"check.{ENDING[name]}"
    if os.environ.get("PLAINT_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(output, "utf-8")
    assert output == path.read_text("utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_report_without_findings(name):
    output = FORMATS[name](Report((), 3, 4, None))
    assert output.endswith("\n")
    assert "D101" not in output or name in ("sarif", "junit")


def test_json_is_the_contract():
    document = json.loads(FORMATS["json"](some_report()))
    assert list(document) == ["findings", "summary", "head"]
    assert all(list(f) == ["rule", "severity", "record", "event", "commit", "line", "message", "remedy"] for f in document["findings"])
    assert document["summary"] == {"records": 12, "events": 34, "commits": 0, "errors": 4, "warnings": 1}


def test_github_lines_hold_one_annotation_each():
    *annotations, summary = FORMATS["github"](some_report()).splitlines()
    assert len(annotations) == 5
    assert all(line.startswith(("::error ", "::warning ")) for line in annotations)
    assert not summary.startswith("::")
    assert "file=org/cases/2026/Q7M4-K2XD.yaml,line=9,title=D101" in "\n".join(annotations)


def test_sarif_names_every_rule_with_its_level():
    (run,) = json.loads(FORMATS["sarif"](some_report()))["runs"]
    table = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in table] == [code for code in rules() if code[0] != "A"]
    assert all(table[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_every_result_has_a_file():
    """Code scanning refuses a file in which one has none: a commit, a ref and the history as a whole stand at plaint.yaml."""
    found = Collector()
    for record in ("", "refs/replace/" + "b" * 40, "c" * 40, "cases/2026/Q7M4-K2XD.yaml"):
        found.add("A504", record, "gone", commit="c" * 40)
    report = Report(found.in_order(), 0, 1, "a" * 40, commits=1, prefix="org/")
    (run,) = json.loads(FORMATS["sarif"](report))["runs"]
    files = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert sorted(files) == ["org/cases/2026/Q7M4-K2XD.yaml", *["org/plaint.yaml"] * 3]
    assert FORMATS["github"](report).count("file=") == 1


def test_reports_of_an_audit_name_its_rules_too():
    audit = Report((), 0, 34, "a" * 40, commits=30)
    (run,) = json.loads(FORMATS["sarif"](audit))["runs"]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == list(rules())
    assert 'name="plaint audit"' in FORMATS["junit"](audit)
    assert "34 events, 30 commits" in FORMATS["text"](audit)


def test_junit_can_be_read_and_counts_right():
    root = ET.fromstring(FORMATS["junit"](some_report()))
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == int(root.attrib["tests"])
    assert len(root.findall(".//failure")) == int(root.attrib["failures"]) == 4
    assert len(root.findall(".//skipped")) == int(root.attrib["skipped"]) == 1
    assert len({(c.attrib["classname"], c.attrib["name"]) for c in cases}) == len(cases)


def test_nothing_in_a_report_commands_a_terminal():
    assert "\x1b" not in FORMATS["text"](some_report())


def test_report_is_the_same_however_it_was_gathered():
    report = some_report()
    again = Collector()
    again.found = [*reversed(report.findings), *report.findings]
    assert again.in_order() == report.findings


def test_rules_speak_the_language_in_force():
    try:
        set_language("zh")
        assert set(rules()) == {r.code for r in rules().values()}
    finally:
        set_language("en")


def test_rules_are_written_for_people():
    for rule in rules().values():
        assert rule.title[0].isupper() or rule.title.startswith("plaint")
        assert not rule.title.endswith(".")
        assert rule.explanation.endswith(".")
        assert rule.remedy.endswith(".")
