"""The course of a case as a picture: a policy's states and the events between them, as text for a terminal and as SVG for a page.

The SVG stands alone or inline: it loads nothing, names itself for screen readers (role, title, desc), takes its colour from the text
around it, and alone follows the reader's light or dark scheme. Events that leave a case where it is stand in the boxes of their states
if they belong to few, and below the picture if they are possible nearly always.

>>> from plaint.model.policy import load_preset
>>> text_diagram(load_preset("house")).splitlines()[0]
'○ ── receive ─▶ Received'
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from plaint.i18n import _, language, pick
from plaint.model.course import event_names
from plaint.model.layout import Edge, Layout, Point, lay_out
from plaint.model.policy import Policy, Transition
from plaint.model.words import event_title

START = ""
FEW = 3
"""An event possible in no more states than these is shown inside them."""

_TITLE, _SMALL = 14.0, 12.0
_LINE = 1.35
_NOTHING = 0.05
"""Of a pixel: not to be seen."""
STYLE = """
svg.plaint-diagram:root { color: #1f2328; background: #ffffff; }
svg.plaint-diagram:root text { font-family: system-ui, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
@media (prefers-color-scheme: dark) { svg.plaint-diagram:root { color: #e6edf3; background: #0d1117; } }
.plaint-diagram text { fill: currentColor; font-size: 12px; }
.plaint-diagram .title { font-size: 14px; font-weight: 600; text-anchor: middle; }
.plaint-diagram .stays { text-anchor: middle; opacity: .8; }
.plaint-diagram .box { fill: currentColor; fill-opacity: .05; stroke: currentColor; stroke-width: 1.2; }
.plaint-diagram .ring { fill: none; stroke: currentColor; }
.plaint-diagram .line { fill: none; stroke: currentColor; stroke-width: 1.2; stroke-opacity: .65; }
.plaint-diagram .back { stroke-dasharray: 5 3; }
.plaint-diagram .tip { fill: currentColor; }
"""


def text_diagram(policy: Policy) -> str:
    """The states and where each event leads, for a terminal."""
    order = _order(policy)
    rank = {state: i for i, state in enumerate(order)}
    moves = _moves(policy)
    lines: list[str] = []
    for state in order:
        out = [(names, target) for (source, target), names in moves.items() if source == state]
        labels = [" · ".join(names) for names, _target in out]
        size = max(map(_columns, labels), default=0)
        if state != START:
            lines += ["", (f"◎ {_state(policy, state)}" if policy.states[state].final else f"● {_state(policy, state)}")]
        for n, (label, (_names, target)) in enumerate(zip(labels, out, strict=True)):
            stem = "○ ──" if state == START else ("  └──" if n == len(out) - 1 else "  ├──")
            arrow = "▶" if rank[target] > rank[state] else "▲"
            lines.append(f"{stem} {label} {'─' * (size - _columns(label) + 1)}{arrow} {_state(policy, target)}")
        stays = _stays(policy, state)
        if stays:
            lines += [f"    {text}" for text in _wrapped(stays, 88)]
    general = _wrapped(_general(policy), 92)
    if general:
        lines += ["", *general]
    return "\n".join(lines) + "\n"


def svg_diagram(policy: Policy, prefix: str = "plaint", *, styled: bool = True) -> str:
    """The same as SVG; `prefix` keeps the ids of several pictures on one page apart. Without its style where the page forbids style within: then `STYLE` is the page's to bring."""
    order = _order(policy)
    moves = _moves(policy)
    texts = {state: _wrapped(_stays(policy, state), 34) for state in order}
    sizes = {state: _box_size(_state(policy, state), texts[state]) if state != START else (14.0, 14.0) for state in order}
    labels = {edge: _wrapped(names, 30) for edge, names in moves.items()}
    edges = [Edge(*edge, (_widest(labels[edge], _SMALL), len(labels[edge]) * _SMALL * _LINE)) for edge in moves]
    placed = lay_out(sizes, edges)
    notes = _wrapped(_general(policy), int(max(placed.width, 420) / (_SMALL * 0.62)))
    width = max(placed.width, _widest(notes, _SMALL) + 24)
    shift = (width - placed.width) / 2
    height = placed.height + (len(notes) * _SMALL * _LINE + 26 if notes else 0)
    name, description = escape(pick(policy.title)), escape(_described(policy))
    ids = f"{prefix}-{policy.revision}-{language()}"
    frame = (
        f'xmlns="http://www.w3.org/2000/svg" class="plaint-diagram" role="img" lang="{language()}" aria-labelledby="{ids}-title {ids}-desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    )
    tip = f'id="{ids}-tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    parts = [
        f"<svg {frame}>",
        f'<title id="{ids}-title">{name}</title>',
        f'<desc id="{ids}-desc">{description}</desc>',
        *([f"<style>{STYLE}</style>"] if styled else []),
        f'<defs><marker {tip}><path class="tip" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
        f'<g transform="translate({shift:.1f} 0)">',
        *_drawn_lines(placed, list(moves), order, ids),
        *(_drawn_state(policy, state, placed, texts[state]) for state in order),
        *(_drawn_label(placed, i, labels[edge]) for i, edge in enumerate(moves)),
        "</g>",
        *(f'<text x="12" y="{placed.height + 24 + i * _SMALL * _LINE:.1f}">{escape(line)}</text>' for i, line in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


# --- what is shown ---------------------------------------------------------------------------------------------------------------------


def _state(policy: Policy, state: str) -> str:
    return pick(policy.states[state].title) if state in policy.states else state


def _all(policy: Policy) -> Iterable[Transition]:
    return [t for options in policy.transitions.values() for t in options]


def _label(transition: Transition) -> str:
    return event_title(event_names(transition)[0] if transition.when else transition.event)


def _moves(policy: Policy) -> dict[tuple[str, str], list[str]]:
    """(state, state) -> the events that lead from one to the other."""
    moves: dict[tuple[str, str], list[str]] = {}
    for t in _all(policy):
        for source in t.sources or (START,):
            if t.target and t.target != source:
                names = moves.setdefault((source, t.target), [])
                if _label(t) not in names:
                    names.append(_label(t))
    return moves


def _order(policy: Policy) -> list[str]:
    """The states that occur, the start first, then as the policy lists them."""
    used = {s for edge in _moves(policy) for s in edge} | {s for t in _all(policy) for s in t.sources}
    return [START, *(s for s in policy.states if s in used), *sorted(used - set(policy.states) - {START})]


def _staying(policy: Policy) -> dict[str, set[str]]:
    """Event -> the states that it leaves as they are; the steps of one event as one."""
    found: dict[str, set[str]] = {}
    for t in _all(policy):
        same = {s for s in t.sources if t.target in (None, s)}
        if same:
            found.setdefault(t.event, set()).update(same)
    return found


def _stays(policy: Policy, state: str) -> list[str]:
    return [event_title(event) for event, states in _staying(policy).items() if state in states and len(states) <= FEW]


def _general(policy: Policy) -> list[str]:
    """The first of them with the words that introduce them."""
    first, *others = [event_title(event) for event, states in _staying(policy).items() if len(states) > FEW] or [""]
    return [_("Possible at nearly every stage: {event}").format(event=first), *others] if first else []


def _described(policy: Policy) -> str:
    """Every move in words, for those who do not see the picture."""
    sentence = _("{event} leads from {source} to {target}.")
    begin = _("{event} begins a case: {target}.")
    return " ".join(
        (sentence if source else begin).format(event=", ".join(names), source=_state(policy, source), target=_state(policy, target))
        for (source, target), names in _moves(policy).items()
    )


# --- how it is drawn -------------------------------------------------------------------------------------------------------------------


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _measure(text: str, size: float) -> float:
    """About how wide a text is; rather too wide, for the font is not known."""
    return sum(size if unicodedata.east_asian_width(c) in "WF" else size * 0.6 for c in text)


def _widest(lines: Sequence[str], size: float) -> float:
    return max((_measure(line, size) for line in lines), default=0.0)


def _wrapped(words: Sequence[str], columns: int) -> list[str]:
    """Words joined by dots, in lines of at most so many columns; a word is never broken."""
    lines: list[str] = []
    for word in words:
        if lines and _columns(f"{lines[-1]} · {word}") <= columns:
            lines[-1] += f" · {word}"
        else:
            lines.append(word)
    return lines


def _box_size(title: str, lines: Sequence[str]) -> tuple[float, float]:
    width = max(_measure(title, _TITLE) * 1.08, _widest(lines, _SMALL), 96.0) + 24
    return width, 34.0 + len(lines) * _SMALL * _LINE


def _drawn_lines(placed: Layout, moves: Sequence[tuple[str, str]], order: Sequence[str], ids: str) -> Iterable[str]:
    for (source, target), points in zip(moves, placed.lines, strict=True):
        back = " back" if order.index(target) < order.index(source) else ""
        yield f'<path class="line{back}" d="{_path(points)}" marker-end="url(#{ids}-tip)"/>'


def _path(points: Sequence[Point]) -> str:
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        if abs(y1 - y2) < _NOTHING:
            continue
        middle = (y1 + y2) / 2
        straight = abs(x1 - x2) < _NOTHING
        steps.append(f"L{x2:.1f} {y2:.1f}" if straight else f"C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}")
    return " ".join(steps)


def _drawn_state(policy: Policy, state: str, placed: Layout, lines: Sequence[str]) -> str:
    box = placed.boxes[state]
    centre = box.x + box.width / 2
    if state == START:
        return f'<circle class="tip" cx="{centre:.1f}" cy="{box.y + box.height / 2:.1f}" r="6"/>'
    drawn = [f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="7"/>']
    if state in policy.states and policy.states[state].final:
        inner = f'x="{box.x + 3:.1f}" y="{box.y + 3:.1f}" width="{box.width - 6:.1f}" height="{box.height - 6:.1f}" rx="5"'
        drawn.append(f'<rect class="ring" {inner}/>')
    drawn.append(f'<text class="title" x="{centre:.1f}" y="{box.y + 22:.1f}">{escape(_state(policy, state))}</text>')
    drawn += [f'<text class="stays" x="{centre:.1f}" y="{box.y + 38 + i * _SMALL * _LINE:.1f}">{escape(line)}</text>' for i, line in enumerate(lines)]
    return "".join(drawn)


def _drawn_label(placed: Layout, index: int, lines: Sequence[str]) -> str:
    box = placed.labels[index]
    return "".join(f'<text x="{box.x + 5 + 7:.1f}" y="{box.y + _SMALL + 0.5 + i * _SMALL * _LINE:.1f}">{escape(line)}</text>' for i, line in enumerate(lines))
