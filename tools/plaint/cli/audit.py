"""`plaint audit`: was every event recorded by whom it says, was it legal then, and was nothing changed since?"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plaint.cli.check import print_report
from plaint.cli.common import common_options, format_option, parse_time, session
from plaint.errors import InputError, UsageError
from plaint.files import read_plain
from plaint.i18n import _

if TYPE_CHECKING:
    from plaint.audit.checkpoint import Checkpoint
    from plaint.audit.memory import Memory
    from plaint.audit.run import Audited
    from plaint.audit.witness import Push
    from plaint.store.git import Git
    from plaint.store.objects import Objects

_BEGINNING = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@click.command("audit", help=_("Prove the whole history: signatures, roles, order, times; nothing changed, removed or dated back."))
@format_option("text", "json", "github", "sarif", "junit")
@click.option("--root", metavar="COMMIT", help=_("The first commit, as you noted it when the organisation was founded."))
@click.option("--since", metavar="CHECKPOINT", help=_("A commit, or a checkpoint file, that the history must contain."))
@click.option(
    "--witness",
    "before",
    metavar="COMMIT",
    multiple=True,
    help=_("What was there before this push; what came with it must be dated about now. Of several, the first that is known here counts."),
)
@click.option("--pushed", metavar="TIME", help=_("When it was pushed: a time, or seconds since 1970 as forges have it; now if not given."))
@click.option("--rev", metavar="COMMIT", default="HEAD", show_default=True, help=_("Up to this commit."))
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path), help=_("Write a signed checkpoint to this file if all is in order."))
@click.option("--no-cache", is_flag=True, help=_("Verify everything anew, whatever was verified here before."))
@click.option("--strict", is_flag=True, help=_("Fail on warnings too."))
@common_options
@click.pass_context
def audit_command(
    context: click.Context, fmt: str, root: str | None, since: str | None, before: tuple[str, ...], pushed: str | None, rev: str, checkpoint: Path | None,
    no_cache: bool, strict: bool,
) -> None:  # fmt: skip
    """Prints what is not in order and the checkpoint; exits with 1 where there is an error."""
    from plaint.audit.run import audit, contains
    from plaint.store.objects import Objects

    call = session()
    git, prefix = _place(call.directory)
    objects = Objects(git)
    pinned = _pinned(git, objects, prefix, since) if since and Path(since).is_file() else None
    since = pinned.head if pinned else _full(git, objects, since)
    memory = audit_memory(git)
    known = memory.recall()
    branch = git.call("symbolic-ref", "--quiet", "--short", "HEAD").output.decode("utf-8", "replace").strip() if rev == "HEAD" else ""
    at = _time(pushed) if pushed else call.now
    last = known.heads.get(branch) if known and branch else None
    done = audit(
        git,
        objects,
        prefix,
        rev,
        root=_whole(root) or (pinned.root if pinned else None),
        since=[each for each in (since, last) if each],
        start=None if no_cache else known,
        now=max(call.now, datetime.now(UTC)),
        push=_push(before, at) if before else None,
        progress=_show,
    )
    report = done.report
    if rev == "HEAD" and done.start and (no_cache or last is None or contains(git, done.start.head, last)):
        memory.keep(replace(done.start, heads={**(known.heads if known else {}), **({branch: done.start.head} if branch else {})}))
    print_report(report, fmt)
    if done.root and fmt == "text":
        click.echo(_("history from {root} to {head}").format(root=done.root, head=report.head))
    if checkpoint:
        _write_checkpoint(checkpoint, done)
    context.exit(report.exit_code(strict=strict))


def _time(text: str) -> datetime:
    """A time as GitHub (seconds since 1970) and GitLab (RFC 3339) give it."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else parse_time(text, "--pushed")
    except (OverflowError, ValueError, OSError):
        raise UsageError(_("{text} is no date and time").format(text=text[:40]), where="--pushed") from None


def _place(start: Path) -> tuple[Git, str]:
    """The repository and the organisation's folder in it; a bare one has it at its top."""
    from plaint.store.git import Git
    from plaint.store.repository import Repository

    git = Git(start)
    if git.text("rev-parse", "--is-bare-repository") == "true":
        return git, ""
    repository = Repository.discover(start)
    return repository.git, repository.prefix


def audit_memory(git: Git) -> Memory:
    """What this clone has verified, with its key in the user's configuration folder."""
    from plaint.audit.memory import Memory
    from plaint.folders import config_folder

    common = (git.folder / git.text("rev-parse", "--git-common-dir")).resolve()
    return Memory(common / "plaint-audit.json", config_folder() / "audit.key")


def _full(git: Git, objects: Objects, commit: str | None) -> str | None:
    """The whole id of a commit; what is not here stays as it was given, and is found to be missing.

    The beginning of an id is nothing else: whoever can push could name a branch so.
    """
    if not commit:
        return None
    if _BEGINNING.fullmatch(commit):
        ids = git.text("rev-parse", f"--disambiguate={commit}").split()
        commits = [each.sha for each in objects.get_many(ids) if each and each.type == "commit"]
        return commits[0] if len(commits) == 1 else commit
    found = objects.get(f"{commit}^{{commit}}")
    if found is None:
        raise InputError(_("{text} is neither a commit nor a checkpoint file").format(text=commit[:80]), where="--since")
    return found.sha


def _whole(root: str | None) -> str | None:
    """The id of a first commit: a part of one could be made to fit another."""
    if root and not _WHOLE.fullmatch(root):
        raise InputError(_("a first commit is pinned by its whole id"), where="--root", hint=_("plaint audit prints it at its end"))
    return root


def _pinned(git: Git, objects: Objects, prefix: str, file: str) -> Checkpoint:
    """A checkpoint; InputError where its key was not that of the member whom it names. One that is not in the history is found to be missing."""
    from plaint.audit.checkpoint import Checkpoint
    from plaint.audit.past import Past

    pinned = Checkpoint.read(read_plain(Path(file)), file)
    if pinned.key and objects.get(f"{pinned.head}^{{commit}}") is not None:
        house, _at = Past(git, objects, prefix).state(pinned.head)
        if house.keys.get(pinned.key) != pinned.by:
            raise InputError(_("the checkpoint says that {member} signed it, with a key that was not theirs").format(member=pinned.by), where=pinned.head)
    return pinned


def _push(before: tuple[str, ...], at: datetime) -> Push:
    from plaint.audit.witness import Push

    return Push(before, at)


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
