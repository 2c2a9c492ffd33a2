"""`plaint recovery`: the organisation's recovery key, shared out among leaders, put together again, and tried."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from plaint.cli.common import ask_passphrase, common_options, format_option, print_json, session
from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, reason

FILES = click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("recovery", help=_("The recovery key: share it out among leaders, put it together, try it."))
@common_options
def recovery() -> None:
    """See `help` above."""


@recovery.command("split", help=_("Share the recovery key out: any so many of the shares make it again, fewer tell nothing (SLIP-39)."))
@click.argument("identity", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shares", type=int, default=3, show_default=True, help=_("How many shares."))
@click.option("--threshold", type=int, default=2, show_default=True, help=_("How many of them make the key."))
@click.option("-o", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help=_("Write each share to a file of its own in this folder."))
@common_options
def split_command(identity: Path, shares: int, threshold: int, folder: Path | None) -> None:
    """Prints the shares, or writes them; proves first that they make the key again."""
    from plaint.seal.shares import combine, split

    secret = _key([identity])
    made = split(secret, threshold, shares)
    if combine(made[-threshold:]) != secret:
        raise EnvironmentFaultError(_("the shares do not make the key again; nothing was written"))
    texts = [_sheet(number, shares, threshold, words) for number, words in enumerate(made, start=1)]
    if folder is None:
        click.echo("\n".join(texts), nl=False)
        return
    for number, text in enumerate(texts, start=1):
        _write_private(folder / f"recovery-share-{number}-of-{shares}.txt", text)
    click.echo(_("{n} shares are in {folder}: print each, hand it to its keeper, and destroy the files and the whole key.").format(n=shares, folder=folder))


@recovery.command("combine", help=_("Put the recovery key together from shares."))
@FILES
@click.option("-o", "output", metavar="FILE", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_("Write the key to this file."))
@common_options
def combine_command(files: tuple[Path, ...], output: Path) -> None:
    """Writes an age identity file, readable by its owner alone."""
    from plaint.seal.identity import write_identity

    secret = _key(files)
    write_identity(output, secret)
    click.echo(_("The recovery key is in {file}. Destroy it when you are done.").format(file=output))


@recovery.command("drill", help=_("Try whether the key, or its shares, open every case; nothing is shown and nothing written."))
@FILES
@format_option("text", "json")
@common_options
@click.pass_context
def drill_command(context: click.Context, files: tuple[Path, ...], fmt: str) -> None:
    """Opens the keyring of every case; exits with 1 where one does not open."""
    from plaint.seal.keyring import open_secret

    secret = _key(files)
    organisation = session().organisation
    keyrings = organisation.repository.read_keyrings()
    opened: list[str] = []
    shut: dict[str, str] = {}
    for record in organisation.cases():
        if organisation.state(record).state == "disposed":
            continue
        keyring = keyrings.get(record.id, {})
        try:
            for compartment in keyring or {"": ""}:
                open_secret(keyring, compartment, secret, record.header["seals"].get(compartment, ""))
            opened.append(record.id)
        except (InputError, NotAllowedError) as error:
            shut[record.id] = _("this clone has no keyring of it") if not keyring else error.what
    if fmt == "json":
        print_json({"opened": opened, "shut": shut})
    else:
        for case, why in shut.items():
            click.echo(f"{case}: {why}")
        click.echo(_("{n} of {all} cases open with the recovery key.").format(n=len(opened), all=len(opened) + len(shut)))
    context.exit(1 if shut else 0)


def _key(files: Sequence[Path]) -> str:
    """The key in an identity file, or made of shares; UsageError where it is not the organisation's."""
    from plaint.seal.age import recipient_of
    from plaint.seal.identity import load_identity
    from plaint.seal.shares import combine, is_share

    texts = [_text(path) for path in files]
    if all(is_share(text) for text in texts):
        secret = combine(texts)
    elif len(files) == 1:
        secret = load_identity(files[0], lambda: ask_passphrase(str(files[0])))
    else:
        raise UsageError(_("give one file with the key, or files with a share each"))
    if recipient_of(secret) != session().organisation.config.recovery:
        raise UsageError(_("this is not the recovery key of this organisation"), hint=_("plaint.yaml names the one that is"))
    return secret


def _text(path: Path) -> str:
    try:
        return read_plain(path, 10_000).decode("utf-8", "replace")
    except OSError as error:
        raise EnvironmentFaultError(_("cannot read the file: {error}").format(error=reason(error)), where=str(path)) from error


def _sheet(number: int, shares: int, threshold: int, words: str) -> str:
    """A share with what its keeper has to know."""
    root = session().organisation.config
    listed = words.split()
    lines = [" ".join(listed[start : start + 6]) for start in range(0, len(listed), 6)]
    title = _("Share {n} of {shares} of the recovery key of {name}. Any {threshold} of them make it: plaint recovery combine.")
    return "\n".join(
        [
            "# " + title.format(n=number, shares=shares, name=next(iter(root.name.values())), threshold=threshold),
            "# " + _("Keep it on paper, under lock, apart from the others. Show it to nobody who has no need."),
            *lines,
            "",
        ]
    )


def _write_private(path: Path, text: str) -> None:
    """A new file that its owner alone can read; it overwrites none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(path)) from error


COMMANDS = {"recovery": recovery}
