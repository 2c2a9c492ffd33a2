"""SSH signing keys, and signatures as git makes them: `ssh-keygen -Y sign -n git`, so ssh-agent and hardware keys work.

A member's key is looked for in this order:

1. PLAINT_SIGNING_KEY, a file;
2. the file named like the member in the folder of git config `plaint.keys` (relative to the top of the working tree; demos
   use it);
3. git config `user.signingkey`: a private key, a `.pub` whose private half the agent holds, or a `key::ssh-ed25519 …` literal.

Public keys are given as `ssh-ed25519 AAAA…`, without comment, as a member record holds them.
"""

from __future__ import annotations

import base64
import binascii
import errno
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from plaint.errors import EnvironmentFaultError
from plaint.files import read_plain
from plaint.i18n import _
from plaint.store.git import clean_environment, last_words

KEY_VARIABLE = "PLAINT_SIGNING_KEY"
NAMESPACE = "git"
_PAUSE = 0.0002  # seconds between looks at a pipe
_BATCH = 500  # files of one ssh-keygen: far below what a command line holds
_MAGIC = b"SSHSIG"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Where the key is (`source`: a file, or a `key::` literal for the agent), its `public` half, and the signing program."""

    source: str
    public: str
    program: str = "ssh-keygen"


class HasConfig(Protocol):
    """What is needed of a repository to find a key in it."""

    @property
    def top(self) -> Path: ...

    def config(self, name: str) -> str: ...


def signing_key_for(repo: HasConfig, member: str, env: Mapping[str, str] | None = None) -> SigningKey:
    """The key `member` signs with here; EnvironmentFaultError when there is none."""
    env = os.environ if env is None else env
    program = repo.config("gpg.ssh.program") or "ssh-keygen"
    named = env.get(KEY_VARIABLE, "")
    if named:
        return load_signing_key(_path(named, Path.cwd()), program)
    folder = repo.config("plaint.keys")
    if folder:
        path = _path(folder, repo.top) / member
        if path.is_file() and path.parent == _path(folder, repo.top):
            return load_signing_key(path, program)
    configured = repo.config("user.signingkey")
    if not configured:
        raise EnvironmentFaultError(
            _("no signing key was found for {member}").format(member=member) if member else _("no signing key was found"),
            hint=_("git config user.signingkey FILE, or set PLAINT_SIGNING_KEY to it"),
        )
    literal = _literal(configured)
    if literal:
        return SigningKey(f"key::{literal}", literal, program)
    return load_signing_key(_path(configured, repo.top), program)


def load_signing_key(path: Path, program: str = "ssh-keygen") -> SigningKey:
    """The key in a file: a private key, or a `.pub` whose private half is beside it or held by the agent."""
    if not path.is_file():
        raise EnvironmentFaultError(
            _("the signing key is missing"),
            where=str(path),
            hint=_("git config user.signingkey names the file; ssh-keygen -t ed25519 makes one"),
        )
    return SigningKey(str(path), _read_public(path), program)


def public_key(key: SigningKey) -> str:
    """`ssh-ed25519 AAAA…` without comment."""
    return key.public


def sign_payloads(payloads: Sequence[bytes], key: SigningKey, namespace: str = NAMESPACE) -> list[str]:
    """An armoured SSH signature (namespace git, as of commits) for each payload, by one process for hundreds of them."""
    if len(payloads) == 1:
        return [_checked(_ssh_keygen(key, [], payloads[0], namespace)[0].decode("ascii", "replace"), key)]
    signatures: list[str] = []
    for start in range(0, len(payloads), _BATCH):
        batch = payloads[start : start + _BATCH]
        with tempfile.TemporaryDirectory(prefix="plaint-") as folder:  # 0700
            files = [Path(folder, str(number)) for number in range(len(batch))]
            for file, payload in zip(files, batch, strict=True):
                file.write_bytes(payload)
            _ssh_keygen(key, [str(file) for file in files], b"", namespace)
            signatures += [_checked(Path(f"{file}.sig").read_text("ascii"), key) for file in files]
    return signatures


def signed_with(signature: str) -> str:
    """The public key inside an armoured SSH signature, as `ssh-ed25519 AAAA…`; empty when it is none."""
    lines = signature.strip().splitlines()
    try:
        data = binascii.a2b_base64("".join(lines[1:-1]))
    except (binascii.Error, ValueError):
        return ""
    if not data.startswith(_MAGIC) or len(data) < 14:
        return ""
    blob = data[14 : 14 + int.from_bytes(data[10:14], "big")]  # after the magic and the version
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")
    return f"{kind} {base64.b64encode(blob).decode('ascii')}"


def _checked(signature: str, key: SigningKey) -> str:
    """The signature, unless it is another key's: a stale `.pub` beside a private key would make us claim the wrong one."""
    made_with = signed_with(signature)
    if made_with != key.public:
        raise _halves_differ(key)
    return signature


