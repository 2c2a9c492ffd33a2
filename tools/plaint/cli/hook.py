"""`plaint hook`: let git ask plaint before it commits, pushes or receives."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from plaint.cli.audit import audit_memory
from plaint.cli.common import common_options, session
from plaint.hooks import NAMES, PLACES, all_of, enter_quarantine, forget_keyrings, history_errors, install, read_updates, refusals_of, server_of
from plaint.i18n import _, language
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
@click.option("--server", type=click.Choice(list(PLACES)), help=_("What serves the bare repository, for each looks elsewhere; found out if not given."))
@common_options
@click.pass_context
def install_command(context: click.Context, /, server: str | None, **wanted: bool) -> None:
    """Without an option: what fits, a bare repository or a clone. With --lang the hooks speak that language, whatever the server's is."""
    call = session()
    git = Git(call.directory.resolve())
    bare = git.text("rev-parse", "--is-bare-repository") == "true"
    names = [name for name in NAMES if wanted[name.replace("-", "_")]] or (["pre-receive", "post-receive"] if bare else ["pre-commit", "pre-push"])
    command = shlex.quote(shutil.which("plaint") or str(Path(sys.argv[0]).resolve()))
    if _language_given(context):
        command += f" --lang {language()}"
    top = (git.folder / git.text("rev-parse", "--git-common-dir")).resolve()
    server = server or (server_of(top) if bare else "plain")
    for name in names:
        path = top / PLACES[server].format(name=name) if server != "plain" else git.folder / git.text("rev-parse", "--git-path", "hooks") / name
        install(path, name, command)
        click.echo(_("{file} written").format(file=path))


def _language_given(context: click.Context | None) -> bool:
    while context is not None:
        if context.get_parameter_source("lang") is click.core.ParameterSource.COMMANDLINE:
            return True
        context = context.parent
    return False


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
    lead = "GL-HOOK-ERR: plaint" if "GL_ID" in os.environ else "plaint"  # GitLab shows on its pages only what begins so
    for line in found[:20]:
        click.echo(f"{lead}: {line}", err=True)
    if found and name == "pre-receive":
        click.echo(f"{lead}: " + _("nothing of this push was taken in; plaint explain CODE tells what to do"), err=True)
    context.exit(int(bool(found)))


def _now() -> datetime:
    return max(session().now, datetime.now(UTC))


def _pre_receive(git: Git) -> Iterator[str]:
    enter_quarantine(os.environ)
    yield from refusals_of(git, read_updates(sys.stdin), audit_memory(git).recall(), _now())


def _post_receive(git: Git) -> Iterator[str]:
    """Remembers what was let in, too: the next push costs only what it brings."""
    from plaint.audit.run import audit
    from plaint.store.objects import Objects

    forget_keyrings(git, read_updates(sys.stdin))
    memory = audit_memory(git)
    objects = Objects(git)
    known = memory.recall()
    head = objects.get("HEAD")
    done = audit(git, objects, "", head.sha, start=known) if head and (known is None or known.head != head.sha) else None
    if done and done.start:
        memory.keep(replace(done.start, heads=known.heads if known else {}))
    yield from ()


def _pre_push(git: Git) -> Iterator[str]:
    from plaint.store.objects import Objects

    start = audit_memory(git).recall()
    for line in sys.stdin:
        _local, sha, remote, _old = line.split()
        if remote.startswith("refs/heads/") and sha.strip("0"):
            yield from history_errors(git, Objects(git), sha, start, _now())


def _pre_commit() -> Iterator[str]:
    """What stands in the clear or is malformed; what is late is no reason not to record something."""
    from plaint.check.run import check
    from plaint.check.snapshot import Snapshot

    call = session()
    for finding in check(Snapshot.open(call.directory), call.now).findings:
        if finding.rule.startswith(("S1", "S2", "K1")):
            yield f"{finding.record}: {finding.rule} {finding.message}"


COMMANDS = {"hook": hook}
