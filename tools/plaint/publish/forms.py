"""The HTML of the reporters' forms: fields with their labels, groups, and the places where a script says what is wrong and what was done.

Nothing is marked up by what a policy or a translation says: all of it is escaped here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from plaint.i18n import _
from plaint.publish.page import escape


def quoted(text: str) -> str:
    """Text for an attribute."""
    return escape(text, quote=True)


def form(ident: str, content: str, setup: Mapping[str, Any]) -> str:
    """A form that only a script shows; `setup` is what the script needs to know."""
    return f'<form id="{ident}" class="ask" autocomplete="off" hidden data-setup="{quoted(json.dumps(setup, ensure_ascii=False))}">{content}</form>'


def problem(ident: str) -> str:
    """Where a script says what is wrong; it moves to the field that it is about."""
    return f'<p id="{ident}" class="problem" role="alert" tabindex="-1" hidden></p>'


def done(ident: str, title: str, content: str) -> str:
    """What shows when something was sealed."""
    return f'<section id="{ident}" class="done-box" tabindex="-1" hidden aria-labelledby="{ident}-title">{heading(f"{ident}-title", title)}{content}</section>'


def heading(ident: str, text: str) -> str:
    """A heading within a page."""
    return f'<h2 id="{ident}">{escape(text)}</h2>'


def text(words: str) -> str:
    """A paragraph."""
    return f"<p>{escape(words)}</p>"


def before(words: str) -> str:
    """A paragraph that goes when the form has been sealed."""
    return f"<p data-before>{escape(words)}</p>"


def note(words: str) -> str:
    """A quiet paragraph."""
    return f'<p class="note">{escape(words)}</p>'


def steps(parts: Iterable[str]) -> str:
    """Numbered steps; their content is HTML."""
    return '<ol class="steps">' + "".join(f"<li>{part}</li>" for part in parts) + "</ol>"


def submit(words: str) -> str:
    """The button that seals."""
    return f'<p><button type="submit">{escape(words)}</button></p>'


def line(name: str, label: str, *, required: bool = False, more: str = "") -> str:
    """A field of one line; `more` are further attributes."""
    return f'<p>{_label(name, label, required)}<input id="{name}" name="{name}" maxlength="1000"{_need(required)}{more}></p>'


def area(name: str, label: str, *, required: bool = False, rows: int = 2) -> str:
    """A field of several lines."""
    return f'<p>{_label(name, label, required)}<textarea id="{name}" name="{name}" rows="{rows}" maxlength="100000"{_need(required)}></textarea></p>'


def files(ident: str, label: str, hints: Iterable[str]) -> str:
    """A field for files, with what to know of them before choosing."""
    said = "<br>".join(escape(hint) for hint in hints)
    field = f'<input type="file" id="{ident}" name="files" multiple aria-describedby="{ident}-note">'
    return f'<p>{_label(ident, label, False)}{field}</p><p class="note" id="{ident}-note">{said}</p>'


def select(name: str, label: str, words: Mapping[str, str]) -> str:
    """A choice of one word, none being chosen at first."""
    options = "".join(f'<option value="{quoted(word)}">{escape(title)}</option>' for word, title in words.items())
    first = escape(_("Please choose"))
    return f'<p>{_label(name, label, True)}<select id="{name}" name="{name}" required><option value="">{first}</option>{options}</select></p>'


def radio(name: str, value: str, label: str, *, checked: bool = False) -> str:
    """One of several."""
    return f'<p><label><input type="radio" name="{name}" value="{value}"{" checked" if checked else ""}> {escape(label)}</label></p>'


def boxes(name: str, words: Mapping[str, str]) -> str:
    """Any of several."""
    return "".join(f'<p><label><input type="checkbox" name="{name}" value="{quoted(value)}"> {escape(label)}</label></p>' for value, label in words.items())


def group(legend: str, content: str) -> str:
    """Fields that belong together."""
    return f"<fieldset><legend>{escape(legend)}</legend>{content}</fieldset>"


def _label(name: str, label: str, required: bool) -> str:
    needed = escape(_("(needed)"))
    mark = f' <span class="needed">{needed}</span>' if required else ""
    return f'<label for="{name}">{escape(label)}{mark}</label>'


def _need(required: bool) -> str:
    return " required" if required else ""
