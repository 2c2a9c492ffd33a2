"""What reporters sealed in their browsers: a report becomes a case, a message an event of its case. Safe to run twice.

Rules:
- A report is known again by its `source` (see `importkey`), a message by its id in the sealed text.
- A receipt opens one case only: a report that names the receipt of another case is set aside, for it would hide that case's answers.
- A message counts only with the token of its own case's receipt in it, and sealed to that case.
- Large attachments become evidence, one after the other; what a kill left out is added by the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plaint.access import REPORTER
from plaint.actor import Actor
from plaint.desk import Entry, record, register
from plaint.errors import InputError, NotAllowedError
from plaint.i18n import _
from plaint.intake.attachments import Attachment, keep_large, refuse_large, shared_out
from plaint.intake.importkey import import_secret, source_of
from plaint.intake.known import Known
from plaint.intake.submission import CHANNEL, INLINE, NAME, Submission, arrival, attached, category_of, message_body, read_submission, report_bodies
from plaint.intake.telling import cleaned, telling
from plaint.model.machine import CaseState, apply
from plaint.model.record import Event, Record, new_event_id
from plaint.opening import case_secrets, open_case
from plaint.seal import age
from plaint.seal.receipt import same_token


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a sealed file: `registered` or `known`, with its case."""

    what: str
    case: str
    event: str = ""


@dataclass(slots=True)
class SealedDesk:
    """One officer who brings sealed files in. `category` is given where the reporter's own word will not do, `received` where the files' time will not."""

    known: Known
    now: datetime
    category: str = ""
    received: datetime | None = None
    _secrets: dict[str, str] = field(default_factory=dict)
    """The `report` key of each case that the actor opened already: it is the case's for life."""

    def take(self, name: str, data: bytes, at: datetime) -> Opened:
        """Brings a file in that was left then; PlaintError where it must wait for somebody or something."""
        with self._actor.organisation.repository.lock():  # who else brings the same file in waits, and finds it there
            self.known.refresh()
            try:
                plaintext = age.decrypt(data, self._actor.identity)
            except NotAllowedError:
                return self._message(name, data, at)
            submission = read_submission(plaintext, Path(name).name)
            if submission.kind != "report":
                raise InputError(_("a message must be sealed to its case, and this one is not"))
            return self._report(name, submission, at)

    @property
    def _actor(self) -> Actor:
        return self.known.actor

    @property
    def _present(self) -> datetime:
        return self.now.astimezone(self._actor.organisation.config.timezone)

    def _report(self, name: str, submission: Submission, at: datetime) -> Opened:
        organisation = self._actor.organisation
        source = source_of(import_secret(self._actor), NAME, [("id", submission.id)])
        small, large = _shared_out(attached(submission, Path(name).name))
        moment = (self.received or arrival(at, self.now)).astimezone(organisation.config.timezone)
        if source in self.known.cases:
            case = self.known.cases[source]
            self._keep(case, large, source, moment)
            return Opened("known", case)
        policy = organisation.policy_in_force(moment)
        category = self.category or category_of(submission, policy)
        codes = {"channel": CHANNEL, "category": category, "source": source}
        receipt = submission.content["receipt"]["recipient"]
        if receipt in self.known.receipts:
            raise InputError(_("its receipt belongs to another case already, and opens one case only"))
        if large:
            event = Event("receive", new_event_id(), moment, self._actor.member, codes, {})
            refuse_large(self._actor, policy, apply(policy, CaseState(), event), [event], large, self._present)
        entry = Entry("receive", codes, report_bodies(submission, small), moment, receipt=receipt)
        excluded = [member for member in submission.content["excluded"] if organisation.roster.now(member)]
        done = register(self._actor, entry, excluded)
        self.known.add(source, done, receipt)
        self._keep(done.case, large, source, moment)
        return Opened("registered", done.case, done.event)

    def _keep(self, case: str, files: Sequence[Attachment], source: str, arrived: datetime) -> None:
        """Makes evidence of the large attachments that are not yet."""
        if files:
            for done in keep_large(self._actor, case, files, import_secret(self._actor), source, arrived, self._present, cleaned):
                self.known.done(done)

    def _message(self, name: str, data: bytes, at: datetime) -> Opened:
        cases = {each.id: each for each in self._actor.organisation.cases() if self._secret(each)}
        try:
            plaintext = age.decrypt(data, *(self._secret(each) for each in cases.values()))
        except NotAllowedError:
            raise NotAllowedError(
                _("nothing that {member} has opens it").format(member=self._actor.member),
                hint=_("it may be another officer's to open, or damaged: let others try"),
            ) from None
        submission = read_submission(plaintext, Path(name).name)
        before = cases.get(str(submission.content.get("case", "")))
        try:
            bound = before is not None and age.decrypt(data, self._secret(before)) == plaintext
        except NotAllowedError:
            bound = False
        if before is None or not bound or submission.kind != "message":
            raise InputError(_("it says another case than the one it is sealed to"))
        return self._append(name, before, submission, at)

    def _secret(self, case: Record) -> str:
        """The key of what was reported in a case; empty where it has no receipt, or the actor does not have the key."""
        if case.id not in self._secrets:
            found = {}
            if REPORTER in case.header["seals"]:
                with suppress(NotAllowedError, InputError):
                    found = case_secrets(self._actor, case, "report")
            self._secrets[case.id] = found.get("report", "")
        return self._secrets[case.id]

    def _append(self, name: str, before: Record, submission: Submission, at: datetime) -> Opened:
        texts = [(event.kind, body) for event, _compartment, body in open_case(self._actor, before, "report")]
        if not any(same_token(submission.content["token"], body.get("receipt", "")) for kind, body in texts if kind == "receive"):
            raise NotAllowedError(_("it does not prove to come from the reporter of this case: its token is another one"))
        small, large = _shared_out(attached(submission, Path(name).name))
        moment = max(arrival(at, self.now), before.events[-1].at).astimezone(self._present.tzinfo)
        source = f"message {submission.id}"
        if any(body.get("fields", {}).get("submission") == submission.id for _kind, body in texts):
            self._keep(before.id, large, source, moment)
            return Opened("known", before.id)
        if large:
            organisation = self._actor.organisation
            refuse_large(self._actor, organisation.policy_of(before), organisation.state(before), before.events, large, self._present)
        entry = Entry("message", {"direction": "from-reporter"}, {"report": message_body(submission, small)}, moment)
        done = record(self._actor, before.id, entry, self._present)
        self.known.done(done)
        self._keep(before.id, large, source, moment)
        return Opened("registered", done.case, done.event)


def _shared_out(files: Sequence[Attachment]) -> tuple[list[Attachment], list[Attachment]]:
    return shared_out(files, INLINE, telling(files))
