"""`plaint sync`: fetch, audit what came, put one's own events on top of it, push branch and keyrings in one step; again if somebody was faster.

Nothing here is changed before all of it is known to be right: what came is in order, the replayed events are legal where they now stand, no
uncommitted work is in the way. Ended at any moment, it can be run again.

Who acts is found out once it is fetched: a clone may be older than the joining of the member who uses it. A signing key is needed only where events
are replayed: a new clone fetches the keyrings before one is named.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plaint.actor import Actor
from plaint.audit.history import History, shas
from plaint.audit.memory import Memory
from plaint.audit.run import Audited, audit, contains
from plaint.check.findings import Finding
from plaint.check.rules import Severity
from plaint.conflicts import warnings_of
from plaint.desk import drop_large_files
from plaint.errors import EnvironmentFaultError, InputError, LockedError, NotAllowedError, UsageError
from plaint.i18n import _, semicolon
from plaint.model.machine import fold, is_final
from plaint.organisation import Organisation
from plaint.seal.keyring import Keyring, keyring_hash
from plaint.store import keyrings
from plaint.store.lfs import place_of, read_pointer
from plaint.store.repository import Repository
from plaint.store.worktree import POINTER
from plaint.sync.keyrings import Decisions, Expected, Held, decide
from plaint.sync.remote import BRANCH, INCOMING, Remote, Shared
from plaint.sync.replay import Replay, Replayer

TRIES = 40
"""How often somebody else may be faster before we give up; each has its turn within a second or two."""


Find = Callable[[Organisation], Actor]
"""The member who acts in a state of the organisation; UsageError or NotAllowedError where they are none in it, EnvironmentFaultError without a key."""


class OutOfOrderError(Exception):
    """What came, or what would be pushed, is not in order; `findings` say why. Nothing was changed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(str(len(findings)))
        self.findings = tuple(findings)


@dataclass(slots=True)
class Synced:
    """What a sync did: commits that came and went, of those that went the replayed ones, keyrings that changed, and what people should know."""

    head: str
    actor: Actor | None = None
    """Who acted; None where nobody is named and no key tells."""
    received: int = 0
    sent: int = 0
    replayed: int = 0
    keyrings_here: int = 0
    keyrings_there: int = 0
    destroyed: int = 0
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sync(repository: Repository, find: Find, remote: Remote, memory: Memory) -> Synced:
    """Brings this clone and the shared repository together; OutOfOrderError where either is not in order."""
    began = repository.head()
    assert began is not None
    done = Synced(began)
    for attempt in range(TRIES):
        if attempt:
            time.sleep(random.uniform(0.05, 0.2 + 0.1 * attempt))  # noqa: S311 - so that those who wait do not meet again
        try:
            with repository.lock():
                through = _once(find, repository, remote, memory, done)
            if through:
                if done.actor:
                    changed = _changed_cases(repository, began, done.head)
                    done.notes += warnings_of(done.actor, Organisation(repository, began), Organisation(repository, done.head), changed)
                return done
        except LockedError:
            if attempt == TRIES - 1:
                raise
        finally:
            _tidy(repository, remote)
    raise EnvironmentFaultError(_("others were faster, again and again"), hint=_("what is yours is still here: run plaint sync again"))


def _changed_cases(repository: Repository, before: str, after: str) -> list[str]:
    """The cases that were there before and are not as they were."""
    if before == after:
        return []
    folder = f"{repository.prefix}cases"
    names = repository.git.text("diff-tree", "-r", "--name-only", "--diff-filter=M", "-z", before, after, "--", folder).split("\0")
    return [Path(name).stem for name in names if name.endswith(".yaml")]


def _who(find: Find, repository: Repository, ours: str, theirs: str | None) -> Actor | None:
    """Who acts: by what is here, or by what came; None where there is no key to know them by."""
    try:
        return find(Organisation(repository, ours))
    except EnvironmentFaultError:
        return None
    except (UsageError, NotAllowedError):
        if theirs is None:
            raise
        return find(Organisation(repository, theirs))


