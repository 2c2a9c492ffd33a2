"""`plaint redact`: a redacted copy of a sealed text, for those who may not read the original."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from plaint.cli.bodies import read_bodies
from plaint.cli.common import common_options, complete_case, format_option, session
from plaint.cli.events import print_recorded
from plaint.errors import InputError, PlaintError, UsageError
from plaint.i18n import _, listed

PART = click.Choice(("identity", "report", "inquiry"))
OWN = "redacted"


@click.command(
    "redact", help=_("Seals a redacted copy of a text for those who may not read the original. Your editor opens with the text; the original stays as it is.")
)
@click.argument("case", shell_complete=complete_case)
@click.argument("event", metavar="EVENT")
@click.option("--from", "part", type=PART, required=True, help=_("The part of the case that the text is in."))
@click.option("--to", "target", type=PART, required=True, help=_("The part that the copy is for."))
@click.option("--body", metavar="FILE", help=_("The copy, as YAML fields; - is standard input."))
@click.option("--note", metavar="TEXT", help=_("Why it was redacted; sealed with the copy."))
@format_option("text", "json")
@common_options
def redact(case: str, event: str, part: str, target: str, body: str | None, note: str | None, fmt: str) -> None:
    """Appends one event."""
    from plaint.desk import record, refuse_early
    from plaint.evidence.redaction import compare, entry, find_event, original

    call = session()
    before = call.organisation.case(case)
    wanted = find_event(before, event)
    if part == target:
        raise UsageError(_("a redacted copy is for another part than its original"), where="--to")
    refuse_early(call.actor, before.id, entry(wanted, part, target, {}), call.local_now)
    source = original(call.actor, before, wanted, part)
    if body is None:
        copy = _edited(source, f"{wanted.kind} {wanted.id}")
    else:
        given = read_bodies(body, OWN)
        copy = {name: str(text) for name, text in given.get(OWN, {}).items() if isinstance(text, str)}
        if set(given) != {OWN} or len(copy) != len(given[OWN]):
            raise InputError(_("a redacted copy is fields with text, as `findings: …`"), where="--body")
    difference = compare(source, copy)
    if fmt == "text":
        for words, names in (
            (_("left out: {fields}"), difference.left_out),
            (_("changed: {fields}"), difference.changed),
            (_("as in the original: {fields}"), difference.kept),
        ):
            if names:
                click.echo("  " + words.format(fields=listed(names)), err=True)
    if body is None:
        click.confirm(_("Seal this for everybody who may read the part {part}?").format(part=target), abort=True, err=True)
    print_recorded(record(call.actor, before.id, entry(wanted, part, target, copy, note or ""), call.local_now), fmt)


def _edited(source: Mapping[str, str], what: str) -> dict[str, str]:
    """The text as somebody leaves it in the editor; shown again with what is wrong, until it can be used."""
    from plaint.evidence.redaction import compare
    from plaint.model.yamlio import dump_yaml, load_yaml

    if not sys.stdin.isatty():
        raise UsageError(_("the copy is missing"), hint=_("give it with --body FILE (YAML), or --body - from standard input"))
    text, wrong = dump_yaml(dict(source)), ""
    while True:
        head = [
            f"{what}: " + _("put [redacted] in the place of what they must not read; a field that is deleted is left out whole."),
            _("Lines that begin with # are left out. What you write is sealed."),
            *([wrong] if wrong else []),
        ]
        found = click.edit("".join(f"# {line}\n" for line in head) + text, extension=".yaml", require_save=False)
        text = "".join(line for line in (found or "").splitlines(keepends=True) if not line.startswith("#"))
        if not text.strip():
            raise UsageError(_("nothing was written"), hint=_("nothing was recorded"))
        try:
            copy = load_yaml(text.encode(), _("your text"))
            if not isinstance(copy, Mapping) or not all(isinstance(value, str) for value in copy.values()):
                raise InputError(_("a redacted copy is fields with text, as `findings: …`"))
            compare(source, copy)
        except PlaintError as error:
            wrong = str(error)
            click.echo(wrong, err=True)
            click.confirm(_("Open it again?"), default=True, abort=True, err=True)
        else:
            return dict(copy)


COMMANDS = {"redact": redact}
