"""What serves a bare repository: Debian's sshd on this machine, and the ways in which Gitea and GitLab run an administrator's hooks.

The two forges are too large to run here. How they call hooks is written down anew from their sources (Gitea `modules/repository/hooks.go`, Gitaly
`internal/gitaly/hook/custom.go`, read in November 2026): where they look, in which order, with which variables, and what a failure does.
git itself runs what stands here, as it runs theirs.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

SSHD = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(p).exists()), "")

SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host_key
PidFile none
AuthorizedKeysFile {place}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin forced-commands-only
StrictModes no
UsePAM no
SetEnv HOME={home}
"""


class Sshd:
    """A server whose account is for git only: each key may run git's own commands and nothing else."""

    def __init__(self, home: Path) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="plaint-sshd-"))
        self.home = home
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as Debian's service does; without it sshd does not start
        self._keygen("host_key")

    def _keygen(self, name: str) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.place / name)], check=True)

    def let_in(self, public: Path) -> None:
        """A line in authorized_keys, as the handbook has it."""
        line = f'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" {public.read_text().strip()}\n'
        with (self.place / "authorized_keys").open("a") as file:
            file.write(line)

    def __enter__(self) -> Self:
        for _attempt in range(5):  # somebody else may take the port first
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = int(free.getsockname()[1])
            (self.place / "config").write_text(SSHD_CONFIG.format(port=self.port, place=self.place, home=self.home))
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(self.place / "config")], stderr=(self.place / "log").open("w"))
            if self._answers():
                return self
        raise AssertionError((self.place / "log").read_text())

    def _answers(self) -> bool:
        for _attempt in range(100):
            if self.process.poll() is not None:
                return False
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", self.port)) == 0 and door.recv(8).startswith(b"SSH-"):
                    return True
            time.sleep(0.05)
        return False

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.place)

    def ssh(self, key: Path) -> str:
        """For GIT_SSH_COMMAND: who comes with this key, and knows this server."""
        known = self.place / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.port} {(self.place / 'host_key.pub').read_text()}")
        return f"ssh -F none -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile={known}"

    def url(self, folder: Path) -> str:
        """Where git finds a repository of this machine."""
        return f"ssh://127.0.0.1:{self.port}{folder}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


GITEA_HOOK = """\
#!/usr/bin/env bash
# every program in the folder beside gets the same lines; the first that failed decides, after all of them ran
lines=$(cat)
name=${0##*/}
result=0
for program in "${GIT_DIR:-$(dirname "$0")/..}/hooks/$name.d"/*; do
  [ -f "$program" ] && [ -x "$program" ] || continue
  echo "$lines" | "$program" || { code=$?; [ "$result" -ne 0 ] || result=$code; }
done
exit "$result"
"""


def as_gitea(repository: Path) -> None:
    """The hooks that Gitea and Forgejo write into each repository; the forge's own part notes what it was asked."""
    for name in ("pre-receive", "update", "post-receive"):
        _write(repository / "hooks" / name, GITEA_HOOK)
        _write(
            repository / "hooks" / f"{name}.d" / "gitea",
            '#!/usr/bin/env bash\necho "${0%.d/*} $GITEA_PUSHER_NAME" >> "${GIT_DIR}/asked"\ncat >> "${GIT_DIR}/asked"\n',
        )


GITEA_ENVIRONMENT = {
    "GITEA_REPO_NAME": "plaints", "GITEA_REPO_USER_NAME": "office", "GITEA_PUSHER_NAME": "li.wei", "GITEA_PUSHER_ID": "3", "GITEA_REPO_ID": "7",
    "GITEA_KEY_ID": "5", "GITEA_ROOT_URL": "http://localhost:3000/", "SSH_ORIGINAL_COMMAND": "git-receive-pack 'office/plaints.git'",
}  # fmt: skip

GITALY_HOOKS = '''\
#!{python}
"""What Gitaly does with the hooks of an administrator: three places in turn, few variables, the first failure ends it."""
import os, subprocess, sys
from pathlib import Path

repository, everywhere, name = Path({repository!r}), Path({everywhere!r}), Path(sys.argv[0]).name
lines = sys.stdin.buffer.read()
kept = ("HOME", "PATH", "LD_LIBRARY_PATH", "TZ", "GIT_TRACE", "GIT_EXEC_PATH")
env = {{k: v for k, v in os.environ.items() if k in kept}} | {{"PATH": "/usr/bin:/bin", "HOME": {home!r}}}
for variable in ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"):
    if variable in os.environ:
        env[variable] = os.environ[variable]
env |= {{"GIT_DIR": str(repository), "GL_REPOSITORY": "project-7", "GL_PROJECT_PATH": "office/plaints", "GL_ID": "user-3",
        "GL_USERNAME": "li.wei", "GL_PROTOCOL": "ssh"}}
folders = (repository / "custom_hooks" / f"{{name}}.d", everywhere / f"{{name}}.d")
programs = [repository / "custom_hooks" / name, *(each for folder in folders if folder.is_dir() for each in sorted(folder.iterdir()))]
for program in programs:
    if program.is_file() and os.access(program, os.X_OK) and not program.name.endswith("~"):
        code = subprocess.run([program], cwd=repository, input=lines, env=env).returncode
        if code:
            sys.exit(1)
'''


def as_gitlab(repository: Path, everywhere: Path, home: Path) -> None:
    """git is told to look for hooks in a folder of Gitaly's, as it tells git at each push."""
    place = everywhere.parent / "gitaly"
    for name in ("pre-receive", "post-receive"):
        _write(place / name, GITALY_HOOKS.format(python=sys.executable, repository=str(repository), everywhere=str(everywhere), home=str(home)))
    subprocess.run(["git", "-C", str(repository), "config", "core.hooksPath", str(place)], check=True)
