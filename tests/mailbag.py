"""Mails to test with: ordinary ones by the hundred, the same for the same seed, and the awkward ones of the world, each with what must come of it.

>>> bag = ordinary(3)
>>> [mail.id for mail in bag]
['m0@mail.example.org', 'm1@mail.example.org', 'm2@mail.example.org']
"""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

FIRST = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
SENTENCES = (
    "仓库主管向供应商收取回扣，请严肃查处。", "食堂的饭菜不新鲜，很多人吃了肚子疼。", "工资拖欠两个月了，我们打过很多次电话。",
    "The supervisor of the warehouse takes money from suppliers.", "My complaint of March was never answered.", "Es wird seit Wochen nicht gelüftet.",
    "倉庫主管向供應商收取回扣，請嚴肅查處。", "倉庫の責任者が業者からお金を受け取っています。",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A mail that was made, and what is expected of it."""

    id: str
    data: bytes
    text: str = ""
    subject: str = ""
    files: dict[str, int] = field(default_factory=dict)


def ordinary(count: int, seed: int = 1) -> list[Made]:
    """Mails of people: Chinese and others, text, HTML or both, with and without files."""
    chance = random.Random(seed)
    return [_ordinary(number, chance) for number in range(count)]


def _ordinary(number: int, chance: random.Random) -> Made:
    text = f"{chance.choice(SENTENCES)}\n{chance.choice(SENTENCES)}\n第 {number} 号"
    subject = f"{chance.choice(SENTENCES)[:12]} {number}"
    id_ = f"m{number}@mail.example.org"
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Sender {number} <sender{number}@example.net>"
    message["To"] = "complaints@example.org"
    message["Subject"] = subject
    message["Date"] = format_datetime(FIRST + timedelta(minutes=number))
    message["Message-ID"] = f"<{id_}>"
    match number % 5:
        case 0 | 1:
            message.set_content(text)
        case 2:
            message.set_content("<html><body><p>" + text.replace("\n", "</p><p>") + "</p></body></html>", subtype="html")
        case _:
            message.set_content(text)
            message.add_alternative("<p>" + text.replace("\n", "<br>") + "</p>", subtype="html")
    files = {}
    if number % 7 == 3:
        size = chance.choice((200, 5_000, 60_000)) if number % 49 != 3 else 400_000
        files[f"附件 {number}.pdf"] = size
        message.add_attachment(chance.randbytes(size), maintype="application", subtype="pdf", filename=f"附件 {number}.pdf")
    return Made(id_, message.as_bytes(), text, subject, files)


def raw(headers: str, body: bytes | str = b"hello\r\n", *, encoding: str = "utf-8", number: int = 0) -> bytes:
    """A mail written by hand: `headers` with line feeds, as text or with bytes of their own in `encoding`."""
    lines = "\n".join(line for line in headers.strip().splitlines())
    names = {line.partition(":")[0].lower() for line in lines.splitlines()}
    for name, value in (("From", f"Somebody <somebody{number}@example.net>"), ("Message-ID", f"<odd{number}@example.net>")):
        if name.lower() not in names:
            lines = f"{name}: {value}\n{lines}"
    return lines.encode(encoding, "surrogateescape").replace(b"\n", b"\r\n") + b"\r\n\r\n" + (body.encode(encoding) if isinstance(body, str) else body)


STORY = "仓库主管朱镕基（同名）向供应商收取回扣，请严肃查处。"
TRADITIONAL = "倉庫主管向供應商收取回扣，請嚴肅查處。"
JAPANESE = "倉庫の責任者が業者からお金を受け取っています。"


HTML = "Subject: x\nContent-Type: text/html"
MIXED = "Subject: x\nContent-Type: multipart/mixed; boundary=b"
STRANGE_NAME = "Subject: x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=gb2312''%B7%A2%C6%B1.pdf"
FORWARDED = f"--b\n\nsee below\n--b\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: a@example.net\n\n{STORY}\n--b--"
SAYS_NOTHING = f"--b\n\nsee HTML\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>{STORY * 3}</p>\n--b--"
UUENCODED = "Subject: x\nContent-Transfer-Encoding: x-uuencode\nContent-Type: application/octet-stream; name=a.txt"
AS_FILE = {"message.html": -1}


def b64(text: str, charset: str) -> str:
    """An encoded word."""
    return f"=?{charset}?B?{base64.b64encode(text.encode({'gb2312': 'gb18030'}.get(charset, charset))).decode()}?="


def awkward() -> dict[str, Made]:
    """Name -> a mail that many programs read wrongly."""
    text = "Content-Type: text/plain; charset={}\nSubject: {}\nContent-Transfer-Encoding: {}".format
    gb, big5 = STORY.encode("gb18030"), TRADITIONAL.encode("big5")
    found = {
        "gb2312-label": Made("", raw(text("gb2312", b64("投诉朱镕基", "gb2312"), "8bit"), gb), STORY, "投诉朱镕基"),
        "gbk-base64": Made("", raw(text("GBK", b64("投诉", "gbk"), "base64"), base64.encodebytes(gb)), STORY, "投诉"),
        "gb18030-raw-subject": Made("", raw(text("gb18030", "投诉仓库主管", "8bit"), gb, encoding="gb18030"), STORY, "投诉仓库主管"),
        "big5": Made("", raw(text("big5", b64("投訴", "big5"), "8bit"), big5), TRADITIONAL, "投訴"),
        "big5-called-gb2312": Made("", raw(text("gb2312", "x", "8bit"), big5), TRADITIONAL, "x"),
        "gbk-called-big5": Made("", raw(text("big5", "x", "8bit"), gb), STORY, "x"),
        "gbk-called-utf-8": Made("", raw(text("utf-8", "x", "8bit"), gb), STORY, "x"),
        "gbk-without-label": Made("", raw("Subject: x\nContent-Type: text/plain", gb), STORY, "x"),
        "utf-8-called-gb2312": Made("", raw(text("gb2312", "x", "8bit"), STORY), STORY, "x"),
        "utf-8-called-latin1": Made("", raw(text("iso-8859-1", "x", "8bit"), STORY), STORY, "x"),
        "utf-8-raw-header": Made("", raw("Subject: 投诉仓库主管\nFrom: 王芳 <wang@example.net>", STORY), STORY, "投诉仓库主管"),
        "iso-2022-jp": Made("", raw(text("iso-2022-jp", b64("苦情", "iso-2022-jp"), "7bit"), JAPANESE, encoding="iso2022_jp"), JAPANESE, "苦情"),
        "iso-2022-jp-without-label": Made("", raw("Subject: x", JAPANESE, encoding="iso2022_jp"), JAPANESE, "x"),
        "shift_jis": Made("", raw(text("shift_jis", "x", "8bit"), "①" + JAPANESE, encoding="cp932"), "①" + JAPANESE, "x"),
        "euc-kr": Made("", raw(text("ks_c_5601-1987", "x", "8bit"), "창고 관리자", encoding="cp949"), "창고 관리자", "x"),
        "windows-1252-called-ascii": Made("", raw(text("us-ascii", "x", "8bit"), "Größe “zitiert”", encoding="cp1252"), "Größe “zitiert”", "x"),
        "koi8-r": Made("", raw(text("koi8-r", "x", "8bit"), "Жалоба на склад", encoding="koi8-r"), "Жалоба на склад", "x"),
        "utf-16": Made("", raw(text("utf-16", "x", "base64"), base64.encodebytes(STORY.encode("utf-16"))), STORY, "x"),
        "hz": Made("", raw(text("hz-gb-2312", "x", "7bit"), "投诉", encoding="hz"), "投诉", "x"),
        "utf-7": Made("", raw(text("utf-7", "x", "7bit"), STORY, encoding="utf-7"), STORY, "x"),
        "no-such-charset": Made("", raw(text("x-no-such", "x", "8bit"), STORY), STORY, "x"),
        "split-word": Made("", raw(f"Subject: {_split('投诉仓库主管', 'gb18030')}"), "hello", "投诉仓库主管"),
        "word-in-quotes": Made("", raw(f'Subject: "{b64("投诉", "utf-8")}"'), "hello", '"投诉"'),
        "broken-word": Made("", raw("Subject: =?utf-8?B?5oqV6K+J=?= tail"), "hello", None),  # type: ignore[arg-type]
        "html-only": Made(
            "", raw(HTML + "; charset=gb2312", f"<style>p{{}}</style><p>{STORY}</p><p>二</p>", encoding="gb18030"), f"{STORY}\n\n二", "x", AS_FILE
        ),
        "html-meta-charset": Made("", raw(HTML, f'<meta charset="gbk"><p>{STORY}', encoding="gb18030"), STORY, "x", AS_FILE),
        "plain-says-nothing": Made("", raw("Subject: x\nContent-Type: multipart/alternative; boundary=b", SAYS_NOTHING), STORY * 3, "x", AS_FILE),
        "no-closing-boundary": Made("", raw(MIXED, f"--b\nContent-Type: text/plain; charset=utf-8\n\n{STORY}"), STORY, "x"),
        "no-boundary-at-all": Made("", raw("Subject: x\nContent-Type: multipart/mixed", STORY), STORY, "x"),
        "bad-base64": Made("", raw(text("utf-8", "x", "base64"), "!!" + base64.b64encode(STORY.encode()).decode() + "="), STORY, "x"),
        "uuencoded": Made("", raw(UUENCODED, "begin 644 a.txt\n%:&5L;&\\\n`\nend\n"), "", "x", {"a.txt": 5}),
        "name-rfc2231": Made("", raw(STRANGE_NAME, "%PDF"), "", "x", {"发票.pdf": 4}),
        "name-in-encoded-word": Made(
            "", raw(f'Subject: x\nContent-Type: application/pdf; name="{b64("发票.pdf", "gb18030")}"', "%PDF"), "", "x", {"发票.pdf": 4}
        ),
        "forwarded": Made("", raw(MIXED, FORWARDED), "see below", "x", {"inner.eml": -1}),
        "no-date": Made("", raw("Subject: x"), "hello", "x"),
        "absurd-date": Made("", raw("Subject: x\nDate: Thu, 32 Foo 20260 99:99:99 +9999"), "hello", "x"),
        "no-subject-no-text": Made("", raw("X-Nothing: 1", b""), "", ""),
        "control-characters": Made("", raw("Subject: a\x1b[31mb", b"a\x00b\x1b[2Jc"), "ab[2Jc", "a [31mb"),
        "folded-header": Made("", raw("Subject: one\n two\n\tthree"), "hello", "one two three"),
        "lone-carriage-returns": Made("", raw("Subject: x", b"one\rtwo\r"), "one\ntwo", "x"),
        "deeply-nested": Made("", raw(MIXED + "0", _nested(1200)), None, "x", {"message.eml": -1}),  # type: ignore[arg-type]
    }  # fmt: skip
    return {
        name: Made(f"{name}@example.net", made.data.replace(b"<odd0@example.net>", f"<{name}@example.net>".encode()), made.text, made.subject, made.files)
        for name, made in found.items()
    }


def _split(text: str, charset: str) -> str:
    """Encoded words that end in the middle of a character, as some mailers make them."""
    data = text.encode(charset)
    return " ".join(f"=?{charset}?B?{base64.b64encode(part).decode()}?=" for part in (data[:5], data[5:]))


def _nested(depth: int) -> str:
    return "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(depth)) + f"--b{depth}\n\nthe end"


def tnef(body: str, files: dict[str, bytes], *, codepage: int = 936) -> bytes:
    """A winmail.dat as Exchange makes it, with Chinese names ([MS-OXTNEF]); code page 936 is GBK."""
    import struct

    def attribute(level: int, name: int, kind: int, data: bytes) -> bytes:
        return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x9007, 6, struct.pack("<II", codepage, 0))
    if body:
        out += attribute(1, 0x800C, 2, body.encode("gbk") + b"\0")
    for name, data in files.items():
        out += attribute(2, 0x9002, 6, bytes(14)) + attribute(2, 0x8010, 1, name.encode("gbk") + b"\0") + attribute(2, 0x800F, 6, data)
    return out


def wrapped(winmail: bytes, text: str = "") -> bytes:
    """A mail with a winmail.dat in it."""
    part = "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(winmail).decode()
    return raw("Subject: x\nContent-Type: multipart/mixed; boundary=b", f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\n{part}\n--b--")


def auto_reply(number: int = 0) -> bytes:
    return raw(f"Subject: Out of office\nAuto-Submitted: auto-replied (vacation)\nMessage-ID: <auto{number}@example.net>")


def bounce(about: str = "", number: int = 0) -> bytes:
    """A notice that a mail did not arrive; `about` is the Message-ID of the one."""
    body = (
        "--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        "Final-Recipient: rfc822; x@example.net\nAction: failed\n"
        f"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: {about}\nSubject: what was sent\n\ntext\n--b--"
    )
    head = f"Subject: Undelivered Mail\nFrom: MAILER-DAEMON@mx.example.net\nMessage-ID: <bounce{number}@mx>"
    return raw(f"{head}\nContent-Type: multipart/report; report-type=delivery-status; boundary=b", body)


def spam(number: int = 0) -> bytes:
    return raw(f"Subject: win\nX-Spam-Flag: YES\nMessage-ID: <spam{number}@example.net>")


def write_mbox(path: Path, mails: list[bytes]) -> None:
    """As a mailer writes it, lines that begin with From quoted."""
    import mailbox

    box = mailbox.mbox(path)
    for data in mails:
        box.add(data)
    box.close()


def write_maildir(path: Path, mails: list[bytes]) -> None:
    import mailbox

    box = mailbox.Maildir(path)
    for data in mails:
        box.add(data)
