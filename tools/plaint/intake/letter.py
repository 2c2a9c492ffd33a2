r"""What a mail says: its sender, its text and its files, out of any bytes whatever.

Rules:
- Python's own parser takes the mail apart, by its oldest policy, which takes everything; what is labelled is decoded by `charsets`.
- The text is what a reader sees: the plain one, unless the HTML says more than twice as much; then that, as text, and the HTML is kept as a file.
- Whatever is no text of the mail itself is a file: attachments, pictures in the text, forwarded mails, signatures. winmail.dat is unpacked.
- Where a text was damaged or is too long for one sealed field, the part is kept as a file, too. Nothing that came is dropped.
- A mail that the parser gives up on has its header, and the rest of it as one file. So has one that would keep it busy for minutes.

>>> read_letter(b"From: Li <li@example.org>\nSubject: =?gb2312?B?zbbL3w==?=\n\nhello").subject
'投诉'
"""

from __future__ import annotations

import email.message
import email.parser
import email.utils
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.generator import BytesGenerator
from email.header import decode_header
from email.policy import compat32
from io import BytesIO

from plaint.intake.attachments import Attachment, file_name
from plaint.intake.charsets import decode
from plaint.intake.outlook import Opened, open_msg, open_tnef

LONGEST = 190_000
"""Letters of text that stay in one sealed field."""
OUTLOOK = b"\xd0\xcf\x11\xe0"
"""What a .msg begins with."""
MOST_PARTS = 1000
_FIRST_YEAR = 1990
"""What was written before was written on a machine without a clock."""
_MOST_TAGS = 50_000
_LONGEST_HEADER, _LONGEST_HEADERS = 20_000, 300_000
"""Letters of one header that are read, and of all together."""
_ENDLESS = re.compile(rb"^content-(?:type|disposition):(?:[^\n]|\n[ \t]){20000}", re.IGNORECASE | re.MULTILINE)
"""What Python's parser takes the square of its length to read."""
_FAULTS = (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What parsers raise at what was made to break them."""
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_META = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_SUFFIXES = {"text/html": ".html", "text/plain": ".txt", "message/rfc822": ".eml", "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif",
             "application/pdf": ".pdf", "text/calendar": ".ics", "application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address; either may be empty."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, read. `id` is the Message-ID without its brackets; `digest` a hash of what came after the header, as it came."""

    id: str
    digest: str
    subject: str
    sender: Person
    reply_to: Person
    date: datetime | None
    received: datetime | None
    text: str
    files: tuple[Attachment, ...]
    headers: Mapping[str, tuple[str, ...]]
    whole: bool = True

    def header(self, name: str) -> str:
        """The first header of this name, decoded; empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")


@dataclass(slots=True)
class _Found:
    """What was found in a part: texts in their order, files, and the HTML that a text was made of."""

    texts: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    html: list[Attachment] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n\n".join(text for text in self.texts if text.strip())


def read_letter(data: bytes) -> Letter:
    """The mail in these bytes: RFC 5322, or Outlook's own file."""
    if data.startswith(OUTLOOK) and (opened := open_msg(data)):
        return _of_outlook(data, opened)
    try:
        if _ENDLESS.search(data):
            raise ValueError
        message: email.message.Message = email.parser.BytesParser(policy=compat32).parsebytes(data)
        found, charset = _Found(), _charset_of(message)
        _take(message, found, charset, [MOST_PARTS])
    except _FAULTS:
        return _letter(data, *_headers_only(data), "", whole=False)
    return _letter(data, message, found, charset)


def _letter(data: bytes, message: email.message.Message, found: _Found, charset: str, *, whole: bool = True) -> Letter:
    headers: dict[str, tuple[str, ...]] = {}
    raw: dict[str, str] = {}
    left = _LONGEST_HEADERS
    for name, value in message.raw_items():
        key, text = name.lower(), str(value)[:_LONGEST_HEADER]
        left -= len(key) + len(text)
        if left < 0:
            break
        raw.setdefault(key, text)
        headers[key] = (*headers.get(key, ()), header_text(text, charset))
    text, files = _fitting(found)
    return Letter(
        id=_message_id(headers.get("message-id", ("",))[0]),
        digest=hashlib.sha256(_after_header(data)).hexdigest(),
        subject=headers.get("subject", ("",))[0],
        sender=_person(raw.get("from", "") or raw.get("sender", ""), charset),
        reply_to=_person(raw.get("reply-to", ""), charset),
        date=_time(headers.get("date", ("",))[0]),
        received=_time(headers.get("received", ("",))[0].rpartition(";")[2]),
        text=text,
        files=tuple(files),
        headers=headers,
        whole=whole,
    )


def _of_outlook(data: bytes, opened: Opened) -> Letter:
    message = email.parser.HeaderParser(policy=compat32).parsestr(opened.headers)
    for name, value in (("From", opened.sender), ("Subject", opened.subject), ("Date", opened.date), ("Message-ID", opened.id)):
        if value and name not in message:
            message[name] = " ".join(value.split())
    found = _Found(files=list(opened.files))
    _add_opened(found, opened)
    return _letter(data, message, found, "")


def _headers_only(data: bytes) -> tuple[email.message.Message, _Found]:
    """What remains of a mail that cannot be taken apart."""
    message: email.message.Message = email.parser.BytesHeaderParser(policy=compat32).parsebytes(data)
    rest = _after_header(data)
    return message, _Found(files=[Attachment("message.eml", "message/rfc822", rest)] if rest else [])


def _take(part: email.message.Message, found: _Found, charset: str, left: list[int]) -> None:
    """Adds what a part holds."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(MOST_PARTS)
    kind = part.get_content_type()
    if kind.startswith("message/"):
        found.files.append(Attachment(_name(part, charset), kind, _flat(part)))
    elif part.is_multipart():
        if kind == "multipart/alternative":
            _take_best(part, found, charset, left)
        else:
            for each in _children(part):
                _take(each, found, charset, left)
    else:
        _take_leaf(part, kind, found, charset)


def _take_best(part: email.message.Message, found: _Found, charset: str, left: list[int]) -> None:
    """Of several texts that say the same, the first that says at least half of what the longest does; all files."""
    several = []
    for each in _children(part):
        one = _Found()
        _take(each, one, charset, left)
        several.append(one)
    longest = max((len(_letters(one.text)) for one in several), default=0)
    best = next((one for one in several if 2 * len(_letters(one.text)) >= longest), None)
    for one in several:
        found.files.extend(one.files)
    if best:
        found.texts.extend(best.texts)
        found.html.extend(best.html)


def _take_leaf(part: email.message.Message, kind: str, found: _Found, charset: str) -> None:
    data = _bytes_of(part)
    label = part.get_param("charset", "")
    label = email.utils.collapse_rfc2231_value(label) if label else ""
    named = part.get_filename() or part.get_content_disposition() == "attachment"
    if kind.startswith("multipart/"):  # it says that it has parts, and none is found in it
        kind = "text/plain"
    if kind in ("text/plain", "text/html") and not named:
        if data.strip():
            _take_text(data, kind, label, found, charset)
    elif data or named:
        file = Attachment(_name(part, charset), kind, data)
        tnef = kind in _TNEF or file.name.lower() == "winmail.dat"
        if tnef and (opened := open_tnef(data)):
            found.files.extend([*opened.files, *([] if opened.complete else [file])])
            if not found.text:
                _add_opened(found, opened)
        else:
            found.files.append(file)


def _take_text(data: bytes, kind: str, label: str, found: _Found, charset: str) -> None:
    if kind == "text/html":
        declared = _META.search(data[:4096])
        decoded = decode(data, label, declared[1].decode("ascii") if declared else charset)
        text = html_text(decoded.text)
        found.html.append(Attachment("message.html", kind, data))
    else:
        decoded = decode(data, label, charset)
        text = decoded.text
        if not decoded.exact:
            found.files.append(Attachment("message.txt", kind, data))
    found.texts.append(plain(text))


def _add_opened(found: _Found, opened: Opened) -> None:
    text = plain(opened.text)
    from_html = plain(html_text(opened.html)) if opened.html else ""
    if 2 * len(_letters(text)) >= len(_letters(from_html)):
        found.texts.append(text)
    else:
        found.texts.append(from_html)
        found.html.append(Attachment("message.html", "text/html", opened.html.encode("utf-8", "replace")))


_CONTROL = dict.fromkeys([*range(9), *range(11, 32), 127])


def html_text(html: str) -> str:
    """What a reader sees of HTML; empty where that cannot be told, so that the HTML itself is all there is."""
    if html.count("<") > _MOST_TAGS:
        return ""
    from inscriptis import get_text

    try:
        return str(get_text(html))
    except _FAULTS:
        return ""


def plain(text: str) -> str:
    """A text with line feeds alone between its lines, and nothing in it but letters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return lines.translate(_CONTROL).strip("\n")


def header_text(value: str, charset: str = "") -> str:
    """A header's value as people read it, on one line: encoded words, and letters that were sent as they are."""
    text = decode(value.encode("utf-8", "surrogateescape"), "", charset).text if not value.isascii() or "\x1b" in value else value
    text = " ".join(text.split())
    if "=?" in text:
        try:
            parts = decode_header(text)
        except (HeaderParseError, ValueError, LookupError):
            parts = [(text, None)]
        text = "".join(_word(*part, charset) for part in parts)
    return " ".join("".join(c if c.isprintable() else " " for c in text.encode("utf-8", "replace").decode("utf-8")).split())


def _word(data: bytes | str, label: str | None, charset: str) -> str:
    if isinstance(data, str):
        return data
    if label is None:  # what stood between encoded words
        return data.decode("raw-unicode-escape", "replace")
    return decode(data, label.partition("*")[0], charset).text


def _person(value: str, charset: str) -> Person:
    text = decode(value.encode("utf-8", "surrogateescape"), "", charset).text if not value.isascii() else value
    try:
        pairs = email.utils.getaddresses([" ".join(text.split())])
    except _FAULTS:
        pairs = []
    for name, address in pairs:
        if _ADDRESS.fullmatch(address):
            return Person(header_text(name, charset), address)
    readable = header_text(text, charset)
    found = _ADDRESS.search(readable)
    return Person(readable.replace(found[0], "").strip(" <>\"'"), found[0]) if found else Person(readable)


def _name(part: email.message.Message, charset: str) -> str:
    """What a file is called; by its kind where it has no name."""
    try:
        given = header_text(part.get_filename() or "", charset)
    except _FAULTS:
        given = ""
    if given and file_name(given) != "file":
        return file_name(given)
    kind = part.get_content_type()
    suffix = _SUFFIXES.get(kind, "")
    if kind == "message/rfc822" and part.is_multipart() and (inner := _children(part)):
        return file_name(f"{header_text(str(inner[0].get('subject', '')), charset)[:100] or 'message'}{suffix}")
    return f"{kind.partition('/')[0]}{suffix}"


def _bytes_of(part: email.message.Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _flat(part: email.message.Message) -> bytes:
    """The bytes of an attached mail or report."""
    parts = _children(part)
    if not parts:
        return _bytes_of(part)
    out = BytesIO()
    for each in parts:
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(each)
    return out.getvalue()


def _children(part: email.message.Message) -> list[email.message.Message]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, email.message.Message)] if isinstance(payload, list) else []


