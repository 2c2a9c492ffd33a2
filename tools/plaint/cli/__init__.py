"""The `plaint` command: parse, call, print. One short file a command group; heavy things are imported when they are used."""

from __future__ import annotations

import gc
import os
import signal
import sys
from itertools import pairwise
from typing import Any

from plaint.i18n import language_of_environment, set_language

_pressed: list[int] = []
"""Ctrl-C, each time. Whatever fails after it, as a git that it ended too, is no fault to be told."""


def main() -> None:
    """Entry point: runs the command and ends the process with its exit code."""
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored, as in the background of a script
            signal.signal(signal.SIGINT, _press)
            sys.unraisablehook = _overlook
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _stopped()
    gc.freeze()  # what is left goes with the process: Python would look through all of it first, 100 ms after a long audit
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code: 0 fine, 1 findings, 2 wrong usage or input, 3 broken repository or environment, 130 stopped by Ctrl-C."""
    set_language(_language_asked(arguments) or language_of_environment())
    import click

    from plaint.cli.group import plaint

    try:
        colour = False if os.environ.get("NO_COLOR") else None  # https://no-color.org; None: in a terminal
        code = plaint.main(arguments, prog_name="plaint", standalone_mode=False, color=colour)
    except click.Abort:
        return _stopped()
    except BaseException as error:  # noqa: BLE001 - what a library written in Rust throws is no Exception
        if _pressed:
            return _stopped()
        return _tell(error, arguments)
    return code if isinstance(code, int) else 0


def _tell(error: BaseException, arguments: list[str]) -> int:
    """Says in a line why the command has failed; the exit code."""
    import click

    from plaint.errors import PlaintError, with_hint
    from plaint.i18n import _

    if isinstance(error, PlaintError):
        click.echo(f"plaint: {error}", err=True)
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return 2
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = _("{command} --help tells more").format(command=context.command_path if context else "plaint")
        if isinstance(error, click.NoSuchOption) and (file := next((a for a in arguments if a[:1] == "-" and os.path.lexists(a)), "")):
            hint = _("if the file {file} is meant, write ./{file}").format(file=file)
        click.echo(f"plaint: {with_hint(' '.join(error.format_message().split()), hint)}", err=True)
        return 2
    if isinstance(error, SystemExit):  # how click leaves when the reader of what we print has gone, as `head` does
        return 0
    if os.environ.get("PLAINT_DEBUG"):
        raise error
    what = _("this should not have happened ({kind}: {error}); nothing was recorded").format(kind=type(error).__name__, error=error)
    hint = _("PLAINT_DEBUG=1 shows where; please report it")
    click.echo(f"plaint: {with_hint(' '.join(what.split()), hint)}", err=True)
    return 3


def _press(number: int, _frame: object) -> None:
    _pressed.append(number)
    raise KeyboardInterrupt


def _overlook(what: Any) -> None:
    """Ctrl-C while Python tidies up cannot stop anything; it is not a fault to be printed with its traceback either."""
    if not isinstance(what.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(what)


def _stopped() -> int:
    """The end after Ctrl-C; who presses it once more changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import click

    from plaint.i18n import _
    from plaint.interrupts import anything_done

    click.echo(_("plaint: stopped; what was done until then stands") if anything_done() else _("plaint: stopped; nothing was recorded"), err=True)
    return 130


def _language_asked(arguments: list[str]) -> str | None:
    for this, after in pairwise([*arguments, ""]):
        if this == "--lang":
            return after
        if this.startswith("--lang="):
            return this.removeprefix("--lang=")
    return None
