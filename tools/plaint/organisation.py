"""An organisation's repository, read: its configuration, policies, members and cases at one revision.

>>> organisation = Organisation.open(Path("."))
>>> organisation.case("Q7M4-K2XD").events[-1].kind
'acknowledge'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.i18n import _
from plaint.model.machine import CaseState, fold
from plaint.model.membership import roster_of
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Record, RecordKind, parse
from plaint.model.revisions import Revision, in_force, revision_of
from plaint.model.roster import Roster
from plaint.model.yamlio import load_yaml
from plaint.store.repository import Repository

CONFIG = "plaint.yaml"
OFFLINE_HOURS = 72
"""From Friday evening to Monday evening: a weekend without a connection."""


@dataclass(frozen=True, slots=True)
class Config:
    """plaint.yaml: who the organisation is. `recovery` is the age recipient of its offline recovery key.

    `offline_hours` is how long members may work before they push (`audit.witness`). Sealed files of more than `lfs_above` bytes go to Git LFS
    (0: none does).
    """

    name: Mapping[str, str]
    languages: tuple[str, ...]
    timezone: ZoneInfo
    recovery: str
    offline_hours: int = OFFLINE_HOURS
    lfs_above: int = 0


def case_path(case: str, received: datetime) -> str:
    """Where a case's record stands."""
    return f"cases/{received.year}/{case}.yaml"


def config_from(data: bytes, where: str = CONFIG) -> Config:
    """The configuration in a plaint.yaml; InputError where something is missing."""
    raw = load_yaml(data, where)
    try:
        offline, large = int(raw.get("offline-hours", OFFLINE_HOURS)), int(raw.get("lfs-above", 0)) * 1_000_000
        return Config(raw["name"], tuple(raw["languages"]), ZoneInfo(raw["timezone"]), raw["recovery"], offline, large)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_("this file lacks or misspells {key}").format(key=error), where=where) from error


class Organisation:
    """Reads one committed revision; everything is parsed at most once."""

    def __init__(self, repository: Repository, revision: str | None = None) -> None:
        self.repository = repository
        self.revision = revision or repository.head()
        if self.revision is None:
            raise EnvironmentFaultError(_("this repository has no commit yet"), hint=_("plaint init makes an organisation; then commit with plaint"))

    @classmethod
    def open(cls, start: Path, revision: str | None = None) -> Organisation:
        """The organisation whose repository holds the folder `start`."""
        repository = Repository.discover(start)
        return cls(repository, repository.resolve(revision) if revision else None)

    @cached_property
    def config(self) -> Config:
        """Who the organisation is."""
        return config_from(self._read(CONFIG))

    @cached_property
    def roster(self) -> Roster:
        """Its members, then and now."""
        return roster_of(self._records(RecordKind.MEMBER), self._policies)

    def roster_with(self, record: Record) -> Roster:
        """The roster as it would be with a member's record in the place of the one that is there."""
        return roster_of([record, *(each for each in self._records(RecordKind.MEMBER) if each.id != record.id)], self._policies)

    @cached_property
    def revisions(self) -> Mapping[int, Revision]:
        """Every policy revision, approved or only drafted."""
        found: dict[int, Revision] = {}
        for policy, record in self._policies:
            found[policy.revision] = revision_of(policy, record, found, self.roster)
        return found

    @cached_property
    def _policies(self) -> list[tuple[Policy, Record]]:
        records = sorted(self._records(RecordKind.POLICY), key=lambda r: int(r.id))
        return [(policy_from(record.header, record.path), record) for record in records]

    @cached_property
    def done_periods(self) -> tuple[frozenset[str], frozenset[str]]:
        """The periods whose review is concluded, and those whose release is published."""
        concluded = (r.id for r in self.reviews() if any(e.kind == "conclude" for e in r.events))
        published = (r.id for r in self.releases() if any(e.kind == "publish" for e in r.events))
        return frozenset(concluded), frozenset(published)

    def policy(self, revision: int) -> Policy:
        """One revision; InputError where there is none."""
        if revision not in self.revisions:
            raise InputError(_("there is no policy revision {revision}").format(revision=revision), where=f"policy/{revision}.yaml")
        return self.revisions[revision].policy

    def policy_in_force(self, at: datetime) -> Policy:
        """The newest approved revision that has taken effect; the first one before that."""
        found = in_force(self.revisions, at.astimezone(self.config.timezone).date())
        if found is None:
            raise EnvironmentFaultError(_("there is no policy"), where="policy/", hint=_("plaint init writes one"))
        return found.policy

    @cached_property
    def case_paths(self) -> Mapping[str, str]:
        """Path of each case by its id."""
        return {path.rsplit("/", 1)[-1].removesuffix(".yaml"): path for path in self.repository.record_paths(RecordKind.CASE, self.revision)}

    def case(self, case: str) -> Record:
        """One case; a unique beginning of its id will do, and its hyphen may be left out. UsageError where there is none or more than one."""
        wanted = case.strip().upper()
        bare = wanted.replace("-", "")
        found = [wanted] if wanted in self.case_paths else [c for c in self.case_paths if bare and c.replace("-", "").startswith(bare)]
        if not found:
            raise UsageError(_("there is no case {case}").format(case=case), hint=_("plaint list shows them"))
        if len(found) > 1:
            raise UsageError(_("{case} is the beginning of several cases").format(case=case), hint=", ".join(sorted(found)[:5]))
        return parse(self._read(self.case_paths[found[0]]), self.case_paths[found[0]])

    def cases(self, part: int = 0, of: int = 1) -> Iterator[Record]:
        """Every case, in order of path; or only every `of`-th one, where work is shared."""
        yield from self._records(RecordKind.CASE, slice(part, None, of))

    def releases(self) -> Iterator[Record]:
        """Every published release, in order of path."""
        yield from self._records(RecordKind.RELEASE)

    def reviews(self) -> Iterator[Record]:
        """Every supervision review, in order of path."""
        yield from self._records(RecordKind.REVIEW)

    def state(self, record: Record) -> CaseState:
        """Where a case stands."""
        return fold(self.policy_of(record), record.events)

    def policy_of(self, record: Record) -> Policy:
        """The revision a case was received under."""
        return self.policy(int(record.header["policy"]))

    def read_case(self, record: Record) -> bytes:
        """A case's file, byte for byte."""
        return self._read(record.path)

    def _records(self, kind: RecordKind, some: slice = slice(None)) -> Iterator[Record]:
        for path, data in self.repository.read_records(kind, self.revision, some):
            yield parse(_there(data, path), path)

    def _read(self, path: str) -> bytes:
        return _there(self.repository.read(path, self.revision), path)


def _there(data: bytes | None, path: str) -> bytes:
    if data is None:
        raise EnvironmentFaultError(_("the file is missing"), where=path, hint=_("is this an organisation's repository? plaint init makes one"))
    return data
