"""PDF: what it tells besides its pages, and a copy of the pages alone (with pikepdf).

Only what the pages need is copied, so earlier versions, which a PDF keeps when it is changed, are left behind. Attached files go, too: each is a
document of its own. Remarks stay where they stand, without the names of those who wrote them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf

from plaint.evidence import pictures
from plaint.evidence.metadata import Told, Trait, told

_INFO = {
    "/Author": Trait.AUTHOR,
    "/Company": Trait.ORGANISATION,
    "/Creator": Trait.SOFTWARE,
    "/Producer": Trait.SOFTWARE,
    "/Title": Trait.TITLE,
    "/Subject": Trait.TITLE,
    "/Keywords": Trait.TITLE,
    "/CreationDate": Trait.CREATED,
    "/ModDate": Trait.CHANGED,
    "/Trapped": None,
}
_XMP = {
    "creator": Trait.AUTHOR,
    "Author": Trait.AUTHOR,
    "title": Trait.TITLE,
    "description": Trait.TITLE,
    "Keywords": Trait.TITLE,
    "CreatorTool": Trait.SOFTWARE,
    "Producer": Trait.SOFTWARE,
    "CreateDate": Trait.CREATED,
    "ModifyDate": Trait.CHANGED,
}
_BESIDE = ("/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/AF")
"""Keys of objects under which something stands that no page shows."""
_PERSONAL = ("/T", "/M", "/CreationDate", "/NM", "/RC")


def is_pdf(head: bytes) -> bool:
    """Whether a file that begins so is a PDF."""
    return b"%PDF-" in head[:1024]


def read(file: BinaryIO) -> Iterator[Told]:
    """What a PDF tells."""
    earlier = _earlier(file)
    with pikepdf.open(file) as pdf:
        for name, value in pdf.docinfo.items():
            if (trait := _INFO.get(name, Trait.OTHER)) is not None:
                yield from told(trait, value if name in _INFO else f"{name[1:]}: {value}")
        for key, value in pdf.open_metadata().items():  # not as a context, which would write it anew
            name = key.rpartition("}")[2]
            for each in value if isinstance(value, (list, set, tuple)) else [value]:
                yield from told(_XMP.get(name, Trait.OTHER), each if name in _XMP else f"XMP: {name}")
        for name in pdf.attachments:
            yield from told(Trait.FILES, name)
        yield from _of_objects(pdf)
    yield from told(Trait.VERSIONS, earlier or "")


def _earlier(file: BinaryIO) -> int:
    """How many versions were saved before the last one; a file that is laid out for the web has two ends from the beginning."""
    file.seek(0)
    ends, before, linear = 0, b"", False
    while piece := file.read(1 << 20):
        linear = linear or (not before and b"/Linearized" in piece[:2048])
        ends += (before + piece).count(b"startxref")
        before = piece[-8:]
    file.seek(0)
    return max(0, ends - 1 - linear)


def _of_objects(pdf: pikepdf.Pdf) -> Iterator[Told]:
    writers: dict[str, int] = {}
    seen = beside = 0
    for each in pdf.objects:
        if not isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
            continue
        if _is_remark(each):
            name = str(each.get("/T", ""))
            writers[name] = writers.get(name, 0) + 1
        elif _is_jpeg(each):
            seen += 1
            try:
                yield from pictures.read(io.BytesIO(each.read_raw_bytes()), f"JPEG {seen}")
            except (OSError, SyntaxError, ValueError):
                yield from told(Trait.OTHER, f"JPEG {seen} ?")
        beside += any(name in each for name in _BESIDE)
    if writers:
        yield from told(Trait.COMMENTS, f"{sum(writers.values())}: " + ", ".join(sorted(filter(None, writers))))
    yield from told(Trait.OTHER, f"XMP, PieceInfo: {beside}" if beside else "")


def _is_remark(each: Any) -> bool:
    """A note in the margin and the like; not a field of a form, which has a name of its own under /T."""
    return "/Subtype" in each and "/Rect" in each and each.Subtype not in {"/Widget", "/Link", "/Popup"} and "/T" in each


def _is_jpeg(each: Any) -> bool:
    if not isinstance(each, pikepdf.Stream) or each.get("/Subtype") != "/Image":
        return False
    filters = each.get("/Filter")
    return "/DCTDecode" in ([filters] if isinstance(filters, pikepdf.Name) else list(filters or ()))  # behind another one it is not read, and told so


def clean(file: BinaryIO, target: BinaryIO) -> None:
    """Writes a copy of the pages."""
    with pikepdf.open(file) as pdf:
        for name in list(pdf.attachments):
            del pdf.attachments[name]
        if "/Info" in pdf.trailer:
            del pdf.trailer.Info
        if "/ID" in pdf.trailer:
            del pdf.trailer.ID
        for each in pdf.objects:
            if isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
                _strip(each)
        _strip(pdf.Root)
        pdf.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _strip(each: Any) -> None:
    for name in _BESIDE:
        if name in each:
            del each[name]
    if _is_remark(each):
        for name in _PERSONAL:
            if name in each:
                del each[name]
    if _is_jpeg(each):
        _strip_jpeg(each)


def _strip_jpeg(stream: Any) -> None:
    """A photo in a page without what the camera wrote into it; the page says how it is turned and coloured."""
    data = stream.read_raw_bytes()
    try:
        if not pictures.read(io.BytesIO(data)):
            return
        picture = pictures.opened(io.BytesIO(data))
        picture.info.clear()
        bare = io.BytesIO()
        picture.save(bare, "JPEG", quality="keep", exif=b"", comment=b"")
    except (OSError, SyntaxError, ValueError):
        return
    stream.write(bare.getvalue(), filter=pikepdf.Name.DCTDecode, decode_parms=stream.get("/DecodeParms"))
