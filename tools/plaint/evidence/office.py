"""Office files (Word, Excel, PowerPoint, OpenDocument): what they tell besides their text, and a cleaned copy, made by Debian's mat2.

mat2 takes changes as accepted and drops the properties, comments and what it does not know. References to dropped parts are taken out here, for
Word calls a file with such references damaged.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, register_namespace, tostring

from defusedxml.ElementTree import fromstring, iterparse

from plaint.evidence import pictures
from plaint.evidence.metadata import Told, Trait, told

MAGIC = b"PK\x03\x04"
PROGRAM = "mat2"
LARGEST = 400_000_000
"""Bytes of one part, or of all parts together, unpacked."""
MOST_PARTS = 10_000
_SUFFIXES = {"word": ".docx", "xl": ".xlsx", "ppt": ".pptx"}
_ODF = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp", "graphics": ".odg"}
_PROPERTIES = {
    "creator": Trait.AUTHOR,
    "initial-creator": Trait.AUTHOR,
    "printed-by": Trait.AUTHOR,
    "lastModifiedBy": Trait.EDITOR,
    "Company": Trait.ORGANISATION,
    "Manager": Trait.AUTHOR,
    "Application": Trait.SOFTWARE,
    "generator": Trait.SOFTWARE,
    "created": Trait.CREATED,
    "creation-date": Trait.CREATED,
    "modified": Trait.CHANGED,
    "date": Trait.CHANGED,
    "lastPrinted": Trait.CHANGED,
    "title": Trait.TITLE,
    "subject": Trait.TITLE,
    "keywords": Trait.TITLE,
    "keyword": Trait.TITLE,
    "description": Trait.REMARK,
    "category": Trait.TITLE,
    "user-defined": Trait.OTHER,
    "lpwstr": Trait.OTHER,
}
_CHANGE = re.compile(r"(ins|del|moveFrom|moveTo|\w+PrChange|cellIns|cellDel|cellMerge|numberingChange|tracked-changes|changed-region)")
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_ANCHORS = re.compile(rb"<w:comment(?:RangeStart|RangeEnd|Reference)\b[^<>]*/>")


class UnknownFormatError(ValueError):
    """A ZIP file that is no office file."""


class TooLargeError(ValueError):
    """It unpacks to more than any document holds."""


class NoToolError(OSError):
    """The program that cleans is not here."""


def suffix_of(file: IO[bytes]) -> str:
    """The ending that an office file of this content has; UnknownFormatError where it is none."""
    with zipfile.ZipFile(file) as parts:
        return _suffix(parts)


def _suffix(parts: zipfile.ZipFile) -> str:
    names = parts.namelist()
    if len(names) > MOST_PARTS or sum(part.file_size for part in parts.infolist()) > LARGEST:
        raise TooLargeError
    if "[Content_Types].xml" in names:
        for folder, suffix in _SUFFIXES.items():
            if any(name.startswith(folder + "/") for name in names):
                return suffix
    if "mimetype" in names:
        with parts.open("mimetype") as found:
            kind = found.read(200).decode("ascii", "replace").removeprefix("application/vnd.oasis.opendocument.").strip()
        if kind in _ODF:
            return _ODF[kind]
    raise UnknownFormatError


def read(file: IO[bytes]) -> Iterator[Told]:
    """What an office file tells."""
    with zipfile.ZipFile(file) as parts:
        _suffix(parts)
        count: dict[Trait, Counter[str]] = {trait: Counter() for trait in (Trait.CHANGES, Trait.COMMENTS, Trait.HIDDEN)}
        for part in parts.infolist():
            name = part.filename
            with parts.open(part) as content:
                if name.startswith("docProps/") or name == "meta.xml":
                    yield from _properties(name, content)
                elif name.endswith(".xml"):
                    _count(name, content, count)
                elif name.lower().endswith((".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".webp")):
                    yield from _of_picture(name, content)
                elif "/embeddings/" in name or name.startswith("Object "):
                    yield from told(Trait.FILES, posixpath.basename(name))
            yield from told(Trait.OTHER, posixpath.basename(name) if name.endswith(("vbaProject.bin", "people.xml")) else "")
        for trait, found in count.items():
            names = ", ".join(sorted(name for name in found if name))
            yield from told(trait, f"{found.total()}" + (f": {names}" if names else "") if found else "")


def _properties(name: str, content: IO[bytes]) -> Iterator[Told]:
    if not name.endswith(".xml"):
        yield from told(Trait.PREVIEW, "1")
        return
    for element in _elements(content):
        trait = _PROPERTIES.get(_name(element))
        if trait and element.text and not (trait is Trait.OTHER and "custom" not in name and name != "meta.xml"):
            yield from told(trait, element.text)


def _count(name: str, content: IO[bytes], count: dict[Trait, Counter[str]]) -> None:
    """Tracked changes, comments and hidden content, each by who wrote it."""
    creator = ""
    for element in _elements(content):
        kind = _name(element)
        who = next((value for key, value in element.items() if key.rpartition("}")[2] == "author"), "")
        if kind == "creator":  # OpenDocument tells it inside of the change or remark, which ends later
            creator = element.text or ""
        if _CHANGE.fullmatch(kind) and (who or kind == "changed-region"):
            count[Trait.CHANGES][who or creator] += 1
        elif kind in {"comment", "annotation", "cm", "threadedComment"}:
            count[Trait.COMMENTS][who or creator] += 1
        elif kind in {"author", "cmAuthor", "person"} and "omment" in name + kind:
            who = element.get("name") or element.get("displayName") or element.text or ""
            count[Trait.COMMENTS][who] += 0
        elif kind == "vanish" or (kind == "sheet" and element.get("state") in {"hidden", "veryHidden"}) or (kind == "notes" and "notesSlide" in name):
            count[Trait.HIDDEN][""] += 1


def _of_picture(name: str, content: IO[bytes]) -> Iterator[Told]:
    data = content.read(LARGEST)
    try:
        yield from pictures.read(io.BytesIO(data), posixpath.basename(name))
    except (OSError, SyntaxError, ValueError):
        yield from told(Trait.OTHER, f"{posixpath.basename(name)} ?")


def _elements(content: IO[bytes]) -> Iterator[Element]:
    """The elements of a part as they end, without keeping them; no entities."""
    stack: list[Element] = []
    for event, element in iterparse(content, ("start", "end"), forbid_dtd=True):
        if event == "start":
            stack.append(element)
            continue
        stack.pop()
        yield element
        if stack:
            stack[-1].remove(element)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def clean(file: IO[bytes], target: IO[bytes]) -> None:
    """Writes a cleaned copy; NoToolError where mat2 is not here."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NoToolError(PROGRAM)
    suffix = suffix_of(file)
    with tempfile.TemporaryDirectory(prefix="plaint-") as folder:
        path = Path(folder) / f"document{suffix}"
        file.seek(0)
        with path.open("xb") as copy:
            shutil.copyfileobj(file, copy)
        done = subprocess.run([program, "--unknown-members", "omit", str(path)], capture_output=True, check=False)
        cleaned = path.with_suffix(f".cleaned{suffix}")
        if done.returncode or not cleaned.exists():
            raise ValueError(done.stderr.decode("utf-8", "replace"))
        with cleaned.open("rb") as found:
            _whole(found, target)


