"""`plaint evidence`: the sealed files of a case."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from plaint.cli.common import common_options, complete_case, format_option, parse_time, print_json, session, table
from plaint.cli.events import print_recorded
from plaint.errors import NotAllowedError, UsageError
from plaint.i18n import _, ngettext
from plaint.model.words import code_title, event_title, local, word_title

KINDS = ("document", "recording", "testimony")


@click.group("evidence", help=_("The files of a case: documents, recordings, testimony; each sealed, under its hash."))
def evidence() -> None:
    """See `help` above."""


@evidence.command("add", help=_("Seals FILEs and records them as evidence of a case. The files themselves stay as they are."))
@click.argument("case", shell_complete=complete_case)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help=_("What it is."))
@click.option("--collected-by", metavar="TEXT", help=_("Who collected it; you if not given. Sealed, as all that follows."))
@click.option("--collected-at", metavar="TIME", help=_("When it was collected; now if not given."))
@click.option("--place", metavar="TEXT", help=_("Where it was collected."))
@click.option("--source", metavar="TEXT", help=_("Whom it comes from."))
@click.option("--note", metavar="TEXT", help=_("What else should be known of it."))
@click.option("--compartment", metavar="C", default="inquiry", show_default=True, help=_("The part of the case that it belongs to."))
@format_option("text", "json")
@common_options
def add(
    case: str,
    files: tuple[Path, ...],
    kind: str,
    collected_by: str | None,
    collected_at: str | None,
    place: str | None,
    source: str | None,
    note: str | None,
    compartment: str,
    fmt: str,
) -> None:
    """Records one event for each file."""
    from plaint.evidence.adding import Collected, Item, check_files, opened, refuse_evidence
    from plaint.evidence.adding import add as add_one
    from plaint.store.worktree import LARGE

    call = session()
    case = call.organisation.case(case).id
    more = {name: text for name, text in (("place", place), ("source", source), ("note", note)) if text}
    collected = Collected(kind, collected_by or call.actor.member, _time(collected_at, "--collected-at"), compartment=compartment, more=more)
    sizes = check_files(files)
    refuse_evidence(call.actor, case, collected, call.local_now)
    for path, size in sizes.items():
        if size >= LARGE:
            _warn_of_size(path, size)
    done = []
    for path, size in sizes.items():
        with progress(_("Sealing {file}").format(file=path.name), size) as advance, opened(path) as (file, now_size):
            done += add_one(call.actor, case, [Item(file, now_size, path.name, collected)], call.local_now, progress=advance)
        if fmt == "text":
            line = _("case {case}  evidence {event}  {file}  sealed as {digest}…")
            click.echo(line.format(case=case, event=done[-1].recorded.event, file=path.name, digest=done[-1].digest[:12]))
    if fmt == "json":
        print_json(
            [
                {
                    "case": a.recorded.case,
                    "event": a.recorded.event,
                    "state": a.recorded.state,
                    "commit": a.recorded.commit,
                    "digest": a.digest,
                    "original": a.original,
                }
                for a in done
            ]
        )


def _warn_of_size(path: Path, size: int) -> None:
    click.echo(
        _("{file}: {size} MB go into git itself: every clone will carry them for ever, and many servers refuse files over 100 MB.").format(
            file=path.name, size=size // 1_000_000
        ),
        err=True,
    )


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
        rows.append((piece.id, local(piece.at, zone), word_title(piece.kind), word_title(piece.size), piece.event.by, str(body.get("name", _("(sealed)")))))
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
    with progress(_("Opening {file}").format(file=target.name), int(about.body["bytes"])) as advance:
        get_one(call.actor, record, wanted, target, advance)
    click.echo(_("{file}: {bytes} bytes, as collected (SHA-256 {digest}…)").format(file=target, bytes=about.body["bytes"], digest=about.body["original"][:12]))
    click.echo(_("It is no longer sealed: keep it where nobody else reads, and delete it when you are done."), err=True)


@evidence.command("verify", help=_("Whether the sealed files are what their records say: of one case, or of all. Needs no key."))
@click.argument("case", required=False, shell_complete=complete_case)
@click.option("--open", "inside", is_flag=True, help=_("Also open each that you can, and compare it with what was collected."))
@format_option("text", "json")
@common_options
def verify(case: str | None, inside: bool, fmt: str) -> int:
    """Prints what is wrong; the exit code is 1 if anything is."""
    from plaint.evidence.reading import Condition, opens
    from plaint.evidence.reading import verify as verify_case

    call = session()
    organisation = call.organisation
    records = [organisation.case(case)] if case else organisation.cases()
    count = opened = 0
    bad: list[dict[str, str]] = []
    for record in records:
        for piece, condition in verify_case(organisation, record):
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
    given = HandOver(source or call.actor.member, target, _time(at, "--at"), {name: text for name, text in more.items() if text})
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
    for event, body in links:
        codes = "  ".join(f"{code_title(name)}={word_title(str(value))}" for name, value in event.codes.items())
        click.secho(f"{local(event.at, zone)}  {event_title(event.kind)}  {event.id}  {event.by}  {codes}", bold=True)
        click.echo(dump_yaml(dict(body)) if body else _("(sealed)") + "\n")


def _silent(_count: int) -> None:
    pass


def _time(text: str | None, option: str) -> datetime:
    call = session()
    if text is None:
        return call.local_now
    zone = call.organisation.config.timezone
    moment = parse_time(text, option, zone).astimezone(zone)
    if moment > call.now:
        raise UsageError(_("{time} is still to come").format(time=local(moment, zone)), where=option)
    return moment


@contextmanager
def progress(label: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, in bytes; only where somebody looks at it."""
    if not sys.stderr.isatty():
        yield _silent
        return
    with click.progressbar(length=size, label=label, file=sys.stderr, show_eta=True) as bar:
        yield bar.update


COMMANDS = {"evidence": evidence}
