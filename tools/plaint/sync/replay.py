"""Puts one's own unpushed events on top of the others': the same events, with their ids, texts and times, in commits signed anew.

Rules:
- Only one's own commits are replayed: nobody can sign for somebody else.
- What was added to a record is added to it as it stands now. An event is never earlier than the one before it: where somebody recorded a later
  one in the meantime, it takes that one's time.
- A keyring that both sides sealed anew is sealed once more, from the one in force, so that both grants hold; it takes the member's own key.
- A file that is no record and was changed on both sides is nobody's to decide here.

What is legal now is for the audit, which judges the result before any ref names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from plaint.actor import Actor
from plaint.audit.added import BESIDE
from plaint.audit.commits import Commit
from plaint.audit.history import Changed, Step
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError
from plaint.i18n import _
from plaint.model.record import Event, Record, dump_event, parse, parse_events
from plaint.organisation import Organisation
from plaint.resealing import changes_access, reseal_event
from plaint.seal.keyring import Keyring, keyring_hash
from plaint.store.commits import Change
from plaint.store.keyrings import PREFIX
from plaint.store.repository import Repository

RECORDS = ("cases/", "members/", "policy/", "reviews/", "releases/")


@dataclass(slots=True)
class Replay:
    """The commits to make, the keyrings to store with them, and what people should know."""

    changes: list[Change] = field(default_factory=list)
    keyrings: dict[str, Keyring] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Replayer:
    """Replays commits of `actor` on the state that `theirs` is of."""

    def __init__(self, actor: Actor, theirs: Organisation, shared_keyrings: Mapping[str, Keyring]) -> None:
        self._actor, self._theirs, self._shared = actor, theirs, shared_keyrings
        self._repository: Repository = actor.organisation.repository
        self._files: dict[str, bytes | None] = {}
        self._done = Replay()

    def replay(self, steps: Sequence[Step]) -> Replay:
        """All of them, oldest first; InputError where one cannot be replayed."""
        for step in steps:
            if step.commit is None or len(step.commit.parents) != 1:
                raise InputError(_("the unpushed commit {commit} is a merge, and cannot be replayed").format(commit=step.sha[:12]), hint=_HINT())
            self._commit(step.commit, step.changes[0])
        return self._done

    def _commit(self, commit: Commit, changes: Sequence[Changed]) -> None:
        if commit.author != self._actor.member:
            raise NotAllowedError(
                _("the unpushed commit {commit} is {author}'s").format(commit=commit.sha[:12], author=commit.author),
                hint=_("whoever recorded it runs plaint sync: plaint sync --as {member}").format(member=commit.author),
            )
        files: dict[str, bytes] = {}
        blobs: dict[str, str] = {}
        prefix = self._repository.prefix
        for change in changes:
            if not change.path.startswith(prefix) or not change.mode:
                raise InputError(_("the unpushed commit {commit} cannot be replayed").format(commit=commit.sha[:12]), where=change.path, hint=_HINT())
            path = change.path[len(prefix) :]
            if BESIDE.fullmatch(path) and not change.old_mode:
                blobs[path] = change.new  # named by its own hash, so nobody else has it
                continue
            files[path] = self._file(path, change, commit)
            self._files[path] = files[path]
        self._done.changes.append(Change(files, commit.message, commit.author, blobs=blobs))

    def _file(self, path: str, change: Changed, commit: Commit) -> bytes:
        new = self._blob(change.new)
        old = self._blob(change.old) if change.old_mode else None
        now = self._now(path)
        if now == old:
            return new  # nobody else touched it, so neither did they its keyring
        if path.startswith(RECORDS) and path.endswith(".yaml") and old is not None and now is not None and new.startswith(old):
            return self._grow(path, now, parse_events(new[len(old) :], path, old.count(b"\n") + 1))
        if now == new:
            return new
        raise InputError(_("it was changed here (commit {commit}) and by somebody else").format(commit=commit.sha[:12]), where=path, hint=_HINT())

    def _grow(self, path: str, now: bytes, events: Sequence[Event]) -> bytes:
        for event in events:
            record = parse(now, path)
            added = self._in_time(record, event)
            if path.startswith("cases/") and changes_access(event):
                added = self._sealed_anew(record, added)
            now += dump_event(added)
        return now

    def _in_time(self, record: Record, event: Event) -> Event:
        last = record.events[-1]
        if event.at >= last.at:
            return event
        self._done.notes.append(
            _("{record}: {event} of {at} now has the time {last}, for somebody recorded an event of that time in the meantime").format(
                record=record.id, event=event.kind, at=event.at.isoformat(), last=last.at.isoformat()
            )
        )
        return replace(event, at=last.at.astimezone(event.at.tzinfo))

    def _sealed_anew(self, record: Record, event: Event) -> Event:
        keyring = self._done.keyrings.get(record.id) or self._shared.get(record.id) or self._repository.read_keyring(record.id)
        if keyring is None:
            raise EnvironmentFaultError(_("this clone has no keyring of case {case}").format(case=record.id), where=PREFIX + record.id)
        fresh = reseal_event(self._actor, self._theirs, record, event, keyring)
        self._done.keyrings[record.id] = fresh
        return replace(event, codes={**event.codes, "keyring": keyring_hash(fresh)})

    def _now(self, path: str) -> bytes | None:
        if path not in self._files:
            self._files[path] = self._repository.read(path, self._theirs.revision)
        return self._files[path]

    def _blob(self, sha: str) -> bytes:
        data = self._repository.objects.read_blob(sha)
        if data is None:
            raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged"))
        return data


def _HINT() -> str:  # noqa: N802 - a message, made when it is needed
    return _("nothing was changed; git log origin/main..HEAD shows what is yours")
