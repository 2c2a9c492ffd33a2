"""What git's hooks ask: may this be committed, pushed, received? Nothing gets in that the audit would find.

Rules of `pre-receive`, for a bare repository that everybody pushes to:
- A branch only grows, and all that comes with it is in order.
- A keyring is the one that the record in force says, pushed with it or after it; it is destroyed only when its case was disposed of.
  A keyring of a case that is not known yet may come first: large imports push theirs so.
- No other ref is taken: replacement objects, tags and strange namespaces can carry what nobody checks.

`post-receive` removes the objects of keyrings that were replaced or destroyed: git would keep them, and they open what was closed (`store.forgetting`).

Forges have hooks of their own where git looks for them, and run those of the administrator after them (PLACES). Read from their sources, November 2026:
- Gitea and Forgejo: every file in `hooks/NAME.d/`; they write `hooks/NAME` and `hooks/NAME.d/gitea` anew, and leave the others.
- GitLab (Gitaly): `custom_hooks/NAME`, then every file in `custom_hooks/NAME.d/`, with few variables: it names the folder of what is pushed, but
  does not say that it is one (`enter_quarantine`), and knows no locale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plaint.audit.memory import Start
from plaint.audit.run import audit, contains
from plaint.check.findings import Finding
from plaint.check.rules import Severity
from plaint.errors import EnvironmentFaultError, PlaintError, UsageError
from plaint.i18n import _
from plaint.model.machine import fold, is_final
from plaint.model.policy import policy_from
from plaint.model.record import Record, parse
from plaint.seal.keyring import keyring_hash
from plaint.store import keyrings, lfs
from plaint.store.forgetting import SETTLED, forget_for_good
from plaint.store.git import Git
from plaint.store.objects import Objects

NAMES = ("pre-commit", "pre-push", "pre-receive", "post-receive")
MARK = "# written by plaint hook install"
HEADS = "refs/heads/"
PLACES = {"plain": "hooks/{name}", "gitea": "hooks/{name}.d/plaint", "gitlab": "custom_hooks/{name}.d/plaint"}
"""Where a server looks for the administrator's hooks, below the bare repository."""


@dataclass(frozen=True, slots=True)
class Update:
    """A ref that is to move from one commit to another; "" for none."""

    ref: str
    old: str
    new: str


def read_updates(lines: Iterable[str]) -> list[Update]:
    """The lines that git gives a pre-receive hook: `OLD NEW REF`."""
    found = []
    for line in lines:
        words = line.split()
        if len(words) != 3:
            raise UsageError(_("this is meant to be run by git, as a hook"), hint=_("install it with plaint hook install --pre-receive"))
        old, new, ref = words
        found.append(Update(ref, old if old.strip("0") else "", new if new.strip("0") else ""))
    return found


def refusals_of(git: Git, updates: Iterable[Update], start: Start | None, now: datetime) -> Iterator[str]:
    """Every reason against what is pushed; nothing if it may come in."""
    updates = list(updates)
    objects = Objects(git)
    main = git.call("symbolic-ref", "-q", "HEAD").output.decode("utf-8", "replace").strip()
    head = next((u.new for u in updates if u.ref == main), "") or _sha(objects, main)
    for update in updates:
        if update.ref.startswith(HEADS):
            yield from _against_branch(git, objects, update, start, now)
        elif update.ref.startswith(keyrings.PREFIX):
            reason = _against_keyring(objects, update, head)
            if reason:
                yield f"{update.ref}: {reason}"
        else:
            yield _("{ref}: only branches and keyrings are taken here").format(ref=update.ref)


def _sha(objects: Objects, ref: str) -> str:
    found = objects.get(ref) if ref else None
    return found.sha if found else ""


def _against_branch(git: Git, objects: Objects, update: Update, start: Start | None, now: datetime) -> Iterator[str]:
    if not update.new:
        yield _("{ref}: a branch of records is not deleted").format(ref=update.ref)
    elif update.old and not contains(git, update.new, update.old):
        yield _("{ref}: it would take back what was there").format(ref=update.ref)
    else:
        yield from history_errors(git, objects, update.new, start, now)


def history_errors(git: Git, objects: Objects, head: str, start: Start | None, now: datetime) -> Iterator[str]:
    """What the audit finds in a history, in one line each."""
    report = audit(git, objects, "", head, start=start, now=now).report
    yield from map(_line, (finding for finding in report.findings if finding.severity is Severity.ERROR))


