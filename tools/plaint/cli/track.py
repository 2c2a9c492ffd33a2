"""`plaint track`: one issue on the forge that says what is late, as long as something is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from plaint.agenda import agenda
from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import UsageError
from plaint.forge.board import board_of, headline, markdown
from plaint.forge.tracker import Action, keep, marked
from plaint.i18n import _

if TYPE_CHECKING:
    from plaint.forge.tracker import Forge, Kept

DAYS = 7


@click.command(
    "track",
    help=_("Keep one issue on the forge that says what is late: opened when something is, closed when nothing is. Opaque ids, clocks and times only."),
)
@click.option("--forge", type=click.Choice(["github", "gitlab"]), help=_("Which forge; in a CI job, the one that runs it."))
@click.option("--days", type=click.IntRange(min=0), default=DAYS, show_default=True, help=_("Also say what is due within so many days."))
@click.option("--dry-run", is_flag=True, help=_("Print what the issue would say; ask and change nothing."))
@format_option("text", "json")
@common_options
def track(forge: str | None, days: int, dry_run: bool, fmt: str) -> None:
    """Asks the forge for the issue, and writes only where it would say something else."""
    call = session()
    board = board_of(agenda(call.organisation, call.now), call.now, days, call.organisation.config.timezone)
    title, body = f"plaint: {headline(board)}", _body(markdown(board))
    if dry_run:
        click.echo(f"{title}\n\n{marked(title, body)}", nl=False)
        return
    done = keep(_forge(forge), title, body, late=bool(board.late))
    if fmt == "json":
        print_json({"action": done.action.value, "issue": done.number, "url": done.url, "late": len(board.late), "soon": len(board.soon)})
        return
    click.echo(_told(done))


def _body(table: str) -> str:
    """The tables, and what they are."""
    return f"{table}\n" + _(
        "`plaint todo` tells more, and `plaint show CASE` the course of a case. plaint keeps this up to date and closes it when nothing is late."
    )


def _forge(name: str | None) -> Forge:
    """The forge whose job this is, or the one that was named."""
    env = os.environ
    name = name or ("github" if env.get("GITHUB_ACTIONS") else "gitlab" if env.get("GITLAB_CI") else None)
    if name is None:
        raise UsageError(_("this is no job of GitHub or GitLab"), hint=_("name one with --forge, or look with --dry-run"))
    if name == "github":
        from plaint.forge.github import GitHub

        return GitHub.of(env)
    from plaint.forge.gitlab import GitLab

    return GitLab.of(env)


def _told(done: Kept) -> str:
    if done.action is Action.NOTHING:
        return _("issue {number} is as it should be").format(number=done.number) if done.number else _("nothing is late, and there is no issue")
    words = {
        Action.OPENED: _("issue {number} opened: {url}"),
        Action.REOPENED: _("issue {number} opened again: {url}"),
        Action.UPDATED: _("issue {number} brought up to date: {url}"),
        Action.CLOSED: _("issue {number} closed: {url}"),
    }
    return words[done.action].format(number=done.number, url=done.url)


COMMANDS = {"track": track}
