"""A member's age identity: the file that opens what was sealed to them.

The file is what `age-keygen` writes (comments, then one `AGE-SECRET-KEY-1…` line), in the clear or under a passphrase as
`age -p` makes it, armoured or not. SSH keys, plugin and post-quantum identities are refused: keyrings are X25519 only.
The passphrase comes from PLAINT_PASSPHRASE (for scripts) or else from the callback, which asks.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.files import open_plain
from plaint.i18n import _, reason
from plaint.seal import age
from plaint.seal.age import KeyPair
from plaint.seal.armour import MAGIC, inspect_binary, is_armoured, unarmour

PASSPHRASE_VARIABLE = "PLAINT_PASSPHRASE"  # noqa: S105 - the name of a kind of secret, not one
_LARGEST = 64 * 1024

Ask = Callable[[], str]
Warn = Callable[[str], None]


def new_identity() -> KeyPair:
    """A fresh identity: (recipient, secret)."""
    return age.generate()


def load_identity(path: Path, passphrase: Ask | None = None, *, env: Mapping[str, str] | None = None, warn: Warn | None = None) -> str:
    """The `AGE-SECRET-KEY-1…` in the file. `passphrase` is asked only if the file is under one.

    EnvironmentFaultError when there is no such file; InputError when it is not an identity or the passphrase is wrong.
    `warn` (default: a line on standard error) hears of a file that others can read.
    """
    try:
        with open_plain(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise EnvironmentFaultError(
            _("the age identity cannot be read: {reason}").format(reason=reason(error)),
            where=str(path),
            hint=_("set PLAINT_IDENTITY to its file, or make one with plaint member keys"),
        ) from error
    if len(data) > _LARGEST:
        raise InputError(_("this is not an age identity: the file is too large"), where=str(path))
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        text = _("{path}: others on this machine can read this age identity; chmod 600 shuts them out").format(path=path)
        (warn or _warn_on_stderr)(text)
    sealed = _sealed_file(data, path)
    if sealed is not None:
        data = _open_with_passphrase(sealed, path, passphrase, os.environ if env is None else env)
    return _secret_in(data, path)


def write_identity(path: Path, secret: str, passphrase: str | None = None) -> None:
    """Write a new identity file, readable by its owner alone; under the passphrase unless that is None.

    Refuses to overwrite. The file is there complete or not at all.
    """
    recipient = age.recipient_of(secret)
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = f"# created: {created}\n# public key: {recipient}\n{secret.strip()}\n".encode("ascii")
    if passphrase is not None:
        if not passphrase:
            raise UsageError(_("an empty passphrase protects nothing"))
        data = age.encrypt_with_passphrase(data, passphrase)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".identity-")  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _place(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except FileExistsError as error:
        raise InputError(_("there is a file already"), where=str(path), hint=_("an identity is never overwritten: move it away first")) from error
    except OSError as error:
        raise EnvironmentFaultError(_("the age identity cannot be written: {reason}").format(reason=reason(error)), where=str(path)) from error


def _place(temporary: str, path: Path) -> None:
    """Give the temporary file its name unless the name is taken; link() is the one call that does this atomically."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT, some network shares)
        if path.exists():
            raise FileExistsError(str(path)) from None
        Path(temporary).replace(path)


def _sealed_file(data: bytes, path: Path) -> bytes | None:
    """The binary age file, if it is one at all; None for a file in the clear."""
    if data.startswith(MAGIC):
        return data
    if not is_armoured(data):
        return None
    binary = unarmour(data)
    if binary is None:
        raise InputError(_("this armoured age file is damaged"), where=str(path))
    return binary


def _open_with_passphrase(sealed: bytes, path: Path, ask: Ask | None, env: Mapping[str, str]) -> bytes:
    seen = inspect_binary(sealed)
    if seen.problems:
        raise InputError(_("this age file is damaged: {problem}").format(problem=seen.problems[0]), where=str(path))
    if seen.others != ("scrypt",) or seen.x25519:
        raise InputError(
            _("this age file is sealed to a key, not under a passphrase"),
            where=str(path),
            hint=_("an identity file is made with age-keygen, and put under a passphrase with age -p"),
        )
    passphrase = env.get(PASSPHRASE_VARIABLE) or (ask() if ask else "")
    if not passphrase:
        raise InputError(
            _("the age identity is under a passphrase"),
            where=str(path),
            hint=_("run this in a terminal, or set PLAINT_PASSPHRASE"),
        )
    try:
        return age.decrypt_with_passphrase(sealed, passphrase)
    except InputError as error:
        raise InputError(error.what, where=str(path), hint=error.hint) from error


def _secret_in(data: bytes, path: Path) -> str:
    text = data.decode("utf-8", "replace")
    found = [line for line in (each.strip() for each in text.splitlines()) if line and not line.startswith("#")]
    other = _other_kind(found[0]) if found else ""
    if other:
        raise InputError(
            _("{kind} cannot be used here").format(kind=other),
            where=str(path),
            hint=_("make an X25519 identity with age-keygen or plaint member keys"),
        )
    if not found or not all(line.startswith(age.SECRET_PREFIX) for line in found):
        raise InputError(_("this is not an age identity"), where=str(path), hint=_("the file must hold one line AGE-SECRET-KEY-1…"))
    if len(found) > 1:
        raise InputError(
            _("the file holds {count} identities").format(count=len(found)),
            where=str(path),
            hint=_("keep the one whose recipient stands in your member record"),
        )
    try:
        age.recipient_of(found[0])
    except InputError as error:
        raise InputError(error.what, where=str(path)) from None
    return found[0]


def _other_kind(line: str) -> str:
    if line.startswith("-----BEGIN ") and "PRIVATE KEY-----" in line:
        return _("an SSH key")
    if line.startswith("AGE-PLUGIN-"):
        return _("an age plugin identity")
    if line.startswith("AGE-SECRET-KEY-PQ-"):
        return _("a post-quantum age identity")
    if line.startswith(("age1", "ssh-")):
        return _("a public key")
    return ""


def _warn_on_stderr(text: str) -> None:
    sys.stderr.write(f"plaint: {text}\n")
