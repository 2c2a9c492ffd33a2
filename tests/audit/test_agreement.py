"""Git and OpenSSH agree with us: on every commit of the demo, and on every odd commit that the tamper battery makes.

Where we take a signature for a member's, `git verify-commit` and `ssh-keygen -Y verify` do; where we refuse one, both refuse it. What a commit
object must look like we are stricter about than git: what we cannot take apart is left to the battery.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attacks_git
import attacks_history
import attacks_house
import attacks_signers
import evil
import pytest
from attack import Done
from evil import Org, environment
from odd_keys import Hardware, keygen
from organisations import STRANGERS, demo, good

from plaint.audit.ahead import signer_of
from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.audit.sshsig import SignatureError
from plaint.store.signing import load_signing_key

GIT_SAYS = {"good": "G", "unknown": "U", "unsigned": "N"}


def signers(org: Org, keys: dict[str, str]) -> Path:
    """A file of allowed signers."""
    path = org.home / "allowed"
    path.write_text("".join(f'{member} namespaces="git" {key}\n' for key, member in keys.items()))
    org.git("config", "gpg.ssh.allowedSignersFile", str(path))
    return path


def ours(commit: Commit, keys: dict[str, str]) -> tuple[str, str]:
    """What we say of a commit's signature: good, unknown (whose is it?), bad or unsigned; and whose it is."""
    found = signer_of(commit.payload, commit.signature)
    if found is None:
        return "unsigned", ""
    if isinstance(found, SignatureError):
        return "bad", ""
    return ("good", keys[found]) if found in keys else ("unknown", "")


def theirs(org: Org, commits: list[str]) -> Iterator[tuple[str, str]]:
    """Git's letter for each commit, and the principal.

    Git (2.39 at least) dies of SIGPIPE where ssh-keygen refuses a signature before it has read what was signed, which is a race between the two: so
    what was asked at once is asked again in halves, and a single commit until git lives.
    """
    command = ["git", "log", "--no-walk=unsorted", "--format=%G?|%GS", "--stdin"]
    for _try in range(100):
        done = subprocess.run(
            command, cwd=org.folder, env=environment(org.home, org.now), input="\n".join(commits), capture_output=True, text=True, check=False
        )
        if done.returncode != -signal.SIGPIPE:
            assert done.returncode == 0, done.stderr
            for line in done.stdout.splitlines():
                letter, _bar, principal = line.partition("|")
                yield letter, principal
            return
        if len(commits) > 1:
            half = len(commits) // 2
            yield from theirs(org, commits[:half])
            yield from theirs(org, commits[half:])
            return
    msg = f"git dies of SIGPIPE on {commits} each time"
    raise AssertionError(msg)


def ssh_keygen(org: Org, commit: Commit, allowed: Path, member: str) -> bool:
    """Whether ssh-keygen verifies the signature: by the member, or by any key at all where none is known."""
    signature = org.home / "signature"
    signature.write_text(commit.signature)
    how = ["verify", "-f", str(allowed), "-I", member] if member else ["check-novalidate"]
    command = ["ssh-keygen", "-Y", *how, "-n", "git", "-s", str(signature)]
    return subprocess.run(command, input=commit.payload, env=environment(org.home, org.now), capture_output=True, check=False).returncode == 0


def agree(org: Org, shas: list[str], keys: dict[str, str]) -> set[str]:
    """Fails where git or ssh-keygen say something else than we; the verdicts that were met."""
    allowed = signers(org, keys)
    read = {sha: read_commit(org, sha) for sha in shas}
    commits = [commit for commit in read.values() if commit and not commit.signature.startswith("-----BEGIN PGP")]  # git would ask GnuPG
    met = set()
    for commit, (letter, principal) in zip(commits, theirs(org, [c.sha for c in commits]), strict=True):
        said, member = ours(commit, keys)
        met.add(said)
        assert letter == GIT_SAYS.get(said, letter), f"{commit.sha}: we say {said}, git {letter}"
        assert letter in "GUBNE"
        assert (letter in "GU") == (said in {"good", "unknown"}), f"{commit.sha}: we say {said}, git {letter}"
        assert not member or principal == member
        if commit.signature:
            assert ssh_keygen(org, commit, allowed, member) == (said in {"good", "unknown"}), f"{commit.sha}: we say {said}"
    return met


