"""The hooks of a shared repository as it is really served: over ssh by git alone, by Gitea and Forgejo, by GitLab."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Plaint, environment
from servers import GITEA_ENVIRONMENT, SSHD, Sshd, as_gitea, as_gitlab

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def office_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organisation pushed to a bare repository without hooks, and the keys beside them."""
    place = tmp_path_factory.mktemp("office")
    maker = Plaint(place, place, now=None)
    maker.good("demo", "a", "--cases", "4")
    maker.git("init", "-q", "--bare", "-b", "main", "hub.git")
    a = maker.at(place / "a")
    a.git("remote", "add", "origin", "../hub.git")
    a.good("sync", member="chen.jie")
    return place


@pytest.fixture
def a(office_once: Path, tmp_path: Path) -> Plaint:
    for name in ("a", "hub.git"):
        shutil.copytree(office_once / name, tmp_path / name, symlinks=True)
    (tmp_path / "server").mkdir()  # the home of who serves
    return Plaint(tmp_path / "a", tmp_path, now=None)


def hub(a: Plaint) -> Plaint:
    return replace(a, folder=a.folder.parent / "hub.git", home=a.folder.parent / "server", env={})


def accepted_and_refused(a: Plaint, lead: str = "plaint: ", word: str = "commit") -> str:
    """Pushes that belong there come in, others do not; the words that the pusher reads."""
    case = a.register()
    assert a.data("sync", member="li.wei")["sent"] == 1
    before = hub(a).git("for-each-ref")
    a.good("rekey", case, member="chen.jie")
    assert a.data("sync", member="chen.jie")["keyrings"]["sent"] == 1
    after = hub(a).git("for-each-ref")
    assert before != after
    # what was replaced is gone for good there: post-receive ran
    keyring = next(line.split()[0] for line in before.splitlines() if line.endswith(f"keys/{case}"))
    assert hub(a).command("git", "cat-file", "-e", keyring).returncode != 0
    (a.folder / "README.md").write_text("changed by hand")
    a.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", "-m", "by hand")
    done = a.command("git", "push", "origin", "HEAD:main", env=a.env)
    assert done.returncode != 0
    (line,) = [each for each in done.stderr.splitlines() if "A101" in each]
    assert line.startswith(f"remote: {lead}{word} {a.head[:12]}: A101 "), done.stderr
    assert "pre-receive hook declined" in done.stderr
    assert hub(a).git("for-each-ref") == after
    a.git("reset", "-q", "--hard", "HEAD~1")
    return line


@pytest.mark.skipif(not SSHD, reason="openssh-server is not installed")
def test_over_ssh(a: Plaint) -> None:
    """A bare repository and an account for git only, as the handbook sets them up."""
    said = hub(a).good("hook", "install").splitlines()
    assert [line.rpartition("/")[2] for line in said] == ["pre-receive written", "post-receive written"]
    with Sshd(a.folder.parent / "server") as server:
        server.let_in(a.key("li.wei").with_name("li.wei.pub"))
        ssh = server.ssh(a.key("li.wei"))
        shell = a.command(*ssh.split(), "-p", str(server.port), "127.0.0.1", "cat /etc/passwd")
        assert shell.returncode != 0
        assert "root" not in shell.stdout
        stranger = server.ssh(a.key("sun.li"))
        over = replace(a, env={"GIT_SSH_COMMAND": ssh})
        over.git("remote", "set-url", "origin", server.url(a.folder.parent / "hub.git"))
        assert "cannot be reached" in replace(a, env={"GIT_SSH_COMMAND": stranger}).refused("sync", code=3, member="sun.li")
        accepted_and_refused(over)
        # a second desk, cloned over the same way
        other = a.folder.parent / "b"
        subprocess.run(["git", "clone", "-q", server.url(a.folder.parent / "hub.git"), str(other)], env=environment(a.home, over.env), check=True)
        b = replace(over, folder=other)
        b.git("config", "plaint.keys", str(a.folder / ".demo-keys"))
        b.good("sync", member="chen.jie")
        b.good("audit")


def test_gitea_and_forgejo(a: Plaint) -> None:
    repository = a.folder.parent / "hub.git"
    as_gitea(repository)
    assert hub(a).good("hook", "install").splitlines() == [f"{repository}/hooks/{name}.d/plaint written" for name in ("pre-receive", "post-receive")]
    served = replace(a, env={**GITEA_ENVIRONMENT})
    accepted_and_refused(served)
    asked = (repository / "asked").read_text()
    assert asked.count("hooks/pre-receive li.wei") == 3, "the forge's own hook is asked as before"
    assert asked.count("hooks/post-receive li.wei") == 2
    as_gitea(repository)  # written anew by an update of the forge
    assert (repository / "hooks" / "pre-receive.d" / "plaint").exists()


def test_gitlab(a: Plaint) -> None:
    place = a.folder.parent
    as_gitlab(place / "hub.git", place / "everywhere", place / "server")
    said = hub(a).good("--lang", "zh", "hook", "install", "--server", "gitlab").splitlines()
    assert said == [f"已写入 {place}/hub.git/custom_hooks/{name}.d/plaint" for name in ("pre-receive", "post-receive")]
    line = accepted_and_refused(a, "GL-HOOK-ERR: plaint: ", "提交")
    assert "签名" in line, "no locale is handed on; the language is the one that it was installed in"


def test_what_was_let_in_is_remembered(a: Plaint) -> None:
    """Each push costs what it brings: the server keeps what it has verified, and believes nobody else's word for it."""
    hub(a).good("hook", "install")
    memory = a.folder.parent / "hub.git" / "plaint-audit.json"
    a.register()
    a.good("sync", member="li.wei")
    first = memory.read_bytes()
    a.register()
    a.good("sync", member="li.wei")
    assert a.head in memory.read_text()
    assert memory.read_bytes() != first
    memory.write_bytes(first.replace(b'"commits": ', b'"commits": 1'))
    a.register()
    a.good("sync", member="li.wei")
    assert a.head in memory.read_text()
    assert hub(a).good("audit") == hub(a).good("audit", "--no-cache")


def test_a_commit_of_tomorrow_is_not_taken(a: Plaint) -> None:
    hub(a).good("hook", "install")
    (a.folder / "README.md").write_text("of tomorrow")
    env = {"GIT_AUTHOR_DATE": "2099-01-01T09:00:00+08:00", "GIT_COMMITTER_DATE": "2099-01-01T09:00:00+08:00"}
    made = a.command("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", "-S", "-m", "of tomorrow", env=env)
    assert made.returncode == 0, made.stderr
    done = a.command("git", "push", "-q", "origin", "HEAD:main")
    assert done.returncode != 0
    assert "A305" in done.stderr


def test_a_server_without_a_home(a: Plaint) -> None:
    """What was verified cannot be kept there; everything else holds."""
    hub(a).good("hook", "install")
    hook = a.folder.parent / "hub.git" / "hooks" / "pre-receive"
    for name in ("pre-receive", "post-receive"):
        hook = hook.with_name(name)
        hook.write_text(hook.read_text().replace("exec ", "HOME=/dev/null/nowhere exec "))
    accepted_and_refused(a)
