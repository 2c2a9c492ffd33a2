"""Which mails are nobody's complaint, and which must not be answered by a machine.

Rules:
- Set aside: answers of machines (RFC 3834: absence notices), notices of delivery and of reading (RFC 3464, RFC 8098, and servers that know neither), and what
  the mail server has marked as spam. A person looks at them; none is thrown away.
- Mail that a program made, a contact form say, and mail that came through a list is brought in like any other: an organisation's own address may be
  a list. But no machine answers it.
- Nor does one answer to a machine, to a list's or a server's own address, to oneself, or where the sender asks for silence (Precedence,
  X-Auto-Response-Suppress). Spam that a person has brought in is no spam, and is answered.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from plaint.i18n import _
from plaint.intake.letter import Letter

_MACHINES = re.compile(
    r"mailer-daemon|postmaster|no-?reply.*|do-?not-?reply.*|bounces?([+-].*)?|.*-bounces?(\+.*)?|owner-.*|.*-(request|relay|owner)|listserv|majordomo",
    re.IGNORECASE,
)
_SERVERS = frozenset({"postmaster", "mdaemon", "ndr"})
_UNDELIVERED = re.compile(
    r"undeliver|not (be )?deliver|delivery (has |status|fail|notif|delay|warn)|(mail|message) delivery|returned mail|failed mail|delivery failure|退信|无法投递|未送达",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
_REPORTS = {"delivery-status", "disposition-notification", "feedback-report"}


def aside(letter: Letter, *, junk: bool = False) -> str:
    """Why a mail is set aside; empty where it is to be brought in. `junk` where its mailbox marks it as that."""
    if why := _automatic(letter):
        return why
    if junk or _is_spam(letter):
        return _("marked as spam by the mail server")
    return ""


def _automatic(letter: Letter) -> str:
    """What a machine sent it for; empty where none did, as far as it says."""
    if _word(letter, "auto-submitted") in {"auto-replied", "auto-notified"} or letter.header("x-autoreply") or letter.header("x-autorespond"):
        return _("an automatic answer")
    if _word(letter, "precedence") == "auto_reply" or letter.header("x-autoreply-from"):
        return _("an automatic answer")
    if _is_notice(letter):
        return _("a notice of delivery or of reading")
    return ""


def unanswerable(letter: Letter, own: AbstractSet[str]) -> str:
    """Why no machine may answer a mail; empty where one may. `own` are the addresses that are ours, in lower case."""
    to = answer_to(letter)
    if not to:
        return _("it has no address to answer to")
    if _automatic(letter) or _word(letter, "auto-submitted") not in {"", "no"}:
        return _("a machine sent it")
    if any(name.startswith("list-") for name in letter.headers) or _word(letter, "precedence") in _BULK:
        return _("it came through a list")
    if letter.header("x-auto-response-suppress").lower() not in {"", "none"}:
        return _("its sender asks for no automatic answer")
    if letter.header("return-path").strip() == "<>":
        return _("a machine sent it")
    for address in {to, letter.sender.address}:
        if address.lower() in own or address.partition("+")[0].lower() + "@" + address.rpartition("@")[2].lower() in own:
            return _("it comes from our own address")
        if _MACHINES.fullmatch(address.rpartition("@")[0]):
            return _("a machine sent it")
    return ""


def answer_to(letter: Letter) -> str:
    """The address that an answer goes to; empty where there is none."""
    return letter.reply_to.address or letter.sender.address


def _word(letter: Letter, name: str) -> str:
    """The first word of a header, without comments and parameters."""
    return re.split(r"[\s;(]", letter.header(name).strip().lower(), maxsplit=1)[0]


def _is_notice(letter: Letter) -> bool:
    kind = letter.header("content-type").lower()
    if kind.startswith("multipart/report") and "report-type" not in kind:
        return True
    if kind.startswith("multipart/") and any(f"report-type={quote}{each}" in kind for each in _REPORTS for quote in ("", '"')):
        return True
    if kind.startswith(("message/delivery-status", "message/disposition-notification")):
        return True
    sender = letter.sender.address.rpartition("@")[0].lower()
    if sender == "mailer-daemon" or letter.header("x-failed-recipients"):
        return True
    from_server = sender in _SERVERS or not letter.sender.address or letter.header("return-path").strip() == "<>"
    return from_server and bool(_UNDELIVERED.search(letter.subject))


def _is_spam(letter: Letter) -> bool:
    if any(_word(letter, name).startswith("yes") for name in ("x-spam-flag", "x-spam-status", "x-spam", "x-rspamd-spam")):
        return True
    level = letter.header("x-ms-exchange-organization-scl").strip()
    return (level.isdecimal() and int(level) >= 5) or "sfv:spm" in letter.header("x-forefront-antispam-report").lower()
