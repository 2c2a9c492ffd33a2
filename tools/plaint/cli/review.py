"""`plaint review`: the supervision review of a period."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from plaint.cli.asking import ask_text, ask_word, prepare
from plaint.cli.common import common_options, format_option, print_json, session
from plaint.errors import NotAllowedError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, reason
from plaint.model.checklist import answers, questions
from plaint.model.words import local
from plaint.reviewing import RESULTS, begin, conclude, drawn_again, find, findings, sample_of

FIELDS = ("findings", "effectiveness", "follow-up")


@click.group("review", help=_("The supervision review of a period: a sample that nobody picks, findings that are sealed."))
@common_options
def review() -> None:
    """See `help` above."""


@review.command("begin", help=_("Begin the review of PERIOD: draws the sample of cases from the history as it is now, so that nobody picks."))
@click.argument("period", metavar="PERIOD")
@click.option("--sample", "size", type=click.IntRange(1, 200), default=10, show_default=True, help=_("How many cases."))
@format_option("text", "json")
@common_options
def begin_command(period: str, size: int, fmt: str) -> None:
    """Commits the record and lists the cases."""
    call = session()
    record = begin(call.actor, period, size, call.local_now)
    cases = sample_of(record)
    if fmt == "json":
        print_json({"review": record.id, "cases": cases})
        return
    click.echo(_("The review of {period} is begun. Look at these cases:").format(period=record.id))
    for case in cases:
        click.echo(f"  plaint show {case}")
    if not cases:
        click.echo(_("  (in no case did anything happen in that time)"))
    if cases:
        click.echo(_("Ask of each (in the findings: checklist, with met, partly, missed or not-arisen):"))
        for code, question in questions().items():
            click.echo(f"  {code:<12}{question}")
    click.echo(_("Then: plaint review conclude {period} --result sound|improvable|unsound").format(period=record.id))


@review.command("conclude", help=_("Conclude the review of PERIOD, with what was found; it is sealed to those who approve or keep the policy."))
@click.argument("period", metavar="PERIOD")
@click.option("--result", type=click.Choice(RESULTS), required=True, help=_("How complaints were handled."))
@click.option("--body", metavar="FILE", help=_("findings, checklist, effectiveness, follow-up, earlier and cases, as YAML; - is standard input."))
@format_option("text", "json")
@common_options
def conclude_command(period: str, result: str, body: str | None, fmt: str) -> None:
    """Commits the end of the review."""
    call = session()
    record = find(call.organisation, period)
    text = _read(body) if body else _ask()
    commit = conclude(call.actor, record.id, result, text, call.local_now)
    if fmt == "json":
        print_json({"review": record.id, "result": result, "commit": commit})
    else:
        click.echo(_("The review of {period} is concluded in commit {commit}.").format(period=record.id, commit=commit[:10]))


@review.command("show", help=_("A review: its sample, whether it is the one that was to be drawn, its result, and its findings for those who may read them."))
@click.argument("period", metavar="PERIOD")
@format_option("text", "json")
@common_options
def show_command(period: str, fmt: str) -> int:
    """Exits with 1 where the sample is not the one that the draw gives."""
    from plaint.model.yamlio import dump_yaml

    call = session()
    record = find(call.organisation, period)
    drawn = drawn_again(call.organisation, record)
    ended = next((event for event in record.events if event.kind == "conclude"), None)
    try:
        found = findings(call.actor, record)
    except NotAllowedError:
        found = None
    if fmt == "json":
        result = ended.codes["result"] if ended else None
        print_json({"review": record.id, "cases": sample_of(record), "drawn": drawn, "result": result, "findings": found})
        return 0 if drawn else 1
    zone = call.organisation.config.timezone
    for event in record.events:
        click.echo(f"{local(event.at, zone)}  {event.by:<14} {event.kind}  {event.codes.get('result', '')}".rstrip())
    click.echo(_("The sample is the one that the draw gives.") if drawn else _("The sample is NOT the one that the draw gives."))
    for case in sample_of(record):
        click.echo(f"  {case}")
    if found:
        click.echo(dump_yaml(dict(found)))
    return 0 if drawn else 1


def _read(file: str) -> dict[str, object]:
    from plaint.model.yamlio import load_yaml

    try:
        data = sys.stdin.buffer.read() if file == "-" else read_plain(Path(file))
    except OSError as error:
        raise UsageError(_("{file} cannot be read: {reason}").format(file=file, reason=reason(error)), where="--body") from error
    found = load_yaml(data, file)
    if not isinstance(found, dict):
        raise UsageError(_("a body is a YAML mapping of fields, as `findings: …`"), where="--body")
    return found


def _ask() -> dict[str, object]:
    if not sys.stdin.isatty():
        raise UsageError(_("--{option} is missing").format(option="body"), hint="findings: …")
    prepare()
    checklist = {code: ask_word(question, answers()) for code, question in questions().items()}
    return {"checklist": checklist} | {field: text for field in FIELDS if (text := ask_text(field, "review"))}


COMMANDS = {"review": review}
