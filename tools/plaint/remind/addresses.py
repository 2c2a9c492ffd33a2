"""The addresses file: where each member is written to, in which language, and through which mail server.

Rules:
- It stays out of the repository, which every member and the forge can read: one that lies inside is refused.
- `schemas/addresses.schema.json` is its form. Without a file named, it is addresses.yaml in the user's configuration folder; there need be none.
- What the command line or the environment says of the server goes before the file.
- The password comes from the environment (PLAINT_SMTP_PASSWORD) or a file; never from the command line, where every user of the machine sees it.
  In its place there may be an access token (OAuth 2.0) in a file, which another program keeps fresh.
- Without TLS only a server on this machine itself is spoken to.

>>> settle(Server(host="mail.example.org", sender="plaint@example.org"), {}).port
587
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.files import open_plain, read_plain
from plaint.i18n import _, reason
from plaint.model.schema import check_document
from plaint.model.yamlio import load_yaml

PASSWORD = "PLAINT_SMTP_PASSWORD"  # noqa: S105 - the name of a variable


LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@{LABEL}([.]{LABEL})*")


class Security(StrEnum):
    """How the connection is kept from others' eyes."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to speak to it; what is not said is empty. `certificates`: a file of those to trust; `token`: signs in, in place of a password."""

    host: str = ""
    port: int = 0
    security: Security | None = None
    user: str = ""
    password: str = ""
    password_file: str = ""
    token: str = ""
    token_file: str = ""
    certificates: str = ""
    sender: str = ""

    @property
    def where(self) -> str:
        """As messages name it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a member is written to, and in which language; "" for the organisation's."""

    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """What an addresses file says."""

    server: Server
    members: Mapping[str, Recipient]


def load_addresses(path: Path, repository: Path, *, named: bool) -> Addresses:
    """The file at `path`; an empty one where there is none and nobody `named` it. UsageError where it lies in the repository."""
    document = load_private(path, repository, "addresses", hint=_("plaint remind --help tells what belongs in it") if named else "")
    if document is None:
        return Addresses(Server(), {})
    return Addresses(
        server_from(document.get("server", {})), {member: Recipient(it["address"], it.get("language", "")) for member, it in document["members"].items()}
    )


def load_private(path: Path, repository: Path, schema: str, *, hint: str) -> Mapping[str, Any] | None:
    """A file of addresses and accounts, by its schema; it must lie outside the repository. Where there is none: InputError with a `hint`, None without one."""
    if path.resolve().is_relative_to(repository.resolve()):
        raise UsageError(
            _("the addresses must not lie in the repository, where everybody reads them"), where=str(path), hint=_("move the file away: git would keep it")
        )
    try:
        data = read_plain(path)
    except FileNotFoundError as error:
        if not hint:
            return None
        raise InputError(_("there is no such file"), where=str(path), hint=hint) from error
    except OSError as error:
        raise EnvironmentFaultError(_("cannot read the file: {error}").format(error=reason(error)), where=str(path)) from error
    document: Mapping[str, Any] = load_yaml(data, str(path))
    check_document(document, schema, data, str(path))
    return document


def server_from(item: Mapping[str, Any]) -> Server:
    """A mail server as the schemas have it."""
    return Server(
        host=item.get("host", ""),
        port=item.get("port", 0),
        security=Security(item["security"]) if "security" in item else None,
        user=item.get("user", ""),
        password_file=item.get("password-file", ""),
        token_file=item.get("token-file", ""),
        certificates=item.get("certificates", ""),
        sender=item.get("from", ""),
    )


def checked_address(text: str) -> str:
    """The mail address itself; UsageError where it is none. The same that the schema takes."""
    if not ADDRESS.fullmatch(text) or len(text) > 254:
        raise UsageError(_("{text} is no mail address").format(text=text[:80]), where="--from", hint=_("as plaint@example.org"))
    return text


def overlaid(server: Server, *, address: str | None = None, **given: Any) -> Server:
    """The server with what the command line says; `address` is HOST or HOST:PORT. UsageError where that is no address."""
    if address:
        host, colon, port = address.rpartition(":") if address.count(":") == 1 else (address, "", "")
        if address.startswith("["):  # an IPv6 address with its port
            host, _bracket, port = address[1:].partition("]")
            colon, port = port[:1], port[1:]
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise UsageError(_("{text} is no mail server").format(text=address[:80]), where="--smtp", hint=_("as mail.example.org or mail.example.org:587"))
        # a port of the file belongs to the host of the file
        server = replace(server, host=host, port=int(port) if colon else 0)
    return replace(server, **{name: value for name, value in given.items() if value})


def settle(server: Server, env: Mapping[str, str]) -> Server:
    """The server with nothing left open; UsageError where it cannot be spoken to so."""
    if not server.host:
        raise UsageError(_("no mail server is named"), hint=_("with --smtp HOST:PORT, PLAINT_SMTP, or `server` in the addresses file"))
    if not server.sender:
        raise UsageError(_("nobody is named to send the mails"), hint=_("with --from ADDRESS, PLAINT_SMTP_FROM, or `from` in the addresses file"))
    security = server.security or (Security.TLS if server.port == PORTS[Security.TLS] else Security.STARTTLS)
    token = password_in(Path(server.token_file)) if server.user and server.token_file else ""
    password = env.get(PASSWORD, "") if server.user and not token else ""
    if server.user and not password and not token:
        if not server.password_file:
            raise UsageError(
                _("the password of {user} is missing").format(user=server.user), hint=_("in PLAINT_SMTP_PASSWORD, or a file: --password-file FILE")
            )
        password = password_in(Path(server.password_file))
    return replace(server, security=security, port=server.port or PORTS[security], password=password, token=token)


def password_in(path: Path) -> str:
    """The password in the first line of a file; UsageError where everybody on this machine could read it."""
    try:
        with TextIOWrapper(open_plain(path), encoding="utf-8") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o007:
                raise UsageError(_("everybody on this machine can read this password"), where=str(path), hint=_("chmod o-rwx shuts them out"))
            found = file.readline(10_000).rstrip("\r\n")
    except UnicodeError as error:
        raise InputError(_("this is not text in UTF-8"), where=str(path)) from error
    except OSError as error:
        raise EnvironmentFaultError(_("cannot read the file: {error}").format(error=reason(error)), where=str(path)) from error
    if not found:
        raise InputError(_("there is no password in the first line"), where=str(path))
    return found
