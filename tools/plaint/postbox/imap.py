"""The edge to the mailbox's server: IMAP over TLS, by IMAPClient.

Rules:
- TLS, from the start or by STARTTLS, with certificate and name verified; without it only a server of this machine itself.
- Reading changes nothing (BODY.PEEK). A mail is moved to another folder of the account, at once where the server can (RFC 6851), else by copying it
  first: broken off in between, it is there twice, never not at all. Nothing is deleted but what was copied.
"""

from __future__ import annotations

import contextlib
import imaplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from plaint.errors import EnvironmentFaultError
from plaint.i18n import _, reason
from plaint.postbox.account import Account
from plaint.remind.addresses import Security
from plaint.remind.courier import only_here

if TYPE_CHECKING:
    from imapclient import IMAPClient

_JUNK = frozenset({b"$junk", b"junk"})
PATIENCE = 120.0
"""Seconds for an answer."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that lies in the mailbox: its number there, its size in bytes, when it arrived, and whether it is marked as junk."""

    uid: int
    size: int
    at: datetime | None
    junk: bool


class Mailbox:
    """The open mailbox."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._folders: set[str] = set()
        self._prefix = ""

    def __enter__(self) -> Self:
        self._client = self._connect()
        with self._explained():
            self._folders = {str(name) for _flags, _delimiter, name in self._client.list_folders()}
            self._prefix = self._personal()
            if self.account.folder.upper() != "INBOX" and self.account.folder not in self._folders:
                hint = _("it has: {folders}").format(folders=", ".join(sorted(self._folders)[:10]))
                raise EnvironmentFaultError(_("the mailbox has no folder {folder}").format(folder=self.account.folder), where=self.account.where, hint=hint)
            self._client.select_folder(self.account.folder)
        return self

    def __exit__(self, *_exc: object) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self._client.logout()

    def waiting(self) -> Iterator[Waiting]:
        """The mails that lie there, oldest number first."""
        with self._explained():
            uids = sorted(self._client.search(["UNDELETED"]))
        for start in range(0, len(uids), 500):
            with self._explained():
                found: dict[int, Any] = self._client.fetch(uids[start : start + 500], ["RFC822.SIZE", "INTERNALDATE", "FLAGS"])
            for uid, item in sorted(found.items()):
                at = item.get(b"INTERNALDATE")
                moment = at.astimezone(UTC).replace(microsecond=0) if at else None
                yield Waiting(uid, int(item.get(b"RFC822.SIZE", 0)), moment, bool(_JUNK & {flag.lower() for flag in item.get(b"FLAGS", ())}))

    def read(self, uid: int) -> bytes | None:
        """A mail's bytes; None where it is not there any more."""
        with self._explained():
            found: dict[int, Any] = self._client.fetch([uid], ["BODY.PEEK[]"])
        data = found.get(uid, {}).get(b"BODY[]")
        return data if isinstance(data, bytes) else None

    def move(self, uid: int, folder: str) -> None:
        """Moves a mail to another folder, which is made if there is none."""
        with self._explained():
            target = self._there(folder)
            if self._client.has_capability("MOVE"):
                self._client.move([uid], target)
                return
            self._client.copy([uid], target)
            self._client.add_flags([uid], [b"\\Deleted"], silent=True)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge([uid])

    def _there(self, folder: str) -> str:
        name = folder if folder in self._folders or folder.startswith(self._prefix) else self._prefix + folder
        if name not in self._folders:
            self._client.create_folder(name)
            with contextlib.suppress(imaplib.IMAP4.error):  # so that people's programs show it
                self._client.subscribe_folder(name)
            self._folders.add(name)
        return name

    def _personal(self) -> str:
        """What the names of one's own folders begin with, at servers that ask for it."""
        if not self._client.has_capability("NAMESPACE"):
            return ""
        personal = self._client.namespace().personal
        return str(personal[0][0]) if personal else ""

    def _connect(self) -> IMAPClient:
        from imapclient import IMAPClient

        account = self.account
        try:
            context = ssl.create_default_context(cafile=account.certificates or None)
        except OSError as error:
            raise EnvironmentFaultError(_("these certificates cannot be read: {error}").format(error=_words(error)), where=account.certificates) from error
        with self._explained():
            tls = account.security is Security.TLS
            client = IMAPClient(account.host, account.port, ssl=tls, ssl_context=context if tls else None, timeout=PATIENCE)
            try:
                client.normalise_times = False
                if account.security is Security.PLAIN:
                    only_here(client.socket().getpeername()[0], account.where)
                if account.security is Security.STARTTLS:
                    client.starttls(ssl_context=context)
                self._log_in(client)
            except BaseException:
                with contextlib.suppress(OSError, imaplib.IMAP4.error):
                    client.shutdown()
                raise
        return client

    def _log_in(self, client: IMAPClient) -> None:
        from imapclient.exceptions import LoginError

        account = self.account
        try:
            if account.token:
                client.oauth2_login(account.user, account.token)
            else:
                client.login(account.user, account.password)
        except LoginError as error:
            raise EnvironmentFaultError(
                _("the mail server does not let {user} in: {error}").format(user=account.user, error=_words(error)), where=account.where
            ) from error
        except UnicodeError as error:
            raise EnvironmentFaultError(_("the user or password holds letters that cannot be sent: ASCII only"), where=account.where) from error

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Whatever the server or the network does, in one line."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            hint = _("a certificate of one's own is named with `certificates` in the mailbox file")
            raise EnvironmentFaultError(
                _("the mail server is not who it says: {error}").format(error=error.verify_message), where=self.account.where, hint=hint
            ) from error
        except (OSError, imaplib.IMAP4.error) as error:
            hint = _("what was brought in stays, the rest is fetched next time")
            raise EnvironmentFaultError(_("the mailbox cannot be read: {error}").format(error=_words(error)), where=self.account.where, hint=hint) from error


def _words(error: Exception) -> str:
    """What went wrong in one line; a server's words are not ours, so nothing of them is obeyed by a terminal."""
    text = reason(error) if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError) else str(error)
    return "".join(c if c.isprintable() else "?" for c in " ".join((text or type(error).__name__).split()))[:200]
