"""A real IMAP server on this machine: Debian's Dovecot with TLS, its configuration and mail in a folder of its own, as root or as anybody.

>>> with Dovecot(tmp_path, certificate, key) as server:          # doctest: +SKIP
...     server.deliver([b"Subject: hello\\n\\ntext"])
...     server.client().select_folder("INBOX")
"""

from __future__ import annotations

import base64
import grp
import hmac
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from imapclient import IMAPClient

PROGRAM = shutil.which("dovecot") or next((p for p in ("/usr/sbin/dovecot", "/usr/local/sbin/dovecot") if Path(p).exists()), "")
USER, PASSWORD = "complaints@example.org", "correct horse"

CONFIG = """\
base_dir = {place}/run
log_path = {place}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{place}/mail/%u
{capability}
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {place}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {place}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={place}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  unix_listener stats-reader {{
    user = {internal}
  }}
  unix_listener stats-writer {{
    user = {internal}
  }}
}}
"""


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Dovecot:
    """The server; `capability` is what it says that it can, where that is to be less than it can."""

    def __init__(self, certificate: Path, key: Path, *, capability: str = "") -> None:
        self.place = Path(tempfile.mkdtemp(prefix="plaint-dovecot-"))  # its workers may be others than we, and must get there
        self.place.chmod(0o755)
        self.certificates = self.place / "server.pem"
        shutil.copy(certificate, self.certificates)
        shutil.copy(key, self.place / "server.key")
        self.tls, self.starttls = _free(), _free()
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid())
        mail = pwd.getpwnam("mail") if root else me
        for name in ("mail", "home"):
            (self.place / name).mkdir()
            os.chown(self.place / name, mail.pw_uid, mail.pw_gid)
        config = CONFIG.format(
            place=self.place, certificate=self.certificates, key=self.place / "server.key", tls=self.tls, starttls=self.starttls,
            internal="dovecot" if root else me.pw_name, login="dovenull" if root else me.pw_name, group="dovecot" if root else grp.getgrgid(me.pw_gid).gr_name,
            uid=mail.pw_uid, gid=mail.pw_gid, capability=f"imap_capability = {capability}" if capability else "",
        )  # fmt: skip
        (self.place / "dovecot.conf").write_text(config)
        keys = self.place / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        self._secret = os.urandom(32)
        (keys / "default").write_text(base64.b64encode(self._secret).decode())
        oauth = f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={self.place}/keys/\nusername_attribute = email\n"
        (self.place / "oauth2.conf").write_text(oauth)
        (self.place / "users").write_text(f"{USER}:{PASSWORD}\n")

    def __enter__(self) -> Self:
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", self.place / "dovecot.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        for _number in range(200):
            try:
                self.client().logout()
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(self.process.stderr.read().decode() if self.process.stderr else "") from None
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.place / "log").read_text())

    def __exit__(self, *_exc: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.place, ignore_errors=True)

    def token(self, seconds: int = 600) -> str:
        """An access token that is good for so long: a JWT (RFC 7519), signed with the server's key."""
        now = int(time.time())
        parts = ({"alg": "HS256", "typ": "JWT"}, {"email": USER, "sub": USER, "iat": now - 60, "exp": now + seconds})
        head = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        return (head + b"." + base64.urlsafe_b64encode(hmac.digest(self._secret, head, "sha256")).rstrip(b"=")).decode()

    def client(self) -> IMAPClient:
        """A connection, logged in."""
        client = IMAPClient("localhost", self.tls, ssl=True, ssl_context=ssl.create_default_context(cafile=self.certificates), timeout=20)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, mails: Sequence[bytes], first: datetime | None = None, folder: str = "INBOX", flags: Sequence[bytes] = ()) -> None:
        """Puts mails there, a second apart."""
        client = self.client()
        at = first or datetime.now(UTC)
        for number, data in enumerate(mails):
            client.append(folder, data, flags, msg_time=at + timedelta(seconds=number))
        client.logout()

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """What lies in a folder; nothing where there is none."""
        client = self.client()
        try:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.search("ALL")
            return [item[b"BODY[]"] for _uid, item in sorted(client.fetch(found, ["BODY.PEEK[]"]).items())] if found else []
        finally:
            client.logout()

    def clear(self) -> None:
        """Empties all folders."""
        client = self.client()
        for _flags, _delimiter, name in client.list_folders():
            client.select_folder(name)
            if found := client.search("ALL"):
                client.delete_messages(found)
                client.expunge()
        client.logout()
