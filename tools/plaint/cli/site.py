"""`plaint site`: the site that supervisors and the public read."""

from __future__ import annotations

import os
from pathlib import Path

import click

from plaint.cli.common import common_options, session
from plaint.errors import InputError, UsageError
from plaint.i18n import _

MKDOCS = Path("site", "mkdocs.yml")


@click.group("site", help=_("The site that supervisors and the public read."))
@common_options
def site() -> None:
    """See `help` above."""


@site.command("build", help=_("Build the site into public/, as `mkdocs build -f site/mkdocs.yml` does."))
@click.option("--audience", type=click.Choice(["public", "internal"]), help=_("For whom; as site/mkdocs.yml says if not given."))
@click.option("-o", "output", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help=_("Write it to this folder."))
@common_options
def build_command(audience: str | None, output: Path | None) -> None:
    """Runs MkDocs on the organisation's configuration; prints the folder."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    root = session().organisation.repository.root
    if not (root / MKDOCS).is_file():
        raise UsageError(_("this organisation has no site"), where=str(MKDOCS), hint=_("plaint init writes one; copy it from a new organisation"))
    if audience:
        os.environ["PLAINT_AUDIENCE"] = audience
    try:
        config = load_config(str(root / MKDOCS), strict=True, **({"site_dir": str(output.absolute())} if output else {}))
        build(config)
    except (MkDocsException, SystemExit) as error:
        raise InputError(_("the site could not be built: {error}").format(error=error), where=str(MKDOCS)) from error
    click.echo(_("The site is in {folder}.").format(folder=config.site_dir))


COMMANDS = {"site": site}