def read_commit(org: Org, sha: str) -> Commit | None:
    """A commit, as the audit reads it; None where it is none."""
    data = subprocess.run(["git", "cat-file", "commit", sha], cwd=org.folder, env=environment(org.home, org.now), capture_output=True, check=True).stdout
    try:
        return parse_commit(sha, data)
    except CommitError:
        return None


@pytest.mark.long
def test_every_commit_of_the_demo(tmp_path: Path) -> None:
    org = demo(tmp_path, 8)
    shas = org.git("rev-list", "HEAD").split()
    keys = {load_signing_key(path).public: path.stem for path in org.keys.glob("*.pub")}
    assert agree(org, shas, keys) == {"good"}
    done = subprocess.run(["git", "verify-commit", *shas], cwd=org.folder, env=environment(org.home, org.now), capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.long
def test_every_odd_commit_of_the_battery(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    base = org.head
    known = set(org.git("rev-list", "HEAD").split())
    made: dict[str, None] = {}
    attacks = [a for module in (attacks_signers, attacks_history, attacks_house) for a in module.attack.attacks]
    attacks += [a for a in attacks_git.attack.attacks if a.name.startswith(("a file that stands", "cases in a", "a record is made"))]
    places = iter(range(1000))
    for attack in attacks:
        if "parent" in attack.name and not attack.rule:
            continue  # git cannot walk it
        org.home = tmp_path / f"home{next(places)}"
        org.home.mkdir()
        done = attack.do(org)
        named = done.commit if isinstance(done, Done) else done
        made |= dict.fromkeys([*org.git("rev-list", "HEAD").split(), *([named] if named else [])])
        org.git("update-ref", "refs/heads/main", base)
        org.git("for-each-ref", "--format=delete %(refname)", "refs/heads/")
        org.git("checkout", "-q", "-f", "main")
    keys = {load_signing_key(path).public: path.stem for path in org.keys.glob("*.pub") if path.stem not in STRANGERS}
    odd = [sha for sha in made if sha not in known]
    assert len(odd) > 100
    assert agree(org, odd, keys) == {"good", "unknown", "bad", "unsigned"}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "rsa-3072", "ed25519"])
def test_keys_of_every_kind(kind: str, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.keys = tmp_path / "keys"
    keygen(org.keys / "li.wei", kind)
    sha = org.commit({"README.md": "# Works\n"}, "li.wei")
    spoilt = org.git("cat-file", "commit", sha).replace("work", "play") + "\n"
    keys = {org.public("li.wei"): "li.wei"}
    assert agree(org, [sha], keys) == {"good"}
    assert agree(org, [sha], {}) == {"unknown"}
    assert agree(org, [org.put(spoilt, "commit")], keys) == {"bad"}


@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_keys_in_hardware(kind: str, tmp_path: Path) -> None:
    org, key = good().copy(tmp_path), Hardware(kind)
    payload = f"tree {org.git('rev-parse', 'HEAD^{tree}')}\nauthor x <x> 1795137120 +0000\ncommitter x <x> 1795137120 +0000\n\nwork\n".encode()
    sha = org.put(evil.signed_commit(payload, key.sign(payload)), "commit")
    other = org.put(evil.signed_commit(payload, key.sign(payload + b"x")), "commit")
    file = org.put(evil.signed_commit(payload, key.sign(payload, "file")), "commit")
    assert agree(org, [sha], {key.public: "li.wei"}) == {"good"}
    assert agree(org, [other, file], {key.public: "li.wei"}) == {"bad"}
