"""`plaint hook`: let git ask plaint before it commits, pushes or receives."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from plaint.cli.audit import audit_memory
from plaint.cli.common import common_options, session
from plaint.hooks import NAMES, all_of, forget_keyrings, history_errors, install, read_updates, refusals_of
from plaint.i18n import _
from plaint.store.git import Git


@click.group("hook", help=_("Let git ask plaint before it commits, pushes or receives."))
@common_options
def hook() -> None:
    """See `help` above."""


@hook.command("install", help=_("Write git hooks: for a clone --pre-commit and --pre-push, for the shared bare repository --pre-receive."))
@click.option("--pre-commit", is_flag=True, help=_("Nothing in the clear, nothing malformed is committed by hand."))
@click.option("--pre-push", is_flag=True, help=_("Nothing that the audit would find is pushed."))
@click.option("--pre-receive", is_flag=True, help=_("Nothing that the audit would find is taken in."))
@click.option("--post-receive", is_flag=True, help=_("Keyrings that were replaced or destroyed are removed for good."))
@common_options
def install_command(**wanted: bool) -> None:
    """Without an option: what fits, a bare repository or a clone."""
    call = session()
    git = Git(call.directory.resolve())
    bare = git.text("rev-parse", "--is-bare-repository") == "true"
    names = [name for name in NAMES if wanted[name.replace("-", "_")]] or (["pre-receive", "post-receive"] if bare else ["pre-commit", "pre-push"])
    folder = git.folder / git.text("rev-parse", "--git-path", "hooks")
    command = shlex.quote(shutil.which("plaint") or str(Path(sys.argv[0]).resolve()))
    for name in names:
        click.echo(_("{file} written").format(file=install(folder, name, command)))


@hook.command("run", help=_("What a hook calls; it reads what git tells it."))
@click.argument("name", type=click.Choice(NAMES))
@common_options
@click.pass_context
def run_command(context: click.Context, name: str) -> None:
    """Exits with 1, and says why, where git should not go on."""
    git = Git(session().directory.resolve())
    reasons = {
        "pre-commit": _pre_commit,
        "pre-push": lambda: _pre_push(git),
        "pre-receive": lambda: _pre_receive(git),
        "post-receive": lambda: _post_receive(git),
    }[name]
    found = all_of(reasons)
    for line in found[:20]:
        click.echo(f"plaint: {line}", err=True)
    context.exit(int(bool(found)))


def _pre_receive(git: Git) -> Iterator[str]:
    yield from refusals_of(git, read_updates(sys.stdin), audit_memory(git).recall())


def _post_receive(git: Git) -> Iterator[str]:
    forget_keyrings(git, read_updates(sys.stdin))
    yield from ()


def _pre_push(git: Git) -> Iterator[str]:
    from plaint.store.objects import Objects

    start = audit_memory(git).recall()
    for line in sys.stdin:
        _local, sha, remote, _old = line.split()
        if remote.startswith("refs/heads/") and sha.strip("0"):
            yield from history_errors(git, Objects(git), sha, start)


def _pre_commit() -> Iterator[str]:
    """What stands in the clear or is malformed; what is late is no reason not to record something."""
    from plaint.check.run import check
    from plaint.check.snapshot import Snapshot

    call = session()
    for finding in check(Snapshot.open(call.directory), call.now).findings:
        if finding.rule.startswith(("S1", "S2", "K1")):
            yield f"{finding.record}: {finding.rule} {finding.message}"


COMMANDS = {"hook": hook}
