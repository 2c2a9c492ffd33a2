"""The text that bytes of a mail mean, whatever their label says.

Rules:
- What is UTF-8 beyond doubt is UTF-8: few mislabelled mails are anything else.
- A label means what mailers mean by it, which is more than what its standard says (encoding.spec.whatwg.org): text labelled gb2312 is decoded as
  gb18030, big5 with Hong Kong's characters, iso-8859-1 as Windows-1252, and so on. Python's own gb2312 would lose the 镕 of a name.
- Where the label is missing, unknown or plainly wrong, the bytes are asked themselves (chardet). A few broken bytes do not make a label wrong.
- Nothing fails: what cannot be decoded shows as U+FFFD, and `exact` is false, so that the caller keeps the bytes too.

>>> decode("朱镕基".encode("gb18030"), "gb2312").text
'朱镕基'
>>> decode("投诉".encode("utf-8"), "gb2312").text
'投诉'
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
    "iso2022_jp_2": "iso2022_jp_2",
}
"""Python's name of a codec -> that of the one that mailers mean."""
_ALIASES = {
    "x-gbk": "gbk",
    "gb_2312-80": "gb2312",
    "gb2312-80": "gb2312",
    "x-euc-cn": "gb2312",
    "hz-gb-2312": "hz",
    "x-x-big5": "big5",
    "cn-big5": "big5",
    "cn-gb": "gb2312",
    "x-sjis": "shift_jis",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "windows-874": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf-8mb4": "utf-8",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-cp1252": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
}
"""Names that Python does not know."""
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Python's codecs for other things."""
_JAPANESE = re.compile(rb"\x1b\$[@B]|\x1b\([JI]")
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_kr", "hz", "utf-7"})
_WIDE = frozenset({"utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"})
_CJK = frozenset({"gb18030", "big5hkscs", "cp950", "cp949", "cp932", "euc_jp", "euc_jis_2004", "johab"})
_CHINESE = frozenset({"gb18030", "big5hkscs"})
"""Either decodes as the other, to rare characters; a text of some length tells which it is."""
_ENOUGH = 16
_MULTIBYTE = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")
_LOST = re.compile("[\ue000-\uf8ff\ufffd]")
_FEW = 50
"""One broken character in so many is damage; more of them say that the label is wrong."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and whether it says all that the bytes said. `charset` is the codec that was used."""

    text: str
    charset: str
    exact: bool = True


def decode(data: bytes, label: str = "", fallback: str = "") -> Decoded:
    """The text of `data`, labelled so; `fallback` is the charset of what stands around it, for what has no label."""
    codec = codec_of(label)
    if data.isascii() and codec not in _WIDE:
        if codec not in _SEVEN_BIT and not _JAPANESE.search(data):
            return Decoded(data.decode("ascii"), codec or "ascii")
        codec = codec if codec in _SEVEN_BIT else "iso2022_jp_ext"
        return _strictly(data, codec) or Decoded(data.decode(codec, "replace"), codec, exact=False)
    if data.startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    if codec not in _WIDE and (codec not in _CJK or _MULTIBYTE.search(data)) and (found := _strictly(data, "utf-8")):
        return found
    if codec in _CHINESE and sum(byte > 0x7F for byte in data) >= _ENOUGH and (other := codec_of(_guess(data))) in _CHINESE:
        codec = other
    for each in (codec, codec_of(fallback)):
        if each and (found := _nearly(data, each)):
            return found
    guessed = codec_of(_guess(data))
    for each in (guessed, codec, "utf-8"):
        if each and (found := _strictly(data, each)):
            return found
    return Decoded(data.decode(guessed or codec or "utf-8", "replace"), guessed or codec or "utf-8", exact=False)


def codec_of(label: str) -> str:
    """Python's codec for a label, as mailers mean it; "" for what is no charset."""
    name = label.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not name.isascii() or not name.isprintable():
        return ""
    try:
        found = codecs.lookup(name)
        if not isinstance("".encode(name), bytes) or not found._is_text_encoding:  # noqa: SLF001 - rot13 and zip are codecs, too
            return ""
    except (LookupError, ValueError, UnicodeError, TypeError):
        return ""
    return "" if found.name.replace("-", "_") in _NO_CHARSETS else _WIDER.get(found.name, found.name)


def _strictly(data: bytes, codec: str) -> Decoded | None:
    try:
        return Decoded(data.decode(codec), codec)
    except (UnicodeError, ValueError, LookupError):
        return None


def _nearly(data: bytes, codec: str) -> Decoded | None:
    """Decoded with few losses; None where there are so many that the codec is the wrong one: a foreign text falls into the private use area, too."""
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return None
    lost, letters = len(_LOST.findall(text)), sum(not c.isascii() for c in text)
    return Decoded(text, codec, exact="�" not in text) if lost * _FEW <= letters else None


def _guess(data: bytes) -> str:
    from chardet import EncodingEra, detect

    return str(detect(data, encoding_era=EncodingEra.MODERN_WEB)["encoding"] or "")
