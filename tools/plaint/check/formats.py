"""One report, many formats: text for people, JSON for programs, GitHub annotations, SARIF 2.1.0 for code scanning, JUnit for CI.

A format is a function from a report to text; `FORMATS` is the table of them. File names in the formats that a forge reads are those of the
git repository, so the organisation's folder is put before them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from plaint.check.findings import Finding, Report
from plaint.check.rules import Rule, Severity, families, rules
from plaint.errors import with_hint
from plaint.i18n import _, listed, ngettext
from plaint.organisation import CONFIG

Paint = Callable[[str, Severity], str]
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def severity_words() -> dict[Severity, str]:
    """The severities in words."""
    return {Severity.ERROR: _("error"), Severity.WARNING: _("warning")}


def text(report: Report, paint: Paint = lambda word, _severity: word) -> str:
    """For people: by record, each finding with its line and what to do; `paint` colours the severity."""
    words = severity_words()
    lines = []
    for record, findings in groupby(report.findings, key=lambda f: f.record):
        lines.append(record or _("the history"))
        for finding in findings:
            place = f"{finding.line}: " if finding.line else ""
            event = f" ({finding.event})" if finding.event else ""
            lines.append(f"  {place}{paint(words[finding.severity], finding.severity)} {finding.rule}{event} {finding.message}")
            lines.append(f"    → {finding.remedy}")
        lines.append("")
    lines.append(summary(report))
    return "\n".join(lines) + "\n"


def summary(report: Report) -> str:
    """One line: how much was looked at, and what was found."""
    looked = [ngettext("{n} record", "{n} records", report.records).format(n=report.records)] if report.records or not report.commits else []
    looked.append(ngettext("{n} event", "{n} events", report.events).format(n=report.events))
    if report.commits:
        looked.append(ngettext("{n} commit", "{n} commits", report.commits).format(n=report.commits))
    found = [
        ngettext("{n} error", "{n} errors", report.errors).format(n=report.errors),
        ngettext("{n} warning", "{n} warnings", report.warnings).format(n=report.warnings),
    ]
    if not report.findings:
        return _("{looked}: all in order.").format(looked=listed(looked))
    return _("{looked}: {found}.").format(looked=listed(looked), found=listed(found))


def plain_json(report: Report) -> str:
    """The JSON that other programs rely on."""
    return json.dumps(report.plain(), ensure_ascii=False, indent=2) + "\n"


def github(report: Report) -> str:
    """Annotations for GitHub Actions, one line each.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    lines = []
    for finding in report.findings:
        properties = {"title": f"{finding.rule} {rules()[finding.rule].title}"}
        if _is_file(finding):
            properties = {"file": report.prefix + finding.record, "line": str(finding.line or 1)} | properties
        fields = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
        event = f" ({finding.event})" if finding.event else ""
        message = f"{finding.message}{event}\n{finding.remedy}"
        lines.append(f"::{finding.severity.value} {fields}::{_escaped(message)}")
    return "".join(f"{line}\n" for line in [*lines, summary(report)])


def _escaped(value: str, special: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + special else c for c in value)


def _rules_of(report: Report) -> list[Rule]:
    """The rules that a run looks at: those of the history are the audit's."""
    return [r for r in rules().values() if r.code[0] != "A" or report.commits]


def sarif(report: Report) -> str:
    """SARIF 2.1.0, with the metadata of every rule of the run's families."""
    table = _rules_of(report)
    index = {r.code: n for n, r in enumerate(table)}
    driver = {
        "name": "plaint",
        "rules": [
            {
                "id": r.code,
                "name": r.code,
                "shortDescription": {"text": r.title},
                "fullDescription": {"text": r.explanation},
                "help": {"text": r.remedy},
                "defaultConfiguration": {"level": r.severity.value},
                "properties": {"tags": [families()[r.code[0]]]},
            }
            for r in table
        ],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(report, finding, index[finding.rule]) for finding in report.findings],
    }
    if report.notes:
        run["invocations"] = [
            {"executionSuccessful": True, "toolExecutionNotifications": [{"level": "note", "message": {"text": note}} for note in report.notes]}
        ]
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _sarif_result(report: Report, finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": with_hint(finding.message, finding.remedy)},
        # a line moves when an event is added before it; the event does not
        "partialFingerprints": {"plaint/v1": ":".join((finding.rule, finding.record, finding.event or finding.commit or ""))},
    }
    # GitHub refuses the whole file where a result has no file; what is about a commit or a ref stands at the organisation's own
    path, line = (finding.record, finding.line or 1) if _is_file(finding) else (CONFIG, 1)
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(report.prefix + path)}, "region": {"startLine": line}}}
    if path != finding.record and finding.record:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.record}]
    result["locations"] = [location]
    return result


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _is_file(finding: Finding) -> bool:
    """Whether its record is a file of the organisation: not a ref, a commit, or the history as a whole."""
    return bool(finding.record) and finding.record != finding.commit and not finding.record.startswith("refs/")


def junit(report: Report) -> str:
    """JUnit XML: a test for each finding, and one that passes for each rule that found nothing. Warnings are skipped tests."""
    found = {finding.rule for finding in report.findings}
    passed = [r for r in _rules_of(report) if r.code not in found]
    counts = {
        "tests": str(len(report.findings) + len(passed)),
        "failures": str(report.errors),
        "errors": "0",
        "skipped": str(report.warnings),
        "time": "0",
    }
    root = ET.Element("testsuites", {"name": "plaint", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "plaint audit" if report.commits else "plaint check", **counts})
    named: Counter[str] = Counter()
    for finding in report.findings:
        name = " ".join(filter(None, (finding.rule, finding.record, finding.event)))
        named[name] += 1
        if named[name] > 1:  # two measures of one decision, say; a CI tells tests apart by their names
            name = f"{name} #{named[name]}"
        case = ET.SubElement(suite, "testcase", _xml({"name": name, "classname": f"plaint.{finding.rule}", "time": "0"}))
        if finding.severity is Severity.ERROR:
            inner = ET.SubElement(case, "failure", _xml({"message": finding.message, "type": finding.rule}))
            line = f":{finding.line}" if finding.line else ""
            inner.text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", f"{finding.record}{line}: {finding.message}\n{finding.remedy}")
        else:
            ET.SubElement(case, "skipped", _xml({"message": with_hint(finding.message, finding.remedy)}))
    for each in passed:
        ET.SubElement(suite, "testcase", {"name": f"{each.code} {each.title}", "classname": f"plaint.{each.code}", "time": "0"})
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _xml(attributes: dict[str, str]) -> dict[str, str]:
    return {key: _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value) for key, value in attributes.items()}


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": text,
    "json": plain_json,
    "github": github,
    "sarif": sarif,
    "junit": junit,
}