def _once(find: Find, repository: Repository, remote: Remote, memory: Memory, done: Synced) -> bool:
    """One attempt; False where somebody else was faster."""
    shared = remote.look()
    remote.fetch(shared)
    ours = repository.head()
    assert ours is not None
    theirs = _incoming_branch(repository)
    _refuse_taken_back(repository, remote, theirs)
    judged = _judge(repository, memory, theirs or ours)
    actor = done.actor = _who(find, repository, ours, theirs)

    def signer() -> Actor:
        return actor or find(Organisation(repository, ours))  # which says what is missing

    target, replay = _joined(signer, repository, ours, theirs)
    if target != ours or theirs != ours:
        judged = _judge(repository, memory, target, judged)
    refs = _stored(signer, repository, replay)
    decisions = _decide(repository, target, refs, shared)
    here = {keyrings.keyring_ref(name): sha for name, sha in decisions.here.items() if sha}
    gone = [keyrings.keyring_ref(name) for name, sha in decisions.here.items() if sha is None]
    before = set(shas(repository.git, theirs, ours)) if theirs else set()
    if target != ours:
        repository.adopt(target, {**refs, **here}, gone, base=ours)
    elif refs or here or gone:
        repository.update_refs({**refs, **here}, gone)
    _finish_disposals(repository, target, [name for name, sha in decisions.here.items() if sha is None], done)
    _count(done, decisions, replay, len(before))
    done.head = target
    sent = len(shas(repository.git, target, theirs))
    if sent or decisions.there:
        if large := _large(repository, target, theirs):
            remote.push_large(large)
        if not remote.push(target, shared, decisions.there):
            return False
        destroyed = {name: shared.keyrings[name] for name, sha in decisions.there.items() if sha is None}
        done.notes += [_still_served(name) for name, served in remote.serves(destroyed).items() if served]
        done.sent += sent
        done.keyrings_there += sum(sha is not None for sha in decisions.there.values())
    repository.update_refs({f"refs/remotes/{remote.name}/{remote.branch}": target})
    if judged.start:  # own commits that were replayed are gone from this branch, and that is no rollback
        known = memory.recall()
        memory.keep(replace(judged.start, heads={**(known.heads if known else {}), remote.branch: target}))
    return True


def _still_served(case: str) -> str:
    what = _("the shared repository still gives the destroyed keyring of {case} to whoever knows its number").format(case=case)
    return what + semicolon() + _("whoever looks after it: plaint hook install in it, and once git gc --prune=now")


def _finish_disposals(repository: Repository, target: str, cases: Sequence[str], done: Synced) -> None:
    """Of cases whose keyring was destroyed here: the large files go, and what could not be destroyed is told."""
    if cases:
        organisation = Organisation(repository, target)
        for case in cases:
            drop_large_files(organisation, organisation.case(case))
        done.notes += [_("a part of a destroyed keyring is still here: {why}").format(why=each.why) for each in repository.forgetter.remnants(cases)]


def _incoming_branch(repository: Repository) -> str | None:
    found = repository.objects.get(BRANCH)
    return found.sha if found else None


def _refuse_taken_back(repository: Repository, remote: Remote, theirs: str | None) -> None:
    """What the shared repository once had must still be there."""
    known = repository.objects.get(f"refs/remotes/{remote.name}/{remote.branch}")
    if known is not None and (theirs is None or not contains(repository.git, theirs, known.sha)):
        raise InputError(
            _("the shared repository no longer has the commit {commit}, which it had").format(commit=known.sha[:12]),
            hint=_("find out who pushed by force; nothing was changed here"),
        )


def _judge(repository: Repository, memory: Memory, head: str, before: Audited | None = None) -> Audited:
    """The audit of a history, from what was verified before if that is part of it; OutOfOrderError where it is not in order."""
    start = before.start if before and before.start else memory.recall()
    judged = audit(repository.git, repository.objects, repository.prefix, head, start=start)
    errors = [finding for finding in judged.report.findings if finding.severity is Severity.ERROR]
    if errors:
        raise OutOfOrderError(errors)
    return judged


