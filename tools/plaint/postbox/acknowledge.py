"""The acknowledgement: the reporter is told that their mail has arrived, and the case says so, once the mail server has taken it.

Rules:
- It carries nothing of the complaint, not even its subject: a reference to answer with, and when the mail arrived. It goes to whom `sorting` lets it.
- The event `acknowledge` is recorded after the mail server took the mail, never before. What the ledger knows to be sent is not sent again.
- Killed while the server takes it, nobody knows whether it did (RFC 1047). Then it is sent again, under the same Message-ID, which most mailboxes show
  once; after three such breaks it is left to a person.
- The reporter's mail stays in the mailbox until this is settled, so an address need not be kept anywhere.
- One address hears at most five times in a day: who writes a thousand mails in somebody's name does not have us write a thousand to them.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

from plaint.desk import Entry, Ids, record, refuse_early
from plaint.errors import EnvironmentFaultError, PlaintError
from plaint.i18n import LANGUAGES, _, pick, speaking
from plaint.intake.letter import Letter
from plaint.intake.mails import MailDesk, Taken, language_of, reference_of
from plaint.intake.sorting import answer_to, unanswerable
from plaint.model.record import Record, event_id_of
from plaint.model.words import local
from plaint.organisation import Organisation
from plaint.postbox.account import Postbox
from plaint.remind import ledger as books
from plaint.remind.addresses import ADDRESS
from plaint.remind.courier import Courier, RefusedError, UnknownError
from plaint.remind.ledger import Ledger
from plaint.remind.letter import WIRE
from plaint.remind.plan import Intent, Thing

OLDEST = timedelta(days=7)
"""What arrived before is answered by a person, who has something to say by now."""
MOST_A_DAY = 5
MOST_TRIES = 3
_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


class Outcome(StrEnum):
    """What became of an acknowledgement. `LATER` is tried again with the next run, `LEFT` is for a person, `NOT` is as it should be."""

    SENT = "sent"
    ALREADY = "already"
    NOT = "not"
    LATER = "later"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome, and why."""

    outcome: Outcome
    reason: str = ""


class Acknowledger:
    """Who acknowledges what a desk has registered, through one mail server."""

    def __init__(self, desk: MailDesk, postbox: Postbox, ledger: Ledger, courier: Courier) -> None:
        self.desk = desk
        self.postbox = postbox
        self.ledger = ledger
        self.courier = courier
        self._sent = {who: set(things) for who, things in ledger.told.things.items()}
        self._cases = {thing.case for things in self._sent.values() for thing in things}
        self._open = {intent.id: intent for intent in ledger.told.pending}

    def answer(self, taken: Taken) -> Answer:
        """Acknowledges the mail that began a case, unless that was done, or must not be."""
        organisation = self.desk.known.actor.organisation
        case = organisation.case(taken.case)
        if any(event.kind in {"acknowledge", "notify"} for event in case.events):
            return Answer(Outcome.ALREADY)
        if case.id in self._cases:  # it was sent, and then we were killed
            return self._record(case, taken)
        if why := unanswerable(taken.letter, self.postbox.own):
            return Answer(Outcome.NOT, why)
        if self.desk.now - case.events[0].at > OLDEST:
            return Answer(Outcome.NOT, _("it arrived more than {n} days ago").format(n=OLDEST.days))
        try:
            refuse_early(self.desk.known.actor, case.id, self._entry(case, taken), self.desk.now)
        except EnvironmentFaultError:
            raise
        except PlaintError as error:
            return Answer(Outcome.NOT, str(error))
        return self._send(organisation, case, taken)

    def _send(self, organisation: Organisation, case: Record, taken: Taken) -> Answer:
        address = answer_to(taken.letter)
        if not ADDRESS.fullmatch(address):
            return Answer(Outcome.LEFT, _("its sender's address has letters that cannot be written to"))
        who = hmac.digest(self.desk.key, f"address\n{address.lower()}".encode(), "sha256").hex()[:32]
        reference = reference_of(self.desk.key, case.id)
        before = self._open.get(message_id(reference, self.postbox))
        tries = int(before.things[0].stage) if before else 0
        at = before.at if before else self.desk.now  # sent again, it is the same mail
        message = letter(organisation, self.postbox, taken.letter, reference, case.events[0].at, at)
        if before and tries >= MOST_TRIES:
            self.ledger.settle(before, books.VOID)
            return Answer(Outcome.LEFT, _("the connection broke {n} times while the server took it: perhaps it was sent").format(n=tries))
        if not before and self._heard(who) >= MOST_A_DAY:
            return Answer(Outcome.LEFT, _("its sender was written to {n} times in a day").format(n=MOST_A_DAY))
        intent = Intent(str(message["Message-ID"]), who, at, (Thing(case.id, "acknowledge", "", self.desk.now.isoformat(), str(tries + 1)),))
        meant = False

        def before_end() -> None:
            nonlocal meant
            self.ledger.intend(intent)
            meant = True

        try:
            self.courier.deliver(address, bytes(message), before_end, lambda: self.ledger.settle(intent, books.SENT))
        except RefusedError as error:
            if meant and not before:  # one that may have gone out before stays open
                self.ledger.settle(intent, books.REFUSED, str(error))
            return Answer(Outcome.LEFT if error.for_good else Outcome.LATER, str(error))
        except UnknownError as error:
            return Answer(Outcome.LATER, str(error))
        self._sent.setdefault(who, set()).update(intent.things)
        return self._record(case, taken)

    def _heard(self, who: str) -> int:
        """How often an address was written to in the last day."""
        return sum(self.desk.now - datetime.fromisoformat(thing.due) < timedelta(days=1) for thing in self._sent.get(who, ()))

    def _entry(self, case: Record, taken: Taken) -> Entry:
        policy = self.desk.known.actor.organisation.policy_of(case)
        sealed = {c for each in policy.transitions.get("acknowledge", ()) for c in (*each.seals, *each.may_seal)}
        note = _("Acknowledged by mail, under the reference {reference}.").format(reference=reference_of(self.desk.key, case.id))
        event = event_id_of(hmac.digest(self.desk.key, f"acknowledge\n{self.desk.source_of(taken.letter)}".encode(), "sha256"))
        bodies = {"report": {"note": note}} if "report" in sealed else {}
        return Entry("acknowledge", {}, bodies, ids=Ids(case.id, event))

    def _record(self, case: Record, taken: Taken) -> Answer:
        known = self.desk.known
        zone = known.actor.organisation.config.timezone
        with known.actor.organisation.repository.lock():
            known.refresh()
            try:
                known.done(record(known.actor, case.id, self._entry(case, taken), max(self.desk.now, case.events[-1].at).astimezone(zone)))
            except EnvironmentFaultError:
                raise
            except PlaintError as error:  # the case has moved on meanwhile
                return Answer(Outcome.LEFT, _("it was sent, and cannot be recorded: {reason}").format(reason=error))
        return Answer(Outcome.SENT)


