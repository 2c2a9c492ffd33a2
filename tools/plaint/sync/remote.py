"""The shared repository, through git: what it has, what is fetched from it, and one atomic push.

Its keyrings are fetched below `refs/plaint/incoming/`, which holds nothing once a sync has ended.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.interrupts import note_done
from plaint.store import lfs
from plaint.store.git import Git, last_words
from plaint.store.keyrings import PREFIX

INCOMING = "refs/plaint/incoming/"
BRANCH = INCOMING + "branch"
AT_ONCE = 1000  # refs in one push: what a command line holds


@dataclass(frozen=True, slots=True)
class Shared:
    """What the shared repository has: the branch's newest commit (None: no such branch), and the commit of each keyring by the name of its ref."""

    head: str | None
    keyrings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remote:
    """One remote and one branch of it."""

    git: Git
    name: str
    branch: str

    def look(self) -> Shared:
        """What is there now; EnvironmentFaultError where it cannot be reached."""
        result = self.git.call("ls-remote", self.name, f"refs/heads/{self.branch}", f"{PREFIX}*")
        if result.code != 0:
            raise EnvironmentFaultError(
                _("the shared repository “{remote}” cannot be reached: {words}").format(remote=self.name, words=last_words(result.error)),
                hint=_("git remote -v shows where it should be; nothing was changed"),
            )
        pairs = (line.split("\t", 1) for line in result.output.decode("utf-8", "replace").splitlines())
        refs = {ref: sha for sha, ref in pairs}
        return Shared(refs.get(f"refs/heads/{self.branch}"), {ref.removeprefix(PREFIX): sha for ref, sha in refs.items() if ref.startswith(PREFIX)})

    def fetch(self, shared: Shared) -> None:
        """Brings the branch and the keyrings here, below INCOMING."""
        wanted = [f"+refs/heads/{self.branch}:{BRANCH}"] if shared.head else []
        if shared.keyrings:
            wanted.append(f"+{PREFIX}*:{INCOMING}keys/*")
        if wanted:
            self.git.run("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--refmap=", self.name, *wanted)

    def serves(self, commits: Mapping[str, str]) -> dict[str, bool]:
        """By name, whether the commit can still be fetched from there by its id, though no ref names it; into a folder of its own, not here."""
        found: dict[str, bool] = {}
        if not commits:
            return found
        url = self.git.text("remote", "get-url", self.name)
        where = str(self.git.folder / url) if "://" not in url and (self.git.folder / url).exists() else url
        with tempfile.TemporaryDirectory(prefix="plaint-") as place:
            elsewhere = Git(Path(place))
            elsewhere.run("init", "-q", "--bare", f"--object-format={self.git.text('rev-parse', '--show-object-format')}")
            for name, sha in commits.items():
                found[name] = elsewhere.call("-c", "protocol.version=2", "fetch", "-q", "--no-tags", "--depth=1", where, sha).code == 0
        return found

    def incoming(self) -> list[str]:
        """The refs that a fetch has left."""
        return self.git.text("for-each-ref", "--format=%(refname)", INCOMING).split()

    def push_large(self, digests: Sequence[str]) -> None:
        """Sends files of Git LFS, before the commits that name them."""
        lfs.push(self.git, self.name, digests)

    def push(self, head: str, shared: Shared, keyrings: Mapping[str, str | None]) -> bool:
        """Branch and keyrings (None: destroyed) in one atomic push; False where somebody else was faster. InputError where it is refused."""
        new = [name for name, sha in keyrings.items() if sha and name not in shared.keyrings]
        early = new[:-AT_ONCE] if len(new) > AT_ONCE else []  # keyrings of cases that nobody knows yet: too many for one command line
        for start in range(0, len(early), AT_ONCE):
            if not self._push(f"{keyrings[name]}:{PREFIX}{name}" for name in early[start : start + AT_ONCE]):
                return False
        rest = {name: sha for name, sha in keyrings.items() if name not in set(early)}
        leases = [f"--force-with-lease={PREFIX}{name}:{shared.keyrings.get(name, '')}" for name in rest]
        specs = [f"{head}:refs/heads/{self.branch}", *(f"{sha or ''}:{PREFIX}{name}" for name, sha in rest.items())]
        return self._push([*leases, "--", *specs])

    def _push(self, words: Iterable[str]) -> bool:
        words = list(words)
        options = [word for word in words if word.startswith("--force-with-lease=")]
        specs = [word for word in words if not word.startswith("--")]
        note_done()  # stopped in the middle, we would not know whether it arrived
        result = self.git.call("push", "-q", "--porcelain", "--no-verify", "--atomic", *options, self.name, *specs)
        if result.code == 0:
            return True
        said = result.output.decode("utf-8", "replace") + result.error
        if any(sign in said for sign in ("non-fast-forward", "fetch first", "stale info", "cannot lock ref", "failed to update ref", "incorrect old value")):
            return False
        if "remote rejected" in said or "hook declined" in said:
            heard = (line.removeprefix("remote:").strip() for line in result.error.splitlines() if line.startswith("remote:"))
            lines = [line.removeprefix("GL-HOOK-ERR:").strip() for line in heard]
            reason = next((line for line in lines if line), last_words(result.error))
            raise InputError(_("the shared repository refused it: {reason}").format(reason=reason), hint=_("nothing was lost; what is yours is still here"))
        raise EnvironmentFaultError(
            _("the shared repository “{remote}” cannot be reached: {words}").format(remote=self.name, words=last_words(result.error)),
            hint=_("what is yours is still here: run plaint sync again"),
        )