def _charset_of(message: email.message.Message) -> str:
    """The charset that the first text of a mail says; its header is read by it where that has letters as they are."""
    for part in _walk(message, 50):
        label = part.get_param("charset")
        if part.get_content_maintype() == "text" and label:
            return email.utils.collapse_rfc2231_value(label)
    return ""


def _walk(part: email.message.Message, most: int) -> Iterator[email.message.Message]:
    waiting = [part]
    while waiting and most:
        each = waiting.pop()
        most -= 1
        yield each
        waiting.extend(reversed(_children(each)))


def _message_id(value: str) -> str:
    inside = re.search(r"<([^<>]+)>", value)
    return "".join((inside[1] if inside else value).split())[:998]


def _time(value: str) -> datetime | None:
    """A moment as mails write it; None where they write none that can be."""
    try:
        moment = email.utils.parsedate_to_datetime(value.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(microsecond=0) if moment.year >= _FIRST_YEAR else None


def _after_header(data: bytes) -> bytes:
    """What comes after the header, with line feeds between the lines and none at the end: mailboxes differ in these."""
    if data.startswith(OUTLOOK):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[2].rstrip(b"\n")


def _letters(text: str) -> str:
    return "".join(text.split())


def _fitting(found: _Found) -> tuple[str, list[Attachment]]:
    """The text as one field, and the files: with the whole text as one where it is longer."""
    text, files = found.text, [*found.files, *found.html]
    if len(text) > LONGEST:
        files.append(Attachment("message.txt", "text/plain", text.encode("utf-8")))
        text = text[:LONGEST]
    return text, files
