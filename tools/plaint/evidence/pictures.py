"""Pictures: what they tell besides the picture, and a copy of nothing but the picture (with Pillow).

The copy is turned as the camera held it and its colours are brought to sRGB, for both are told by data that goes. A JPEG that needs neither is
compressed by its own tables again, so that it loses as little as can be.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from typing import IO, Any

from PIL import ExifTags, Image, ImageCms, ImageOps, ImageSequence, IptcImagePlugin
from PIL.ImageFile import ImageFile

from plaint.evidence.metadata import Told, Trait, told

LARGEST = 250_000_000
"""Pixels: larger than any camera's."""
QUALITY = 95
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP")  # a file of several JPEG is told by the first of these

_BASE = ExifTags.Base
_TAGS: Mapping[int, Trait] = {
    _BASE.Make: Trait.DEVICE,
    _BASE.Model: Trait.DEVICE,
    _BASE.HostComputer: Trait.DEVICE,
    _BASE.LensModel: Trait.DEVICE,
    _BASE.BodySerialNumber: Trait.SERIAL,
    _BASE.LensSerialNumber: Trait.SERIAL,
    _BASE.CameraSerialNumber: Trait.SERIAL,
    _BASE.ImageUniqueID: Trait.SERIAL,
    _BASE.Artist: Trait.AUTHOR,
    _BASE.XPAuthor: Trait.AUTHOR,
    _BASE.Copyright: Trait.AUTHOR,
    _BASE.CameraOwnerName: Trait.AUTHOR,
    _BASE.Software: Trait.SOFTWARE,
    _BASE.ProcessingSoftware: Trait.SOFTWARE,
    _BASE.DateTimeOriginal: Trait.TAKEN,
    _BASE.DateTimeDigitized: Trait.TAKEN,
    _BASE.DateTime: Trait.CHANGED,
    _BASE.ImageDescription: Trait.TITLE,
    _BASE.XPTitle: Trait.TITLE,
    _BASE.XPSubject: Trait.TITLE,
    _BASE.XPKeywords: Trait.TITLE,
    _BASE.XPComment: Trait.REMARK,
    _BASE.UserComment: Trait.REMARK,
}
_UTF16 = {_BASE.XPAuthor, _BASE.XPTitle, _BASE.XPSubject, _BASE.XPKeywords, _BASE.XPComment}
_TECHNICAL = {  # how the picture is laid out, and what an empty EXIF block holds
    _BASE.Orientation,
    _BASE.XResolution,
    _BASE.YResolution,
    _BASE.ResolutionUnit,
    _BASE.YCbCrPositioning,
    _BASE.ExifOffset,
    _BASE.GPSInfo,
    _BASE.ExifVersion,
    _BASE.ComponentsConfiguration,
    _BASE.FlashPixVersion,
    _BASE.ColorSpace,
    _BASE.ExifImageWidth,
    _BASE.ExifImageHeight,
    _BASE.ExifInteroperabilityOffset,
}
_TIFF_LAYOUT = range(254, 300)
_TIFF_MORE = {317, 320, 322, 323, 324, 325, 330, 338, 339, 347, 529, 530, 531, 532, 34675}
_IPTC: Mapping[tuple[int, int], Trait] = {
    (2, 5): Trait.TITLE,
    (2, 25): Trait.TITLE,
    (2, 80): Trait.AUTHOR,
    (2, 90): Trait.PLACE,
    (2, 92): Trait.PLACE,
    (2, 95): Trait.PLACE,
    (2, 101): Trait.PLACE,
    (2, 110): Trait.AUTHOR,
    (2, 116): Trait.AUTHOR,
    (2, 120): Trait.REMARK,
}
_TEXTS = {"author": Trait.AUTHOR, "artist": Trait.AUTHOR, "copyright": Trait.AUTHOR, "title": Trait.TITLE, "description": Trait.REMARK}
_TEXTS |= {"comment": Trait.REMARK, "software": Trait.SOFTWARE, "source": Trait.DEVICE, "creation time": Trait.CREATED}