def _whole(file: IO[bytes], target: IO[bytes]) -> None:
    """The same file without references to parts that are not in it."""
    with zipfile.ZipFile(file) as parts, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        kept = [part for part in parts.infolist() if not part.filename.startswith("docProps/thumbnail")]  # of the text before it was cleaned
        names = {part.filename for part in kept}
        for part in kept:
            data = parts.read(part)
            if part.filename.endswith(".rels"):
                data = _without_strays(data, _RELATIONS, names, posixpath.dirname(posixpath.dirname(part.filename)))
            elif part.filename == "[Content_Types].xml":
                data = _without_strays(data, _TYPES, names, "")
            elif part.filename == "word/document.xml" and "word/comments.xml" not in names:
                data = _ANCHORS.sub(b"", data)
            copy.writestr(part, data)


def _without_strays(data: bytes, namespace: str, names: Container[str], base: str) -> bytes:
    """A list of parts, named relative to the folder `base`, without those that are not there."""
    register_namespace("", namespace)
    root = fromstring(data, forbid_dtd=True)
    for each in list(root):
        target = each.get("PartName") or (each.get("Target") if each.get("TargetMode") != "External" else None) or ""
        place = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(base, target))
        if target and place not in names:
            root.remove(each)
    found: bytes = tostring(root, "utf-8", xml_declaration=True)
    return found
