"""Which reminder of something due is due now: its stage, told to those who can settle it, and the stage told to others when it stays late.

Rules:
- Ahead of it: one stage for each span of `before` that is not longer than the clock itself. Without a rule for its kind, one when the clock warns.
- Late: at once, and again every so many days. Escalated: the same, beginning `escalate-after` later, and only to the roles in `escalate-to`.
- At risk, records about to be destroyed too early: at once and again every so many days, to both.
- Days begin at local midnight, so that one mail in the morning tells all of a day; hours are hours.
- Only the newest stage counts: who could not be told of one in time is not told of it any more.
- A stage is known by its name, which is the same for as long as it lasts: so nobody is told twice.

>>> from plaint.model.policy import load_preset
>>> deadline, zone = load_preset("house").reminders.rules[Kind.DEADLINE], ZoneInfo("Asia/Shanghai")
>>> due = datetime(2026, 11, 21, 9, tzinfo=zone)
>>> [stage(deadline, due - DAY, due, DAY, due + timedelta(hours=h), zone) for h in (-12, -8, 0, 1, 16)]
['', 'before 8 hours', 'before 8 hours', 'late 0', 'late 1']
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from plaint.model.clocks import Duration, Unit
from plaint.model.deadlines import span
from plaint.model.policy import Kind, Reminder, Reminders

DAY = timedelta(days=1)
USUAL = Reminder(every=1)
"""For a policy that says nothing: when the clock warns, and every day that it is late."""


def rule_for(reminders: Reminders, kind: Kind) -> Reminder:
    """What the policy says of a kind, or the usual."""
    return reminders.rules.get(kind, USUAL)


def stage(rule: Reminder, started: datetime, due: datetime, warn: timedelta, now: datetime, zone: ZoneInfo) -> str:
    """The stage for those who can settle it; "" where there is nothing to say yet."""
    if now > due:
        return f"late {_times(rule, due, now, zone)}"
    if rule.before is None:
        return "before" if now >= due - warn and warn else ""
    reached = [length for length in rule.before if started < _begin(due, length, zone) <= now]
    newest = max(reached, key=lambda length: _begin(due, length, zone), default=None)
    return f"before {newest}" if newest else ""


def escalation(rule: Reminder, due: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The stage for the roles that hear of what stays late; "" where they need not yet."""
    if rule.escalate_after is None or now <= (since := due + span(rule.escalate_after)):
        return ""
    return f"escalated {_times(rule, since, now, zone)}"


def alarm(rule: Reminder, now: datetime, zone: ZoneInfo) -> str:
    """The stage for what is at risk."""
    return f"at-risk {now.astimezone(zone).toordinal() // (rule.every or 1)}"


def _begin(due: datetime, length: Duration, zone: ZoneInfo) -> datetime:
    moment = due - span(length)
    if length.unit is Unit.HOURS:
        return moment
    return datetime.combine(moment.astimezone(zone).date(), time(), zone)


def _times(rule: Reminder, since: datetime, now: datetime, zone: ZoneInfo) -> int:
    """How often it was to be repeated since."""
    days = (now.astimezone(zone).date() - since.astimezone(zone).date()).days
    return days // rule.every if rule.every else 0
