"""When something is due: a start, a duration, a calendar, and the times in which the clock stood still.

Rules:
- Hours run round the clock, in absolute time.
- Days, months and years go by the wall clock of the time zone: the same time of day, so many days, months or years later, clipped to the
  month's end (31 January + 1 month = 28 February; 29 February + 1 year = 28 February).
- A local time that daylight saving skips is read with the offset before the gap (02:30 becomes 03:30), one that comes twice is the first
  of the two: as RFC 5545, 3.3.5 has it.
- N working days do not count the day of the start, and end with the Nth working day: due is the midnight that ends it.
- Suspended time is added back in the clock's own unit: real time for hours, days, months and years; for working days those in
  (date the suspension begins, date it ends]. It counts if it begins before the due time, as moved by the suspensions before it;
  overlapping ones are one; what lies before the start does not count.
- A due time is provisional if a working day was looked for in a year whose holidays are not all known (see `calendars`).

>>> from plaint.model.calendars import WorkingCalendar
>>> shanghai = ZoneInfo("Asia/Shanghai")
>>> str(due(datetime(2026, 9, 28, 17, 30, tzinfo=shanghai), parse_duration("7 working days"), shanghai, WorkingCalendar("CN")))
'2026-10-14T00:00:00+08:00'
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from plaint.errors import InputError
from plaint.i18n import _

_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a duration is counted in."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Duration:
    """So many hours, days, working days, months or years."""

    n: int
    unit: Unit

    def __str__(self) -> str:
        """As a policy writes it."""
        return f"{self.n} {self.unit}"


_DURATION = re.compile(rf"([1-9][0-9]{{0,3}}) ({'|'.join(Unit)})")


def parse_duration(text: str) -> Duration:
    """A duration as a policy writes it ("24 hours", "7 working days", "1 years"); InputError for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(
            _("{text} is no duration").format(text=repr(text)),
            hint=_("write a number from 1 to 9999 and one of: {units}").format(units=", ".join(Unit)),
        )
    return Duration(int(match[1]), Unit(match[2]))


class Calendar(Protocol):
    """What the clocks ask of a calendar; `calendars.WorkingCalendar` is one, and loads nothing before it is asked."""

    def nth_working_day(self, after: date, n: int) -> date:
        """The `n`th working day later than `after`."""

    def count_between(self, a: date, b: date) -> int:
        """The working days in (a, b]."""

    def is_provisional(self, year: int) -> bool:
        """Whether that year's working days may still change."""

    def __hash__(self) -> int:
        """Equal calendars have equal days: what was found out of one is remembered."""


Suspension = tuple[datetime, datetime]
"""From when to when a clock stood still; both know their offset."""


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in whole seconds of the policy's time zone, and whether holidays not yet announced may move it."""

    at: datetime
    provisional: bool = False

    def __str__(self) -> str:
        """RFC 3339, with seconds and offset."""
        return self.at.isoformat(timespec="seconds")


def due(start: datetime, duration: Duration, tz: ZoneInfo, calendar: Calendar, suspensions: Sequence[Suspension] = ()) -> Due:
    """When `duration` from `start` is over. `calendar` is asked only for working days.

    InputError for a time without offset, and for a due time beyond the year 9999.
    """
    begin = _utc(start)
    try:
        pauses = tuple(_merged(begin, suspensions)) if suspensions else ()
        if duration.unit is Unit.WORKING_DAYS:
            return _after_working_days(begin.astimezone(tz).date(), duration.n, tz, calendar, pauses)
        end = _without_pauses(begin, duration, tz)
        for since, until in pauses:
            if since >= end:
                break
            end += until - since
        return Due(end.astimezone(tz))
    except (OverflowError, ValueError) as error:
        raise InputError(_("{duration} from {start} is beyond the calendar").format(duration=duration, start=start.isoformat())) from error


def _utc(moment: datetime) -> datetime:
    # everything is compared and added in UTC: datetimes that share a zone ignore their offsets in both (PEP 495)
    if moment.utcoffset() is None:
        what = _("the time {time} has no offset").format(time=moment.isoformat())
        raise InputError(what, hint=_("write it as 2026-11-20T09:12:00+08:00"))
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _merged(begin: datetime, suspensions: Sequence[Suspension]) -> Iterator[Suspension]:
    """The suspensions in UTC and in order, overlapping ones joined, cut off at the start."""
    current: Suspension | None = None
    for since, until in sorted((max(_utc(a), begin), _utc(b)) for a, b in suspensions):
        if until <= since:
            continue
        if current is None:
            current = since, until
        elif since <= current[1]:
            current = current[0], max(current[1], until)
        else:
            yield current
            current = since, until
    if current is not None:
        yield current


