"""The witness of time: a forge knows when something was pushed, and what was there before. Only then can dating back be seen.

A commit says itself when it was made, and a signature proves who says so, not when. So whoever missed a limit could set the clock of their
computer back. What a push brings must therefore have been made not long before it.

Rules:
- A commit is not older than what members may work without a connection: 72 hours, from Friday evening to Monday evening, unless plaint.yaml
  says otherwise (`offline-hours`); what it said before the push counts. Nor is it newer than the push, but for the clocks of two computers.
- An event that kept a time limit by its own time and came after it is told of, whatever the hours: nobody saw that it was in time.
- Where nothing is known of what was there before, as at the first push of all, there is nothing to compare with; that is said.

It is looked at once, when it is pushed: a later audit cannot know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from plaint.audit.added import CLOCK_SKEW
from plaint.audit.house import House
from plaint.audit.lines import AT_ONCE
from plaint.check.findings import Collector
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.deadlines import kept_until
from plaint.model.record import Event, Record, parse
from plaint.organisation import CONFIG, OFFLINE_HOURS
from plaint.store.git import Git
from plaint.store.objects import Objects


@dataclass(frozen=True, slots=True)
class Push:
    """A push to be witnessed: `before` names what was there, the first that is known here counts; `at` is when it came."""

    before: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Witness:
    """Looks at what came to `head` in one push; `house` is as it left it, `prefix` the organisation's folder."""

    git: Git
    objects: Objects
    prefix: str
    head: str
    house: House

    def look(self, push: Push, found: Collector) -> str:
        """Adds what is out of order; "", or why it could not look."""
        base = next((sha for name in push.before if (sha := self._commit(name))), None)
        if base is None:
            return _("nothing is known of what was there before this push, so the times of its commits were not compared with it")
        self._check_commits(base, push.at, found)
        self._check_limits(base, push.at, found)
        return ""

    def _commit(self, name: str) -> str | None:
        if not name.strip("0"):  # as forges say that there was nothing
            return None
        found = self.objects.get(f"{name}^{{commit}}")
        return found.sha if found else None

    def _check_commits(self, base: str, at: datetime, found: Collector) -> None:
        before = self.objects.read_blob(f"{base}:{self.prefix}{CONFIG}")  # as it was: nobody pushes leave for themselves
        config = House().changed([(CONFIG, before)]).config
        offline = timedelta(hours=config.offline_hours if config else OFFLINE_HOURS)
        paths = ["--", self.prefix] if self.prefix else []
        for line in self.git.text("rev-list", "--timestamp", "--reverse", self.head, f"^{base}", *paths).splitlines():
            seconds, sha = line.split()
            made = datetime.fromtimestamp(int(seconds), UTC)
            if not at - offline <= made <= at + CLOCK_SKEW:
                message = _("it is dated {made}, and was pushed {pushed}").format(made=made.isoformat(), pushed=at.isoformat())
                found.add("A306", sha, message, commit=sha)

    def _check_limits(self, base: str, at: datetime, found: Collector) -> None:
        told = {(each.record, each.event) for each in found.found if each.rule == "A304"}  # by the commit's time already
        for record, events in self._grown(base):
            policy = self.house.policy(int(record.header["policy"]))
            late = [event for event in events if at - event.at > AT_ONCE and (record.path, event.id) not in told]
            if policy and late:
                for event, due in ((e, due) for e in late for due in kept_until(policy, record.events[: record.events.index(e) + 1], e, at)):
                    message = _("it is dated {at}, in time for {due}, and was pushed {pushed}").format(
                        at=event.at.isoformat(), due=due.isoformat(), pushed=at.astimezone(policy.timezone).isoformat()
                    )
                    found.add("A307", record.path, message, line=event.line, event=event.id)

    def _grown(self, base: str) -> Iterator[tuple[Record, list[Event]]]:
        """The cases that the push changed, with their new events; what cannot be read the walk has reported."""
        folder = f"{self.prefix}cases"
        old = {entry.path: entry.sha for entry in self.objects.ls_tree(base, folder)}
        for entry in self.objects.ls_tree(self.head, folder):
            if entry.path.endswith(".yaml") and old.get(entry.path) != entry.sha:
                path = entry.path.removeprefix(self.prefix)
                after = self._record(entry.sha, path)
                before = self._record(old.get(entry.path), path)
                known = {event.id for event in before.events} if before else set()
                if after:
                    yield after, [event for event in after.events if event.id not in known]

    def _record(self, sha: str | None, path: str) -> Record | None:
        data = self.objects.read_blob(sha) if sha else None
        try:
            return parse(data, path) if data else None
        except InputError:
            return None
