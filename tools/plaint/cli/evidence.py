"""`plaint evidence`: the sealed files of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plaint.cli.common import common_options, complete_case, format_option, past_time, print_json, progress, session, table
from plaint.cli.events import print_recorded
from plaint.cli.evidence_add import add, metadata
from plaint.errors import NotAllowedError
from plaint.files import shown
from plaint.i18n import _, ngettext
from plaint.model.words import code_title, event_title, local, word_title


@click.group("evidence", help=_("The files of a case: documents, recordings, testimony; each sealed, under its hash."))
def evidence() -> None:
    """See `help` above."""


@evidence.command("list", help=_("The evidence of a case; what it is called only for those who may know."))
@click.argument("case", shell_complete=complete_case)
@format_option("text", "json")
@common_options
def list_evidence(case: str, fmt: str) -> None:
    """Prints one line a piece."""
    from plaint.evidence.pieces import pieces
    from plaint.evidence.reading import known

    call = session()
    record = call.organisation.case(case)
    zone = call.organisation.policy_of(record).timezone
    found = known(call.actor, record) if list(pieces(record)) else {}
    rows, data = [], []
    for piece in pieces(record):
        body: dict[str, Any] = dict(found[piece.id].body) if piece.id in found else {}
        data.append({"event": piece.id, "at": piece.at.isoformat(), "kind": piece.kind, "size": piece.size, "digest": piece.digest, "sealed": body})
        rows.append((piece.id, local(piece.at, zone), word_title(piece.kind), word_title(piece.size), piece.event.by, shown(body.get("name", _("(sealed)")))))
    if fmt == "json":
        print_json(data)
        return
    if rows:
        table(rows, (_("evidence"), _("added"), _("kind"), _("size"), _("by"), _("file")))
    click.echo(ngettext("{n} piece of evidence.", "{n} pieces of evidence.", len(rows)).format(n=len(rows)))


@evidence.command("get", help=_("Opens a piece of evidence into a new file, after proving that it is what was recorded."))
@click.argument("case", shell_complete=complete_case)
@click.argument("piece", metavar="EVIDENCE")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help=_("Where to; its own name in this folder if not given."))
@common_options
def get(case: str, piece: str, output: Path | None) -> None:
    """Writes one file."""
    from plaint.evidence.pieces import find
    from plaint.evidence.reading import get as get_one
    from plaint.evidence.reading import known_of

    call = session()
    record = call.organisation.case(case)
    wanted = find(record, piece)
    about = known_of(call.actor, record, wanted)
    target = output or Path(Path(about.name.replace("\\", "/")).name or wanted.id)
    with progress(_("Opening {file}").format(file=shown(target.name)), int(about.body["bytes"])) as advance:
        get_one(call.actor, record, wanted, target, advance)
    size = int(about.body["bytes"])
    done = ngettext("{file}: {n} byte, as collected (SHA-256 {digest}…)", "{file}: {n} bytes, as collected (SHA-256 {digest}…)", size)
    click.echo(done.format(file=shown(target), n=size, digest=about.body["original"][:12]))
    click.echo(_("It is no longer sealed: keep it where nobody else reads, and delete it when you are done."), err=True)


@evidence.command("verify", help=_("Whether the sealed files are what their records say: of one case, or of all. Needs no key."))
@click.argument("case", required=False, shell_complete=complete_case)
@click.option("--fetch", "bring", is_flag=True, help=_("Bring what lies in Git LFS here first."))
@click.option("--open", "inside", is_flag=True, help=_("Also open each that you can, and compare it with what was collected."))
@format_option("text", "json")
@common_options
def verify(case: str | None, bring: bool, inside: bool, fmt: str) -> int:
    """Prints what is wrong; the exit code is 1 if anything is."""
    from plaint.evidence.reading import Condition, opens
    from plaint.evidence.reading import verify as verify_case

    call = session()
    organisation = call.organisation
    records = [organisation.case(case)] if case else organisation.cases()
    count = opened = 0
    bad: list[dict[str, str]] = []
    for record in records:
        for piece, condition in verify_case(organisation, record, bring=bring):
            count += 1
            if inside and condition is Condition.WHOLE:
                try:
                    condition = opens(call.actor, record, piece, _silent)  # noqa: PLW2901 - what is found inside counts for more
                    opened += 1
                except NotAllowedError:
                    pass
            if condition is not Condition.WHOLE:
                bad.append({"case": record.id, "event": piece.id, "condition": condition.value, "digest": piece.digest})
    if fmt == "json":
        print_json({"pieces": count, "opened": opened, "wrong": bad})
        return 1 if bad else 0
    for each in bad:
        click.echo(_("case {case}  evidence {event}  {condition}").format(case=each["case"], event=each["event"], condition=word_title(each["condition"])))
    click.echo(ngettext("{n} piece of evidence, {bad} not in order.", "{n} pieces of evidence, {bad} not in order.", count).format(n=count, bad=len(bad)))
    if inside:
        click.echo(_("Opened and compared: {n}.").format(n=opened))
    return 1 if bad else 0


@evidence.command("hand-over", help=_("Records that a piece of evidence changed hands. From whom, to whom and why is sealed where the piece is."))
@click.argument("case", shell_complete=complete_case)
@click.argument("piece", metavar="EVIDENCE")
@click.option("--to", "target", metavar="TEXT", required=True, help=_("Who has it now."))
@click.option("--from", "source", metavar="TEXT", help=_("Who gave it; you if not given."))
@click.option("--at", metavar="TIME", help=_("When; now if not given."))
@click.option("--reason", metavar="TEXT", help=_("What for."))
@click.option("--place", metavar="TEXT", help=_("Where."))
@click.option("--note", metavar="TEXT", help=_("What else should be known of it."))
@format_option("text", "json")
@common_options
def hand_over(case: str, piece: str, target: str, source: str | None, at: str | None, fmt: str, **more: str | None) -> None:
    """Appends one event."""
    from plaint.evidence.custody import HandOver
    from plaint.evidence.custody import hand_over as record_it
    from plaint.evidence.pieces import find

    call = session()
    record = call.organisation.case(case)
    given = HandOver(source or call.actor.member, target, past_time(at, "--at"), {name: text for name, text in more.items() if text})
    print_recorded(record_it(call.actor, record, find(record, piece), given, call.local_now), fmt)


@evidence.command("show", help=_("What is known of a piece of evidence, and through whose hands it went."))
@click.argument("case", shell_complete=complete_case)
@click.argument("piece", metavar="EVIDENCE")
@format_option("text", "json")
@common_options
def show(case: str, piece: str, fmt: str) -> None:
    """Prints the chain of custody, oldest first."""
    from plaint.evidence.custody import chain
    from plaint.evidence.pieces import find
    from plaint.model.yamlio import dump_yaml

    call = session()
    record = call.organisation.case(case)
    zone = call.organisation.policy_of(record).timezone
    links = chain(call.actor, record, find(record, piece))
    if fmt == "json":
        print_json([{"event": e.kind, "id": e.id, "at": e.at.isoformat(), "by": e.by, "codes": dict(e.codes), "sealed": body} for e, body in links])
        return
    for number, (event, body) in enumerate(links):
        codes = "  ".join(f"{code_title(name)}={word_title(str(value))[:12]}" for name, value in event.codes.items())
        click.secho(("\n" if number else "") + f"{local(event.at, zone)}  {event_title(event.kind)}  {event.id}  {event.by}  {codes}", bold=True)
        click.echo(dump_yaml(dict(body)).rstrip("\n") if body else _("(sealed)"))


def _silent(_count: int) -> None:
    pass


evidence.add_command(add)
evidence.add_command(metadata)

COMMANDS = {"evidence": evidence}
