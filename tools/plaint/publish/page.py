"""One page of the site, and the HTML it is made of: headings and paragraphs are Markdown, tables are HTML with caption and scopes.

Everything that comes from a record or the policy goes through `escape`: nothing of it can become markup.

>>> escape("a < b")
'a &lt; b'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

__all__ = ["Page", "escape", "facts", "heading", "large", "link", "moment", "table"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one language: `path` below the language's folder, without suffix; `section` is its heading in the navigation."""

    path: str
    title: str
    body: str
    section: str = ""
    listed: bool = True
    """Whether the navigation names it."""

    def markdown(self) -> str:
        """What MkDocs renders."""
        return f"# {escape(self.title)}\n\n{self.body}"


def heading(text: str) -> str:
    """A heading below the page's title."""
    return f"## {escape(text)}\n\n"


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = (), *, titled: bool = False) -> str:
    """A table; its cells are HTML (see `escape`), the columns in `numbers` stand to the right. It scrolls by itself where the screen is narrow.

    Where it is `titled` by the heading above it, the caption is for screen readers alone.
    """
    right = set(numbers)
    mark = [' class="n"' if i in right else "" for i in range(len(header))]
    head = "".join(f'<th scope="col"{mark[i]}>{name}</th>' for i, name in enumerate(header))
    body = "".join("<tr>" + "".join(f"<td{mark[i]}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>\n" for row in rows)
    said = escape(caption, quote=True)
    hidden = ' class="hidden"' if titled else ""
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{said}"><table><caption{hidden}>{said}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n\n"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are; the values are HTML."""
    return '<dl class="facts">' + "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs) + "</dl>\n\n"


def large(pairs: Iterable[tuple[str, str]]) -> str:
    """A few numbers, large, each with what it means."""
    return '<ul class="figures">' + "".join(f"<li><b>{escape(value)}</b> {escape(name)}</li>" for name, value in pairs) + "</ul>\n\n"


def link(href: str, text: str) -> str:
    """A link to a page; relative, so that it works from a folder too."""
    return f'<a href="{escape(href, quote=True)}">{escape(text)}</a>'


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time for people and programs."""
    here = at.astimezone(zone)
    return f'<time datetime="{here.isoformat(timespec="minutes")}">{here:%Y-%m-%d %H:%M}</time>'