def _without_pauses(begin: datetime, duration: Duration, tz: ZoneInfo) -> datetime:
    match duration.unit:
        case Unit.HOURS:
            return begin + timedelta(hours=duration.n)
        case Unit.DAYS:
            return _instant(begin.astimezone(tz).replace(tzinfo=None) + timedelta(days=duration.n), tz)
        case Unit.MONTHS:
            return _instant(_months_later(begin.astimezone(tz).replace(tzinfo=None), duration.n), tz)
        case _:
            return _instant(_months_later(begin.astimezone(tz).replace(tzinfo=None), 12 * duration.n), tz)


def _months_later(wall: datetime, months: int) -> datetime:
    years, month = divmod(wall.month - 1 + months, 12)
    year, month = wall.year + years, month + 1
    return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))


def _instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """The moment of a local time, in UTC; fold 0 is the first of two, and the offset before a gap (PEP 495)."""
    return wall.replace(tzinfo=tz, fold=0).astimezone(UTC)


@lru_cache(maxsize=4096)  # thousands of cases begin on the same few hundred days
def _after_working_days(excluded: date, n: int, tz: ZoneInfo, calendar: Calendar, pauses: tuple[Suspension, ...] = ()) -> Due:
    """The end of the `n`th working day after the date `excluded`."""
    day = looked_at = calendar.nth_working_day(excluded, n)
    end = _instant(datetime.combine(day + _DAY, time()), tz)
    for since, until in pauses:
        if since >= end:
            break
        upto = until.astimezone(tz).date()
        looked_at = max(looked_at, upto)
        if added := calendar.count_between(since.astimezone(tz).date(), upto):
            day = calendar.nth_working_day(day, added)
            end = _instant(datetime.combine(day + _DAY, time()), tz)
    years = range((excluded + _DAY).year, max(looked_at, day).year + 1)
    return Due(end.astimezone(tz), any(calendar.is_provisional(year) for year in years))


class Every(StrEnum):
    """How often a duty of the organisation comes back."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Its length; each divides the year."""
        return _MONTHS[self]


_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}
_PERIOD = re.compile(r"([0-9]{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter, half-year or year of the calendar: `id` names it, `end` is the first day after it."""

    id: str
    start: date
    end: date


def period_of(day: date, every: Every) -> Period:
    """The period that a day lies in: '2026', '2026-H1', '2026-Q3' or '2026-07'."""
    return _period(day.year, (day.month - 1) // every.months, every)


def parse_period(text: str) -> Period:
    """The period of an id; InputError where it names none."""
    match = _PERIOD.fullmatch(text)
    if match is None or match[1] == "0000":
        raise InputError(_("{text} is no period").format(text=repr(text)), hint=_("write 2026, 2026-H1, 2026-Q3 or 2026-07"))
    every = {2: Every.HALF_YEAR, 3: Every.QUARTER, 4: Every.MONTH}.get(match.lastindex or 1, Every.YEAR)
    return _period(int(match[1]), int(match[match.lastindex or 1]) - 1 if every is not Every.YEAR else 0, every)


def _period(year: int, index: int, every: Every) -> Period:
    names = {Every.MONTH: f"-{index + 1:02}", Every.QUARTER: f"-Q{index + 1}", Every.HALF_YEAR: f"-H{index + 1}", Every.YEAR: ""}
    following = (index + 1) * every.months
    try:
        end = date(year + following // 12, following % 12 + 1, 1)
    except ValueError as error:
        raise InputError(_("the year {year} is beyond the calendar").format(year=year + 1)) from error
    return Period(f"{year:04}{names[every]}", date(year, index * every.months + 1, 1), end)


def periods(from_date: date, to_date: date, every: Every) -> list[Period]:
    """The periods that have closed by `to_date` (their last day lies before it), from the one that holds `from_date` on."""
    found: list[Period] = []
    period = period_of(from_date, every)
    while period.end <= to_date:
        found.append(period)
        period = period_of(period.end, every)
    return found


def period_due(period: Period, within: Duration, tz: ZoneInfo, calendar: Calendar) -> Due:
    """When a duty is due that the end of a period starts.

    A period ends with its last day, so the first day after it counts (as in the German Civil Code, § 187 (2)):
    5 working days after 2026 end with the fifth working day of 2027, and 30 days with 30 January.
    """
    if within.unit is Unit.WORKING_DAYS:
        return _after_working_days(period.end - _DAY, within.n, tz, calendar)
    return due(datetime.combine(period.end, time(), tz), within, tz, calendar)
