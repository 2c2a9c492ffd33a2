"""The `plaint` command: parse, call, print. One short file a command group; heavy things are imported when they are used."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path

from plaint.i18n import language_of_environment, set_language


def main() -> None:
    """Entry point: runs the command and ends the process with its exit code."""
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _stopped()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code: 0 fine, 1 findings, 2 wrong usage or input, 3 broken repository or environment."""
    set_language(_language_asked(arguments) or language_of_environment())
    import click

    from plaint.cli.group import plaint
    from plaint.errors import PlaintError, with_hint
    from plaint.i18n import _

    try:
        colour = False if os.environ.get("NO_COLOR") else None  # https://no-color.org; None: in a terminal
        code = plaint.main(arguments, prog_name="plaint", standalone_mode=False, color=colour)
    except PlaintError as error:
        click.echo(f"plaint: {error}", err=True)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = _("{command} --help tells more").format(command=context.command_path if context else "plaint")
        click.echo(f"plaint: {with_hint(' '.join(error.format_message().split()), hint)}", err=True)
        return 2
    except click.Abort:
        return _stopped()
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - the reader has gone; nothing more can be said
        return 0
    except Exception as error:
        if os.environ.get("PLAINT_DEBUG"):
            raise
        what = _("this should not have happened ({kind}: {error}); nothing was recorded").format(kind=type(error).__name__, error=error)
        hint = _("PLAINT_DEBUG=1 shows where; please report it")
        click.echo(f"plaint: {with_hint(' '.join(what.split()), hint)}", err=True)
        return 3
    return code if isinstance(code, int) else 0


def _stopped() -> int:
    """The end after Ctrl-C; who presses it once more changes nothing."""
    import signal

    import click

    from plaint.i18n import _

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    click.echo(_("plaint: stopped; nothing was recorded"), err=True)
    return 130


def _language_asked(arguments: list[str]) -> str | None:
    for this, after in pairwise([*arguments, ""]):
        if this == "--lang":
            return after
        if this.startswith("--lang="):
            return this.removeprefix("--lang=")
    return None