def _line(finding: Finding) -> str:
    commit = _("commit {commit}").format(commit=finding.commit[:12]) if finding.commit else _("the history")
    where = f"{finding.record} ({commit})" if finding.record and finding.record != finding.commit else commit
    return f"{where}: {finding.rule} {finding.message}"


def _against_keyring(objects: Objects, update: Update, head: str) -> str:
    case = update.ref.removeprefix(keyrings.PREFIX)
    if case == "import":
        return "" if update.new else _("it is not destroyed")
    state = _case(objects, case, head) if head else None
    if state is None:
        return "" if update.new and not update.old else _("there is no case {case}").format(case=case)
    wanted, final = state
    if not update.new:
        return "" if final else _("a keyring is destroyed only when its case was disposed of")
    if final:
        return _("the case was disposed of")
    keyring = keyrings.read_commit(objects, update.new)
    if not keyring or keyring_hash(keyring) != wanted:
        return _("it is not the keyring that the record says")
    return ""


def _record(objects: Objects, case: str, head: str) -> Record | None:
    entry = next((e for e in objects.ls_tree(head, "cases", depth=2) if e.path.endswith(f"/{case}.yaml")), None)
    data = objects.read_blob(entry.sha) if entry else None
    return parse(data, entry.path) if entry is not None and data is not None else None


def _case(objects: Objects, case: str, head: str) -> tuple[str, bool] | None:
    """The hash of the keyring in force of a case, and whether the case is over."""
    record = _record(objects, case, head)
    if record is None:
        return None
    policy_file = objects.read_blob(f"{head}:policy/{record.header['policy']}.yaml")
    if policy_file is None:
        return None
    policy = policy_from(parse(policy_file, "policy").header)
    state = fold(policy, record.events)
    return state.keyring, is_final(policy, state)


def forget_keyrings(git: Git, updates: Iterable[Update]) -> None:
    """Removes what no ref names any more of the keyrings that moved; of a case whose keyring was destroyed, all there ever were.

    With those go the case's files in Git LFS, where a server keeps them in the repository's own folder.
    """
    moved = {update.old: update.ref.removeprefix(keyrings.PREFIX) for update in updates if update.ref.startswith(keyrings.PREFIX) and update.old}
    destroyed = {update.ref.removeprefix(keyrings.PREFIX) for update in updates if update.ref.startswith(keyrings.PREFIX) and not update.new}
    if moved:
        common = git.folder / git.text("rev-parse", "--git-common-dir")
        objects = Objects(git)
        if destroyed:
            forget_for_good(git, objects, common, destroyed, settled=SETTLED)
            for record in (_record(objects, case, "HEAD") for case in destroyed):
                if record is not None:
                    lfs.drop(lfs.store_of(git, common), (str(event.codes["digest"]) for event in record.events if event.kind == "evidence"))
        keyrings.forget(git, objects, common / "objects", moved)


def server_of(folder: Path) -> str:
    """What serves a bare repository, by what it leaves there: a key of PLACES."""
    if any((folder / "hooks" / f"{name}.d").is_dir() for name in NAMES):
        return "gitea"
    return "gitlab" if "@hashed" in folder.parts or (folder / "custom_hooks").is_dir() else "plain"


def enter_quarantine(environment: MutableMapping[str, str]) -> None:
    """In a pre-receive hook: the folder that git names is that of what is pushed, even where a server does not hand on that it is."""
    if "GIT_OBJECT_DIRECTORY" in environment:
        environment.setdefault("GIT_QUARANTINE_PATH", environment["GIT_OBJECT_DIRECTORY"])


def install(path: Path, name: str, command: str) -> None:
    """Writes a hook that calls `command`; UsageError where somebody else's is there."""
    if path.exists() and MARK not in path.read_text("utf-8", "replace"):
        raise UsageError(_("there is a hook already, and it is not plaint's"), where=str(path), hint=_("let it call: plaint hook run {name}").format(name=name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{name}.new")
        draft.write_text(f"#!/bin/sh\n{MARK}\nexec {command} hook run {name}\n", encoding="utf-8")
        draft.chmod(0o755)
        draft.replace(path)
    except OSError as error:
        raise EnvironmentFaultError(_("the hook cannot be written: {reason}").format(reason=error.strerror or str(error)), where=str(path)) from error


Reasons = Callable[[], Iterator[str]]


def all_of(reasons: Reasons) -> list[str]:
    """The reasons; what plaint itself cannot do is one too, for a hook that fails lets nothing in."""
    try:
        return list(reasons())
    except PlaintError as error:
        return [str(error)]
