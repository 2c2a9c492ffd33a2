"""Live figures of a whole organisation; where there are many cases a second process counts every other one.

Whatever becomes of that process, the figures are the same: what it does not answer is counted here.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from plaint import process
from plaint.organisation import Organisation
from plaint.statistics.live import Case, Code, Figures, by_code, by_period, figures

WORTHWHILE = 2000
"""Cases: below, starting a process takes longer than counting here."""
Spans = Mapping[str, tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be counted: from `begin` (None: ever) until before `end`; by channel or category; or for each of some spans."""

    begin: datetime | None
    end: datetime
    code: Code | None = None
    spans: Spans | None = None


def count(organisation: Organisation, question: Question) -> dict[str, Figures]:
    """The figures by word or by span; those of everything under "" where neither is asked for."""
    if len(organisation.case_paths) < WORTHWHILE:
        return _answer(organisation, question, 0, 1)
    with process.start(__name__, "serve", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
        try:
            with suppress(OSError):
                process.send(other, (organisation.repository.root, organisation.revision, question))
            found = _answer(organisation, question, 0, 2)
            try:
                others: dict[str, Figures] = process.receive(other)
            except EOFError:  # it was ended from outside, or met a record that cannot be read: here that is said
                others = _answer(organisation, question, 1, 2)
        finally:
            other.kill()
    for word, each in others.items():
        found[word] = found[word].with_(each) if word in found else each
    return found


def _cases(organisation: Organisation, part: int, of: int) -> Iterator[Case]:
    return ((organisation.policy_of(record), record.events) for record in organisation.cases(part, of))


def _answer(organisation: Organisation, question: Question, part: int, of: int) -> dict[str, Figures]:
    cases = _cases(organisation, part, of)
    if question.spans is not None:
        return by_period(cases, question.spans)
    if question.code is not None:
        return by_code(cases, question.code, question.begin, question.end)
    return {"": figures(cases, question.begin, question.end)}


def serve() -> None:
    """The other process: answers once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    with suppress(Exception):  # whatever it is, the parent meets it, too, and says it
        root, revision, question = process.asked()
        process.answer(_answer(Organisation.open(root, revision), question, 1, 2))
