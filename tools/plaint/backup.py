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
from plaint.store.repository import Repository


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: its newest commit, its cases, their keyrings, how many cases these open; large files left out."""

    file: Path
    head: str
    root: str
    cases: int
    keyrings: int
    opens: int
    without: tuple[str, ...]
    """Cases whose keyring it lacks; disposed ones need none."""
    outdated: tuple[str, ...]
    """Cases whose keyring is not the one that the record names."""
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
    if _among_the_records(repository, file):
        raise UsageError(
            _("a backup inside the organisation's own folder is lost with it, and may be committed by mistake"),
            where=str(file),
            hint=_("name a place outside; a folder that git ignores will do, too"),
        )
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


def _among_the_records(repository: Repository, file: Path) -> bool:
    """Whether git would offer the file to be committed, or it would lie among git's own."""
    place = file.parent.resolve() / file.name
    if not place.is_relative_to(repository.top.resolve()):
        return False
    return repository.git.call("--no-literal-pathspecs", "check-ignore", "-q", "--", str(place)).code != 0  # the command takes no literal ones


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
    without = tuple(case for case in wanted if not rings.get(case))
    outdated = tuple(case for case, digest in wanted.items() if rings.get(case) and keyring_hash(rings[case]) != digest)
    opens = sum(bool(rings.get(case)) for case in organisation.case_paths)
    large = sum(path.endswith(".lfs") for path in organisation.repository.git.text("ls-tree", "-r", "--name-only", str(organisation.revision)).splitlines())
    cases = len(organisation.case_paths)
    return Backup(file, str(organisation.revision), judged.root or "", cases, len(rings), opens, without, outdated, large, judged.report.errors)


def restore(bundle: Path, target: Path) -> Git:
    """A bare copy of what a bundle holds, every object of it read; InputError where it holds no whole history."""
    result = Git(target.parent).call("clone", "-q", "--mirror", "--", str(bundle.resolve()), str(target))
    if result.code != 0:
        first = next((line for line in result.error.splitlines() if line.startswith(("fatal:", "error:"))), result.error)  # the others follow from it
        raise InputError(
            _("this is no whole backup, git cannot restore it: {words}").format(words=first.strip()),
            where=str(bundle),
            hint=_("make a new one; then destroy this, for parts of it may still be read"),
        )
    return Git(target)


def opens_disposed(organisation: Organisation, bundle: Path) -> tuple[str, ...]:
    """The cases that were disposed of, by the records here, and whose keyrings are in a backup, which is restored beside to see what is in it."""
    with tempfile.TemporaryDirectory(prefix="plaint-") as place:
        kept = set(keyrings.refs(restore(bundle, Path(place) / "restored.git")))
    gone = [record for record in organisation.cases() if record.id in kept and is_final(organisation.policy_of(record), organisation.state(record))]
    return tuple(record.id for record in gone)
