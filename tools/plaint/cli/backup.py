"""`plaint backup`: everything in one file, proved; and which old files keep what was disposed of."""

from __future__ import annotations

from pathlib import Path

import click

from plaint.cli.common import common_options, session
from plaint.errors import UsageError
from plaint.i18n import _, listed


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
        bad = {file: backup.opens_disposed(organisation, file) for file in files}
        for file, cases in bad.items():
            if cases:
                click.echo(_("{file}: still opens {cases}, which were disposed of: destroy it").format(file=file, cases=listed(cases)))
            else:
                click.echo(_("{file}: opens nothing that was disposed of").format(file=file))
        context.exit(int(any(bad.values())))
    if len(files) != 1:
        raise UsageError(_("one backup at a time"), where=str(files[1]))
    made = backup.make(organisation, files[0])
    click.echo(
        _("{file}: {cases} cases, {keyrings} keyrings, up to commit {head}; restored beside and proved.").format(
            file=made.file, cases=made.cases, keyrings=made.keyrings, head=made.head[:10]
        )
    )
    click.echo(_("It opens all of that to whoever has a member's key, even after a case is disposed of: keep it secret, and not for long."))
    click.echo(_("To restore, with git alone:"))
    click.echo(made.restoring)
    click.echo(_("Then, with plaint: plaint -C restored audit --root {root}").format(root=made.root))
    if made.large:
        click.echo(_("{n} large files are kept by git LFS and are not in it: copy .git/lfs, too.").format(n=made.large))
    if made.without:
        click.echo(_("no keyring here, so none in it: {cases}. plaint sync fetches them, if any clone still has them").format(cases=listed(made.without[:10])))
    if made.errors:
        click.echo(_("the history is not in order, here and so in it: plaint audit says what is wrong"))
    context.exit(int(bool(made.without or made.errors)))


COMMANDS = {"backup": backup_command}
