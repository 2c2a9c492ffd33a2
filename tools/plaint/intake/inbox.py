"""Brings in what lies in files: what reporters sealed in their browsers, and mail. Safe to run twice.

What was sealed is brought in as `sealed` says, mail as `mails` says. A sealed file may also come as an attachment of a mail: then it is brought in, and not the mail around it, which
would tell who sent it. What cannot be brought in is set aside with the reason: the file stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plaint.actor import Actor
from plaint.errors import EnvironmentFaultError, InputError, PlaintError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, reason
from plaint.intake.importer import check_role
from plaint.intake.known import Known
from plaint.intake.letter import read_letter
from plaint.intake.mailfiles import Post, is_mail_file, is_maildir, mails_in
from plaint.intake.mails import CHANNEL as EMAIL
from plaint.intake.mails import MailDesk, Taken
from plaint.intake.mails import arrival as arrival_of_mail
from plaint.intake.sealed import SealedDesk
from plaint.seal.armour import well_formed

LARGEST = 48 * 1024 * 1024
OTHER = "other"
MAGIC = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file or mail: `registered` or `known` with its case, or `set-aside` with the reason."""

    file: str
    what: str
    case: str = ""
    event: str = ""
    reason: str = ""
    mail: Taken | None = None


class Inbox:
    """One run of the import, by one officer. `category` is given where the reporter's own word will not do, `received` where the files' time will not."""

    def __init__(self, actor: Actor, now: datetime, category: str = "", received: datetime | None = None, *, anyway: bool = False) -> None:
        self.known = Known(actor)
        self.now = now
        self.category = category
        self.received = received
        self._anyway = anyway
        self._desk: MailDesk | None = None
        self._sealed_desk = SealedDesk(self.known, now, category, received)

    @property
    def actor(self) -> Actor:
        """Who brings in."""
        return self.known.actor

    def check(self) -> None:
        """NotAllowedError or UsageError where no mail at all could be registered: one line instead of one for each."""
        check_role(self.actor.organisation, self.actor.member, self.now)
        self.desk.key  # noqa: B018 - it is opened now or not at all

    def bring_in(self, paths: Iterable[Path]) -> Iterator[Done]:
        """Each file and mail in turn; what was brought in before one fails stays."""
        for path in files(paths):
            try:
                if is_maildir(path) or is_mail_file(_start(path)):
                    for post in mails_in(path):
                        yield from self.mail(post)
                else:
                    data, at = _read(path)
                    yield self._sealed(str(path), data, at)
            except EnvironmentFaultError:
                raise
            except PlaintError as error:
                yield _set_aside(str(path), error)

    def mail(self, post: Post) -> Iterator[Done]:
        """One mail, or the sealed files in it."""
        letter = read_letter(post.data)
        at = self.received or arrival_of_mail(letter, post, self.now)
        sealed = [file for file in letter.files if _is_sealed(file.data)]
        try:
            for file in sealed:
                yield self._sealed(f"{post.name}/{file.name}", file.data, at)
            if not sealed:
                taken = self.desk.take(letter, at, junk=post.junk)
                yield Done(post.name, taken.what, taken.case, taken.event, taken.reason, taken)
        except EnvironmentFaultError:
            raise
        except PlaintError as error:
            yield _set_aside(post.name, error)

    @property
    def desk(self) -> MailDesk:
        """Where mail is brought in; UsageError where the policy has no word for it."""
        if self._desk is None:
            self._desk = MailDesk(self.known, self.now, mail_category(self.actor, self.category, self.now), self._anyway)
        return self._desk

    def _sealed(self, name: str, data: bytes, at: datetime) -> Done:
        plain = well_formed(data)
        if plain is None:
            raise InputError(_("this is a sealed file with a damaged header"))
        opened = self._sealed_desk.take(name, plain, at)
        return Done(name, opened.what, opened.case, opened.event)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files and Maildirs meant: each path itself, or every file of a folder in the order of their names; hidden ones are passed over."""
    for path in paths:
        if path.is_dir() and not is_maildir(path):
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        else:
            yield path


def _read(path: Path) -> tuple[bytes, datetime]:
    try:
        data = read_plain(path, LARGEST + 1, handed_over=False)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error))) from error
    if len(data) > LARGEST:
        raise InputError(_("the file is larger than {size} MiB").format(size=LARGEST // 1024 // 1024))
    if not _is_sealed(data):
        raise InputError(_("this is neither a sealed report nor a mail"))
    return data, at


def _is_sealed(data: bytes) -> bool:
    return data.lstrip().startswith(MAGIC)


def _start(path: Path) -> bytes:
    try:
        return read_plain(path, 64 * 1024, handed_over=False)
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error))) from error


def _set_aside(name: str, error: PlaintError) -> Done:
    return Done(name, "set-aside", reason=f"{error.what}. {error.hint}".rstrip(". "))


def mail_category(actor: Actor, given: str, now: datetime) -> str:
    """What mail is filed under until somebody has read it; UsageError where the policy has no channel or category for it."""
    policy = actor.organisation.policy_in_force(now)
    if EMAIL not in policy.channels:
        raise UsageError(_("the policy has no channel {word}").format(word=EMAIL), hint=_("add it in a new revision of the policy"))
    category = given or OTHER
    if category not in policy.categories:
        raise UsageError(
            _("mail does not say what it is about: {word} is none of: {words}").format(word=category, words=", ".join(policy.categories)),
            hint=_("give --category"),
        )
    return category
