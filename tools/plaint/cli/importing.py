"""`plaint import`: registers the rows of a spreadsheet, one case a row, by a map file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import InputError
from plaint.files import read_plain
from plaint.i18n import _, ngettext, reason
from plaint.intake.importer import Outcome, import_table, read_file, rehearse
from plaint.intake.mapping import load_map
from plaint.intake.sealers import WORTHWHILE, Sealers, processors
from plaint.intake.spreadsheet import Table


@click.command(
    "import",
    help=_(
        "Registers one case for each row of FILE, a CSV table, as the map says. Rows imported before are skipped, so it is safe to run twice; "
        "a row that is not as it should be is refused alone, with its line and the reason."
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--map", "map_file", metavar="MAP", required=True, type=click.Path(path_type=Path), help=_("The map: which column is what (YAML)."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would be done."))
@format_option("text", "json")
@common_options
def import_command(file: Path, map_file: Path, dry_run: bool, fmt: str) -> int:
    """Imports one file; the exit code is 1 if a row was refused."""
    call = session()
    plan = load_map(_read(map_file), str(map_file))
    table = read_file(file, plan)
    actor = call.actor
    with click.progressbar(length=len(table.rows), label=_("Importing"), file=sys.stderr, show_pos=True) as bar:
        if dry_run:
            outcome = rehearse(actor, plan, table, call.now, bar.update)
        else:
            with Sealers(processors() if len(table.rows) >= WORTHWHILE else 1) as seal:
                outcome = import_table(actor, plan, table, call.now, bar.update, seal=seal)
    if fmt == "json":
        print_json(_as_data(outcome, table, dry_run=dry_run))
    else:
        _tell(outcome, table, file, dry_run=dry_run)
    return 1 if outcome.refused else 0


def _read(path: Path) -> bytes:
    try:
        return read_plain(path)
    except OSError as error:
        raise InputError(_("the file cannot be read: {reason}").format(reason=reason(error)), where=str(path)) from error


def _as_data(outcome: Outcome, table: Table, *, dry_run: bool) -> dict[str, object]:
    return {
        "registered": outcome.registered,
        "skipped": outcome.skipped,
        "known": outcome.known,
        "repeated": outcome.repeated,
        "refused": [{"line": refused.line, "reason": refused.reason} for refused in outcome.refused],
        "commits": outcome.commits,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "dry_run": dry_run,
    }


def _tell(outcome: Outcome, table: Table, file: Path, *, dry_run: bool) -> None:
    rows = len(table.rows)
    click.echo(
        ngettext("{file}: {n} row, read as {encoding}", "{file}: {n} rows, read as {encoding}", rows).format(
            file=file.name, n=rows, encoding=table.encoding.removesuffix("-sig").upper()
        )
    )
    if dry_run:
        click.echo(_("to be registered {n}").format(n=outcome.registered))
    else:
        click.echo(_("registered {n}").format(n=outcome.registered))
    repeated = _(", {n} of them twice in the file").format(n=outcome.repeated) if outcome.repeated else ""
    click.echo(_("skipped {n} (already imported{repeated})").format(n=outcome.skipped, repeated=repeated))
    click.echo(_("refused {n}").format(n=len(outcome.refused)))
    for refused in outcome.refused:
        click.echo(_("  line {line}: {reason}").format(line=refused.line, reason=refused.reason))
    if dry_run:
        click.echo(_("Nothing was recorded: this was a rehearsal."))


COMMANDS = {"import": import_command}
