"""What was brought in before, whatever way it came: so that nothing comes in twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from plaint.access import REPORTER
from plaint.actor import Actor
from plaint.desk import Recorded
from plaint.intake.importkey import cases_by_source

HALF = 16
"""Letters of a `source`: that of a mail has one half for its Message-ID, one for its text."""


@dataclass(slots=True)
class Known:
    """Who brings in, and what was brought in before; looked at anew where another process committed since."""

    actor: Actor
    cases: dict[str, str] = field(default_factory=dict)
    halves: dict[str, str] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    """The recipients of all receipts."""
    read_at: str | None = None

    def refresh(self) -> None:
        """Up to what is committed now."""
        head = self.actor.organisation.repository.head()
        if head != self.read_at:
            self.actor = self.actor.up_to_date()
            self.cases = cases_by_source(self.actor.organisation.repository)
            self.halves = {source[:HALF]: case for source, case in self.cases.items()}
            self.receipts = {str(each.header["seals"].get(REPORTER, "")) for each in self.actor.organisation.cases()} - {""}
            self.read_at = head

    def add(self, source: str, done: Recorded, receipt: str = "") -> None:
        """One case more, of our own; to be called under the lock."""
        self.cases[source] = self.halves[source[:HALF]] = done.case
        self.receipts |= {receipt} - {""}
        self.done(done)

    def done(self, done: Recorded) -> None:
        """One event more, of our own; to be called under the lock."""
        self.actor = self.actor.up_to_date()
        self.read_at = done.commit
