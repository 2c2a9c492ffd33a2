"""`plaint report YEAR`: the annual report to the leadership."""

from __future__ import annotations

from pathlib import Path

import click

from plaint.cli.common import common_options, session
from plaint.errors import EnvironmentFaultError, UsageError
from plaint.i18n import _, reason


@click.command("report", help=_("Make the annual report to the leadership: figures, charts, reviews, and places for the writer. --lang chooses its language."))
@click.argument("year", type=click.IntRange(1970, 9999))
@click.option(
    "--format", "fmt", type=click.Choice(["md", "html", "docx", "pdf"]), default="md", show_default=True, help=_("Markdown, a web page, Word or PDF.")
)
@click.option(
    "-o", "output", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help=_("Write it to this file, - for standard output. If not given: Word and PDF go to report-YEAR.LANGUAGE.FORMAT in this folder, the others to standard output."),
)  # fmt: skip
@common_options
def report_command(year: int, fmt: str, output: Path | None) -> None:
    """Prints or writes the report; never over a file that is there, for somebody may have written in it."""
    from plaint.report.content import annual_report

    call = session()
    document = annual_report(call.organisation, year, call.now)
    if output is None and fmt in ("docx", "pdf"):
        output = Path(f"report-{year}.{document.lang}.{fmt}")
    if output and output.exists() and str(output) != "-":
        raise UsageError(_("the file is there already"), where=str(output), hint=_("name another one with -o; nothing is written over"))
    match fmt:
        case "md":
            from plaint.report.markdown import as_markdown

            data = as_markdown(document).encode("utf-8")
        case "html":
            from plaint.report.html import as_html

            data = as_html(document).encode("utf-8")
        case "docx":
            from plaint.report.word import as_docx

            data = as_docx(document)
        case _:
            from plaint.report.typeset import as_pdf

            data = as_pdf(document)
    if output is None or str(output) == "-":
        click.echo(data, nl=False)
        return
    try:
        with output.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(output)) from error
    click.echo(_("The report is in {file}. It holds exact figures: keep it to those it is for.").format(file=output))


COMMANDS = {"report": report_command}
