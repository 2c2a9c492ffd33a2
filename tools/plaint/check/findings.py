"""Findings and the report they make: built once, printed in many formats; `check` and `audit` share them.

Rules:
- A finding names its rule, the record with the line, the event or commit it is about, what is wrong and what to do.
- A report is in order of record and line, so the same repository always gives the same report.
- Errors fail the run; warnings do so only where the caller is strict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from plaint.check.rules import Severity, rule

_FOUND, _FINE = 1, 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not in order; `line` counts from 1, and is None where no line of a file is meant."""

    rule: str
    severity: Severity
    record: str
    message: str
    remedy: str
    event: str | None = None
    line: int | None = None
    commit: str | None = None

    def plain(self) -> dict[str, Any]:
        """As the JSON of the report has it."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "record": self.record,
            "event": self.event,
            "commit": self.commit,
            "line": self.line,
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found. `notes` say what it could not look at; `prefix` is the organisation's folder in the git repository ("" or "org/")."""

    findings: tuple[Finding, ...]
    records: int
    events: int
    head: str | None
    commits: int = 0
    notes: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many are warnings."""
        return len(self.findings) - self.errors

    def exit_code(self, *, strict: bool = False) -> int:
        """0 where all is in order, 1 where it is not."""
        return _FOUND if self.errors or (strict and self.findings) else _FINE

    def plain(self) -> dict[str, Any]:
        """The JSON that other programs rely on."""
        return {
            "findings": [finding.plain() for finding in self.findings],
            "summary": {
                "records": self.records,
                "events": self.events,
                "commits": self.commits,
                "errors": self.errors,
                "warnings": self.warnings,
            },
            "head": self.head,
        }


@dataclass(slots=True)
class Collector:
    """Gathers findings during a run."""

    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, record: str, message: str, *, line: int | None = None, event: str | None = None, commit: str | None = None) -> None:
        """One more; severity and remedy come from the rule."""
        known = rule(code)
        self.found.append(Finding(code, known.severity, printable(record), printable(message), known.remedy, event, line, commit))

    def said(self, code: str, record: str, event: str | None, line: int | None = None) -> bool:
        """Whether a rule has just been reported of this event or line."""
        return any(f.rule == code and f.record == record and (f.event == event if event else f.line == line) for f in self.found[-50:])

    def in_order(self) -> tuple[Finding, ...]:
        """All of them, by record, line and rule; the same thing said twice is said once."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda f: (f.record, f.line or 0, f.rule, f.event or "", f.message)))

    def __len__(self) -> int:
        """How many so far."""
        return len(self.found)


def printable(text: str) -> str:
    """The text without what a terminal would obey or cannot show (control characters, file names that are not UTF-8)."""
    shown = text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
