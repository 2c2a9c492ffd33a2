"""`plaint backup`: everything in one file, proved; and which old files keep what was disposed of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from plaint.cli.common import common_options, session
from plaint.errors import InputError, UsageError
from plaint.i18n import _, listed, ngettext

if TYPE_CHECKING:
    from plaint.organisation import Organisation

SHOWN = 10
"""Cases named in one line."""


@click.command(
    "backup",
    help=_("Writes everything, keyrings included, into one file (a bundle of git), restores it beside, and proves that it gives back what is here."),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", "looking", is_flag=True, help=_("Make none; say which of these backups still open cases that were disposed of."))
@common_options
@click.pass_context
def backup_command(context: click.Context, files: tuple[Path, ...], looking: bool) -> None:
    """Exits with 1 where an old backup keeps what must be gone, or a new one lacks a keyring."""
    from plaint import backup

    organisation = session().organisation
    if looking:
        context.exit(int(_look(organisation, files)))
    if len(files) != 1:
        raise UsageError(_("one backup at a time"), where=str(files[1]))
    made = backup.make(organisation, files[0])
    if made.without:
        message = _("warning: no keyring here for {n} of {all} cases, which this backup cannot open: {cases}. plaint sync fetches what any clone still has")
        click.echo(message.format(n=len(made.without), all=made.cases, cases=_some(made.without)), err=True)
    if made.outdated:
        message = _("warning: for {n} of {all} cases the keyring here is not the one that the record names: {cases}. plaint sync fetches the right one")
        click.echo(message.format(n=len(made.outdated), all=made.cases, cases=_some(made.outdated)), err=True)
    click.echo(
        _("{file}: {cases} cases, {keyrings} keyrings, up to commit {head}; restored beside and proved.").format(
            file=made.file, cases=made.cases, keyrings=made.keyrings, head=made.head[:10]
        )
    )
    if made.opens:
        message = ngettext(
            "It opens {n} case to whoever has a key for it, even once that is disposed of: keep it secret, and not for long.",
            "It opens {n} cases to whoever has a key for them, even once they are disposed of: keep it secret, and not for long.",
            made.opens,
        )
        click.echo(message.format(n=made.opens))
    click.echo(_("To restore, with git alone:"))
    click.echo(made.restoring)
    click.echo(_("Then, with plaint: plaint -C restored audit --root {root}").format(root=made.root))
    if made.large:
        click.echo(_("{n} large files are kept by git LFS and are not in it: copy .git/lfs, too.").format(n=made.large))
    if made.errors:
        click.echo(_("the history is not in order, here and so in it: plaint audit says what is wrong"))
    context.exit(int(bool(made.without or made.outdated or made.errors)))


def _look(organisation: Organisation, files: tuple[Path, ...]) -> bool:
    """Says of each backup what it opens that must be gone; whether any does. InputError, at the end, where one is none."""
    from plaint.backup import opens_disposed

    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise UsageError(_("there is no such file"), where=listed(missing))
    bad = False
    broken: list[InputError] = []
    for file in files:
        try:
            cases = opens_disposed(organisation, file)
        except InputError as error:
            broken.append(error)
            continue
        bad = bad or bool(cases)
        if cases:
            click.echo(_("{file}: still opens {cases}, which were disposed of: destroy it").format(file=file, cases=_some(cases)))
        else:
            click.echo(_("{file}: opens nothing that was disposed of").format(file=file))
    if broken:
        raise InputError(broken[0].what, where=listed(error.where for error in broken), hint=broken[0].hint)
    return bad


def _some(cases: tuple[str, ...]) -> str:
    """The first of many, and how many more there are."""
    more = len(cases) - SHOWN
    if more <= 0:
        return listed(cases)
    return ngettext("{words} and {n} more", "{words} and {n} more", more).format(words=listed(cases[:SHOWN]), n=more)


COMMANDS = {"backup": backup_command}
