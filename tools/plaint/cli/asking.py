"""Questions in a terminal: a word of a list, a time, a long text. A wrong answer is explained and asked for again; nothing typed is lost.

Questions go to standard error, so that what a command prints can be piped on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from plaint.cli.common import parse_time, width
from plaint.errors import PlaintError, UsageError
from plaint.i18n import _
from plaint.model.words import local

T = TypeVar("T")
BETWEEN = re.compile(r"[\s,;，、；]+")  # as people write lists, in English and Chinese
END = "."


def prepare() -> None:
    """Lets answers be edited with the arrow keys and be longer than a line of the terminal driver (4,096 bytes)."""
    with suppress(ImportError):  # not everywhere, and not needed
        __import__("readline")


def ask(question: str, read: Callable[[str], T], default: str | None = None) -> T:
    """What `read` makes of the answer; its PlaintError is shown and the question put again."""

    def value(text: str) -> T:
        try:
            return read(text.strip())
        except PlaintError as error:
            raise click.UsageError(str(error)) from error

    suffix = " " if question.endswith(("?", "？")) else ": "
    answer: T = click.prompt(question, default=default, value_proc=value, show_default=bool(default), prompt_suffix=suffix, err=True)
    return answer


def ask_optional(question: str) -> str:
    """An answer that may be left out."""
    return ask(question + " " + _("(empty if not known)"), str, "")


def ask_yes(question: str, *, default: bool) -> bool:
    """Yes or no."""
    return click.confirm(question, default=default, err=True)


def ask_word(question: str, words: Mapping[str, str], default: str | None = None) -> str:
    """One of the words, given by its number, itself or its title."""
    return ask_words(question, words, default, most=1)[0]


def ask_words(question: str, words: Mapping[str, str], default: str | None = None, most: int = 0) -> tuple[str, ...]:
    """One or more of the words; not more than `most`, unless that is 0."""
    longest = max(map(len, words))
    for number, (word, title) in enumerate(words.items(), 1):
        click.echo(f"  {number:>2}  {word:<{longest}}  {title if title != word else ''}".rstrip(), err=True)
    return ask(question, lambda text: _words_in(text, words, most), default)


def _words_in(text: str, words: Mapping[str, str], most: int) -> tuple[str, ...]:
    names = {str(number): word for number, word in enumerate(words, 1)} | {word: word for word in words}
    titles = {title.casefold(): word for word, title in words.items()}
    if text.casefold() in titles:
        return (titles[text.casefold()],)
    given = [part for part in BETWEEN.split(text.casefold()) if part]
    chosen = dict.fromkeys(names[part] for part in given if part in names)
    wrong = [part for part in given if part not in names]
    if wrong or not chosen:
        raise UsageError(_("{word} is none of: {words}").format(word=", ".join(wrong) or text, words=", ".join(words)))
    if most and len(chosen) > most:
        raise UsageError(_("only one of them, please"))
    return tuple(chosen)


def ask_time(question: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A point in time that is not still to come."""

    def read(text: str) -> datetime:
        moment = parse_time(text, "", zone)
        if moment > now:
            raise UsageError(_("{time} is still to come").format(time=local(moment, zone)))
        return moment

    return ask(question, read, local(now, zone))


def ask_text(label: str, event: str = "", before: str = "", *, optional: bool = False) -> str:
    """A text of many lines: in the editor that VISUAL or EDITOR names, which begins with what stood `before`; or typed, ended by a line with a dot.

    One that is `optional` may be left empty, after a second thought.
    """
    while True:
        text = _edited(label, event, before) if os.environ.get("VISUAL") or os.environ.get("EDITOR") else _typed(label)
        if text:
            return text + "\n"
        if optional and ask_yes(_("Nothing was written. Leave it empty?"), default=True):
            return ""
        click.echo(_("Nothing was written for {field}. Once more:").format(field=label), err=True)


def _edited(label: str, event: str, before: str) -> str:
    click.echo(_("Write {field}: your editor opens; save and close it.").format(field=label), err=True)
    text = click.edit(f"{before}\n# {event}: {label}\n# " + _("Lines that begin with # are left out. What you write is sealed.") + "\n")
    return "\n".join(line for line in (text or "").splitlines() if not line.startswith("#")).strip()


def _typed(label: str) -> str:
    click.echo(_("Write {field}, as many lines as you like. A line with a dot alone ends it:").format(field=label), err=True)
    lines: list[str] = []
    with suppress(EOFError):  # Ctrl-D ends it as well
        while (line := input()).strip() not in {END, "。"}:
            lines.append(line.rstrip())
    return "\n".join(lines).strip()


def tell(rows: Sequence[tuple[str, str]]) -> None:
    """Labels and values below one another; a value that is too long for the terminal is cut."""
    import shutil

    room = shutil.get_terminal_size().columns
    left = max(width(label) for label, _value in rows) + 4
    for label, value in rows:
        line = f"  {label}" + " " * (left - 2 - width(label))
        click.echo(line + cut(" ".join(value.split()), room - left), err=True)


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns."""
    if width(text) <= columns:
        return text
    while text and width(text) >= columns:
        text = text[:-1]
    return text + "…"
