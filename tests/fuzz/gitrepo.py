"""Real git repositories for tests of the audit's readers, whatever the configuration of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ENV = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "li.wei",
    "GIT_AUTHOR_EMAIL": "li.wei@example.org",
    "GIT_AUTHOR_DATE": "1795137120 +0800",
    "GIT_COMMITTER_NAME": "li.wei",
    "GIT_COMMITTER_EMAIL": "li.wei@example.org",
    "GIT_COMMITTER_DATE": "1795137180 +0800",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class GitRepo:
    """One repository; `key` signs where git is told to."""

    folder: Path
    key: Path

    @classmethod
    def new(cls, folder: Path, object_format: str = "sha1") -> GitRepo:
        folder.mkdir(parents=True)
        key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
        (folder / "allowed").write_text(f"* {key.with_suffix('.pub').read_text()}")
        repo = cls(folder / "repo", key)
        repo.folder.mkdir()
        repo.git("init", "-q", "-b", "main", f"--object-format={object_format}")
        for name, value in {"gpg.format": "ssh", "user.signingkey": str(key), "gpg.ssh.allowedSignersFile": str(folder / "allowed")}.items():
            repo.git("config", name, value)
        return repo

    @property
    def public(self) -> str:
        return " ".join(self.key.with_suffix(".pub").read_text().split()[:2])

    def run(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(["git", *args], cwd=self.folder, env={**os.environ, **ENV, **(env or {})}, input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def git(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        return self.run(*args, stdin=stdin, env=env).decode().strip()

    def raw(self, sha: str) -> bytes:
        """An object's bytes."""
        return self.run("cat-file", "commit", sha)

    def put(self, data: bytes, kind: str = "commit") -> str:
        """An object of any bytes, as an attacker with an editor writes it."""
        return self.git("hash-object", "-t", kind, "--literally", "-w", "--stdin", stdin=data)

    def verifies(self, sha: str) -> bool:
        """What `git verify-commit` says."""
        done = subprocess.run(["git", "verify-commit", sha], cwd=self.folder, env={**os.environ, **ENV}, capture_output=True, check=False)
        return done.returncode == 0
