"""What is late and what is due next, as Markdown for the pages of a forge: the summary of a run, and the issue that says what is late.

It holds opaque ids, words of the policy and times, nothing else. Without the present time it holds nothing that changes by the hour,
so that two boards are the same text where nothing happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plaint.agenda import Item, time_left
from plaint.i18n import _, ngettext
from plaint.model.deadlines import Status

MOST_ROWS = 150
"""In each table: GitHub takes 65,536 characters of an issue."""


@dataclass(frozen=True, slots=True)
class Board:
    """What is late, and what is due within so many `days`."""

    late: tuple[Item, ...]
    soon: tuple[Item, ...]
    days: int
    zone: ZoneInfo


def board_of(items: Iterable[Item], now: datetime, days: int, zone: ZoneInfo) -> Board:
    """The board at a time; what is suspended has no time to be late at."""
    items = list(items)
    until = now + timedelta(days=days)
    late = tuple(item for item in items if item.status is Status.LATE)
    soon = tuple(item for item in items if item.status in (Status.SOON, Status.RUNNING) and item.due <= until)
    return Board(late, soon, days, zone)


def headline(board: Board) -> str:
    """One line: how much is late, how much is due."""
    if not board.late:
        return _("Nothing is late.")
    return ngettext("{n} thing is late.", "{n} things are late.", len(board.late)).format(n=len(board.late))


def markdown(board: Board, now: datetime | None = None) -> str:
    """The headline and the tables; with the present time, how much of it is left or over too."""
    parts = [f"**{headline(board)}**"]
    if board.late:
        parts.append(_table(board.late, board.zone, now))
    if board.soon:
        parts += [
            ngettext("Due within {n} day:", "Due within {n} days:", board.days).format(n=board.days),
            _table(board.soon, board.zone, now),
        ]
    else:
        parts.append(ngettext("Nothing more is due within {n} day.", "Nothing more is due within {n} days.", board.days).format(n=board.days))
    return "\n\n".join(parts) + "\n"


def _table(items: Sequence[Item], zone: ZoneInfo, now: datetime | None) -> str:
    header = [_("due"), *([_("time")] if now else []), _("case"), _("clock"), _("state"), _("next step")]
    rows = [header, ["---"] * len(header), *(_row(item, zone, now) for item in items[:MOST_ROWS])]
    shown = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    left_out = len(items) - MOST_ROWS
    more = ngettext("and {n} more: plaint todo lists them", "and {n} more: plaint todo lists them", left_out).format(n=left_out)
    return f"{shown}\n\n{more}" if left_out > 0 else shown


def _row(item: Item, zone: ZoneInfo, now: datetime | None) -> list[str]:
    cells = (
        f"{item.due.astimezone(zone):%Y-%m-%d %H:%M}" + ("?" if item.provisional else ""),
        *([time_left(item.status, item.due, now)] if now else []),
        item.case or "",
        item.title,
        item.state_title,
        " / ".join(item.steps),
    )
    return [_cell(cell) for cell in cells]


def _cell(text: str) -> str:
    """A policy's own words, which might mean something in Markdown or HTML, or call somebody."""
    return re.sub(r"([\\|<>&`*_\[\]#~])", r"\\\1", text).replace("@", "@\N{ZERO WIDTH SPACE}")
