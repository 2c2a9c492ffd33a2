"""The rules of the history, commit by commit: who signed, did records only grow, was each event legal then, was each change theirs to make.

Rules:
- A commit is judged by the house as its first parent left it: keys, roles and policy at that point of the history, not by today's.
- The first commit is judged by itself: whoever it makes a member may sign it. In a larger repository that is the one which founds the
  organisation in its folder; commits that do not touch the folder are none of ours.
- What a merge brings is judged where it was made; a merge may only bring together (`merges`), and its sides must agree (`lines`).

Nothing is raised for what a history may hold: it becomes a finding, and the walk goes on with the state as it would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from plaint.audit.added import BESIDE, Added, case_of
from plaint.audit.ahead import Signer
from plaint.audit.cases import Blobs, EventsBefore, Known
from plaint.audit.commits import Commit
from plaint.audit.consent import check_asked
from plaint.audit.history import Changed, Step
from plaint.audit.house import House
from plaint.audit.lines import AT_ONCE, IMPORTED, Lines, check_lines
from plaint.audit.merges import check_merge
from plaint.audit.past import Past
from plaint.audit.places import is_lookalike, is_of_house, is_protected
from plaint.audit.sshsig import SignatureError
from plaint.check.course import RULE_OF, check_frame
from plaint.check.findings import Collector
from plaint.check.form import FOLDERS, read_record
from plaint.check.sealing import Seals, check_copies, check_sealed_texts
from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.deadlines import kept_until
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, apply
from plaint.model.policy import Policy
from plaint.model.record import Event, Record, RecordKind, parse_added
from plaint.model.schema import validate
from plaint.store.trees import FILE_MODES

BACKWARDS = timedelta(hours=1)
PLAIN_MODE = "100644"
_KINDS = {folder: kind for kind, (folder, _pattern) in FOLDERS.items()}


class Walk:
    """Judges commits in order."""

    def __init__(self, blobs: Blobs, prefix: str, past: Past, found: Collector) -> None:
        self._blobs, self._prefix, self._past, self._found = blobs, prefix, past, found
        self._houses: dict[str, House] = {}
        self._times: dict[str, datetime] = {}
        self._seals = Seals()
        self._latest = House(), datetime.fromtimestamp(0, UTC)
        self._founded: str | None = None
        self.root: str | None = None
        self.events = 0

    def start_at(self, sha: str, at: datetime, root: str, texts: Iterable[int]) -> None:
        """Begin at a commit that was verified before; `at` is the newest time up to it, `texts` are the digests of the sealed texts so far."""
        self._houses[sha], _time = self._past.state(sha)
        self._times[sha], self.root, self._founded = at, root, root
        self._seals.texts = dict.fromkeys(texts, "")

    @property
    def texts(self) -> Iterable[int]:
        """The digests of all sealed texts."""
        return self._seals.texts

    def time(self, sha: str) -> datetime:
        """The newest time of a commit and those that it stands on."""
        self._know(sha)
        return self._times[sha]

    def _know(self, sha: str) -> None:
        """Looks up a commit from before the start."""
        if sha not in self._houses:
            self._houses[sha], self._times[sha] = self._past.state(sha)

    def judge(self, step: Step, signer: Signer | None) -> None:
        """One commit; `signer` is None where it has no signature, and of a merge, which needs none."""
        commit = step.commit
        if commit is None:
            self._found.add("A506", step.sha, step.problem, commit=step.sha)
            self._houses[step.sha], self._times[step.sha] = self._latest
            return
        for parent in commit.parents:
            self._know(parent)
        changes = [self._ours(each) for each in step.changes]
        ours = any(changes) or not self._prefix
        before = self._houses[commit.parents[0]] if commit.parents else House()
        if ours:
            self._check_time(commit)
            if commit.looks_away:
                self._found.add("A508", commit.sha, _("its message tells the forge to leave out its checks"), commit=commit.sha)
        if len(commit.parents) > 1:
            self._merge(commit, changes, before)
        elif ours:
            self._ordinary(commit, changes[0], before, before if before.members else self._begin(commit, changes[0], before), signer)
        else:
            self._houses[commit.sha] = before
        self._times[commit.sha] = max([commit.at, *[self._times[parent] for parent in commit.parents]])
        self._latest = self._houses[commit.sha], self._times[commit.sha]

    def expect(self, steps: Iterable[Step]) -> None:
        """Commits that are to be judged next, so that git looks for their records while others are judged."""
        self._blobs.expect(dict.fromkeys(c.new for step in steps for c in (step.changes[0] if step.changes else ()) if c.mode and c.path.endswith(".yaml")))

    # A commit

    def _begin(self, commit: Commit, changes: Sequence[Changed], before: House) -> House:
        """A commit on which nothing of the organisation stands: the house that it makes, by which it is judged itself."""
        house = self._house_after(before, changes)
        if self._founded or (self.root and not commit.parents):
            message = _("this is a first commit too; the history began with {root}").format(root=(self._founded or self.root or "")[:12])
            self._found.add("A502", commit.sha, message, commit=commit.sha)
        self.root = self.root or commit.sha
        self._founded = self._founded or (commit.sha if house.members else None)
        return house

    def _merge(self, commit: Commit, changes: Sequence[Sequence[Changed]], before: House) -> None:
        check_merge(commit, changes, self._blobs, self._past.base, self._past.merged, self._found)
        house = self._houses[commit.sha] = self._house_after(before, changes[0])
        check_lines(Lines(commit, changes, [self._houses[parent] for parent in commit.parents], house), self._blobs, self._past.only, self._found)

    def _ordinary(self, commit: Commit, changes: Sequence[Changed], before: House, judge: House, signer: Signer | None) -> None:
        """A commit with one parent or none; `judge` is the house whose keys and roles count."""
        member = self._signer(commit, judge, signer)
        added = Added()
        seen: set[str] = set()
        for change in changes:
            if change.path in seen:
                self._found.add("A404", change.path, _("the folder names this file twice"), commit=commit.sha)
            seen.add(change.path)
            self._change(commit, change, judge, member, added)
        after = self._houses[commit.sha] = self._house_after(before, changes)
        self.events += len(added.events)
        added.check_events(commit, member, self._found, touched=any(case_of(change.path) for change in changes))
        added.check_beside(commit, self._blobs, after, self._prefix, self._found)
        if after is not before and before.members:
            check_asked(added.events, before, after, commit.at, commit.sha, self._found)
        for fault in after.faults_since(before) if after is not before else ():
            self._found.add(fault.rule, fault.record, fault.message, line=fault.line, event=fault.event, commit=commit.sha)

    def _signer(self, commit: Commit, house: House, key: Signer | None) -> str | None:
        """The member who signed, or None after reporting why it is nobody."""
        if key is None or isinstance(key, SignatureError):
            unsigned = not commit.signature.startswith("-----BEGIN SSH SIGNATURE-----")
            self._found.add("A101" if unsigned else "A102", commit.sha, str(key or _("it is not signed")), commit=commit.sha)
            return None
        member = house.keys.get(key)
        if member is None:
            self._found.add("A103", commit.sha, house.stranger(key), commit=commit.sha)
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
        if change.mode and is_lookalike(path):
            self._found.add("A404", path, _("its name only looks like one of the organisation's folders"), commit=commit.sha)
        kind = _KINDS.get(path.partition("/")[0])
        if kind is None:
            if is_protected(path):
                self._check_role(commit, path, house, member)
            return
        if change.mode and change.mode != PLAIN_MODE:
            words = _("it is a link, a submodule or executable") if change.mode in (*FILE_MODES, "120000", "160000") else change.mode
            self._found.add("A402", path, words, commit=commit.sha)
            if change.mode not in FILE_MODES:
                return
        if FOLDERS[kind][1].fullmatch(path):
            self._record(commit, change, kind, house, member, added)
        elif kind is RecordKind.CASE and BESIDE.fullmatch(path):
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
            kinds = {event.kind for event in mine}
            renewed = path == f"members/{member}.yaml" and kinds == {"rotate"}
            if not renewed:
                self._check_role(commit, path, house, member, approving=kinds == {"approve"})
            self._check_frame(commit, path, change.new, mine, house)

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
                self._check_sealed(commit, record)
                self._course(commit, path, policy, Known(len(data), data.count(b"\n"), record.header, CaseState()), record, house, change)

    def _grown_case(self, commit: Commit, path: str, change: Changed, data: bytes, house: House, added: Added) -> None:
        before = self._blobs.case(change.old, path, house.policy)
        if before is None:
            self._add("A203", path, _("what it stood on cannot be understood"), commit)
            return
        if len(data) <= before.size or not self._blobs.begins(data, before.size, change.old):
            self._found.add("A201", path, _("the file does not begin with what it was before"), line=1, commit=commit.sha)
            return
        tail = data[before.size :]
        record = self._tail(commit, path, tail, before, RecordKind.CASE)
        policy = house.policy(int(before.header["policy"]))
        if record is None or policy is None:
            return
        added.events += [(path, event) for event in record.events]
        self._check_sealed(commit, record)
        self._course(commit, path, policy, Known(len(data), before.lines + tail.count(b"\n"), before.header, before.state), record, house, change)

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
        if record is not None and kind is not RecordKind.CASE:
            check_sealed_texts(record, mine)
        self._take(commit, mine)
        return record

    def _check_sealed(self, commit: Commit, record: Record) -> None:
        if all(not event.sealed for event in record.events):
            return
        mine = Collector()
        check_sealed_texts(record, mine)
        check_copies(record, self._seals, mine)
        self._take(commit, mine)

    def _check_frame(self, commit: Commit, path: str, blob: str, new: Sequence[Event], house: House) -> None:
        """The order, ids and authors of events that no policy judges; that none is from the future is said of all."""
        record = self._blobs.record(blob, path)
        mine = Collector()
        if record is not None and new:
            check_frame(record, house.roster, commit.at, mine)
        ids = {event.id for event in new}
        mine.found = [finding for finding in mine.found if finding.event in ids and finding.rule != "T112"]
        self._take(commit, mine)

    def _take(self, commit: Commit, mine: Collector) -> None:
        for finding in mine.in_order() if mine.found else ():
            self._found.add(finding.rule, finding.record, finding.message, line=finding.line, event=finding.event, commit=commit.sha)

    def _tail(self, commit: Commit, path: str, tail: bytes, before: Known, kind: RecordKind) -> Record | None:
        """What was added to a case, as a record of its new events."""
        try:
            events, items = parse_added(tail, path, before.lines + 1)
        except InputError as error:
            _file, _colon, line = error.where.rpartition(":")
            self._found.add("A203", path, error.what, line=int(line) if line.isdigit() else None, commit=commit.sha)
            return None
        raw = {**before.header, "events": items}
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
            if commit.at - event.at > AT_ONCE and event.kind not in IMPORTED:
                self._check_dated_back(commit, path, policy, event, [*before, event], after)
            state = after
        self._blobs.remember(change.new, Known(known.size, known.lines, known.header, state), change.old)

    def _check_dated_back(self, commit: Commit, path: str, policy: Policy, event: Event, events: Sequence[Event], state: CaseState) -> None:
        for due in kept_until(policy, events, event, commit.at, state):
            message = _("it is dated {at}, in time for {due}, and was recorded {commit}").format(
                at=event.at.isoformat(), due=due.isoformat(), commit=commit.at.astimezone(policy.timezone).isoformat()
            )
            self._add("A304", path, message, commit, event)

    # The house

    def _check_role(self, commit: Commit, path: str, house: House, member: str | None, *, approving: bool = False) -> None:
        """Whether the signer may change a protected path, or approve what another changed in it; who is nobody has been reported."""
        policy = house.in_force(commit.at)
        if member is None or policy is None:
            return
        now = house.roster.now(member)
        roles = now.roles if now else frozenset()
        wanted = {*policy.stewards, *(policy.approvers if path.startswith(("policy/", "reviews/", "releases/")) else ())}
        if approving and policy.membership and path.startswith("members/"):
            wanted |= {*policy.membership.roles}
        if roles.isdisjoint(wanted) and commit.parents and commit.sha != self._founded:
            message = _("{member} has none of the roles: {roles}").format(member=member, roles=", ".join(sorted(wanted)))
            self._found.add("A401", path, message, commit=commit.sha)

    def _house_after(self, house: House, changes: Sequence[Changed]) -> House:
        ours = [(change.path, self._blobs.data(change.new) if change.mode else None) for change in changes if is_of_house(change.path)]
        return house.changed(ours) if ours else house

    def house(self, sha: str) -> House:
        """The house as a commit left it."""
        return self._houses[sha]

    def _ours(self, changes: Sequence[Changed]) -> Sequence[Changed]:
        if not self._prefix:
            return changes
        size = len(self._prefix)
        return [Changed(c.path[size:], c.old_mode, c.mode, c.old, c.new) for c in changes if c.path.startswith(self._prefix)]

    def _add(self, code: str, path: str, message: str, commit: Commit, event: Event | None = None) -> None:
        self._found.add(code, path, message, line=event.line if event else None, event=event.id if event else None, commit=commit.sha)
