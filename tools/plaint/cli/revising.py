"""`plaint policy next`, `draft` and `approve`: how a policy is revised."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click

from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import EnvironmentFaultError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, ngettext
from plaint.model.words import local
from plaint.revising import Revised

NOTICE = timedelta(days=30)
"""How far ahead a new revision is dated, unless its author says otherwise."""


@click.command("next", help=_("Write the policy in force to a file, as the next revision, to be edited."))
@click.argument("output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@common_options
def next_command(output: Path) -> None:
    """Writes the header's own text, comments and all, with the next number and a date ahead."""
    call = session()
    if output.exists():
        raise UsageError(_("the file exists already"), where=str(output), hint=_("name a new one"))
    organisation = call.organisation
    number = max(organisation.revisions) + 1
    record = organisation.revisions[organisation.policy_in_force(call.now).revision].record
    effective = (call.local_now + NOTICE).date().isoformat()
    text = record.head.decode("utf-8").removesuffix("events:\n")
    text = re.sub(r"(?m)^policy: .*$", f"policy: {number}", text, count=1)
    text = re.sub(r"(?m)^effective: .*$", f"effective: '{effective}'", text, count=1)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=error.strerror or error), where=str(output)) from error
    click.echo(_("{file} holds revision {n}: edit it, then plaint policy lint {file}, then plaint policy draft {file}").format(file=output, n=number))


@click.command("draft", help=_("Put a new revision of the policy forward, for approval."))
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@format_option("text", "json")
@common_options
def draft_command(file: Path, fmt: str) -> None:
    """Commits policy/N.yaml with a draft event."""
    from plaint.revising import draft

    call = session()
    _print(draft(call.actor, read_plain(file), str(file), call.local_now), fmt)


@click.command("approve", help=_("Approve a draft of the policy."))
@click.argument("revision", type=click.IntRange(min=2))
@format_option("text", "json")
@common_options
def approve_command(revision: int, fmt: str) -> None:
    """Appends an approve event."""
    from plaint.revising import approve

    call = session()
    _print(approve(call.actor, revision, call.local_now), fmt)


def _print(done: Revised, fmt: str) -> None:
    if fmt == "json":
        since = done.since.isoformat() if done.since else None
        print_json({"policy": done.revision, "approvals": done.given, "needed": done.needed, "since": since, "commit": done.commit})
        return
    line = ngettext("revision {n}: {given} of {needed} approval", "revision {n}: {given} of {needed} approvals", done.needed)
    line = line.format(n=done.revision, given=done.given, needed=done.needed)
    zone = session().organisation.config.timezone
    click.echo(line + (_("; in force from {time}").format(time=local(done.since, zone)) if done.since else ""))


COMMANDS = (next_command, draft_command, approve_command)
