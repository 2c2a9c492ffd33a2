"""`plaint calendar`: the due dates as an iCalendar file, to be subscribed to; opaque ids and words of the policy only."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plaint.agenda import Item, agenda, status_word
from plaint.cli.common import common_options, session
from plaint.errors import EnvironmentFaultError
from plaint.i18n import _, pick, reason
from plaint.model.deadlines import Status

if TYPE_CHECKING:
    from datetime import datetime

    from icalendar import Event


@click.command("calendar", help=_("Write the due dates as a calendar file (iCalendar), with an alarm before each."))
@click.option("-o", "output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help=_("Write it to this file."))
@click.option("--mine", is_flag=True, help=_("Only what I can do."))
@click.option("--all", "everything", is_flag=True, help=_("Also what has years to run (retention, the review of the policy)."))
@common_options
def calendar_command(output: Path | None, mine: bool, everything: bool) -> None:
    """Prints or writes one calendar event for each thing that is due."""
    from icalendar import Calendar

    call = session()
    organisation, now = call.organisation, call.now
    calendar = Calendar()
    calendar.add("prodid", "-//plaint//plaint calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", pick(organisation.config.name))
    calendar.add("x-wr-calname", pick(organisation.config.name))
    for item in agenda(organisation, now, with_members=mine):
        if mine and call.actor.member not in item.members:
            continue
        if item.distant and not everything:
            continue
        if item.status is not Status.SUSPENDED:
            calendar.add_component(_event(item, now))
    data = calendar.to_ical()
    if output is None:
        click.echo(data, nl=False)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise EnvironmentFaultError(_("cannot write the file: {error}").format(error=reason(error)), where=str(output)) from error


def _event(item: Item, now: datetime) -> Event:
    """One due date. Its UID stays while the clock runs, so that a moved date moves in the reader's calendar too."""
    from icalendar import Alarm, Event

    event = Event()
    about = item.case or item.subject
    event.add("uid", f"{about}-{item.clock}-{item.subject}@plaint.invalid")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", item.due.astimezone(UTC))
    event.add("duration", timedelta())
    title = f"{item.case} {item.title}" if item.case else item.title
    event.add("summary", f"{title} ({status_word(item.status, item.due, now)})" if item.status is Status.AT_RISK else title)
    if item.steps:
        event.add("description", f"plaint {' / '.join(item.steps)}" + (f" {item.case}" if item.case else ""))
    event.add("transp", "TRANSPARENT")
    event.add("status", "TENTATIVE" if item.provisional else "CONFIRMED")
    if item.warn:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", item.title)
        alarm.add("trigger", -item.warn)
        event.add_component(alarm)
    return event


COMMANDS = {"calendar": calendar_command}
