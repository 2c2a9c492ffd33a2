"""What files tell of whoever made them, is seen; a cleaned copy tells nothing any more, by exiftool's eye, and still is the picture or text it was."""

from __future__ import annotations

import io
import re
import shutil
import struct
import time
import zipfile
from pathlib import Path

import docx
import pikepdf
import pytest
from PIL import Image

import papers
from plaint.evidence import office, workshop
from plaint.evidence.metadata import Told, Trait, plain
from plaint.evidence.workshop import Trouble, TroubleError


def tells(data: bytes) -> dict[Trait, list[str]]:
    found: dict[Trait, list[str]] = {}
    for each in workshop.read(io_file(data), "x"):
        found.setdefault(each.trait, []).append(f"{each.value} ({each.inside})" if each.inside else each.value)
    return found


def cleaned(data: bytes) -> bytes:
    copy, size = workshop.clean(io_file(data), "x")
    with copy:
        bare = copy.read()
    assert len(bare) == size
    return bare


def io_file(data: bytes):
    """A real file, for the bench apart gets it as its standard input."""
    import tempfile

    file = tempfile.TemporaryFile(buffering=0)
    file.write(data)
    return file


def trouble(data: bytes) -> Trouble:
    with pytest.raises(TroubleError) as caught:
        workshop.read(io_file(data), "x")
    assert str(caught.value).count("\n") == 0
    return caught.value.trouble


def test_a_photo(tmp_path: Path) -> None:
    data = papers.photo()
    assert {"GPS:GPSLatitude", "IFD0:Artist", "ExifIFD:SerialNumber"} <= set(papers.exiftool(data, tmp_path, "photo.jpg"))
    assert tells(data) == {
        Trait.PLACE: ["31.23040 N, 121.47370 E"],
        Trait.DEVICE: ["Nokia", "3310"],
        Trait.SOFTWARE: ["Snap 1.2"],
        Trait.AUTHOR: ["Zhang San"],
        Trait.TAKEN: ["2026:10:12 21:05:00"],
        Trait.SERIAL: ["SN-4711"],
        Trait.REMARK: ["from my window"],
    }
    bare = cleaned(data)
    assert papers.exiftool(bare, tmp_path, "photo.jpg") == {}
    assert tells(bare) == {}
    picture = Image.open(io.BytesIO(bare))
    assert picture.size == (48, 64)  # as it was held
    red, blue = picture.getpixel((24, 5)), picture.getpixel((24, 58))
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


def test_a_photo_that_needs_no_turning_hardly_changes(tmp_path: Path) -> None:
    data = papers.photo(orientation=1)
    bare = cleaned(data)
    assert papers.exiftool(bare, tmp_path, "photo.jpg") == {}
    after, before = (Image.open(io.BytesIO(each)) for each in (bare, data))
    assert after.quantization == before.quantization
    apart = [abs(a - b) for a, b in zip(after.tobytes(), before.tobytes(), strict=True)]
    assert sum(apart) / len(apart) < 3  # of 255, on a picture with one sharp edge


def test_a_film_behind_a_photo_is_told_and_left_behind() -> None:
    data = papers.photo() + b"\0\0\0\x18ftypmp42 a film of three seconds"
    assert Trait.OTHER in tells(data)
    assert b"ftypmp42" not in cleaned(data)


def test_what_cannot_be_read_in_a_photo_tells_something_too() -> None:
    """An EXIF block that is damaged, or segments that nobody knows, are not nothing."""
    data = papers.photo(orientation=1)
    at = data.index(b"Exif\0\0") + 6
    spoilt = data[: at + 10] + b"\xff" * 8 + data[at + 18 :]
    assert tells(spoilt)
    assert tells(cleaned(spoilt)) == {}
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    bare = out.getvalue()
    assert tells(bare) == {}
    odd = bare[:2] + b"\xff\xe7\x00\x0fZhang San 007" + bare[2:]
    assert tells(odd) == {Trait.OTHER: ["APP7"]}
    assert b"Zhang" not in cleaned(odd)


