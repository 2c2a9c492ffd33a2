"""The text of a reminder: case numbers, the names of clocks and due times, never what a case is about.

Rules:
- Plain text in the reader's language, with one line for each thing and the command that settles it.
- It says nothing that depends on when it is written but by the moment it is given, so that a mail that is sent again is the same mail.
- Marked as automatic (RFC 3834): no absence notice answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from plaint.agenda import Item, disposal_due
from plaint.i18n import _, listed, ngettext, pick, speaking
from plaint.model.deadlines import Status
from plaint.model.words import stretch
from plaint.remind.plan import Mail, Thing

MOST = 100
"""Things told one by one; more are counted."""
WIRE = SMTP.clone(cte_type="7bit")
"""CRLF, and nothing but ASCII on the way: every server takes that."""

Notice = tuple[Thing, Item]


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: the organisation's name, its time zone, and the address it sends from."""

    name: Mapping[str, str]
    zone: ZoneInfo
    sender: str


@dataclass(frozen=True, slots=True)
class _Group:
    """What stands under one heading, and how the subject counts it."""

    title: str
    counted: str
    notices: Sequence[Notice]


def letter(mail: Mail, address: str, language: str, house: House) -> EmailMessage:
    """The mail as it goes out."""
    message = EmailMessage(policy=WIRE)
    with speaking(language):
        message["From"] = Address(pick(house.name), addr_spec=house.sender)
        if address:
            message["To"] = address
        message["Subject"] = f"[{pick(house.name)}] {subject(mail)}"
        message["Date"] = format_datetime(mail.intent.at.astimezone(house.zone))
        message["Message-ID"] = mail.intent.id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n".join(_body(mail, house)) + "\n", charset="utf-8")
        message["Content-Language"] = language
    return message


def subject(mail: Mail) -> str:
    """How much of what, in the language in force."""
    return listed(group.counted for group in _groups(mail.notices, mail.intent.at))


def _body(mail: Mail, house: House) -> Iterator[str]:
    yield pick(house.name)
    for group in _groups(mail.notices, mail.intent.at):
        yield ""
        yield group.title
        for thing, item in group.notices[:MOST]:
            yield from _lines(thing, item, mail.intent.at, house.zone)
        if len(group.notices) > MOST:
            more = len(group.notices) - MOST
            yield "  " + ngettext("and {n} more: plaint todo shows all", "and {n} more: plaint todo shows all", more).format(n=more)
    yield ""
    yield "-- "
    yield _("Times are of {zone}. This mail names cases and dates only; what they are about stays sealed.").format(zone=house.zone)
    yield _("plaint todo --mine shows all that is yours. Sent by plaint remind; nobody reads answers to it.")


def _groups(notices: Sequence[Notice], at: datetime) -> list[_Group]:
    """What belongs under one heading, the most pressing first."""
    risk = [n for n in notices if n[1].status is Status.AT_RISK]
    disposal = [n for n in notices if disposal_due(n[1].status, n[1].due, at)]
    others = [n for n in notices if n[0].escalated and n not in disposal]
    late = [n for n in notices if n not in risk and n not in disposal and n not in others and at > n[1].due]
    soon = [n for n in notices if n not in risk and n not in others and at <= n[1].due]
    groups = [
        _Group(_("Records at risk"), _("{n} at risk").format(n=len(risk)), risk),
        _Group(_("Late"), _("{n} late").format(n=len(late)), late),
        _Group(_("Late with others"), _("{n} late with others").format(n=len(others)), others),
        _Group(_("Due for disposal"), _("{n} due for disposal").format(n=len(disposal)), disposal),
        _Group(_("Due soon"), _("{n} due soon").format(n=len(soon)), soon),
    ]
    return [group for group in groups if group.notices]


def _lines(thing: Thing, item: Item, at: datetime, zone: ZoneInfo) -> Iterator[str]:
    due = item.due.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    words = {"clock": item.title, "due": due, "span": stretch(item.due - at)}
    if item.status is Status.AT_RISK:
        text = _("{clock}: to be kept until {due}").format(**words)
    elif disposal_due(item.status, item.due, at):
        text = _("{clock}: over since {due}").format(**words)
    elif at > item.due:
        text = _("{clock}: was due {due}, {span} ago").format(**words)
    elif item.provisional:
        text = _("{clock}: due {due}, unless holidays not yet announced move it").format(**words)
    else:
        text = _("{clock}: due {due}, in {span}").format(**words)
    yield f"* {item.case}  {text}" if item.case else f"* {text}"
    if thing.escalated and item.members:
        yield "  " + _("with {members}").format(members=listed(sorted(item.members)))
    elif item.steps and item.case:
        yield "  " + _commands(item.steps, item.case)


def _commands(steps: Iterable[str], case: str) -> str:
    return f"plaint {' / '.join(steps)} {case}"
