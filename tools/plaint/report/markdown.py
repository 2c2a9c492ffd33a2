"""A report as Markdown (tables as in GitHub's flavour), to go on writing in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plaint.report.document import Block, Bullets, Chart, Code, Document, Fill, Heading, Paragraph, Table


def as_markdown(document: Document) -> str:
    """The whole report; charts are left to the tables beside them."""
    parts = [f"# {_text(document.title)}", _text(document.subtitle)]
    for block in document.blocks:
        parts += _block(block)
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"## {_text(text)}"
        case Paragraph(text):
            yield _text(text)
        case Bullets(items):
            yield "\n".join(f"- {_text(item)}" for item in items)
        case Fill(text):
            yield f"> [ {_text(text)} ]"
        case Code(text):
            yield "\n".join(f"    {line}".rstrip() for line in text.splitlines())
        case Table():
            marks = ["---:" if i in block.numbers else "---" for i in range(len(block.header))]
            lines = [_row(block.header), "|" + "|".join(marks) + "|", *map(_row, block.rows)]
            yield f"**{_text(block.title)}**"
            yield "\n".join(lines)
        case Chart():
            pass


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _text(text: str) -> str:
    """Words of the policy stay words: none of them becomes markup."""
    return re.sub(r"([\\*_\[\]<>|#])", r"\\\1", text)