_SEGMENTS = (("APP0", b"JFIF"), ("APP1", b"Exif\0"), ("APP1", b"http://ns.adobe.com/xap/1.0/\0"), ("APP2", b"ICC_PROFILE\0"), ("APP14", b"Adobe"), ("COM", b""))
"""The segments of a JPEG that are looked at, or that only say how it is compressed and coloured."""


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so is a picture of a kind that is known here."""
    return head.startswith(MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def opened(file: IO[bytes]) -> ImageFile:
    """The picture in a file; what Pillow raises where there is none, or it is far too large."""
    Image.MAX_IMAGE_PIXELS = LARGEST
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    return Image.open(file, formats=_FORMATS)


def read(file: IO[bytes], inside: str = "") -> list[Told]:
    """What a picture tells; what of it cannot be read tells something, too."""
    with warnings.catch_warnings(record=True) as odd:
        found = list(_read(file, inside))
    return found + (told(Trait.OTHER, "EXIF ?", inside) if odd else [])


def _read(file: IO[bytes], inside: str) -> Iterator[Told]:
    picture = opened(file)
    exif = picture.getexif()
    tags = {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    layout = {*_TECHNICAL, *(({*_TIFF_LAYOUT, *_TIFF_MORE} - set(_TAGS)) if picture.format == "TIFF" else ())}
    yield from _of_gps(exif.get_ifd(ExifTags.IFD.GPSInfo), inside)
    for tag, value in tags.items():
        if tag in _TAGS:
            yield from told(_TAGS[tag], value.decode("utf-16-le", "replace") if tag in _UTF16 and isinstance(value, bytes) else value, inside)
    further = sum(1 for tag in tags if tag not in _TAGS and tag not in layout)
    yield from told(Trait.OTHER, f"EXIF: {further}" if further else "", inside)
    if picture.format != "TIFF" and exif.get_ifd(ExifTags.IFD.IFD1):
        yield from told(Trait.PREVIEW, "1", inside)
    yield from _of_blocks(picture, inside)
    if picture.format == "MPO":
        yield from told(Trait.OTHER, f"JPEG: {getattr(picture, 'n_frames', 1)}", inside)
    elif picture.format == "JPEG" and _trails(file):
        yield from told(Trait.OTHER, "JPEG …", inside)


def _of_gps(gps: Mapping[int, Any], inside: str) -> Iterator[Told]:
    try:
        degrees = (sum(float(part) / 60**n for n, part in enumerate(gps[tag])) for tag in (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude))
        latitude, longitude = degrees
        north, east = gps.get(ExifTags.GPS.GPSLatitudeRef, "N"), gps.get(ExifTags.GPS.GPSLongitudeRef, "E")
        yield from told(Trait.PLACE, f"{latitude:.5f} {north}, {longitude:.5f} {east}", inside)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        if gps:
            yield from told(Trait.PLACE, "GPS", inside)


def _of_blocks(picture: ImageFile, inside: str) -> Iterator[Told]:
    """What stands beside the EXIF block."""
    info = picture.info
    try:
        iptc = IptcImagePlugin.getiptcinfo(picture) or {}
    except (SyntaxError, ValueError, TypeError, OSError):
        iptc = {(0, 0): b"?"}
    for field, value in iptc.items():
        for each in value if isinstance(value, list) else [value]:
            yield from told(_IPTC.get(field, Trait.OTHER), each if field in _IPTC else "IPTC", inside)
    if "xmp" in info or "XML:com.adobe.xmp" in info:
        yield from told(Trait.OTHER, "XMP", inside)
    yield from told(Trait.REMARK, info.get("comment", ""), inside)
    for name, data in getattr(picture, "applist", ()):  # of a JPEG
        if not any(name == known and data.startswith(start) for known, start in _SEGMENTS):
            yield from told(Trait.OTHER, name, inside)
    if picture.format == "GIF" and (extension := info.get("extension")) and not extension[0].startswith(b"NETSCAPE"):
        yield from told(Trait.OTHER, extension[0], inside)
    if getattr(picture, "private_chunks", None):
        yield from told(Trait.OTHER, "PNG", inside)
    texts = getattr(picture, "text", None) if picture.format == "PNG" else None
    for name, value in (texts or {}).items():
        if name not in {"XML:com.adobe.xmp", "Raw profile type exif"}:
            yield from told(_TEXTS.get(name.casefold(), Trait.OTHER), value if name.casefold() in _TEXTS else f"{name}: {value}", inside)


def _trails(file: IO[bytes]) -> bool:
    """Whether something comes behind a JPEG picture, as the film of a moving photo does."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 4096))
    return not file.read().rstrip(b"\0").endswith(b"\xff\xd9")


def clean(file: IO[bytes], target: IO[bytes]) -> None:
    """Writes a copy that holds nothing but the picture."""
    picture = opened(file)
    form = "JPEG" if picture.format == "MPO" else str(picture.format)
    if form == "JPEG" and picture.getexif().get(_BASE.Orientation, 1) == 1 and "icc_profile" not in picture.info:
        picture.info.clear()
        picture.save(target, form, quality="keep", exif=b"", comment=b"")
        return
    moving = form in {"GIF", "TIFF", "WEBP", "PNG"} and getattr(picture, "n_frames", 1) > 1
    frames = [_bare(frame) for frame in (ImageSequence.Iterator(picture) if moving else [picture])]
    first, *others = frames
    options: dict[str, Any] = {"quality": QUALITY} if form in {"JPEG", "WEBP"} else {}
    if form == "WEBP" and picture.info.get("lossless"):
        options = {"lossless": True}
    if others:
        options |= {"save_all": True, "append_images": others}
        options |= {name: picture.info[name] for name in ("duration", "loop") if name in picture.info}
    first.save(target, form, **options)


def _bare(frame: Image.Image) -> Image.Image:
    """One picture as it is seen, with nothing beside it."""
    profile = frame.info.get("icc_profile")
    seen = ImageOps.exif_transpose(frame)
    if profile and seen.mode in {"RGB", "L", "CMYK"}:
        try:
            mode = "L" if seen.mode == "L" else "RGB"
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(seen, own, ImageCms.createProfile("sRGB"), outputMode="RGB") if mode == "RGB" else seen
            seen = converted or seen
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that nobody can read: the colours stay as they are stored
    kept: dict[str | tuple[int, int], Any] = {name: value for name, value in seen.info.items() if name in {"transparency", "background"}}
    bare = Image.frombytes(seen.mode, seen.size, seen.tobytes()) if seen.mode != "P" else seen.copy()
    bare.info = kept
    return bare
