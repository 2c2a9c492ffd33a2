"""Identity files: in the clear, under a passphrase, and everything that is refused."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
from pathlib import Path

import pytest

from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.seal import age
from plaint.seal.identity import load_identity, new_identity, write_identity

PASSPHRASE = "correct horse 马"


def nobody() -> str:
    raise AssertionError("nobody should be asked")


def file_with(folder: Path, data: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "identity"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    return path


def test_written_and_read_again(tmp_path: Path) -> None:
    key = new_identity()
    path = tmp_path / "deep" / "identity"
    write_identity(path, key.secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_identity(path, nobody, env={}) == key.secret
    assert os.listdir(path.parent) == ["identity"]
    public = subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True, text=True).stdout.strip()
    assert public == key.recipient


def test_never_overwritten(tmp_path: Path) -> None:
    path = file_with(tmp_path, "mine")
    with pytest.raises(InputError, match="already"):
        write_identity(path, new_identity().secret)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == ["identity"]


def test_never_overwritten_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(_source: object, _target: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "identity"
    key = new_identity()
    write_identity(path, key.secret)
    assert load_identity(path, env={}) == key.secret
    with pytest.raises(InputError, match="already"):
        write_identity(path, new_identity().secret)


def test_a_file_of_age_keygen(tmp_path: Path) -> None:
    path = tmp_path / "identity"
    subprocess.run(["age-keygen", "-o", path], capture_output=True, check=True)
    assert age.recipient_of(load_identity(path, nobody, env={})) in path.read_text()


@pytest.mark.long
def test_under_a_passphrase(tmp_path: Path) -> None:
    key = new_identity()
    path = tmp_path / "identity"
    write_identity(path, key.secret, PASSPHRASE)
    assert key.secret.encode() not in path.read_bytes()
    assert load_identity(path, lambda: PASSPHRASE, env={}) == key.secret
    assert load_identity(path, nobody, env={"PLAINT_PASSPHRASE": PASSPHRASE}) == key.secret
    with pytest.raises(InputError, match="passphrase is wrong"):
        load_identity(path, lambda: "wrong", env={})
    with pytest.raises(InputError, match="under a passphrase"):
        load_identity(path, None, env={})


@pytest.mark.parametrize("armour", [[], ["-a"]])
def test_a_file_of_debian_age_with_a_passphrase(tmp_path: Path, armour: list[str]) -> None:
    key = new_identity()
    plain = tmp_path / "plain"
    plain.write_text(f"# a comment\n{key.secret}\n")
    path = tmp_path / "identity"
    pid, terminal = pty.fork()
    if pid == 0:  # age asks on the terminal only
        os.execvp("age", ["age", "-p", *armour, "-o", str(path), str(plain)])
    for _time in range(2):
        seen = b""
        while b"passphrase" not in seen or b":" not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, b"hunter2\n")
    while _more(terminal):
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    path.chmod(0o600)
    assert load_identity(path, lambda: "hunter2", env={}) == key.secret


def _more(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not an age identity"),
        ("hello\n", "not an age identity"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n", "SSH key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n", "SSH key"),
        ("AGE-PLUGIN-YUBIKEY-1XYZ\n", "plugin"),
        ("AGE-SECRET-KEY-PQ-1XYZ\n", "post-quantum"),
        ("AGE-SECRET-KEY-1XYZ\n", "not an age identity"),
        ("age1cc5sf2jq3a0229hl24rpr95n9zkflds3crk3zdsn7x20p5kx3enqmkkpha\n", "public key"),
        ("x" * 100_000, "too large"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nabc\n", "damaged"),
        ("age-encryption.org/v1\n-> scrypt", "damaged"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load_identity(file_with(tmp_path, text), nobody, env={})


def test_two_identities_are_refused(tmp_path: Path) -> None:
    path = file_with(tmp_path, f"{new_identity().secret}\n{new_identity().secret}\n")
    with pytest.raises(InputError, match="2 identities"):
        load_identity(path, nobody, env={})


def test_a_file_sealed_to_a_key_is_refused(tmp_path: Path) -> None:
    path = file_with(tmp_path, age.encrypt(new_identity().secret.encode(), [new_identity().recipient]))
    with pytest.raises(InputError, match="not under a passphrase"):
        load_identity(path, nobody, env={})


def test_missing_or_unreadable(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFaultError, match="cannot be read"):
        load_identity(tmp_path / "none", nobody, env={})
    with pytest.raises(EnvironmentFaultError):
        load_identity(tmp_path, nobody, env={})


def test_open_to_others_is_a_warning(tmp_path: Path) -> None:
    key = new_identity()
    said: list[str] = []
    assert load_identity(file_with(tmp_path, key.secret, 0o644), nobody, env={}, warn=said.append) == key.secret
    assert "chmod 600" in said[0]
    load_identity(file_with(tmp_path, key.secret, 0o600), nobody, env={}, warn=said.append)
    assert len(said) == 1


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_identity(tmp_path / "identity", new_identity().secret, "")
