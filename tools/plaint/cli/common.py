"""What every command shares: `-C`, `--as`, `--lang`, the present time, output as text or JSON, and completion of case ids."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plaint.errors import UsageError
from plaint.i18n import LANGUAGES, _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from click.shell_completion import CompletionItem

    from plaint.actor import Actor
    from plaint.organisation import Organisation

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """This call: in which folder, who acts, at what time."""

    def __init__(self) -> None:
        self.directory = Path()
        self.member: str | None = None

    @cached_property
    def organisation(self) -> Organisation:
        """The organisation around the folder."""
        from plaint.organisation import Organisation

        return Organisation.open(self.directory)

    @cached_property
    def actor(self) -> Actor:
        """The member who acts."""
        from plaint.actor import Actor

        return Actor.find(self.organisation, self.member, ask_passphrase)

    @cached_property
    def now(self) -> datetime:
        """The present, to the minute: `PLAINT_NOW` (for tests and demos) or the clock of this machine."""
        given = os.environ.get("PLAINT_NOW")
        moment = parse_time(given, "PLAINT_NOW") if given else datetime.now(UTC)
        return moment.replace(second=0, microsecond=0)

    @property
    def local_now(self) -> datetime:
        """The present in the organisation's time zone."""
        return self.now.astimezone(self.organisation.config.timezone)


def ask_passphrase(what: str) -> str:
    """Asks for the passphrase of an identity file, without showing it; empty where there is no terminal to ask in."""
    if not _has_terminal():
        return ""
    answer: str = click.prompt(_("Passphrase of {file}").format(file=what), hide_input=True, err=True)
    return answer


def _has_terminal() -> bool:
    """Whether a passphrase could be typed without being shown; standard input may be a pipe."""
    if sys.stdin.isatty():
        return True
    try:
        with Path("/dev/tty").open("rb"):
            return True
    except OSError:
        return False


def session() -> Session:
    """The call under way."""
    found: Session = click.get_current_context().find_root().ensure_object(Session)
    return found


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value is not None:
            setattr(context.find_root().ensure_object(Session), name, value)
        return value

    return callback


def common_options(command: F) -> F:
    """Adds `-C`, `--as` and `--lang`: they may stand before or after the command's name."""
    for option in (
        click.option("--lang", type=click.Choice(LANGUAGES), expose_value=False, help=_("English or Chinese; otherwise by locale.")),
        click.option(
            "--as",
            "member",
            metavar="MEMBER",
            expose_value=False,
            callback=_remember("member"),
            shell_complete=complete_member,
            help=_("Who acts; otherwise by signing key."),
        ),
        click.option(
            "-C",
            "directory",
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            expose_value=False,
            callback=_remember("directory"),
            help=_("Work in this folder."),
        ),
    ):
        command = option(command)
    return command


def format_option(*formats: str) -> Callable[[F], F]:
    """`--format`, the first one being the default."""
    return click.option("--format", "fmt", type=click.Choice(formats), default=formats[0], show_default=True, help=_("How to print it."))


def complete_case(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of cases that begin so; nothing where there is no organisation."""
    return complete_words(context, lambda organisation: organisation.case_paths, incomplete.upper())


def complete_member(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The members whose ids begin so."""
    return complete_words(context, lambda organisation: organisation.roster.members, incomplete)


def complete_words(context: click.Context, words: Callable[[Organisation], Iterable[str]], incomplete: str) -> list[CompletionItem]:
    """Words of the organisation that begin so; nothing where there is none, or it is broken: a shell has no place for messages."""
    from click.shell_completion import CompletionItem

    from plaint.errors import PlaintError
    from plaint.organisation import Organisation

    try:
        found = sorted(words(Organisation.open(context.find_root().ensure_object(Session).directory)))
    except PlaintError:
        return []
    return [CompletionItem(word) for word in found if word.startswith(incomplete)]


def parse_time(text: str, where: str, zone: ZoneInfo | None = None) -> datetime:
    """A point in time as people and scripts write it: RFC 3339, or `2026-11-20 09:12` in the organisation's time zone; UsageError otherwise."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        raise UsageError(
            _("{text} is no date and time").format(text=text), where=where, hint=_("write it like 2026-11-20 09:12 or 2026-11-20T09:12+08:00")
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or UTC)
    return moment


def past_time(text: str | None, option: str) -> datetime:
    """The time given to an option, in the organisation's time zone, or the present; UsageError for one that is still to come."""
    from plaint.model.words import local

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
        yield lambda _count: None
        return
    with click.progressbar(length=size, label=label, file=sys.stderr, show_eta=True) as bar:
        yield bar.update


def print_json(value: Any) -> None:
    """Plain data as JSON, readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def width(text: str) -> int:
    """How many columns a text takes on a terminal; Chinese characters take two (Unicode TR 11)."""
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Sequence[Sequence[str]], header: Sequence[str], colours: Sequence[str | None] | None = None) -> None:
    """Rows in columns; the colour of each row, if any."""
    widths = [max(width(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)).rstrip()

    styled = (click.style(line(row), fg=colour) if colour else line(row) for row, colour in zip(rows, colours or [None] * len(rows), strict=True))
    click.echo("\n".join((click.style(line(header), bold=True), *styled)))