def _joined(signer: Callable[[], Actor], repository: Repository, ours: str, theirs: str | None) -> tuple[str, Replay]:
    """The commit that both sides come together in, and what was replayed for it."""
    if theirs is None or contains(repository.git, ours, theirs):
        return ours, Replay()
    if contains(repository.git, theirs, ours):
        return theirs, Replay()
    actor = signer()
    own = shas(repository.git, ours, theirs)
    incoming = {ref.removeprefix(f"{INCOMING}keys/"): ref for ref in repository.git.text("for-each-ref", "--format=%(refname)", f"{INCOMING}keys/").split()}
    replayer = Replayer(actor, Organisation(repository, theirs), _Keyrings(repository, incoming))
    replay = replayer.replay([step for chunk in History(repository.git, repository.objects).steps(own) for step in chunk])
    return repository.build_on(theirs, replay.changes, actor.signing_key)[-1], replay


class _Keyrings(Mapping[str, Keyring]):
    """The keyrings that came, read when they are asked for."""

    def __init__(self, repository: Repository, refs: Mapping[str, str]) -> None:
        self._repository, self._refs = repository, refs

    def __getitem__(self, case: str) -> Keyring:
        found = keyrings.read_commit(self._repository.objects, self._refs[case])
        if not found:
            raise KeyError(case)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)


def _stored(signer: Callable[[], Actor], repository: Repository, replay: Replay) -> dict[str, str]:
    """The replayed keyrings as commits, by ref."""
    if not replay.keyrings:
        return {}
    actor = signer()
    return repository.write_keyrings(list(replay.keyrings.items()), actor.signing_key, actor.member)


def _decide(repository: Repository, target: str, refs: Mapping[str, str], shared: Shared) -> Decisions:
    """Only keyrings whose refs differ are looked at: the others are as they should be, or nobody has better ones."""
    mine = {**repository.keyring_refs(), **{ref.removeprefix(keyrings.PREFIX): sha for ref, sha in refs.items()}}
    differing = {name for name in {*mine, *shared.keyrings} if mine.get(name) != shared.keyrings.get(name)}
    organisation = Organisation(repository, target)
    expected: dict[str, Expected] = {}
    for name in differing & set(organisation.case_paths):
        record = organisation.case(name)
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        expected[name] = Expected(state.keyring, is_final(policy, state))
    return decide(
        expected,
        {name: _held(repository, mine[name]) for name in sorted(differing & set(mine))},
        {name: _held(repository, shared.keyrings[name]) for name in sorted(differing & set(shared.keyrings))},
    )


def _held(repository: Repository, sha: str) -> Held:
    keyring = keyrings.read_commit(repository.objects, sha)
    seconds = repository.git.text("show", "-s", "--format=%ct", sha) if not keyring or "import" in keyring else "0"
    return Held(sha, keyring_hash(keyring) if keyring else "", int(seconds))


def _large(repository: Repository, target: str, theirs: str | None) -> list[str]:
    """The files in Git LFS that the commits to be sent name, by their SHA-256, as far as they are here."""
    if theirs:
        lines = repository.git.text("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--diff-filter=A", theirs, target).split("\0")
        new = {path: line.split()[3] for line, path in zip(lines[::2], lines[1::2], strict=False)}
    else:
        new = {entry.path: entry.sha for entry in repository.objects.ls_tree(target, repository.prefix + "cases")}
    pointers = [found for path, sha in new.items() if path.endswith(POINTER) and (found := read_pointer(repository.objects, sha))]
    return [found.digest for found in pointers if place_of(repository.lfs_folder, found.digest).is_file()]


def _count(done: Synced, decisions: Decisions, replay: Replay, received: int) -> None:
    done.received += received
    done.replayed += len(replay.changes)
    done.notes += replay.notes
    done.keyrings_here += sum(sha is not None for sha in decisions.here.values())
    done.destroyed += sum(sha is None for sha in {**decisions.here, **decisions.there}.values())
    done.missing = decisions.missing


def _tidy(repository: Repository, remote: Remote) -> None:
    """Drops the incoming refs, and the keyrings that only they named."""
    refs = remote.incoming()
    if refs:
        repository.update_refs({}, refs)