def _halves_differ(key: SigningKey) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        _("the signature was made with another key than the public one beside it says"),
        where=key.source,
        hint=_("ssh-keygen -y -f KEY > KEY.pub writes the right public half"),
    )


def _ssh_keygen(key: SigningKey, files: Sequence[str], stdin: bytes, namespace: str) -> tuple[bytes, str]:
    with _key_file(key) as file:
        command = [key.program, "-q", "-Y", "sign", "-n", namespace, "-f", file, *files]
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, env=clean_environment(os.environ), check=False)
        except OSError as error:
            raise _no_program(key.program) from error
    if done.returncode != 0:
        raise _fault(done.stderr.decode("utf-8", "replace"), key)
    return done.stdout, file


@contextmanager
def _key_file(key: SigningKey) -> Iterator[str]:
    """A file for ssh-keygen's -f; a literal is written to one for as long as it is needed."""
    if not key.source.startswith("key::"):
        yield key.source
        return
    with tempfile.TemporaryDirectory(prefix="plaint-") as folder:
        path = Path(folder, "key.pub")
        path.write_text(key.public + "\n", "ascii")
        yield str(path)


def _fault(error: str, key: SigningKey) -> EnvironmentFaultError:
    lower = error.lower()
    if "incorrect passphrase" in lower or "read_passphrase" in lower or "ssh_askpass" in lower:
        return EnvironmentFaultError(
            _("the signing key is under a passphrase and nobody could be asked for it"),
            where=key.source,
            hint=_("ssh-add {file} first, or run this in a terminal").format(file=key.source),
        )
    if "unprotected private key" in lower or "bad permissions" in lower:
        return EnvironmentFaultError(
            _("ssh refuses a signing key that others can read"),
            where=key.source,
            hint=_("chmod 600 {file}").format(file=key.source),
        )
    if "doesn't match private" in lower:
        return _halves_differ(key)
    if "no private key found" in lower or "agent" in lower or key.source.startswith("key::"):
        return EnvironmentFaultError(
            _("the private half of the signing key was not found"),
            where=key.source,
            hint=_("ssh-add it to the agent; ssh-add -l shows what the agent holds"),
        )
    return EnvironmentFaultError(
        _("signing failed: {words}").format(words=last_words(error)),
        where=key.source,
        hint=_("try: ssh-keygen -Y sign -n git -f KEY FILE"),
    )


def _no_program(program: str) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        _("the signing program “{program}” was not found").format(program=program),
        hint=_("install OpenSSH 8.2 or newer, or set gpg.ssh.program"),
    )