def test_a_screenshot(tmp_path: Path) -> None:
    data = papers.screenshot()
    assert tells(data) == {Trait.AUTHOR: ["Zhang San"], Trait.REMARK: ["张三的桌面"]}
    bare = cleaned(data)
    assert {name for name in papers.exiftool(bare, tmp_path, "a.png") if name not in PNG_LAYOUT} == set()
    assert Image.open(io.BytesIO(bare)).tobytes() == Image.open(io.BytesIO(data)).tobytes()


PNG_LAYOUT = {f"PNG:{name}" for name in ("ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace")}


@pytest.mark.parametrize("form", ["GIF", "TIFF", "WEBP"])
def test_a_picture_of_several_keeps_them_all(form: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    out = io.BytesIO()
    first.save(out, form, save_all=True, append_images=[second], **({"lossless": True} if form == "WEBP" else {}))
    data = out.getvalue()
    assert tells(data) == {}
    bare = Image.open(io.BytesIO(cleaned(data)))
    assert bare.n_frames == 2
    bare.seek(1)
    assert bare.convert("RGB").getpixel((4, 4))[2] > 200


@pytest.mark.skipif(not shutil.which("mat2"), reason="mat2 is not installed (Debian: apt-get install mat2)")
def test_a_letter(tmp_path: Path) -> None:
    data = papers.letter()
    found = tells(data)
    assert found[Trait.AUTHOR] == ["Zhang San", "Zhang San (image1.jpg)"]
    assert found[Trait.EDITOR] == ["Li Si"]
    assert found[Trait.CHANGES] == ["2: Wang Wu"]
    assert found[Trait.COMMENTS] == ["1: Zhao Liu"]
    assert found[Trait.PLACE] == ["31.23040 N, 121.47370 E (image1.jpg)"]
    bare = cleaned(data)
    parts = papers.parts(bare)
    whole = b"".join(parts.values())
    for secret in (b"Zhang San", b"Li Si", b"Wang Wu", b"Zhao Liu", b"Old Sun", b"who said", b"w:del", b"w:ins ", b"w:ins>"):
        assert secret not in whole, secret
    assert "word/comments.xml" not in parts
    assert not [name for name in parts if "thumbnail" in name]
    assert papers.exiftool(parts["word/media/image1.jpg"], tmp_path, "image1.jpg") == {}
    assert not re.search(rb"[Cc]omment(Range|Reference\b[^\"])", parts["word/document.xml"])
    seen = papers.exiftool(bare, tmp_path, "a.docx")
    assert not [name for name in seen if name.partition(":")[0] in {"XMP", "XMP-dc", "XMP-cp"} or "Zhang" in str(seen[name])]
    again = docx.Document(io.BytesIO(bare))  # refuses a file that speaks of parts it has not
    assert again.paragraphs[0].text == "The goods leave at night. as one sees"
    assert len(again.inline_shapes) == 1


def test_an_office_file_without_mat2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one line that says so; what it tells is seen all the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Trait.AUTHOR in tells(papers.letter())
    with pytest.raises(TroubleError, match="mat2, which is not installed here") as caught:
        cleaned(papers.letter())
    assert caught.value.trouble is Trouble.NO_TOOL


def test_opendocument() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        parts.writestr("meta.xml", f'<o:m xmlns:o="o" {_NS}><meta:initial-creator>张三</meta:initial-creator><dc:creator>李四</dc:creator></o:m>')
        change = (
            "<text:changed-region><text:deletion><office:change-info><dc:creator>王五</dc:creator></office:change-info></text:deletion></text:changed-region>"
        )
        parts.writestr("content.xml", f'<o:c xmlns:o="o" {_NS}>{change}<office:annotation><dc:creator>赵六</dc:creator></office:annotation></o:c>')
    assert tells(out.getvalue()) == {Trait.AUTHOR: ["张三", "李四"], Trait.CHANGES: ["1: 王五"], Trait.COMMENTS: ["1: 赵六"]}


_NS = 'xmlns:meta="meta" xmlns:dc="dc" xmlns:text="text" xmlns:office="office"'


def test_a_pdf(tmp_path: Path) -> None:
    data = papers.scan()
    found = tells(data)
    assert found[Trait.AUTHOR] == ["Zhang San", "Zhang San", "Zhang San (JPEG 1)"]
    assert found[Trait.ORGANISATION] == ["Example Works"]
    assert found[Trait.COMMENTS] == ["1: Zhao Liu"]
    assert found[Trait.FILES] == ["contacts.txt"]
    assert found[Trait.PLACE] == ["31.23040 N, 121.47370 E (JPEG 1)"]
    assert Trait.VERSIONS not in found
    bare = cleaned(data)
    assert tells(bare) == {}
    assert set(papers.exiftool(bare, tmp_path, "a.pdf")) <= {"PDF:PDFVersion", "PDF:Linearized", "PDF:PageCount"}
    with pikepdf.open(io.BytesIO(bare)) as pdf:
        streams = b"".join(each.read_raw_bytes() for each in pdf.objects if isinstance(each, pikepdf.Stream))
        text = repr(list(pdf.objects))
        assert [b"page %d" % n in page.Contents.read_bytes() for n, page in enumerate(pdf.pages, 1)] == [True, True]
        assert str(pdf.pages[0].Annots[0].Contents) == "night shift"
        image = pdf.pages[0].Resources.XObject.Im0.read_raw_bytes()
    assert papers.exiftool(image, tmp_path, "im0.jpg") == {}
    for secret in ("Zhang San", "Zhao Liu", "Old Sun", "contacts"):
        assert secret.encode() not in streams
        assert secret not in text


def test_an_earlier_version_in_a_pdf() -> None:
    data = papers.opened_twice(papers.scan())
    assert tells(data)[Trait.VERSIONS] == ["1"]
    assert Trait.VERSIONS not in tells(cleaned(data))


def test_what_is_told_is_one_printable_line() -> None:
    assert plain("Zhang\x1b[2J\n\r\0San\u202e") == "Zhang [2J San"
    assert len(plain("x" * 5000)) == 201
    assert Told(Trait.AUTHOR, plain(b"\xff\xfe")).value == "��"


# Files that mean harm, or are none


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        with parts.open("word/document.xml", "w") as part:
            for _turn in range(size >> 20):
                part.write(b" " * (1 << 20))
    return out.getvalue()


def lying_bomb() -> bytes:
    """It says of itself that it is small."""
    data = bytearray(bomb(64 << 20))
    size = struct.pack("<I", 64 << 20)
    assert size in data
    return bytes(data.replace(size, struct.pack("<I", 1000)))


def wide_png() -> bytes:
    """100,000 pixels square, in a file of 60 bytes."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    import zlib

    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + struct.pack(">I", 0) + b"IDAT"


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


def laughing() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        parts.writestr("word/document.xml", LAUGHS)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (lambda: b"just text", Trouble.UNKNOWN),
        (lambda: b"PK\x03\x04" + b"x" * 100, Trouble.DAMAGED),
        (lambda: bomb(office.LARGEST + (1 << 20)), Trouble.LARGE),
        (lying_bomb, Trouble.DAMAGED),
        (laughing, Trouble.DAMAGED),
        (wide_png, Trouble.LARGE),
        (lambda: papers.photo()[:40], Trouble.DAMAGED),
        (lambda: b"%PDF-1.7\n%broken", Trouble.DAMAGED),
        (lambda: papers.scan()[:500], Trouble.DAMAGED),
        (lambda: locked(), Trouble.LOCKED),
        (lambda: papers.letter()[:3000], Trouble.DAMAGED),
    ],
    ids=["text", "no-zip", "bomb", "lying-bomb", "laughs", "wide", "cut-jpeg", "no-pdf", "cut-pdf", "locked", "cut-docx"],
)
def test_hostile_and_broken_files_end_in_one_word(data, word: Trouble) -> None:
    made = data()
    start = time.monotonic()
    assert trouble(made) is word
    assert time.monotonic() - start < workshop.SECONDS


def locked() -> bytes:
    with pikepdf.open(io.BytesIO(papers.scan())) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


def test_ten_thousand_pages() -> None:
    found = tells(papers.scan(pages=10_000))
    assert "Zhang San" in found[Trait.AUTHOR]
