"""What a report is made of: blocks in their order, in one language, for every format alike. No figure is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """The beginning of a chapter."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """Sentences one below the other."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fill:
    """A place that the writer fills in: what only a person can say."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that stand as they are, to be copied: commands, hashes, texts of a record."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the columns from the second one on are numbers unless `words` names them."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int] = frozenset({0})

    @property
    def numbers(self) -> tuple[int, ...]:
        """The columns that stand to the right."""
        return tuple(i for i in range(len(self.header)) if i not in self.words)


@dataclass(frozen=True, slots=True)
class Chart:
    """Horizontal bars of a table that stands beside it."""

    title: str
    rows: tuple[tuple[str, int], ...]


Block = Heading | Paragraph | Bullets | Fill | Code | Table | Chart


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    lang: str
    title: str
    subtitle: str
    blocks: Sequence[Block]
    also: tuple[str, ...] = ()
    """Other languages that parts of it are in."""
