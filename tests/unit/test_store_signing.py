"""Signing keys: where they are looked for, what they sign, and every way it can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plaint.errors import EnvironmentFaultError
from plaint.store.signing import Signer, SigningKey, load_signing_key, public_key, sign_payloads, signing_key_for


@dataclass
class FakeRepo:
    top: Path
    settings: dict[str, str] = field(default_factory=dict)

    def config(self, name: str) -> str:
        return self.settings.get(name, "")


def new_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> str:
    path.parent.mkdir(exist_ok=True, parents=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "a comment", "-f", path], check=True)
    return " ".join(path.with_name(path.name + ".pub").read_text().split()[:2])


def verify(payload: bytes, signature: str, public: str, folder: Path) -> None:
    (folder / "allowed").write_text(f'me namespaces="git" {public}\n')
    (folder / "sig").write_text(signature)
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", folder / "allowed", "-I", "me", "-n", "git", "-s", folder / "sig"],
        input=payload, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "PLAINT_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_the_order_of_places(tmp_path: Path) -> None:
    one, two, three = (new_key(tmp_path / name) for name in ("one", "keys/li.wei", "three"))
    repo = FakeRepo(tmp_path)
    with pytest.raises(EnvironmentFaultError, match=r"no signing key was found for li\.wei"):
        signing_key_for(repo, "li.wei", {})
    repo.settings["user.signingkey"] = "three"
    assert signing_key_for(repo, "li.wei", {}).public == three
    repo.settings["plaint.keys"] = "keys"
    assert signing_key_for(repo, "li.wei", {}).public == two
    assert signing_key_for(repo, "wang.fang", {}).public == three
    assert signing_key_for(repo, "../one", {}).public == three
    assert public_key(signing_key_for(repo, "li.wei", {"PLAINT_SIGNING_KEY": str(tmp_path / "one")})) == one
    with pytest.raises(EnvironmentFaultError, match="missing"):
        signing_key_for(repo, "li.wei", {"PLAINT_SIGNING_KEY": str(tmp_path / "none")})


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_public_half_without_its_file(tmp_path: Path, kind: str) -> None:
    public = new_key(tmp_path / "key", kind=kind)
    (tmp_path / "key.pub").unlink()
    key = load_signing_key(tmp_path / "key")
    assert key.public == public
    verify(b"x", sign_payloads([b"x"], key)[0], public, tmp_path)


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_many_at_once(tmp_path: Path, count: int) -> None:
    key = load_signing_key(tmp_path / "key") if new_key(tmp_path / "key") else None
    assert key is not None
    payloads = [b"payload %d\n\xff" % number for number in range(count)]
    signatures = sign_payloads(payloads, key)
    assert len(signatures) == count
    for payload, signature in zip(payloads, signatures, strict=True):
        verify(payload, signature, key.public, tmp_path)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_one_after_the_other(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plaint.store.signing._BATCH", 8)
    new_key(tmp_path / "key")
    key = load_signing_key(tmp_path / "key")
    signature = ""
    with Signer(key, count) as signer:
        for number in range(count):
            payload = f"{number} {signature}".encode() + b"x" * (100_000 if number == 3 else 0)
            signature = signer.sign(payload)
            verify(payload, signature, key.public, tmp_path)


def test_stopping_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    new_key(tmp_path / "key")
    with Signer(load_signing_key(tmp_path / "key"), 10) as signer:
        signer.sign(b"one")
    assert os.listdir(tmp_path / "tmp") == []


def test_a_key_in_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = new_key(tmp_path / "key")
    socket = f"/tmp/plaint-test-agent-{os.getpid()}"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    try:
        assert agent.stdout is not None
        agent.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        subprocess.run(["ssh-add", "-q", tmp_path / "key"], check=True, capture_output=True)
        (tmp_path / "key").unlink()
        repo = FakeRepo(tmp_path)
        for setting in (f"key::{public}", public, str(tmp_path / "key.pub")):
            repo.settings["user.signingkey"] = setting
            key = signing_key_for(repo, "li.wei", {})
            assert key.public == public
            for payloads in ([b"x"], [b"x", b"y"]):
                verify(payloads[-1], sign_payloads(payloads, key)[-1], public, tmp_path)
            with Signer(key, 2) as signer:
                verify(b"a", signer.sign(b"a"), public, tmp_path)
                verify(b"b", signer.sign(b"b"), public, tmp_path)
    finally:
        agent.terminate()
        agent.wait()
        Path(socket).unlink(missing_ok=True)
        assert agent.stdout is not None
        agent.stdout.close()


class TestFaults:
    def check(self, key: SigningKey, says: str) -> None:
        with pytest.raises(EnvironmentFaultError, match=says):
            sign_payloads([b"x"], key)
        with pytest.raises(EnvironmentFaultError, match=says):
            sign_payloads([b"x", b"y"], key)
        with pytest.raises(EnvironmentFaultError, match=says), Signer(key, 2) as signer:
            signer.sign(b"x")

    def test_under_a_passphrase_without_agent_or_terminal(self, tmp_path: Path) -> None:
        new_key(tmp_path / "key", "secret")
        script = (
            "import sys; from pathlib import Path\n"
            "from plaint.store.signing import *\n"
            "from plaint.errors import EnvironmentFaultError\n"
            "try: sign_payloads([b'x'] * int(sys.argv[2]), load_signing_key(Path(sys.argv[1])))\n"
            "except EnvironmentFaultError as error: print(error)\n"
        )
        for count in ("1", "2"):
            done = subprocess.run([sys.executable, "-c", script, tmp_path / "key", count], capture_output=True, text=True, start_new_session=True, check=True)
            assert "passphrase" in done.stdout
            assert "ssh-add" in done.stdout

    def test_the_private_half_is_nowhere(self, tmp_path: Path) -> None:
        public = new_key(tmp_path / "key")
        (tmp_path / "key").unlink()
        self.check(load_signing_key(tmp_path / "key.pub"), "private half")
        self.check(SigningKey(f"key::{public}", public), "private half")

    def test_others_can_read_it(self, tmp_path: Path) -> None:
        new_key(tmp_path / "key")
        (tmp_path / "key").chmod(0o644)
        self.check(load_signing_key(tmp_path / "key"), "others can read.*chmod 600")

    def test_a_public_half_of_another_key(self, tmp_path: Path) -> None:
        new_key(tmp_path / "key")
        other = new_key(tmp_path / "other")
        (tmp_path / "key.pub").write_text(other)
        self.check(load_signing_key(tmp_path / "key"), r"another key|private half|failed")

    def test_no_program(self, tmp_path: Path) -> None:
        public = new_key(tmp_path / "key")
        self.check(SigningKey(str(tmp_path / "key"), public, "no-such-program"), "no-such-program.*install OpenSSH")

    def test_no_key_at_all(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("hello")
        with pytest.raises(EnvironmentFaultError, match="key"):
            load_signing_key(tmp_path / "key")
        (tmp_path / "key.pub").write_text("hello")
        with pytest.raises(EnvironmentFaultError, match="not an SSH public key"):
            load_signing_key(tmp_path / "key.pub")
