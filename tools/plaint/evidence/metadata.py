"""What a file tells of whoever made it, besides what it is meant to tell: the camera, the place, the author, what was struck out.

Rules:
- What is told is found by the file's content; its name and the ending of that say nothing.
- A value is one line of printable text, cut where it is long: it comes from a stranger and goes to a terminal.
- A format that is not known tells something, as far as we know: it is never taken for one that tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from plaint.i18n import _, semicolon

LONGEST = 200


class Trait(StrEnum):
    """What can be told, the most telling first."""

    PLACE = "place"
    AUTHOR = "author"
    EDITOR = "editor"
    ORGANISATION = "organisation"
    DEVICE = "device"
    SERIAL = "serial"
    TAKEN = "taken"
    CREATED = "created"
    CHANGED = "changed"
    CHANGES = "changes"
    COMMENTS = "comments"
    HIDDEN = "hidden"
    VERSIONS = "versions"
    FILES = "files"
    PREVIEW = "preview"
    TITLE = "title"
    REMARK = "remark"
    SOFTWARE = "software"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a file tells; `inside` names the part of it that does, such as a picture in a document."""

    trait: Trait
    value: str
    inside: str = ""


def title(trait: Trait) -> str:
    """What people call it."""
    return {
        Trait.PLACE: _("Place (GPS)"),
        Trait.AUTHOR: _("Author"),
        Trait.EDITOR: _("Last changed by"),
        Trait.ORGANISATION: _("Organisation"),
        Trait.DEVICE: _("Camera or phone"),
        Trait.SERIAL: _("Serial number"),
        Trait.TAKEN: _("Taken at"),
        Trait.CREATED: _("Made at"),
        Trait.CHANGED: _("Changed at"),
        Trait.CHANGES: _("Tracked changes"),
        Trait.COMMENTS: _("Comments"),
        Trait.HIDDEN: _("Hidden content"),
        Trait.VERSIONS: _("Earlier versions"),
        Trait.FILES: _("Attached files"),
        Trait.PREVIEW: _("Small preview picture"),
        Trait.TITLE: _("Title and keywords"),
        Trait.REMARK: _("Remark"),
        Trait.SOFTWARE: _("Made with"),
        Trait.OTHER: _("Further data"),
    }[trait]


def rows(told: Iterable[Told]) -> list[tuple[str, str]]:
    """What is told, as labels and values, the most telling first; the same thing told twice stands once."""
    order = list(Trait)
    found = sorted(dict.fromkeys(told), key=lambda each: order.index(each.trait))
    return [
        (title(trait), semicolon().join(f"{each.value} ({each.inside})" if each.inside else each.value for each in several))
        for trait, several in groupby(found, key=lambda each: each.trait)
    ]


def told(trait: Trait, value: object, inside: str = "") -> list[Told]:
    """One thing that is told; nothing where the value is empty."""
    text = plain(value)
    return [Told(trait, text, inside)] if text else []


def plain(value: object) -> str:
    r"""One printable line.

    >>> plain("Zhang\x1b[2J\nSan")
    'Zhang [2J San'
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value).replace("\0", " ")).split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
