"""The edge to the mail server: hands a mail over so that it is known, for as long as it can be, whether the server took it.

Rules:
- TLS, implicit or by STARTTLS, with certificate and name verified; without it only a server of this machine itself. A password never goes in the clear.
- The end of a mail is sent apart from the rest. `before_end` is called between, and `taken` once the server has said that it took it: only between
  these two can a break leave it open. That stretch cannot be made away with in SMTP (RFC 1047); it holds one line and its answer, and signals wait.
- A connection that the server ended between two mails is opened anew, once for each.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Self

from plaint.errors import EnvironmentFaultError
from plaint.i18n import _, reason
from plaint.interrupts import note_done, undisturbed
from plaint.remind.addresses import Security, Server

PATIENCE = 60.0
"""Seconds for an answer."""
LAST_PATIENCE = 600.0
"""Seconds for the answer to the end of a mail: who gives up sooner mails twice (RFC 5321, 4.5.3.2.6)."""
_TAKEN, _GO_ON, _CLOSING = 250, 354, 421
_FINE, _NEVER = 2, 5
"""The first digit of what is no refusal, and of what is one for good."""


class RefusedError(Exception):
    """The server did not take the mail, for certain; its reply in words. `for_good` where it says that it never will take it for this recipient."""

    def __init__(self, words: str, *, for_good: bool = False) -> None:
        super().__init__(words)
        self.for_good = for_good


class UnknownError(Exception):
    """The connection broke while the server took the mail: it may have it or not."""


class Courier:
    """A connection to a mail server, opened when the first mail is handed over."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._leave()

    def deliver(self, recipient: str, mail: bytes, before_end: Callable[[], None], taken: Callable[[], None]) -> None:
        """Hands over a mail. RefusedError, UnknownError, or EnvironmentFaultError where the server cannot be spoken to at all."""
        client = self._addressed(recipient)
        try:
            code, reply = client.docmd("DATA")
            if code == _GO_ON:
                client.send(_stuffed(mail))
                with undisturbed():
                    before_end()
                    code, reply = self._finish(client)
                    if code == _TAKEN:
                        taken()
                        note_done()
        except (OSError, smtplib.SMTPServerDisconnected) as error:  # before the end, or `_finish` would have said
            self._forget()
            raise _broken(error) from error
        except BaseException:
            self._forget()  # in the middle of a mail nothing else can be said to the server
            raise
        if code != _TAKEN:
            self._reset(client)
            raise RefusedError(_answer(code, reply), for_good=code // 100 == _NEVER)

    def _finish(self, client: smtplib.SMTP) -> tuple[int, bytes]:
        """Sends the end, and waits for the answer."""
        try:
            if client.sock:
                client.sock.settimeout(LAST_PATIENCE)
            client.send(b".\r\n")
            code, reply = client.getreply()
            if client.sock:
                client.sock.settimeout(PATIENCE)
        except (OSError, smtplib.SMTPException) as error:
            raise UnknownError(_words(error)) from error
        return code, reply

    def _addressed(self, recipient: str) -> smtplib.SMTP:
        """A connection on which the mail's sender and recipient have been accepted."""
        kept = self._client is not None
        client = self._client or self._connect()
        try:
            for said, about_them in ((client.mail, False), (client.rcpt, True)):
                code, reply = said(recipient if about_them else self.server.sender)
                if code == _CLOSING:
                    raise smtplib.SMTPServerDisconnected(_answer(code, reply))  # noqa: TRY301 - as if it had gone without a word
                if code // 100 != _FINE:
                    self._reset(client)
                    raise RefusedError(_answer(code, reply), for_good=about_them and code // 100 == _NEVER)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._forget()
            if kept:  # it may have ended the connection only for having served enough
                return self._addressed(recipient)
            raise _broken(error) from error
        return client

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        try:
            context = ssl.create_default_context(cafile=server.certificates or None)
        except OSError as error:
            raise EnvironmentFaultError(_("these certificates cannot be read: {error}").format(error=_words(error)), where=server.certificates) from error
        try:
            if server.security is Security.TLS:
                client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context)
            else:
                client = smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
            if server.security is Security.PLAIN:
                with contextlib.ExitStack() as close:
                    close.callback(client.close)
                    only_here(client.sock.getpeername()[0] if client.sock else "", server.where)
                    close.pop_all()
            client.ehlo_or_helo_if_needed()
            if server.security is Security.STARTTLS:
                client.starttls(context=context)
                client.ehlo()
            if server.token:
                client.auth("XOAUTH2", lambda challenge=None: "" if challenge else f"user={server.user}\1auth=Bearer {server.token}\1\1")
            elif server.user:
                client.login(server.user, server.password)
        except ssl.SSLCertVerificationError as error:
            hint = _("a certificate of one's own is named with `certificates` in the addresses file")
            raise EnvironmentFaultError(
                _("the mail server is not who it says: {error}").format(error=error.verify_message), where=server.where, hint=hint
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            hint = _("another port may: 465 for TLS from the start")
            raise EnvironmentFaultError(
                _("the mail server does not offer what is needed: {error}").format(error=error), where=server.where, hint=hint
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            raise EnvironmentFaultError(
                _("the mail server does not let {user} in: {error}").format(user=server.user, error=_words(error)), where=server.where
            ) from error
        except UnicodeError as error:
            raise EnvironmentFaultError(_("the user or password holds letters that cannot be sent: ASCII only"), where=server.where) from error
        except (OSError, smtplib.SMTPException) as error:
            hint = _("look at host, port and security; the rest is sent next time")
            raise EnvironmentFaultError(_("the mail server cannot be spoken to: {error}").format(error=_words(error)), where=server.where, hint=hint) from error
        self._client = client
        return client

    def _reset(self, client: smtplib.SMTP) -> None:
        """Ready for another mail; where that cannot be, the next one takes a new connection."""
        try:
            client.rset()
        except (OSError, smtplib.SMTPException):
            self._forget()

    def _leave(self) -> None:
        if self._client:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
        self._forget()

    def _forget(self) -> None:
        if self._client:
            self._client.close()
        self._client = None


def only_here(peer: str, where: str) -> None:
    """EnvironmentFaultError where the other end of a connection without TLS is not this machine."""
    if not ip_address(peer.partition("%")[0]).is_loopback:
        raise EnvironmentFaultError(
            _("without TLS only a mail server on this machine is spoken to"), where=where, hint=_("use starttls or tls: --security starttls")
        )


def _stuffed(mail: bytes) -> bytes:
    """A mail as it goes over the wire, up to its end: CRLF, and lines that begin with a dot have one more (RFC 5321, 4.5.2)."""
    text = re.sub(rb"\r\n|\n|\r", b"\r\n", mail)
    return re.sub(rb"(?m)^\.", b"..", text if text.endswith(b"\r\n") else text + b"\r\n")


def _broken(error: Exception) -> RefusedError:
    return RefusedError(_("the connection broke off: {error}").format(error=_words(error)))


def _answer(code: int, reply: bytes) -> str:
    """A server's answer in one line; its words are not ours, so nothing of them is obeyed by a terminal."""
    text = " ".join(reply.decode("utf-8", "replace").split())
    return f"{code} {''.join(c if c.isprintable() else '?' for c in text)[:200]}".rstrip()


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return _answer(error.smtp_code, reply)
    text = reason(error) if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError) else str(error)
    return " ".join((text or type(error).__name__).split())[:200]
