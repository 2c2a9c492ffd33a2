"""The rules of the history, commit by commit: who signed, did records only grow, was each event legal then, was each change theirs to make.

Rules:
- A commit is judged by the house as its first parent left it: keys, roles and policy at that point of the history, not by today's.
- The first commit is judged by itself: whoever it makes a member may sign it.
- What a merge brings is judged where it was made; a merge may only bring together (`merges`).

Nothing is raised for what a history may hold: it becomes a finding, and the walk goes on with the state as it would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from plaint.audit.cases import Blobs, EventsBefore, Known, blob_id
from plaint.audit.commits import Commit
from plaint.audit.history import Changed, Step
from plaint.audit.house import House, is_of_house
from plaint.audit.merges import BaseOf, check_merge
from plaint.audit.sshsig import SignatureError, verify
from plaint.check.course import RULE_OF
from plaint.check.findings import Collector
from plaint.check.form import FOLDERS, read_record
from plaint.check.sealing import Seals, check_copies, check_sealed_texts
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.deadlines import readings
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, apply, names
from plaint.model.policy import Policy
from plaint.model.record import Event, Record, RecordKind, parse, parse_events
from plaint.model.revisions import approvals
from plaint.model.schema import validate
from plaint.store.trees import FILE_MODES

CLOCK_SKEW = timedelta(minutes=5)
"""How far an event may be ahead of its commit: the clocks of two computers."""
LATEST_RECORD = timedelta(days=7)
BACKWARDS = timedelta(hours=1)
IMPORTED = frozenset({"receive"})
"""Events that are dated by something outside, however long ago."""
SHARED = frozenset({"receive", "rekey"})
"""Events of which one commit may hold many, in a case each."""
PLAIN_MODE = "100644"
_CASE = re.compile(r"cases/[0-9]{4}/([^/]+)\.yaml")
_BESIDE = re.compile(r"(cases/[0-9]{4}/[^/]+)/[^/]+")
_PROTECTED = re.compile(r"plaint\.yaml|(policy|members|reviews|releases|schemas|site|\.github|\.gitlab)/.*|\.gitlab-ci\.yml|\.git(attributes|ignore|modules)")


@dataclass(slots=True)
class Added:
    """What one commit adds: the events by record, and the files beside cases."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    beside: list[Changed] = field(default_factory=list)


