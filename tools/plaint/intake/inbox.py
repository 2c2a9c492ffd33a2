"""Brings in what reporters sealed in their browsers: a report becomes a case, a message an event of its case. Safe to run twice.

A report is known again by its `source` (see `importkey`), a message by its id in the sealed text. What cannot be brought in is set aside with
the reason: the file stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from plaint.access import REPORTER
from plaint.actor import Actor
from plaint.desk import Entry, case_secrets, open_case, record, register
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, PlaintError
from plaint.i18n import _, reason
from plaint.intake.importkey import import_secret, known_sources, source_of
from plaint.intake.submission import CHANNEL, NAME, Submission, arrival, category_of, message_body, read_submission, report_bodies
from plaint.model.record import Record
from plaint.seal import age
from plaint.seal.receipt import same_token

LARGEST = 48 * 1024 * 1024
MAGIC = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file: `registered` or `known` with its case, or `set-aside` with the reason."""

    file: str
    what: str
    case: str = ""
    event: str = ""
    reason: str = ""


@dataclass(slots=True)
class Inbox:
    """One run of the import, by one officer."""

    actor: Actor
    now: datetime
    category: str = ""
    received: datetime | None = None
    _sources: set[str] = field(default_factory=set)
    _read_at: str | None = None

    def bring_in(self, paths: Iterable[Path]) -> Iterator[Done]:
        """Each file in turn; what was brought in before one fails stays."""
        for path in files(paths):
            try:
                yield self._one(path)
            except EnvironmentFaultError:
                raise
            except PlaintError as error:
                yield Done(str(path), "set-aside", reason=f"{error.what}. {error.hint}".rstrip(". "))

    def _one(self, path: Path) -> Done:
        data, at = _read(path)
        self._refresh()
        try:
            plaintext = age.decrypt(data, self.actor.identity)
        except NotAllowedError:
            return self._message(path, data, at)
        submission = read_submission(plaintext, path.name)
        if submission.kind != "report":
            raise InputError(_("a message must be sealed to its case, and this one is not"))
        return self._report(path, submission, at)

    def _report(self, path: Path, submission: Submission, at: datetime) -> Done:
        organisation = self.actor.organisation
        source = source_of(import_secret(self.actor), NAME, [("id", submission.id)])
        if source in self._sources:
            return Done(str(path), "known")
        policy = organisation.policy_in_force(self.now)
        category = self.category or category_of(submission, policy)
        codes = {"channel": CHANNEL, "category": category, "source": source}
        moment = (self.received or arrival(at, self.now)).astimezone(organisation.config.timezone)
        entry = Entry("receive", codes, report_bodies(submission), moment, receipt=submission.content["receipt"]["recipient"])
        excluded = [member for member in submission.content["excluded"] if organisation.roster.now(member)]
        done = register(self.actor, entry, excluded)
        self._sources.add(source)
        self._read_at = done.commit
        return Done(str(path), "registered", done.case, done.event)

    def _message(self, path: Path, data: bytes, at: datetime) -> Done:
        for before in self.actor.organisation.cases():
            if REPORTER not in before.header["seals"]:
                continue
            try:
                secret = case_secrets(self.actor, before, "report").get("report")
                plaintext = age.decrypt(data, secret) if secret else None
            except (NotAllowedError, InputError):
                continue
            if plaintext is not None:
                return self._append(path, before, read_submission(plaintext, path.name), at)
        raise NotAllowedError(
            _("nothing that {member} has opens it").format(member=self.actor.member),
            hint=_("it may be another officer's to open, or damaged: let others try"),
        )

    def _append(self, path: Path, before: Record, submission: Submission, at: datetime) -> Done:
        if submission.kind != "message" or submission.content["case"] != before.id:
            raise InputError(_("it says another case than the one it is sealed to"))
        texts = [body for _event, _compartment, body in open_case(self.actor, before, "report")]
        if not any(same_token(submission.content["token"], body["receipt"]) for body in texts if "receipt" in body):
            raise NotAllowedError(_("it does not prove to come from the reporter of this case: its token is another one"))
        if any(body.get("fields", {}).get("submission") == submission.id for body in texts):
            return Done(str(path), "known", before.id)
        zone = self.actor.organisation.config.timezone
        moment = max(arrival(at, self.now), before.events[-1].at).astimezone(zone)
        entry = Entry("message", {"direction": "from-reporter"}, {"report": message_body(submission)}, moment)
        done = record(self.actor, before.id, entry, self.now.astimezone(zone))
        return Done(str(path), "registered", done.case, done.event)

    def _refresh(self) -> None:
        """Reads anew what is there already, where another process committed since."""
        repository = self.actor.organisation.repository
        head = repository.head()
        if head != self._read_at:
            self.actor = self.actor.up_to_date()
            self._sources = known_sources(repository)
            self._read_at = head


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files meant: each path itself, or every file of a folder in the order of their names; hidden ones are passed over."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        else:
            yield path


def _read(path: Path) -> tuple[bytes, datetime]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error))) from error
    if len(data) > LARGEST:
        raise InputError(_("the file is larger than {size} MiB").format(size=LARGEST // 1024 // 1024))
    if not data.lstrip().startswith(MAGIC):
        raise InputError(_("this is no sealed report"))
    return data, at
