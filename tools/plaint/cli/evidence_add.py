"""`plaint evidence add` and `metadata`: files come in, and what they tell of whoever made them is seen before.

A file from the reporter is sealed twice where it tells anything: the original for the custodians alone, a cleaned copy for the others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from plaint.cli.common import common_options, complete_case, format_option, past_time, print_json, progress, session
from plaint.files import shown
from plaint.i18n import _

if TYPE_CHECKING:
    from plaint.evidence.adding import Added, Collected, Item

KINDS = ("document", "recording", "testimony")
CUSTODIANS = "identity"
"""The part of a case where an original from the reporter belongs: it may tell who they are."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be recorded for one file."""

    path: Path
    size: int
    items: tuple[Item, ...]


@click.command("add", help=_("Seals FILEs and records them as evidence of a case. The files themselves stay as they are."))
@click.argument("case", shell_complete=complete_case)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help=_("What it is."))
@click.option("--collected-by", metavar="TEXT", help=_("Who collected it; you if not given. Sealed, as all that follows."))
@click.option("--collected-at", metavar="TIME", help=_("When it was collected; now if not given."))
@click.option("--place", metavar="TEXT", help=_("Where it was collected."))
@click.option("--source", metavar="TEXT", help=_("Whom it comes from."))
@click.option("--note", metavar="TEXT", help=_("What else should be known of it."))
@click.option("--compartment", metavar="C", default="inquiry", show_default=True, help=_("The part of the case that it belongs to."))
@click.option("--from-reporter", is_flag=True, help=_("It comes from the reporter: show what it tells of them, and offer a cleaned copy."))
@click.option(
    "--clean/--as-is",
    "cleaned",
    default=None,
    help=_("With --from-reporter: the original for the custodians alone and a cleaned copy for the others, or the file as it is."),
)
@format_option("text", "json")
@common_options
def add(
    case: str,
    files: tuple[Path, ...],
    kind: str,
    collected_by: str | None,
    collected_at: str | None,
    compartment: str,
    from_reporter: bool,
    cleaned: bool | None,
    fmt: str,
    **more: str | None,
) -> None:
    """Records one event for each file, or two: the original and its cleaned copy."""
    from plaint.evidence.adding import Collected, check_files, is_large, opened, refuse_evidence
    from plaint.evidence.adding import add as add_all
    from plaint.store.lfs import check_installed
    from plaint.store.worktree import LARGE

    call = session()
    case = call.organisation.case(case).id
    at = past_time(collected_at, "--collected-at")
    collected = Collected(kind, collected_by or call.actor.member, at, compartment, {name: text for name, text in more.items() if text})
    sizes = check_files(files)
    refuse_evidence(call.actor, case, collected, call.local_now)
    if from_reporter and cleaned is not False:
        refuse_evidence(call.actor, case, replace(collected, compartment=CUSTODIANS), call.local_now)
    large = {path for path, size in sizes.items() if is_large(call.organisation, size)}
    if large:
        check_installed(call.organisation.repository.git)
    for path, size in sizes.items():
        if size >= LARGE and path not in large:
            _warn_of_size(path, size)
    done: list[Added] = []
    with ExitStack() as stack:
        plans = []
        for path in sizes:
            file, size = stack.enter_context(opened(path))
            items = _items_of_reporter(file, size, path, collected, cleaned, stack) if from_reporter else (_item(file, size, path.name, collected),)
            plans.append(_Plan(path, sum(item.size for item in items), items))
        for plan in plans:
            with progress(_("Sealing {file}").format(file=shown(plan.path.name)), plan.size) as advance:
                added = add_all(call.actor, case, plan.items, call.local_now, progress=advance)
            done += added
            if fmt == "text":
                for line in _lines(plan, added):
                    click.echo(line)
    if fmt == "json":
        print_json([_as_data(each) for each in done])


def _item(file: BinaryIO, size: int, name: str, collected: Collected) -> Item:
    from plaint.evidence.adding import Item

    return Item(file, size, name, collected)


