"""`plaint demo`: a repository full of made-up cases."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from plaint.cli.common import common_options, session
from plaint.demo import Demo, describe
from plaint.errors import UsageError
from plaint.i18n import _


@click.command("demo", help=_("Makes a repository full of made-up cases in DIR, to try things. Its keys lie in DIR/.demo-keys."))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--cases", type=click.IntRange(0, 100_000), default=40, show_default=True, help=_("How many cases."))
@click.option("--seed", type=int, default=1, show_default=True, help=_("Another seed makes other cases."))
@click.option("--today", metavar="DATE", help=_("Stand at noon of this day; at the present time if not given."))
@common_options
def demo(folder: Path, cases: int, seed: int, today: str | None) -> None:
    """Makes a demo organisation."""
    try:
        present = date.fromisoformat(today) if today else session().now
    except ValueError:
        raise UsageError(_("{text} is no date").format(text=today), where="--today", hint=_("write it like 2026-11-20")) from None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(_("{folder} is not empty").format(folder=folder), hint=_("name a new folder"))
    with click.progressbar(length=0, label=_("Making cases"), file=sys.stderr) as bar:
        maker = Demo(folder, cases, seed, present, bar.update)
        bar.length = maker.steps()
        repository = maker.make()
    click.echo(_("{folder} holds {n} cases.").format(folder=folder, n=cases))
    for line in describe(repository, folder):
        click.echo(line)


COMMANDS = {"demo": demo}
