"""Everything in one file: a bundle of git with the history and every keyring, proved to give back what it holds before it is kept.

Rules:
- It is restored with git alone; plaint is not needed for that, nor to read it afterwards (`examples/recover.sh`).
- It is as secret as the repository, and keeps the keyrings of cases that are disposed of later. `opens_disposed` says which; such a backup is to be
  destroyed, and restoring it forgets them at the first sync.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plaint.audit.run import audit
from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.i18n import _, reason
from plaint.model.machine import fold, is_final
from plaint.organisation import Organisation
from plaint.seal.keyring import keyring_hash
from plaint.store import keyrings
from plaint.store.git import Git
from plaint.store.objects import Objects


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: its newest commit, its cases, their keyrings; the cases whose keyring it lacks or has in another edition; large files left out."""

    file: Path
    head: str
    root: str
    cases: int
    keyrings: int
    without: tuple[str, ...]
    large: int
    errors: int
    """What the audit finds in it, and would find here: a backup is made all the more."""

    @property
    def restoring(self) -> str:
        """The commands that restore it with git alone."""
        name = shlex.quote(str(self.file.resolve()))
        return f"  git clone {name} restored && git -C restored fetch origin 'refs/plaint/*:refs/plaint/*' && git -C restored remote remove origin"


def make(organisation: Organisation, file: Path) -> Backup:
    """Writes the bundle and proves it; EnvironmentFaultError where it does not hold what is here."""
    if file.exists():
        raise UsageError(_("there is a file already"), where=str(file), hint=_("name another one; nothing is written over"))
    repository = organisation.repository
    try:
        with tempfile.TemporaryDirectory(prefix=".plaint-", dir=file.resolve().parent) as place:  # for its owner alone
            draft = Path(place) / "draft.bundle"
            with repository.lock():
                here = _refs(repository.git)
                repository.git.run("bundle", "create", "-q", str(draft), "HEAD", "--branches", f"--glob={keyrings.PREFIX}*")
            found = _proved(organisation, draft, here, file)
            draft.chmod(0o600)
            draft.replace(file)
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(file)) from error
    return found


def _refs(git: Git) -> dict[str, str]:
    lines = git.text("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/", keyrings.PREFIX).splitlines()
    return {ref: sha for sha, ref in (line.split(" ", 1) for line in lines)}


def _proved(organisation: Organisation, draft: Path, here: Mapping[str, str], file: Path) -> Backup:
    """Restores it beside, as git would, and looks."""
    restored = restore(draft, draft.with_name("restored.git"))
    if _refs(restored) != here:
        raise EnvironmentFaultError(_("the backup does not hold what is here"), where=str(file), hint=_("run it again"))
    restored.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
    objects = Objects(restored)
    try:
        judged = audit(restored, objects, organisation.repository.prefix, str(organisation.revision))
        rings = keyrings.read_all(restored, objects)
    finally:
        objects.close()
    wanted: dict[str, str] = {}
    for record in organisation.cases():
        policy = organisation.policy_of(record)
        state = fold(policy, record.events)
        if not is_final(policy, state):
            wanted[record.id] = state.keyring
    without = tuple(case for case, digest in wanted.items() if not rings.get(case) or keyring_hash(rings[case]) != digest)
    large = sum(path.endswith(".lfs") for path in organisation.repository.git.text("ls-tree", "-r", "--name-only", str(organisation.revision)).splitlines())
    return Backup(file, str(organisation.revision), judged.root or "", len(organisation.case_paths), len(rings), without, large, judged.report.errors)


def restore(bundle: Path, target: Path) -> Git:
    """A bare copy of what a bundle holds; InputError where it is none."""
    result = Git(bundle.resolve().parent).call("clone", "-q", "--mirror", "--", str(bundle.resolve()), str(target))
    if result.code != 0:
        raise InputError(_("this is not a bundle of git, or it is damaged"), where=str(bundle))
    return Git(target)


def opens_disposed(organisation: Organisation, bundle: Path) -> tuple[str, ...]:
    """The cases that were disposed of, by the records here, and whose keyrings are in a backup."""
    result = Git(bundle.resolve().parent).call("bundle", "list-heads", str(bundle.resolve()))
    if result.code != 0:
        raise InputError(_("this is not a bundle of git, or it is damaged"), where=str(bundle))
    refs = [line.partition(" ")[2] for line in result.output.decode("utf-8", "replace").splitlines()]
    kept = {ref.removeprefix(keyrings.PREFIX) for ref in refs if ref.startswith(keyrings.PREFIX)}
    gone = [record for record in organisation.cases() if record.id in kept and is_final(organisation.policy_of(record), organisation.state(record))]
    return tuple(record.id for record in gone)