def _lines(plan: _Plan, added: list[Added]) -> Iterator[str]:
    for item, each in zip(plan.items, added, strict=True):
        line = _("case {case}  evidence {event}  {file}  sealed as {digest}…")
        if len(added) > 1:
            line = (
                _("case {case}  evidence {event}  {file}, cleaned copy  sealed as {digest}…")
                if item.cleans_first
                else _("case {case}  evidence {event}  {file}, original, for the custodians alone  sealed as {digest}…")
            )
        yield line.format(case=each.recorded.case, event=each.recorded.event, file=shown(plan.path.name), digest=each.digest[:12])


def _as_data(each: Added) -> dict[str, str]:
    one = each.recorded
    return {"case": one.case, "event": one.event, "state": one.state, "commit": one.commit, "digest": each.digest, "original": each.original}


def _items_of_reporter(file: BinaryIO, size: int, path: Path, collected: Collected, cleaned: bool | None, stack: ExitStack) -> tuple[Item, ...]:
    """The file as it is, or the original for the custodians and a cleaned copy, after what the file tells was shown."""
    from plaint.cli.asking import ask_yes, tell
    from plaint.evidence.adding import neutral_name
    from plaint.evidence.metadata import rows
    from plaint.evidence.workshop import TroubleError, clean, read

    as_it_is = _item(file, size, path.name, collected)
    for_custodians = replace(as_it_is, collected=replace(collected, compartment=CUSTODIANS))
    try:
        told = read(file, path.name)
        if not told:
            click.echo(_("{file} tells nothing besides its content.").format(file=shown(path.name)), err=True)
            return (as_it_is,)
        click.echo(_("{file} tells, besides its content:").format(file=shown(path.name)), err=True)
        tell(rows(told))
        question = _("Keep the original for the custodians alone, and add a cleaned copy?")
        if cleaned is False or (cleaned is None and sys.stdin.isatty() and not ask_yes(question, default=True)):
            return (as_it_is,)
        copy, bare_size = clean(file, path.name)
    except TroubleError as trouble:
        if cleaned is False:
            click.echo(str(trouble), err=True)
            return (as_it_is,)
        if cleaned is None and sys.stdin.isatty():
            click.echo(str(trouble), err=True)
            if ask_yes(_("Seal it as it is, for the custodians alone?"), default=True):
                return (for_custodians,)
        raise TroubleError(
            trouble.trouble, trouble.where, trouble.detail, _("--as-is adds it as it is, --compartment identity for the custodians alone")
        ) from None
    stack.enter_context(copy)
    bare = replace(collected, by=session().actor.member, more={name: text for name, text in collected.more.items() if name == "note"})
    return for_custodians, replace(_item(copy, bare_size, neutral_name(path.name, collected.kind), bare), cleans_first=True)


def _warn_of_size(path: Path, size: int) -> None:
    click.echo(
        _(
            "{file}: {size} MB go into git itself: every clone will carry them for ever, and many servers refuse files over 100 MB. "
            "lfs-above in plaint.yaml sends large files to Git LFS instead."
        ).format(file=shown(path.name), size=size // 1_000_000),
        err=True,
    )


@click.command("metadata", help=_("What FILEs tell of whoever made them: camera, place, author, tracked changes. Nothing is recorded."))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option("text", "json")
@common_options
def metadata(files: tuple[Path, ...], fmt: str) -> None:
    """Prints what each file tells."""
    from plaint.cli.common import width
    from plaint.evidence.adding import check_files, opened
    from plaint.evidence.metadata import rows
    from plaint.evidence.workshop import read

    found = {}
    for path in check_files(files):
        with opened(path) as (file, _size):
            found[path] = read(file, path.name)
    if fmt == "json":
        print_json(
            [
                {"file": str(path), "tells": [{"what": each.trait.value, "value": each.value, "inside": each.inside} for each in told]}
                for path, told in found.items()
            ]
        )
        return
    for path, told in found.items():
        lines = rows(told)
        head = _("{file} tells, besides its content:") if lines else _("{file} tells nothing besides its content.")
        click.secho(head.format(file=shown(path.name)), bold=True)
        for label, value in lines:
            click.echo(f"  {label}{' ' * (24 - width(label))} {value}")
