"""The command group: every command's name and one line on it, loaded only when called, so that `--help` is instant."""

from __future__ import annotations

from importlib import import_module

import click

from plaint.cli.common import common_options
from plaint.i18n import _


def _table() -> dict[str, list[tuple[str, str, str]]]:
    """Heading -> (command, module, one line)."""
    return {
        _("A case"): [
            ("register", "register", _("Register a complaint or report")),
            ("acknowledge", "events", _("The reporter was told that it arrived")),
            ("accept", "events", _("Take the case on")),
            ("decline", "events", _("Decline the case, with a reason")),
            ("notify", "events", _("The reporter was told of a decision or delay")),
            ("assign", "events", _("Appoint the inquiry team")),
            ("evidence", "evidence", _("The sealed files of a case: add, get, list, verify, hand over")),
            ("interview", "events", _("Record an interview")),
            ("hear", "events", _("Hear the person the report is about")),
            ("extend", "events", _("Extend a time limit, with approval")),
            ("suspend", "events", _("Stop the clocks for a reason")),
            ("resume", "events", _("Let the clocks run again")),
            ("conclude", "events", _("Conclude the inquiry: course, findings, recommendation")),
            ("decide", "events", _("Decide the outcome and the measures")),
            ("answer", "events", _("The reporter was given the result")),
            ("verify", "events", _("A measure was checked")),
            ("close", "events", _("Close the case")),
            ("reopen", "events", _("Open a closed or declined case again")),
            ("correct", "events", _("Correct or complete an earlier event")),
            ("redact", "redact", _("Seal a redacted copy of a text for others")),
            ("link", "events", _("Link two cases, as duplicates say")),
            ("message", "events", _("Record a message to or from the reporter")),
            ("hold", "events", _("Keep the records: stop their disposal")),
            ("release-hold", "events", _("End a hold")),
            ("dispose", "events", _("Propose or confirm the end of the records")),
        ],
        _("Who may read"): [
            ("disclose", "events", _("Ask for or grant the reporter's identity, on record")),
            ("grant", "access", _("Let a member open a case")),
            ("revoke", "access", _("Shut a member out of a case, as in conflict")),
            ("rekey", "access", _("Seal keyrings anew after members joined, left or changed keys")),
        ],
        _("Look"): [
            ("todo", "todo", _("What is due, soonest first")),
            ("calendar", "calendar", _("The due dates as a calendar file")),
            ("track", "track", _("One issue on the forge that says what is late")),
            ("remind", "remind", _("Mail everybody what is due to them")),
            ("list", "cases", _("The cases")),
            ("show", "cases", _("One case: its course and its clocks")),
            ("open", "cases", _("The sealed texts that you may read")),
            ("log", "cases", _("The signed commits of a case")),
            ("export", "export", _("A dossier of a case, for an authority or the archive")),
            ("verify-dossier", "export", _("Prove a dossier, without its repository")),
            ("due", "due", _("When a clock is due, and why")),
            ("stats", "statistics", _("Live figures, for members")),
            ("check", "check", _("Check the whole repository")),
            ("audit", "audit", _("Prove the whole history")),
            ("explain", "check", _("What a rule means and what to do")),
        ],
        _("The organisation"): [
            ("init", "init", _("Make an organisation's repository")),
            ("demo", "demo", _("Make a repository full of made-up cases, to try things")),
            ("import", "importing", _("Register the rows of a spreadsheet")),
            ("inbox", "inbox", _("Bring in what reporters sent")),
            ("sync", "sync", _("Bring this clone and the shared repository together")),
            ("backup", "backup", _("Everything in one file, proved")),
            ("recovery", "recovery", _("Share out, put together and try the recovery key")),
            ("publish", "statistics", _("Publish the figures of a closed period")),
            ("review", "review", _("The supervision review of a period")),
            ("report", "report", _("Make the annual report to the leadership")),
            ("site", "site", _("Build the site that supervisors and the public read")),
            ("hook", "hook", _("Let git ask plaint before it commits, pushes or receives")),
            ("member", "member", _("Members, their roles and keys")),
            ("policy", "policy", _("Read and prove the policy")),
            ("update", "update", _("Bring the repository up to this version of plaint")),
            ("doctor", "doctor", _("What is missing here for plaint to work")),
        ],
    }


class LazyGroup(click.Group):
    """Loads a command's module when the command is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return [name for entries in _table().values() for name, _module, _line in entries]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        for entries in _table().values():
            for command, module, _line in entries:
                if command == name:
                    found: click.Command = import_module(f"plaint.cli.{module}").COMMANDS[name]
                    return found
        return None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, entries in _table().items():
            with formatter.section(heading):
                formatter.write_dl([(name, line) for name, _module, line in entries])


@click.command(
    cls=LazyGroup,
    help=_("Handle complaints and whistleblowing reports with nothing but a git repository."),
    epilog=_("Begin with `plaint demo DIR`, or `plaint init DIR`. `plaint todo` tells what is due."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@common_options
@click.version_option(package_name="plaint", message="plaint %(version)s")
def plaint() -> None:
    """See `help` above."""
