"""One run of `plaint remind`: what is due, less what was told, mailed. See `plan` for who hears what, `ledger` for what survives a kill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

from plaint.agenda import agenda
from plaint.errors import EnvironmentFaultError
from plaint.i18n import LANGUAGES, _
from plaint.organisation import Organisation
from plaint.remind import ledger as books
from plaint.remind.addresses import Recipient, Server
from plaint.remind.courier import Courier, RefusedError, UnknownError
from plaint.remind.ledger import Ledger
from plaint.remind.letter import House, letter
from plaint.remind.plan import Mail, Told, mails, notices


class Outcome(StrEnum):
    """What became of a mail."""

    SENT = "sent"
    PLANNED = "planned"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NO_ADDRESS = "no-address"
    VOID = "void"


FAILED = frozenset({Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NO_ADDRESS})


@dataclass(frozen=True, slots=True)
class Result:
    """One mail and what became of it: the message as it went out, and what the server said against it."""

    mail: Mail
    outcome: Outcome
    message: EmailMessage | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """All that a run needs to know: of whom, when, to which addresses, from which."""

    organisation: Organisation
    now: datetime
    recipients: Mapping[str, Recipient]
    sender: str

    @property
    def house(self) -> House:
        """Who writes."""
        config = self.organisation.config
        return House(config.name, config.timezone, self.sender)

    def plan(self, told: Told) -> Iterator[Mail]:
        """The mails that are due."""
        organisation = self.organisation
        found = notices(agenda(organisation, self.now, with_members=True), organisation.roster, self.now)
        return mails(found, told, organisation_id(organisation), self.sender.rpartition("@")[2], self.now)

    def letter(self, mail: Mail) -> EmailMessage:
        """The message of a mail; to nobody, where there is no address."""
        recipient = self.recipients.get(mail.intent.member, Recipient("", ""))
        languages = self.organisation.config.languages
        return letter(mail, recipient.address, recipient.language or next((x for x in languages if x in LANGUAGES), "en"), self.house)


def organisation_id(organisation: Organisation) -> str:
    """The genesis commit, and the folder where one repository holds several organisations: what tells this one from all others."""
    repository = organisation.repository
    if repository.git.text("rev-parse", "--is-shallow-repository") == "true":
        raise EnvironmentFaultError(_("this clone is shallow"), hint=_("git fetch --unshallow brings the rest"))
    genesis = repository.git.text("rev-list", "--max-parents=0", organisation.revision or "HEAD").split()[-1]
    return f"{genesis}-{repository.prefix.strip('/').replace('/', '-')}".rstrip("-")


def ledger_path(organisation: Organisation, folder: Path) -> Path:
    """Where the ledger of an organisation lies in a folder of ledgers."""
    return folder / f"reminders-{organisation_id(organisation)}.jsonl"


def rehearse(this: Round, folder: Path) -> Iterator[Result]:
    """What a run would send, without sending or writing anything."""
    for mail in this.plan(books.read(ledger_path(this.organisation, folder))):
        if mail.notices:
            outcome = Outcome.PLANNED if mail.intent.member in this.recipients else Outcome.NO_ADDRESS
            yield Result(mail, outcome, this.letter(mail))


def send(this: Round, server: Server, folder: Path) -> Iterator[Result]:
    """Sends what is due, one mail after another, and tells of each. LockedError while another run is at work."""
    with books.opened(ledger_path(this.organisation, folder)) as ledger, Courier(server) as courier:
        for mail in this.plan(ledger.told):
            yield _handed_over(this, mail, ledger, courier)


def _handed_over(this: Round, mail: Mail, ledger: Ledger, courier: Courier) -> Result:
    if not mail.notices:
        ledger.settle(mail.intent, books.VOID)
        return Result(mail, Outcome.VOID)
    message = this.letter(mail)
    if mail.intent.member not in this.recipients:
        return Result(mail, Outcome.NO_ADDRESS, message)
    meant = False

    def before_end() -> None:
        nonlocal meant
        ledger.intend(mail.intent)
        meant = True

    try:
        address = this.recipients[mail.intent.member].address
        courier.deliver(address, bytes(message), before_end, lambda: ledger.settle(mail.intent, books.SENT))
    except RefusedError as error:
        if meant and not mail.again:  # one that may have gone out before stays open
            ledger.settle(mail.intent, books.REFUSED, str(error))
        return Result(mail, Outcome.REFUSED, message, str(error))
    except UnknownError as error:
        return Result(mail, Outcome.UNKNOWN, message, str(error))
    return Result(mail, Outcome.SENT, message)
