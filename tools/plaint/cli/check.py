"""`plaint check` and `plaint explain`: is the repository in order, and what does a rule mean?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plaint.check.rules import Severity, families, rule, rules
from plaint.cli.common import common_options, format_option, parse_time, print_json, session
from plaint.errors import InputError
from plaint.i18n import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from plaint.check.findings import Report
    from plaint.check.rules import Rule
    from plaint.check.snapshot import Snapshot

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@click.command("check", help=_("Check the files as they lie here, or a commit: form, course, deadlines, keys, policy, retention."))
@format_option("text", "json", "github", "sarif", "junit")
@click.option("--now", metavar="TIME", help=_("Check as if it were this time."))
@click.option("--rev", metavar="COMMIT", help=_("Check this commit instead of the files."))
@click.option("--strict", is_flag=True, help=_("Fail on warnings too."))
@common_options
@click.pass_context
def check_command(context: click.Context, fmt: str, now: str | None, rev: str | None, strict: bool) -> None:
    """Prints what is not in order; exits with 1 where there is an error."""
    from plaint.check.run import check
    from plaint.check.snapshot import Snapshot

    call = session()
    snapshot = Snapshot.open(call.directory, rev)
    moment = parse_time(now, "--now", _zone(snapshot)) if now else call.now
    report = check(snapshot, moment)
    print_report(report, fmt)
    context.exit(report.exit_code(strict=strict))


def print_report(report: Report, fmt: str) -> None:
    """A report in one of the formats, and its notes on standard error."""
    from plaint.check.formats import FORMATS, text

    if fmt == "text":
        click.echo(text(report, lambda word, severity: click.style(word, fg=COLOURS[severity])), nl=False)
    else:
        click.echo(FORMATS[fmt](report), nl=False)
    for note in report.notes:
        click.echo(_("note: {note}").format(note=note), err=True)


def _zone(snapshot: Snapshot) -> ZoneInfo | None:
    """The organisation's time zone, for a time without one; a plaint.yaml that is wrong is reported by the check."""
    from plaint.organisation import CONFIG, config_from

    try:
        return config_from(snapshot.read(CONFIG) or b"").timezone
    except InputError:
        return None


@click.command("explain", help=_("What a rule means and what to do; all rules without a code."))
@click.argument("code", required=False)
@format_option("text", "json")
@common_options
def explain(code: str | None, fmt: str) -> None:
    """Prints one rule, or the table of all."""
    chosen = [rule(code)] if code else list(rules().values())
    if fmt == "json":
        plain = [_plain(each) for each in chosen]
        print_json(plain[0] if code else plain)
        return
    if code:
        _print_rule(chosen[0])
        return
    for letter, title in families().items():
        members = [each for each in chosen if each.code[0] == letter]
        if members:
            click.secho(f"{letter}  {title}", bold=True)
        for each in members:
            click.echo(f"  {click.style(each.code, fg=COLOURS[each.severity])}  {each.title}")


def _print_rule(found: Rule) -> None:
    from plaint.check.formats import severity_words

    click.secho(f"{found.code}  {found.title}", bold=True)
    click.echo(f"{families()[found.code[0]]} · {severity_words()[found.severity]}")
    click.echo()
    click.echo(found.explanation)
    click.echo(f"→ {found.remedy}")


def _plain(found: Rule) -> dict[str, str]:
    return {
        "rule": found.code,
        "severity": found.severity.value,
        "title": found.title,
        "explanation": found.explanation,
        "remedy": found.remedy,
    }


COMMANDS = {"check": check_command, "explain": explain}
