"""Registers the rows of a table: in chunks, each one signed commit; whatever was imported before is skipped.

- A row is refused alone: the others go on. Its line and the reason are in the report.
- What is known is asked of the committed cases, under the lock, before each chunk that somebody else committed before: two imports at once
  register nothing twice.
- A chunk is there as a whole or not at all. An import that was stopped is completed by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plaint.actor import Actor
from plaint.desk import Entry, Sealer, plan_case, register_many, seal_here
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, PlaintError
from plaint.files import read_plain
from plaint.i18n import _, listed, pick, reason
from plaint.intake.importkey import import_secret, known_sources
from plaint.intake.mapping import Map
from plaint.intake.rows import Candidate, RowReader
from plaint.intake.spreadsheet import Row, Table, read_table
from plaint.model.machine import START, CaseState, transitions_for
from plaint.organisation import Organisation

CHUNK = 500
_MANY = 1000  # cases registered: worth packing

Tick = Callable[[int], None]
"""Told how many more rows are done with."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not registered: its first line in the file, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of the rows. `known` were imported before, `repeated` stand in the file a second time."""

    registered: int = 0
    known: int = 0
    repeated: int = 0
    refused: list[Refused] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        """Rows whose case there is already."""
        return self.known + self.repeated


def read_file(path: Path, plan: Map) -> Table:
    """The table in a file, by what the map says of it; InputError where it cannot be read."""
    try:
        data = read_plain(path)
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error
    return read_table(data, plan.columns(), where=str(path), encoding=plan.encoding, delimiter=plan.delimiter)


def import_table(actor: Actor, plan: Map, table: Table, now: datetime, tick: Tick, *, seal: Sealer = seal_here, chunk: int = CHUNK) -> Outcome:
    """Registers every row that is new and right."""
    return _Import(actor, plan, table, now, tick, Outcome()).run(seal, chunk)


def rehearse(actor: Actor, plan: Map, table: Table, now: datetime, tick: Tick) -> Outcome:
    """What `import_table` would do; nothing is written."""
    return _Import(actor, plan, table, now, tick, Outcome()).rehearse()


@dataclass(slots=True)
class _Import:
    actor: Actor
    plan: Map
    table: Table
    now: datetime
    tick: Tick
    outcome: Outcome
    known: set[str] = field(default_factory=set)
    known_at: str | None = None
    seen: set[str] = field(default_factory=set)

    def run(self, seal: Sealer, chunk: int) -> Outcome:
        repository = self.actor.organisation.repository
        reader = self._reader()
        for rows in _chunks(self.table.rows, chunk):
            with repository.lock():
                self._refresh_known()
                self._register(list(self._entries(reader, rows)), seal)
            self.tick(len(rows))
        if self.outcome.registered >= _MANY:
            tidy(self.actor.organisation)
        self.outcome.refused.sort(key=lambda refused: refused.line)
        return self.outcome

    def rehearse(self) -> Outcome:
        reader = self._reader()
        self._refresh_known()
        for rows in _chunks(self.table.rows, CHUNK):
            for candidate, entry in self._entries(reader, rows):
                try:
                    plan_case(self.actor.organisation, self.actor.member, entry)
                except EnvironmentFaultError:
                    raise
                except PlaintError as error:
                    self._refuse(candidate.line, error)
                else:
                    self.outcome.registered += 1
            self.tick(len(rows))
        self.outcome.refused.sort(key=lambda refused: refused.line)
        return self.outcome

    def _reader(self) -> RowReader:
        organisation = self.actor.organisation
        check_role(organisation, self.actor.member, self.now)
        return RowReader(self.plan, import_secret(self.actor), organisation.config.timezone, self.now)

    def _refresh_known(self) -> None:
        repository = self.actor.organisation.repository
        head = repository.head()
        if head != self.known_at:
            self.known = known_sources(repository)
            self.known_at = head

    def _entries(self, reader: RowReader, rows: Sequence[Row]) -> Iterator[tuple[Candidate, Entry]]:
        """What is to be registered of these rows; the others are counted."""
        for row in rows:
            try:
                candidate = reader.candidate(self.table, row)
                if candidate.source in self.seen:
                    self.outcome.repeated += 1
                    continue
                if candidate.source in self.known:
                    self.seen.add(candidate.source)
                    self.outcome.known += 1
                    continue
                entry = reader.entry(candidate)
            except InputError as error:
                self._refuse(row.line, error)
                continue
            self.seen.add(candidate.source)
            yield candidate, entry

    def _register(self, entries: Sequence[tuple[Candidate, Entry]], seal: Sealer) -> None:
        if not entries:
            return

        def refuse(index: int, error: PlaintError) -> None:
            self._refuse(entries[index][0].line, error)

        done = register_many(self.actor, [(entry, ()) for _candidate, entry in entries], seal=seal, refuse=refuse)
        if done:
            self.outcome.registered += len(done)
            self.outcome.commits.append(done[0].commit)
            self.known_at = done[0].commit  # ours, and `seen` has it

    def _refuse(self, line: int, error: PlaintError) -> None:
        self.outcome.refused.append(Refused(line, str(error)))


def check_role(organisation: Organisation, member: str, now: datetime) -> None:
    """NotAllowedError where the member may register nothing: one line instead of one for each row."""
    policy = organisation.policy_in_force(now)
    roles = {role for transition in transitions_for(policy, CaseState(START), "receive", {}) for role in transition.roles}
    membership = organisation.roster.now(member)
    if membership is None or not membership.roles & roles:
        raise NotAllowedError(
            _("{member} may not register cases: it takes the role {roles}").format(
                member=member, roles=listed(pick(policy.roles[role]) for role in sorted(roles) if role in policy.roles)
            ),
            hint=_("say who acts with --as MEMBER"),
        )


def _chunks(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def tidy(organisation: Organisation) -> None:
    """One pack and one file of refs instead of a hundred, so that later commands are as fast as before. Whatever git says to it is no matter.

    Sealed text does not compress, so no deltas are looked for; those there are stay.
    """
    git = organisation.repository.git
    organisation.repository.close()  # its reader holds the old packs open
    git.call("pack-refs", "--all")
    git.call("-c", "pack.window=0", "-c", "pack.compression=1", "repack", "-q", "-d", "--geometric=2", "--write-midx")
