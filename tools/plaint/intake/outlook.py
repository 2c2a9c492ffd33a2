"""Outlook's own wrappings: winmail.dat (TNEF), in which Exchange sends attachments, and .msg, as which people save a mail.

tnefparse (LGPL, used as it is) and python-oxmsg (MIT) read them; extract-msg would bring the GPL. Neither expects to be lied to, so whatever they
stumble over means that it was not opened, and the file stays what it is.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from plaint.intake.attachments import Attachment, file_name
from plaint.intake.charsets import decode

_LARGEST = 64 * 1024 * 1024
_MESSAGE_ID = 0x1035


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in it; `complete` where nothing was left behind."""

    text: str = ""
    html: str = ""
    files: tuple[Attachment, ...] = ()
    headers: str = ""
    sender: str = ""
    subject: str = ""
    date: str = ""
    id: str = ""
    complete: bool = True


def open_tnef(data: bytes) -> Opened | None:
    """What a winmail.dat holds; None where it is none."""
    from tnefparse import TNEF

    if len(data) > _LARGEST:
        return None
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # it tells standard error of every byte that it wonders at
    try:
        found: Any = TNEF(data)
        page = str(found.codepage or "")
        files = []
        complete = all(each.good_checksum for each in found.objects)
        for each in found.attachments:
            content = each.data
            complete = complete and isinstance(content, bytes) and not hasattr(each, "embed")
            if isinstance(content, bytes):
                files.append(Attachment(file_name(_tnef_name(each, page)), "application/octet-stream", content))
        text, html = _text(found.body, page), _text(found.htmlbody, page)
        complete = complete and bool(text or html or not found.has_body())
        if not (text or html or files):
            return None
    except Exception:  # noqa: BLE001 - of a parser that checks nothing: it may be any
        return None
    return Opened(text, html, tuple(files), complete=complete)


def open_msg(data: bytes) -> Opened | None:
    """What a .msg holds; None where it is none."""
    from oxmsg import Message
    from oxmsg.domain import constants

    if len(data) > _LARGEST:
        return None
    try:
        found: Any = Message.load(data)
        properties = found.properties
        files = []
        complete = True
        for number, each in enumerate(found.attachments, 1):
            content = each.file_bytes
            name = each.file_name or f"attachment {number}"
            if isinstance(content, bytes):
                files.append(Attachment(file_name(name), str(each.mime_type or "application/octet-stream"), content))
            else:
                complete = False  # another item of Outlook's, or a link to a file
        text, html = _either(lambda: found.body), _either(lambda: found.html_body)
        headers = _either(lambda: properties.str_prop_value(constants.PID_TRANSPORT_MESSAGE_HEADERS))
        if not (text or html or headers or files or found.subject):
            return None  # a document of another program
        if not complete or not (text or html):
            files.append(Attachment("message.msg", "application/vnd.ms-outlook", data))
        sent = found.sent_date
        return Opened(
            text,
            html,
            tuple(files),
            re.sub(r"\A\s+|\r", "", headers),
            _either(lambda: found.sender),
            found.subject,
            format_datetime(sent) if sent else "",
            _either(lambda: properties.str_prop_value(_MESSAGE_ID)),
            complete,
        )
    except Exception:  # noqa: BLE001 - of a parser that checks nothing: it may be any
        return None


def _either(read: Any) -> str:
    """A property that may be missing, or in a code page that it is not in."""
    try:
        found = read()
    except Exception:  # noqa: BLE001 - one field more or less
        return ""
    return found if isinstance(found, str) else ""


def _tnef_name(attachment: Any, page: str) -> str:
    """What a file is called; tnefparse takes every short name for UTF-8."""
    try:
        return _text(attachment.long_filename(), page)
    except UnicodeError:
        return _text(attachment._name, page)  # noqa: SLF001 - the bytes of it


def _text(value: Any, page: str) -> str:
    if isinstance(value, bytes):
        value = decode(value.rstrip(b"\x00"), page).text
    return value.strip("\x00") if isinstance(value, str) else ""