def _read_public(path: Path) -> str:
    beside = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    text = ""
    with suppress(OSError):
        text = read_plain(beside).decode("utf-8", "replace")
    public = _literal(text.strip())
    if public:
        return public
    if beside == path:
        raise EnvironmentFaultError(_("this is not an SSH public key"), where=str(path))
    try:
        done = subprocess.run(
            ["ssh-keygen", "-y", "-f", str(path)],
            stdin=subprocess.DEVNULL, capture_output=True, env=clean_environment(os.environ), check=False,
        )  # fmt: skip
    except OSError as error:
        raise _no_program("ssh-keygen") from error
    public = _literal(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode != 0 or not public:
        raise _fault(done.stderr.decode("utf-8", "replace"), SigningKey(str(path), ""))
    return public


def _literal(text: str) -> str:
    """`TYPE BASE64` of a public key line or a `key::` literal; empty when it is neither."""
    words = text.removeprefix("key::").split()
    if len(words) < 2 or not words[0].startswith(("ssh-", "ecdsa-", "sk-")):
        return ""
    try:
        blob = base64.b64decode(words[1], validate=True)
    except ValueError:
        return ""
    name = words[0].encode("ascii", "replace")
    return f"{words[0]} {words[1]}" if blob.startswith(len(name).to_bytes(4, "big") + name) else ""


def _path(text: str, base: Path) -> Path:
    return base / Path(text).expanduser()


class Signer:
    """Signs payloads one after the other, each of which may hold the signature before it (a series of commits).

    One ssh-keygen process for hundreds of them reads from named pipes: it opens the next pipe only when it has written the
    signature before, so a pipe that can be opened for writing also says that the last signature is complete.
    """

    def __init__(self, key: SigningKey, count: int) -> None:
        """`count`: how many payloads will come."""
        self._key = key
        self._left = count
        self._stack = ExitStack()
        self._pipes: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._handle = -1  # of the pipe that comes next, once it could be opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self._process is not None:
            self._process.kill()  # does nothing to one that has ended
            self._process.communicate()
            self._process = None
        self._stack.close()

    def sign(self, payload: bytes) -> str:
        """The signature of the next payload."""
        if not hasattr(os, "mkfifo") or (self._left == 1 and not self._pipes):
            self._left -= 1
            return sign_payloads([payload], self._key)[0]
        if not self._pipes:
            self._start(min(self._left, _BATCH))
        if self._handle < 0:
            self._handle = self._open(self._pipes[0])
        pipe = self._pipes.pop(0)
        self._left -= 1
        handle, self._handle = self._handle, -1
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(payload)
        except BrokenPipeError:
            raise self._failed() from None
        if self._pipes:
            self._handle = self._open(self._pipes[0])
        else:
            self._finish()
        return _checked(Path(f"{pipe}.sig").read_text("ascii"), self._key)

    def _start(self, count: int) -> None:
        self._stack.close()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="plaint-"))
        file = self._stack.enter_context(_key_file(self._key))
        self._pipes = [Path(folder, str(number)) for number in range(count)]
        for pipe in self._pipes:
            os.mkfifo(pipe, 0o600)
        command = [self._key.program, "-q", "-Y", "sign", "-n", NAMESPACE, "-f", file, *map(str, self._pipes)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # what it says about each signature goes to standard error, and -q is quiet
                stderr=subprocess.PIPE,
                env=clean_environment(os.environ),
            )
        except OSError as error:
            raise _no_program(self._key.program) from error

    def _finish(self) -> None:
        process, self._process = self._running(), None
        error = process.communicate()[1]
        if process.returncode != 0:
            raise _fault(error.decode("utf-8", "replace"), self._key)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _open(self, pipe: Path) -> int:
        """Open for writing as soon as the process reads it; without O_NONBLOCK a dead process would leave us waiting."""
        while True:
            try:
                handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                if self._running().poll() is not None:
                    raise self._failed() from None
                time.sleep(_PAUSE)
            else:
                os.set_blocking(handle, True)
                return handle

    def _failed(self) -> EnvironmentFaultError:
        process, self._process = self._running(), None
        error = process.communicate()[1]
        return _fault(error.decode("utf-8", "replace"), self._key)
