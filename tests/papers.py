"""Files as reporters send them, which tell more than they are meant to; and exiftool, which says what one tells by another's eye.

>>> photo().startswith(b"\\xff\\xd8")
True
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from PIL import Image, PngImagePlugin

HERE = (31.2304, 121.4737)
"""Where the photo was taken."""
LAYOUT = {"ExifTool", "System", "File", "Composite", "JFIF", "SourceFile"}
"""Groups of exiftool that tell what any file tells: its size, how it is compressed."""


def photo(*, orientation: int = 6, size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG of a phone, held upright: red above, blue below, as one sees it; with place, phone, owner, a preview and a remark."""
    picture = Image.new("RGB", size, (220, 20, 20))
    picture.paste((20, 20, 220), (size[0] // 2, 0, size[0], size[1]))  # the right half, which is turned to the bottom
    exif = picture.getexif()
    exif[0x010F], exif[0x0110], exif[0x0131], exif[0x0112] = "Nokia", "3310", "Snap 1.2", orientation
    exif[0x013B] = "Zhang San"
    more = exif.get_ifd(0x8769)
    more[0x9003], more[0xA431] = "2026:10:12 21:05:00", "SN-4711"
    place = exif.get_ifd(0x8825)
    place[1], place[3] = "N", "E"
    place[2], place[4] = (tuple(_sexagesimal(each)) for each in HERE)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=b"from my window", quality=90)
    return out.getvalue()


def _sexagesimal(degrees: float) -> list[float]:
    minutes = degrees % 1 * 60
    return [float(int(degrees)), float(int(minutes)), round(minutes % 1 * 60, 3)]


def screenshot() -> bytes:
    """A PNG with the name of whoever made it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Zhang San")
    info.add_itxt("Comment", "张三的桌面")
    out = io.BytesIO()
    Image.new("RGBA", (20, 10), (1, 2, 3, 128)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def letter() -> bytes:
    """A Word file: an author, a change that struck words out, a comment, a photo with its place."""
    document = docx.Document()
    document.core_properties.author, document.core_properties.last_modified_by = "Zhang San", "Li Si"
    paragraph = document.add_paragraph("The goods leave at night. ")
    run = paragraph.add_run("as Old Sun told me")
    run._r.find(qn("w:t")).tag = qn("w:delText")
    _wrap(paragraph, run, "w:del")
    _wrap(paragraph, paragraph.add_run("as one sees"), "w:ins")
    document.add_comment(paragraph.runs, text="who said that?", author="Zhao Liu", initials="ZL")
    document.add_picture(io.BytesIO(photo()))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _wrap(paragraph: Any, run: Any, tag: str) -> None:
    change = OxmlElement(tag)
    for name, value in (("w:id", "7"), ("w:author", "Wang Wu"), ("w:date", "2026-10-12T21:05:00Z")):
        change.set(qn(name), value)
    paragraph._p.remove(run._r)
    change.append(run._r)
    paragraph._p.append(change)


def scan(pages: int = 2) -> bytes:
    """A PDF: an author in both places, a remark by somebody, a photo with its place in a page, an attached file; changed after it was first saved."""
    pdf = pikepdf.new()
    for number in range(pages):
        page = pdf.add_blank_page(page_size=(200, 100))
        page.Contents = pdf.make_stream(b"BT /F1 12 Tf 10 50 Td (page %d) Tj ET" % (number + 1))
    with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
        xmp["dc:creator"] = ["Zhang San"]
        xmp["xmp:CreatorTool"] = "Writer 7"
    pdf.docinfo["/Author"] = "Zhang San"
    pdf.docinfo["/Company"] = "Example Works"
    image = pdf.make_stream(photo())
    for name, value in (("Type", pikepdf.Name.XObject), ("Subtype", pikepdf.Name.Image), ("Width", 64), ("Height", 48), ("BitsPerComponent", 8)):
        image[f"/{name}"] = value
    image.ColorSpace, image.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.DCTDecode
    first = pdf.pages[0]
    first.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    remark = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[10, 10, 20, 20], Contents="night shift", T="Zhao Liu")
    first.Annots = pdf.make_indirect([pdf.make_indirect(remark)])
    pdf.attachments["contacts.txt"] = b"Old Sun, 555-0123"
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def opened_twice(data: bytes) -> bytes:
    """A PDF after another program has added to its end, as many do to save: what it said before is still in it."""
    size = data.count(b" obj")
    offset = len(data)
    table = b"xref\n0 0\ntrailer\n<< /Size %d /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    before = int(data.rpartition(b"startxref")[2].split()[0])
    return data + table % (size + 1, before, offset)


def exiftool(data: bytes, folder: Path, name: str) -> dict[str, Any]:
    """What exiftool finds in a file, by group and name, less what any file tells."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed (Debian: apt-get install libimage-exiftool-perl)")
    path = folder / f"seen-{name}"
    path.write_bytes(data)
    done = subprocess.run(["exiftool", "-j", "-G1", "-a", "-u", str(path)], capture_output=True, check=True)
    (found,) = json.loads(done.stdout)
    return {key: value for key, value in found.items() if key.partition(":")[0] not in LAYOUT}


def parts(data: bytes) -> dict[str, bytes]:
    """The parts of an office file."""
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return {name: found.read(name) for name in found.namelist()}
