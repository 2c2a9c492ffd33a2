"""The mailbox file: the account that mail is fetched from, and the server that acknowledgements go through.

Rules:
- It stays out of the repository; `schemas/mailbox.schema.json` is its form. Without a file named, it is mailbox.yaml in the user's configuration folder.
- The passwords come from the environment (PLAINT_IMAP_PASSWORD, PLAINT_SMTP_PASSWORD) or files; never from the command line. In place of one there
  may be an access token (OAuth 2.0) in a file, which another program keeps fresh.
- Without TLS only a server on this machine itself is spoken to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plaint.errors import UsageError
from plaint.i18n import _
from plaint.remind.addresses import Security, Server, load_private, password_in, server_from, settle

PASSWORD = "PLAINT_IMAP_PASSWORD"  # noqa: S105 - the name of a variable
PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.PLAIN: 143}


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a mail server, and its folders: where mail arrives, where it goes when it is brought in, and when it is set aside."""

    host: str
    user: str
    password: str = ""
    token: str = ""
    port: int = 993
    security: Security = Security.TLS
    certificates: str = ""
    folder: str = "INBOX"
    done: str = "plaint-done"
    aside: str = "plaint-aside"

    @property
    def where(self) -> str:
        """As messages name it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Postbox:
    """What a mailbox file says; `server` is None where nothing is acknowledged."""

    account: Account
    server: Server | None = None
    category: str = ""
    own: frozenset[str] = frozenset()
    plus: bool = False


def load_postbox(path: Path, repository: Path, env: Mapping[str, str]) -> Postbox:
    """The file at `path`, with the passwords. UsageError or InputError where it is not as it should be."""
    hint = _("plaint inbox fetch --help tells what belongs in it")
    document = load_private(path, repository, "mailbox", hint=hint)
    assert document is not None
    server = settle(server_from(document["server"]), env) if "server" in document else None
    own = {*document.get("own", ()), *([server.sender] if server else [])}
    if "@" in document["imap"]["user"]:
        own.add(document["imap"]["user"])
    return Postbox(
        _account(document["imap"], env, str(path)), server, document.get("category", ""), frozenset(map(str.lower, own)), document.get("plus", False)
    )


def _account(item: Mapping[str, Any], env: Mapping[str, str], where: str) -> Account:
    security = Security(item.get("security", "tls"))
    token = password_in(Path(item["token-file"])) if "token-file" in item else ""
    password = "" if token else env.get(PASSWORD, "")
    if not password and not token:
        if "password-file" not in item:
            hint = _("in PLAINT_IMAP_PASSWORD, or a file: `password-file` under `imap`")
            raise UsageError(_("the password of {user} is missing").format(user=item["user"]), where=where, hint=hint)
        password = password_in(Path(item["password-file"]))
    names = {name: item[name] for name in ("certificates", "folder", "done", "aside") if name in item}
    account = Account(item["host"], item["user"], password, token, item.get("port", PORTS[security]), security, **names)
    if len({account.folder.upper(), account.done.upper(), account.aside.upper()}) < 3:
        raise UsageError(_("folder, done and aside must be three folders"), where=where)
    return account