def message_id(reference: str, postbox: Postbox) -> str:
    """The Message-ID of a case's acknowledgement: whoever answers names it, so their mailbox need not keep the subject."""
    assert postbox.server is not None
    return f"<{reference.replace('-', '').lower()}.received@{postbox.server.sender.rpartition('@')[2]}>"


def letter(organisation: Organisation, postbox: Postbox, to: Letter, reference: str, arrived: datetime, at: datetime) -> EmailMessage:
    """The acknowledgement as it goes out, in the sender's language."""
    config, server = organisation.config, postbox.server
    assert server is not None
    language = language_of(to) or next((each for each in config.languages if each in LANGUAGES), "en")
    user, _at, domain = server.sender.rpartition("@")
    plain = reference.replace("-", "").lower()
    message = EmailMessage(policy=WIRE.clone(refold_source="none"))
    with speaking(language):
        house = pick(config.name)
        message["From"] = Address(house, addr_spec=server.sender)
        message["To"] = answer_to(to)
        message["Subject"] = _("We have received your message [{reference}]").format(reference=reference)
        message["Date"] = format_datetime(at.astimezone(config.timezone))
        message["Message-ID"] = message_id(reference, postbox)
        if postbox.plus:
            message["Reply-To"] = f"{user}+{plain}@{domain}"
        if _ID.fullmatch(f"<{to.id}>"):
            for name in ("In-Reply-To", "References"):
                message.set_raw(name, f"<{to.id}>")  # or Python would encode an id as long as Outlook's, and no mailbox would know it again
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content("\n".join(_body(house, reference, local(arrived, config.timezone))) + "\n", charset="utf-8")
        message["Content-Language"] = language
    return message


def _body(name: str, reference: str, arrived: str) -> list[str]:
    return [
        _("{name} received your message on {arrived}.").format(name=name, arrived=arrived),
        "",
        _("Its reference is {reference}. If you write again about it, leave the reference in the subject: so it reaches those who handle it.").format(
            reference=reference
        ),
        "",
        _("This answer was sent by a machine, and repeats nothing of what you wrote. A person will read your message."),
        "",
        "-- ",
        name,
    ]
