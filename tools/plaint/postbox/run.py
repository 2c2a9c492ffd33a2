"""One run of `plaint inbox fetch`: each mail is read, brought in, acknowledged, and only then moved. See `acknowledge` for what survives a kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from plaint.i18n import _
from plaint.intake.inbox import Done, Inbox
from plaint.intake.mailfiles import LARGEST, Post
from plaint.postbox.account import Postbox
from plaint.postbox.acknowledge import Acknowledger, Answer, Outcome
from plaint.postbox.imap import Mailbox, Waiting
from plaint.remind import ledger as books
from plaint.remind.courier import Courier
from plaint.remind.run import organisation_id


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a mail or a sealed file in it, and of its acknowledgement, if it is one to be acknowledged."""

    done: Done
    answer: Answer | None = None

    @property
    def fine(self) -> bool:
        """Whether nobody need look at it."""
        return self.done.what != "set-aside" and (self.answer is None or self.answer.outcome not in {Outcome.LATER, Outcome.LEFT})


def fetch(inbox: Inbox, postbox: Postbox, state: Path) -> Iterator[Fetched]:
    """Brings in what lies in the mailbox, mail by mail; `state` is the folder of ledgers. LockedError while another run acknowledges."""
    inbox.check()
    with ExitStack() as stack:
        acknowledger = None
        if postbox.server:
            path = state / f"acknowledgements-{organisation_id(inbox.actor.organisation)}.jsonl"
            ledger = stack.enter_context(books.opened(path))
            acknowledger = Acknowledger(inbox.desk, postbox, ledger, stack.enter_context(Courier(postbox.server)))
        mailbox = stack.enter_context(Mailbox(postbox.account))
        for waiting in mailbox.waiting():
            yield from _one(inbox, mailbox, waiting, acknowledger)


def _one(inbox: Inbox, mailbox: Mailbox, waiting: Waiting, acknowledger: Acknowledger | None) -> Iterator[Fetched]:
    name = _("mail {n}").format(n=waiting.uid)
    if waiting.size > LARGEST:
        size = _("it is larger than {size} MiB").format(size=LARGEST // 1024 // 1024)
        yield Fetched(Done(name, "set-aside", reason=size))
        return
    data = mailbox.read(waiting.uid)
    if data is None:  # somebody moved it meanwhile
        return
    fetched = []
    for done in inbox.mail(Post(name, data, waiting.at, junk=waiting.junk)):
        taken = done.mail
        answer = acknowledger.answer(taken) if acknowledger and taken and taken.first and taken.what != "set-aside" else None
        fetched.append(Fetched(done, answer))
        yield fetched[-1]
    folder = _folder(fetched, mailbox)
    if folder not in {"", mailbox.account.folder}:
        mailbox.move(waiting.uid, folder)


def _folder(fetched: list[Fetched], mailbox: Mailbox) -> str:
    """Where a mail goes; "" where it must be looked at again, by the next run or another officer."""
    if any(each.answer and each.answer.outcome is Outcome.LATER for each in fetched):
        return ""
    if all(each.done.what != "set-aside" for each in fetched):
        return mailbox.account.done
    return mailbox.account.aside if all(each.done.mail for each in fetched) else ""
