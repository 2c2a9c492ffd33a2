"""Charts, drawn when the site is built: inline SVG that names itself for screen readers and takes its colours from the page's style.

Each stands beside the table of the same figures, and has a width, so that nothing moves while the page loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, BAR, GAP, LEFT, RIGHT = 440, 22, 8, 168, 48
"""Narrow, so that the words can still be read where a phone makes the picture smaller."""
_LETTERS = 24
"""How many letters of a name stand beside a bar; the table has the whole."""


def bars(ident: str, title: str, rows: Sequence[tuple[str, int]]) -> str:
    """Horizontal bars, one for each row, with its count; `ident` is unique on the page."""
    most = max((n for _name, n in rows), default=0) or 1
    height = len(rows) * (BAR + GAP) + GAP
    told = "; ".join(f"{name}: {n}" for name, n in rows)
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg class="chart" role="img" aria-labelledby="{ident}-t {ident}-d" {size} xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{ident}-t">{escape(title)}</title><desc id="{ident}-d">{escape(told)}</desc>',
    ]
    for place, (name, n) in enumerate(rows):
        y = GAP + place * (BAR + GAP)
        length = max(1.0, (WIDTH - LEFT - RIGHT) * n / most)
        middle = y + BAR - 6
        parts += [
            f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(_short(name))}</text>',
            f'<rect class="bar" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{middle}">{n}</text>',
        ]
    return f"<figure>{''.join(parts)}</svg></figure>\n\n"


def _short(name: str) -> str:
    """A name that fits beside its bar; Chinese letters are twice as wide."""
    room, shown = _LETTERS, ""
    for letter in name:
        room -= 1 if ord(letter) < 0x2E80 else 2
        if room < 0:
            return shown + "…"
        shown += letter
    return shown
