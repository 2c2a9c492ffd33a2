"""What one commit adds: how many events, whose, dated when, and does its message name them; and the files that come beside a case.

Rules:
- One event is one commit. Receipts (an import) and new keyrings may share one, each in a case of its own.
- A file beside a case comes with an event of the same commit that names it by its SHA-256, is never changed, and goes only when the case was
  disposed of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from plaint.audit.cases import Blobs
from plaint.audit.commits import Commit
from plaint.audit.history import Changed
from plaint.audit.house import House
from plaint.audit.lines import IMPORTED, LATEST
from plaint.check.findings import Collector
from plaint.i18n import _
from plaint.model.machine import is_final
from plaint.model.record import Event

CLOCK_SKEW = timedelta(minutes=5)
"""How far an event may be ahead of its commit: the clocks of two computers."""
SHARED = frozenset({"receive", "rekey"})
"""Events of which one commit may hold many, in a case each."""
CASE = re.compile(r"cases/[0-9]{4}/([^/]+)\.yaml")
BESIDE = re.compile(r"(cases/[0-9]{4}/[^/]+)/[^/]+")


@dataclass(slots=True)
class Added:
    """The events by record, and the files beside cases."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    beside: list[Changed] = field(default_factory=list)

    def check_events(self, commit: Commit, member: str | None, found: Collector, *, touched: bool) -> None:
        """The events of a commit that a member signed (None: nobody did); `touched`: it changes cases, if only to spoil them."""
        for path, event in self.events:
            self._check_event(commit, path, event, member, found)
        cases = [(case, event) for path, event in self.events if (case := case_of(path))]
        named = commit.trailers
        if not cases:
            if any(named.values()) and not touched:
                found.add("A205", commit.sha, _("its message names events, and it holds none"), commit=commit.sha)
            return
        first = next(path for path, _event in self.events if case_of(path))
        if len(self.events) > 1:
            kinds = {event.kind for _case, event in cases}
            if not (len(kinds) == 1 and kinds <= SHARED and len({path for path, _event in self.events if case_of(path)}) == len(self.events)):
                found.add("A204", first, _("it holds {n} events").format(n=len(self.events)), commit=commit.sha)
        if sorted(named["Event"]) != sorted([event.id for _case, event in cases]) or sorted(named["Case"]) != sorted([case for case, _event in cases]):
            found.add("A205", first, _("its message does not name the events that it holds"), commit=commit.sha)
        if member is not None and commit.author != member:
            message = _("the author is given as {author}, and {signer} signed it").format(author=commit.author, signer=member)
            found.add("A105", first, message, commit=commit.sha)

    def _check_event(self, commit: Commit, path: str, event: Event, member: str | None, found: Collector) -> None:
        def add(code: str, message: str) -> None:
            found.add(code, path, message, line=event.line, event=event.id, commit=commit.sha)

        if member is not None and event.by != member:
            add("A104", _("it says {by}, and {signer} signed it").format(by=event.by, signer=member))
        early, late = event.at > commit.at + CLOCK_SKEW, commit.at - event.at > LATEST and event.kind not in IMPORTED
        if early or late:
            add("A301" if early else "A302", _("it is dated {at}, its commit {commit}").format(at=event.at.isoformat(), commit=commit.at.isoformat()))

    def check_beside(self, commit: Commit, blobs: Blobs, house: House, prefix: str, found: Collector) -> None:
        """The files beside cases; `house` is the one after the commit."""
        named = [(path.removesuffix(".yaml"), event.codes.get("digest")) for path, event in self.events if event.kind == "evidence"]
        for change in self.beside:
            match = BESIDE.fullmatch(change.path)
            case = match[1] if match else ""
            if change.mode and not change.old_mode:
                told = case, blobs.sealed_digest(change.path, change.new)
                if told in named:
                    named.remove(told)
                else:
                    found.add("A403", change.path, _("no event of this commit names it by its SHA-256"), commit=commit.sha)
            elif change.old != change.new and (change.mode or not _is_over(blobs, f"{commit.sha}:{prefix}{case}.yaml", house)):
                found.add("A403", change.path, _("it was changed or removed"), commit=commit.sha)


def _is_over(blobs: Blobs, spec: str, house: House) -> bool:
    """Whether a case was disposed of."""
    blob = blobs.find(spec)
    known = blobs.case(blob, spec, house.policy) if blob else None
    policy = house.policy(int(known.header["policy"])) if known else None
    return bool(known and policy and is_final(policy, known.state))


@lru_cache(maxsize=1000)
def case_of(path: str) -> str:
    """The id of the case whose record stands at a path; "" where it is no case's."""
    match = CASE.fullmatch(path)
    return match[1] if match else ""
