"""`plaint audit`: was every event recorded by whom it says, was it legal then, and was nothing changed since?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plaint.cli.check import print_report
from plaint.cli.common import common_options, format_option, session
from plaint.errors import InputError
from plaint.i18n import _

if TYPE_CHECKING:
    from plaint.audit.memory import Memory
    from plaint.audit.run import Audited
    from plaint.store.git import Git


@click.command("audit", help=_("Prove the whole history: signatures, roles, order, times; nothing changed, removed or dated back."))
@format_option("text", "json", "github", "sarif", "junit")
@click.option("--root", metavar="COMMIT", help=_("The first commit, as you noted it when the organisation was founded."))
@click.option("--since", metavar="CHECKPOINT", help=_("A commit, or a checkpoint file, that the history must contain."))
@click.option("--rev", metavar="COMMIT", default="HEAD", show_default=True, help=_("Up to this commit."))
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path), help=_("Write a signed checkpoint to this file if all is in order."))
@click.option("--no-cache", is_flag=True, help=_("Verify everything anew, whatever was verified here before."))
@click.option("--strict", is_flag=True, help=_("Fail on warnings too."))
@common_options
@click.pass_context
def audit_command(
    context: click.Context, fmt: str, root: str | None, since: str | None, rev: str, checkpoint: Path | None, no_cache: bool, strict: bool
) -> None:
    """Prints what is not in order and the checkpoint; exits with 1 where there is an error."""
    from plaint.audit.checkpoint import Checkpoint
    from plaint.audit.memory import Start
    from plaint.audit.run import audit, contains
    from plaint.store.objects import Objects

    call = session()
    git, prefix = _place(call.directory)
    objects = Objects(git)
    pinned = Checkpoint.read(Path(since).read_bytes(), since) if since and Path(since).is_file() else None
    since = pinned.head if pinned else _full(objects, since)
    memory = _memory(git)
    known = None if no_cache else memory.recall()
    wanted = [each for each in (since, known.head if known and rev == "HEAD" else None) if each]
    done = audit(git, objects, prefix, rev, root=_full(objects, root) or (pinned.root if pinned else None), since=wanted, start=known, progress=_show)
    report = done.report
    if rev == "HEAD" and done.root and report.head and (no_cache or known is None or contains(git, report.head, known.head)):
        memory.keep(Start(report.head, done.root, report.commits, report.events, done.lasting))
    print_report(report, fmt)
    if done.root and fmt == "text":
        click.echo(_("history from {root} to {head}").format(root=done.root, head=report.head))
    if checkpoint:
        _write_checkpoint(checkpoint, done)
    context.exit(report.exit_code(strict=strict))


def _place(start: Path) -> tuple[Git, str]:
    """The repository and the organisation's folder in it; a bare one has it at its top."""
    from plaint.store.git import Git
    from plaint.store.repository import Repository

    git = Git(start)
    if git.text("rev-parse", "--is-bare-repository") == "true":
        return git, ""
    repository = Repository.discover(start)
    return repository.git, repository.prefix


def _memory(git: Git) -> Memory:
    from plaint.actor import config_folder
    from plaint.audit.memory import Memory

    common = (git.folder / git.text("rev-parse", "--git-common-dir")).resolve()
    return Memory(common / "plaint-audit.json", config_folder() / "audit.key")


def _full(objects: object, commit: str | None) -> str | None:
    """The whole id of a commit; what is not here stays as it was given, and is found to be missing."""
    from plaint.store.objects import Objects

    assert isinstance(objects, Objects)
    if not commit:
        return None
    found = objects.get(f"{commit}^{{commit}}")
    if found is None and not (len(commit) >= 7 and all(c in "0123456789abcdef" for c in commit)):
        raise InputError(_("{text} is neither a commit nor a checkpoint file").format(text=commit[:80]), where="--since")
    return found.sha if found else commit


def _show(done: int, count: int) -> None:
    """How far it is, on standard error, where that is a terminal."""
    if sys.stderr.isatty():
        end = "\n" if done == count else ""
        click.echo("\r" + _("verifying {done} of {count} commits").format(done=done, count=count) + end, nl=False, err=True)


def _write_checkpoint(path: Path, done: Audited) -> None:
    from plaint.audit.checkpoint import NAMESPACE, Checkpoint
    from plaint.store.signing import sign_payloads

    call = session()
    report = done.report
    if report.errors or not done.root or not report.head:
        raise InputError(_("no checkpoint was written, for the history is not in order"), where=str(path))
    actor = call.actor
    made = Checkpoint(done.root, report.head, report.commits, call.local_now.isoformat(), actor.member)
    signature = sign_payloads([made.payload()], actor.signing_key, NAMESPACE)[0]
    path.write_text(made.text(signature), encoding="utf-8")
    click.echo(_("checkpoint written to {file}, signed by {member}").format(file=path, member=actor.member), err=True)


COMMANDS = {"audit": audit_command}
