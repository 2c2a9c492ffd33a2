"""What proves one case and tells as little as possible of the others: the signed commits that touch it, and the folders they name, raw.

Rules:
- A commit is signed; it names its folder by hash, and that, folder by folder, the record as it then was. So the commits that touch the case, with the
  folders on the way to it, prove each event of it without any other case's record. What they do tell: the random ids of the other cases.
- Of the members come those who signed, were in a team, or let one of these in; with all revisions of the policy, as the last commit has them.
- A key counts for a member while the members' records say so. `allowed_signers` says that to ssh-keygen by whole days, a day wide on either side: older
  versions read its dates in the time zone of the machine.

>>> STEP.fullmatch("steps/007.commit")[1]
'007'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.model.record import Record, RecordKind, parse
from plaint.model.roster import Membership, Roster
from plaint.organisation import Organisation
from plaint.store.objects import Objects
from plaint.store.repository import Repository
from plaint.store.trees import Entry

STEP = re.compile(r"steps/([0-9]{3,})\.(commit|yaml)")


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that touches the case: its raw object, the record as it then stood, and the raw folders from the top down to it and its files, by id."""

    sha: str
    commit: bytes
    record: bytes
    folders: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Proof:
    """The steps of a case, oldest first; the records of the members it takes; the policy's revisions; what else the last commit's folders hold."""

    path: str
    """Where the record stands, from the top of the repository."""
    steps: tuple[Step, ...]
    members: Mapping[str, bytes]
    policies: Mapping[str, bytes]
    beside: Mapping[str, str]
    """The case's files by name, as blob ids."""

    @property
    def folders(self) -> dict[str, bytes]:
        """All raw folders by id."""
        return {sha: data for step in self.steps for sha, data in step.folders.items()}


def proof_of(organisation: Organisation, record: Record, also: str = "") -> Proof:
    """Reads the proof of a case, with the record of one member more; EnvironmentFaultError where the history does not hold what it should."""
    repository = organisation.repository
    path = repository.prefix + record.path
    found = repository.git.text("rev-list", "--full-history", "--no-merges", "--topo-order", "--reverse", str(organisation.revision), "--", path).split()
    steps = [_step(repository.objects, sha, path) for sha in found]
    if not steps or parse(steps[-1].record, record.path).events != record.events:
        raise EnvironmentFaultError(_("the history does not hold the record as it is"), where=record.path, hint=_("plaint audit says what is wrong"))
    last = steps[-1].sha
    members, policies = (dict(_files(repository, last, kind)) for kind in (RecordKind.MEMBER, RecordKind.POLICY))
    mine = _involved(record, {path: parse(data, path) for path, data in members.items()}, also)
    folders = _folders(repository.objects, last, [repository.prefix + folder for folder in ("members/x", "policy/x")])
    steps[-1] = Step(last, steps[-1].commit, steps[-1].record, {**steps[-1].folders, **folders})
    beside = {entry.path.rpartition("/")[2]: entry.sha for entry in repository.objects.ls_tree(last, path.removesuffix(".yaml"))}
    return Proof(path, tuple(steps), {path: data for path, data in members.items() if path in mine}, policies, beside)


def _step(objects: Objects, sha: str, path: str) -> Step:
    commit, record = objects.get(sha), objects.get(f"{sha}:{path}")
    if commit is None or record is None:
        raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged"))
    return Step(sha, commit.data, record.data, _folders(objects, sha, [path, path.removesuffix(".yaml") + "/x"]))


def _folders(objects: Objects, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """The raw folders on the way to files, those that are there."""
    names = dict.fromkeys("/".join(path.split("/")[:depth]) for path in paths for depth in range(path.count("/") + 1))
    found = (objects.get(f"{commit}:{name}" if name else f"{commit}^{{tree}}") for name in names)
    return {item.sha: item.data for item in found if item is not None and item.type == "tree"}


def _files(repository: Repository, commit: str, kind: RecordKind) -> Iterator[tuple[str, bytes]]:
    for path, data in repository.read_records(kind, commit):
        if data is None:
            raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=path), hint=_("git fsck says what is damaged"))
        yield path, data


def _involved(record: Record, members: Mapping[str, Record], also: str) -> set[str]:
    """The paths of the members' records that it takes to judge a case."""
    by_id = {each.id: path for path, each in members.items()}
    waiting = {also, *(member for event in record.events for member in (event.by, *event.codes.get("team", ())))}
    found: set[str] = set()
    while waiting:
        path = by_id.get(waiting.pop())
        if path and path not in found:
            found.add(path)
            waiting |= {event.by for event in members[path].events}
    return found


def allowed_signers(roster: Roster) -> str:
    """The members' signing keys as `ssh-keygen` reads them."""
    return "".join(line for member, held in sorted(roster.members.items()) for line in _lines(member, held))


def _lines(member: str, held: Sequence[Membership]) -> Iterator[str]:
    keys = dict.fromkeys(key for each in held if each.roles for key in each.signing)
    for key in keys:
        spans = [(this, after) for this, after in zip(held, [*held[1:], None], strict=True) if this.roles and key in this.signing]
        since, until = spans[0][0].since - timedelta(days=1), spans[-1][1]
        end = f',valid-before="{until.since + timedelta(days=2):%Y%m%d}"' if until else ""
        yield f'{member} namespaces="git",valid-after="{since:%Y%m%d}"{end} {key}\n'


def blob_at(folders: Mapping[str, bytes], root: str, path: str) -> str | None:
    """The id that raw folders name for a path, from the id of the topmost one; None where they do not hold it."""
    from plaint.store.trees import parse_tree

    at = root
    for name in path.split("/"):
        data = folders.get(at)
        try:
            entries: list[Entry] = parse_tree(data, len(at) // 2) if data is not None else []
        except EnvironmentFaultError as error:
            raise InputError(error.what, where=at) from error
        at = next((entry.sha for entry in entries if entry.path == name), "")
    return at or None
