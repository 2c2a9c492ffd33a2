"""A real mail server on this machine (aiosmtpd), with TLS, that takes mails as told: refuses, breaks off, or kills the program that sends.

>>> with Post(tmp_path) as post:                              # doctest: +SKIP
...     post.refuse["li.wei@example.org"] = "550 No such user"
...     post.kill_at("END", 2)
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "plaint", "correct horse"


def certificate(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for these host names: its file, for those who are to trust it, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    alternatives = [x509.DNSName(n) if n[0].isalpha() else x509.IPAddress(ip_address(n)) for n in names]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return public, context


class Mail:
    """One mail that was taken."""

    def __init__(self, recipient: str, data: bytes) -> None:
        self.recipient = recipient
        self.data = data
        self.message: EmailMessage = message_from_bytes(data, policy=default)  # type: ignore[assignment]

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


class _Server(SMTP):
    """aiosmtpd's server, with a word to say before it takes a mail's text."""

    async def smtp_DATA(self, arg: str) -> None:
        self.event_handler.at("DATA", self)
        await super().smtp_DATA(arg)


class Post:
    """The server and what it took. It speaks STARTTLS, TLS from the start (`tls`), or nothing of the kind (`plain`)."""

    def __init__(self, folder: Path, security: str = "starttls", *, names: tuple[str, ...] = ("localhost", "127.0.0.1"), password: bool = False) -> None:
        self.security = security
        self.certificates, context = certificate(folder, *names)
        self.taken: list[Mail] = []
        self.seen: Counter[str] = Counter()
        self.refuse: dict[str, str] = {}
        self.refuse_text: dict[str, str] = {}
        self.drop: dict[str, str] = {}
        self.victim: subprocess.Popen[bytes] | None = None
        self.kills: list[tuple[str, int]] = []
        self.hold: threading.Event | None = None
        self.token = ""
        self._lock = threading.Lock()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        handler = self

        class Listening(Controller):
            def factory(self) -> SMTP:
                return _Server(self.handler, **self.SMTP_kwargs)

        options: dict[str, Any] = {"enable_SMTPUTF8": False, "hostname": "127.0.0.1", "port": self.port, "server_hostname": "post.test"}
        if security == "tls":
            options["ssl_context"] = context
        if security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if password:
            options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
        self.controller = Listening(handler, **options)

    def __enter__(self) -> Self:
        self.controller.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.hold:
            self.hold.set()
        self.controller.stop()

    def kill_at(self, moment: str, number: int = 1) -> None:
        """Kills the program at the `number`th EHLO, MAIL, RCPT, DATA or END (a whole mail, not yet answered) from now on."""
        self.seen.clear()
        self.kills = [(moment, number)]

    def at(self, moment: str, server: Any, recipient: str = "") -> bool:
        """What happens at a moment; whether the connection was broken off."""
        self.seen[moment] += 1
        if (moment, self.seen[moment]) in self.kills:
            while self.victim is None:
                time.sleep(0.01)
            self.victim.send_signal(signal.SIGKILL)
            self.victim.wait()
        if self.hold and moment == "MAIL":
            self.hold.wait(30)
        if self.drop.get(recipient) == moment:
            server.transport.close()
            return True
        return False

    # aiosmtpd's hooks

    async def auth_XOAUTH2(self, _server: SMTP, args: list[bytes]) -> AuthResult:
        right = f"user={USER}\1auth=Bearer {self.token}\1\1".encode()
        return AuthResult(success=bool(self.token) and base64.b64decode(args[1]) == right, handled=False)

    async def handle_EHLO(self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        self.at("EHLO", server)
        return responses

    async def handle_MAIL(self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.at("MAIL", server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        self.at("RCPT", server, address)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        if recipient in self.refuse_text:
            return self.refuse_text[recipient]
        with self._lock:
            self.taken.append(Mail(recipient, envelope.content))
        self.at("END", server, recipient)
        return "250 taken"


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth: Any) -> AuthResult:
    fine = isinstance(auth, LoginPassword) and (auth.login, auth.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fine, handled=False)


Started = Callable[[], subprocess.Popen[bytes]]


def kill_after_lines(process: subprocess.Popen[bytes], lines: int, seconds: float) -> bool:
    """Kills a program so long after it has printed so many lines, however slow the machine; whether it was still at work."""
    assert process.stdout
    for _number in range(lines):
        process.stdout.readline()
    try:
        return kill_after(process, seconds)
    finally:
        process.stdout.close()


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kills a program after so long; whether it was still at work."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False