class Walk:
    """Judges commits in order. `signers` knows signatures that were verified beforehand: commit -> public key, or why it is none."""

    def __init__(self, blobs: Blobs, prefix: str, base_of: BaseOf, found: Collector) -> None:
        self._blobs, self._prefix, self._base_of, self._found = blobs, prefix, base_of, found
        self._houses: dict[str, House] = {}
        self._times: dict[str, datetime] = {}
        self._seals = Seals()
        self.root: str | None = None
        self.events = 0

    def start_at(self, sha: str, house: House, at: datetime, root: str) -> None:
        """Begin at a commit that was verified before, with the house as it was then."""
        self._houses[sha], self._times[sha], self.root = house, at, root

    def judge(self, step: Step, signer: str | SignatureError | None) -> None:
        """One commit. `signer` is the key that signed it, if that was found out already."""
        commit = step.commit
        if commit is None:
            self._found.add("A506", step.sha, step.problem, commit=step.sha)
            self._houses[step.sha] = House()
            return
        changes = [self._ours(each) for each in step.changes]
        if not commit.parents:
            self._begin(commit, changes[0], signer)
        elif len(commit.parents) == 1:
            before = self._houses[commit.parents[0]]
            self._check_time(commit)
            if changes[0] or not self._prefix:
                # an organisation in a folder of a larger repository is founded later than that
                self._ordinary(commit, changes[0], before, before if before.members else self._house_after(before, changes[0]), signer)
            else:
                self._houses[commit.sha] = before
        else:
            self._check_time(commit)
            check_merge(commit, changes, self._blobs, self._base_of, self._found)
            self._houses[commit.sha] = self._house_after(self._houses[commit.parents[0]], changes[0])
        self._times[commit.sha] = commit.at

    def prefetch(self, steps: Iterable[Step]) -> None:
        """Reads the records that judging these commits will ask for, in one go."""
        self._blobs.prefetch([c.new for step in steps for c in (step.changes[0] if step.changes else ()) if c.mode and c.path.endswith(".yaml")])

    # A commit

    def _begin(self, commit: Commit, changes: Sequence[Changed], signer: str | SignatureError | None) -> None:
        if self.root is not None:
            message = _("this is a first commit too; the history began with {root}").format(root=self.root[:12])
            self._found.add("A502", commit.sha, message, commit=commit.sha)
        self.root = self.root or commit.sha
        house = self._house_after(House(), changes)
        self._ordinary(commit, changes, House(), house, signer)

    def _ordinary(self, commit: Commit, changes: Sequence[Changed], before: House, judge: House, signer: str | SignatureError | None) -> None:
        """A commit with one parent or none; `judge` is the house whose keys and roles count."""
        member = self._signer(commit, judge, signer)
        added = Added()
        seen: set[str] = set()
        for change in changes:
            if change.path in seen:
                self._found.add("A404", change.path, _("the folder names this file twice"), commit=commit.sha)
            seen.add(change.path)
            self._change(commit, change, judge, member, added)
        self._check_events(commit, added, member)
        self._check_beside(commit, added)
        self._houses[commit.sha] = self._house_after(before, changes)

    def _signer(self, commit: Commit, house: House, known: str | SignatureError | None) -> str | None:
        """The member who signed, or None after reporting why it is nobody."""
        try:
            key = _signing_key(commit, known)
        except SignatureError as error:
            unsigned = not commit.signature.startswith("-----BEGIN SSH SIGNATURE-----")
            self._found.add("A101" if unsigned else "A102", commit.sha, str(error), commit=commit.sha)
            return None
        member = house.keys.get(key)
        if member is None:
            former = house.formerly(key)
            message = (
                _("the key was {member}'s, and is no longer: it was replaced, or they left").format(member=former) if former else _("nobody here has this key")
            )
            self._found.add("A103", commit.sha, message, commit=commit.sha)
        return member

    def _check_time(self, commit: Commit) -> None:
        for parent in commit.parents:
            before = self._times.get(parent)
            if before is not None and commit.at < before - BACKWARDS:
                message = _("it is dated {at}, and stands on a commit of {before}").format(at=commit.at.isoformat(), before=before.isoformat())
                self._found.add("A303", commit.sha, message, commit=commit.sha)

    # A change

    def _change(self, commit: Commit, change: Changed, house: House, member: str | None, added: Added) -> None:
        path = change.path
        kind = next((kind for kind, (folder, _pattern) in FOLDERS.items() if path.startswith(f"{folder}/") or path == folder), None)
        if kind is None:
            if _PROTECTED.fullmatch(path):
                self._check_role(commit, path, house, member)
            return
        if change.mode and change.mode != PLAIN_MODE:
            words = _("it is a link, a submodule or executable") if change.mode in (*FILE_MODES, "120000", "160000") else change.mode
            self._found.add("A402", path, words, commit=commit.sha)
            if change.mode not in FILE_MODES:
                return
        if FOLDERS[kind][1].fullmatch(path):
            self._record(commit, change, kind, house, member, added)
        elif kind is RecordKind.CASE and _BESIDE.fullmatch(path):
            added.beside.append(change)
        elif change.mode and not path.endswith("/.gitkeep"):
            self._found.add("A404", path, _("{kind} records lie elsewhere, or have other names").format(kind=kind.value), commit=commit.sha)

    def _record(self, commit: Commit, change: Changed, kind: RecordKind, house: House, member: str | None, added: Added) -> None:
        path = change.path
        if not change.mode:
            self._found.add("A202", path, _("the file was removed or renamed"), commit=commit.sha)
            return
        if change.old_mode and change.old == change.new:
            return  # only the mode, which was looked at
        data = self._blobs.data(change.new)
        if data is None:
            self._found.add("A506", path, _("its content is missing, or not what its id says"), commit=commit.sha)
            return
        if not change.old_mode:
            self._new_record(commit, path, change, data, kind, house, added)
        elif kind is RecordKind.CASE:
            self._grown_case(commit, path, change, data, house, added)
        else:
            self._grown_other(commit, path, change, data, kind, added)
        if kind is not RecordKind.CASE:
            mine = [event for where, event in added.events if where == path]
            renewed = path == f"members/{member}.yaml" and all(event.kind == "rotate" for event in mine)
            if not renewed:
                self._check_role(commit, path, house, member)
            if kind is RecordKind.POLICY:
                self._check_approvals(commit, path, data, mine, house)

    def _new_record(self, commit: Commit, path: str, change: Changed, data: bytes, kind: RecordKind, house: House, added: Added) -> None:
        record = self._readable(data, path, kind, commit)
        if record is None:
            return
        added.events += [(path, event) for event in record.events]
        if kind is RecordKind.CASE:
            number = int(record.header["policy"])
            policy = house.policy(number)
            if policy is None or number not in house.possible_policies(record.events[0].at):
                message = _("the case names revision {n} of the policy, which was not in force").format(n=number)
                self._add("P105", path, message, commit, record.events[0])
            if policy is not None:
                check_copies(record, self._seals, self._found)
                self._course(commit, path, policy, Known(len(data), data.count(b"\n"), record.header, CaseState()), record, house, change)

    def _grown_case(self, commit: Commit, path: str, change: Changed, data: bytes, house: House, added: Added) -> None:
        before = self._blobs.case(change.old, path, house.policy)
        if before is None:
            self._add("A203", path, _("what it stood on cannot be understood"), commit)
            return
        if len(data) <= before.size or blob_id(memoryview(data)[: before.size], change.old) != change.old:
            self._found.add("A201", path, _("the file does not begin with what it was before"), line=1, commit=commit.sha)
            return
        record = self._tail(commit, path, data[before.size :], before, RecordKind.CASE)
        policy = house.policy(int(before.header["policy"]))
        if record is None or policy is None:
            return
        added.events += [(path, event) for event in record.events]
        check_sealed_texts(record, self._found)
        check_copies(record, self._seals, self._found)
        self._course(commit, path, policy, Known(len(data), data.count(b"\n"), before.header, before.state), record, house, change)

    def _grown_other(self, commit: Commit, path: str, change: Changed, data: bytes, kind: RecordKind, added: Added) -> None:
        old = self._blobs.data(change.old)
        if old is None or not data.startswith(old) or len(data) == len(old):
            self._found.add("A201", path, _("the file does not begin with what it was before"), line=1, commit=commit.sha)
            return
        before = self._blobs.record(change.old, path)
        record = self._readable(data, path, kind, commit)
        if record is None or before is None:
            return
        added.events += [(path, event) for event in record.events[len(before.events) :]]

    def _readable(self, data: bytes, path: str, kind: RecordKind, commit: Commit) -> Record | None:
        """The record, with everything that `check` says of its form and its sealed texts."""
        mine = Collector()
        record = read_record(data, path, kind, mine)
        if record is not None:
            check_sealed_texts(record, mine)
        for finding in mine.in_order():
            self._found.add(finding.rule, path, finding.message, line=finding.line, event=finding.event, commit=commit.sha)
        return record

    def _tail(self, commit: Commit, path: str, tail: bytes, before: Known, kind: RecordKind) -> Record | None:
        """What was added to a case, as a record of its new events."""
        try:
            events = parse_events(tail, path, before.lines + 1)
        except InputError as error:
            _file, _colon, line = error.where.rpartition(":")
            self._found.add("A203", path, error.what, line=int(line) if line.isdigit() else None, commit=commit.sha)
            return None
        raw = {**before.header, "events": [_plain(event) for event in events]}
        problems = validate(raw, kind)
        for problem in problems:
            self._found.add("A203", path, problem.message, line=events[0].line, event=events[0].id, commit=commit.sha)
        return None if problems else Record(kind, str(before.header[kind.value]), before.header, events, path, raw)

    # Events

    def _course(self, commit: Commit, path: str, policy: Policy, known: Known, record: Record, house: House, change: Changed) -> None:
        """Whether each new event was legal, and where the case stands after them; `known` is the new file, in the state of before."""
        state = known.state
        for index, event in enumerate(record.events):
            before = EventsBefore(self._blobs, change.old, path, record.events[:index]) if change.old_mode else record.events[:index]
            for refusal in refusals(policy, state, event, house.roster, before):
                self._add(RULE_OF[refusal.code], path, refusal.message, commit, event)
            after = apply(policy, state, event)
            if commit.at - event.at > timedelta(hours=1) and event.kind not in IMPORTED:
                self._check_dated_back(commit, path, policy, event, [*before, event], after)
            state = after
        self._blobs.remember(change.new, replace(known, state=state), change.old)

    def _check_dated_back(self, commit: Commit, path: str, policy: Policy, event: Event, events: Sequence[Event], state: CaseState) -> None:
        for reading in readings(policy, events, commit.at, state):
            if reading.stopped == event.at <= reading.due < commit.at and not set(names(event)).isdisjoint(reading.clock.stops):
                message = _("it is dated {at}, in time for {due}, and was recorded {commit}").format(
                    at=event.at.isoformat(), due=reading.due.isoformat(), commit=commit.at.astimezone(policy.timezone).isoformat()
                )
                self._add("A304", path, message, commit, event)

    def _check_events(self, commit: Commit, added: Added, member: str | None) -> None:
        self.events += len(added.events)
        for path, event in added.events:
            if member is not None and event.by != member:
                message = _("it says {by}, and {signer} signed it").format(by=event.by, signer=member)
                self._add("A104", path, message, commit, event)
            if event.at > commit.at + CLOCK_SKEW:
                message = _("it is dated {at}, its commit {commit}").format(at=event.at.isoformat(), commit=commit.at.isoformat())
                self._add("A301", path, message, commit, event)
            elif commit.at - event.at > LATEST_RECORD and event.kind not in IMPORTED:
                message = _("it is dated {at}, its commit {commit}").format(at=event.at.isoformat(), commit=commit.at.isoformat())
                self._add("A302", path, message, commit, event)
        cases = [(path, event) for path, event in added.events if _CASE.fullmatch(path)]
        if not cases:
            return
        kinds = {event.kind for _path, event in cases}
        if len(cases) > 1 and (len(kinds) > 1 or kinds - SHARED or len({path for path, _event in cases}) < len(cases)):
            self._found.add("A204", cases[0][0], _("it holds {n} events").format(n=len(cases)), commit=commit.sha)
        named = commit.trailers
        if sorted(named["Event"]) != sorted(event.id for _path, event in cases) or sorted(named["Case"]) != sorted(_case_of(path) for path, _event in cases):
            self._found.add("A205", cases[0][0], _("its message does not name the events that it holds"), commit=commit.sha)
        if member is not None and commit.author != member:
            message = _("the author is given as {author}, and {signer} signed it").format(author=commit.author, signer=member)
            self._found.add("A105", cases[0][0], message, commit=commit.sha)

    def _check_beside(self, commit: Commit, added: Added) -> None:
        with_evidence = {path.removesuffix(".yaml") for path, event in added.events if event.kind == "evidence"}
        for change in added.beside:
            match = _BESIDE.fullmatch(change.path)
            case = match[1] if match else ""
            if not (change.mode and not change.old_mode and case in with_evidence):
                self._found.add("A403", change.path, _("it was added, changed or removed without an event for it"), commit=commit.sha)

    # The house

    def _check_approvals(self, commit: Commit, path: str, data: bytes, new: Sequence[Event], house: House) -> None:
        """Whether each approval of a policy was its member's to give."""
        try:
            record = parse(data, path)
        except InputError:
            return  # it has been reported
        before = house.policy(int(record.id) - 1)
        for event, against in approvals(record, before, house.roster):
            if against and event in new:
                self._add("P108", path, against, commit, event)

    def _check_role(self, commit: Commit, path: str, house: House, member: str | None) -> None:
        """Whether the signer may change a protected path; who is nobody has been reported."""
        policy = house.in_force(commit.at)
        if member is None or policy is None:
            return
        now = house.roster.now(member)
        roles = now.roles if now else frozenset()
        wanted = {*policy.stewards, *(policy.approvers if path.startswith(("policy/", "reviews/", "releases/")) else ())}
        if roles.isdisjoint(wanted) and commit.parents:
            message = _("{member} has none of the roles: {roles}").format(member=member, roles=", ".join(sorted(wanted)))
            self._found.add("A401", path, message, commit=commit.sha)

    def _house_after(self, house: House, changes: Sequence[Changed]) -> House:
        ours = [(change.path, self._blobs.data(change.new) if change.mode else None) for change in changes if is_of_house(change.path)]
        return house.changed(ours) if ours else house

    def house(self, sha: str) -> House:
        """The house as a commit left it."""
        return self._houses[sha]

    def _ours(self, changes: Sequence[Changed]) -> list[Changed]:
        if not self._prefix:
            return list(changes)
        size = len(self._prefix)
        return [Changed(c.path[size:], c.old_mode, c.mode, c.old, c.new) for c in changes if c.path.startswith(self._prefix)]

    def _add(self, code: str, path: str, message: str, commit: Commit, event: Event | None = None) -> None:
        self._found.add(code, path, message, line=event.line if event else None, event=event.id if event else None, commit=commit.sha)


def _signing_key(commit: Commit, known: str | SignatureError | None) -> str:
    if isinstance(known, SignatureError):
        raise known
    if not commit.signature:
        raise SignatureError(_("it is not signed"))
    return known or verify(commit.payload, commit.signature)


def _case_of(path: str) -> str:
    match = _CASE.fullmatch(path)
    return match[1] if match else ""


def _plain(event: Event) -> dict[str, object]:
    item: dict[str, object] = {"event": event.kind, "id": event.id, "at": event.at.isoformat(), "by": event.by, **event.codes}
    return item | ({"sealed": dict(event.sealed)} if event.sealed else {})
