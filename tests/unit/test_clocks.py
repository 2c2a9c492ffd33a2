"""Due times: vectors worked out by hand, and a slow reference that shares no code with the clocks."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.model.calendars import WorkingCalendar
from plaint.model.clocks import (
    Calendar,
    Due,
    Duration,
    Every,
    Period,
    Suspension,
    Unit,
    due,
    parse_duration,
    parse_period,
    period_due,
    period_of,
    periods,
)

ZONES = {"CN": ZoneInfo("Asia/Shanghai"), "DE": ZoneInfo("Europe/Berlin"), "US": ZoneInfo("America/New_York")}
CALENDARS = {country: WorkingCalendar(country) for country in ZONES}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Unasked:
    """A calendar that nobody may ask."""

    def nth_working_day(self, after: date, n: int) -> date:
        raise AssertionError(after, n)

    def count_between(self, a: date, b: date) -> int:
        raise AssertionError(a, b)

    def is_provisional(self, year: int) -> bool:
        raise AssertionError(year)


def run(country: str, start: str, within: str, *suspended: str) -> str:
    """The due time of a clock in that country's zone; `suspended` as FROM/TO. Times without offset are local."""
    zone = ZONES[country]

    def read(text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    pauses = [(read(a), read(b)) for a, b in (text.split("/") for text in suspended)]
    duration = parse_duration(within)
    calendar: Calendar = CALENDARS[country] if duration.unit is Unit.WORKING_DAYS else Unasked()
    return str(due(read(start), duration, zone, calendar, pauses))


# --- worked out by hand -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "start", "within", "expected"),
    [
        # the day of the start does not count, the Nth working day ends the time; National Day, Saturday the 10th is worked
        ("CN", "2026-09-28T00:00:00", "7 working days", "2026-10-14T00:00:00+08:00"),
        ("CN", "2026-09-28T12:34:56", "7 working days", "2026-10-14T00:00:00+08:00"),
        ("CN", "2026-09-28T23:59:59", "7 working days", "2026-10-14T00:00:00+08:00"),
        ("CN", "2026-09-28T15:59:59+00:00", "7 working days", "2026-10-14T00:00:00+08:00"),
        ("CN", "2026-09-28T16:00:00+00:00", "6 working days", "2026-10-14T00:00:00+08:00"),  # the 29th in Shanghai
        ("CN", "2026-10-01T09:00:00", "1 working days", "2026-10-09T00:00:00+08:00"),
        # Spring Festival with its make-up workdays
        ("CN", "2024-02-08T09:00:00", "2 working days", "2024-02-19T00:00:00+08:00"),  # 9, Sunday 18
        ("CN", "2025-01-24T09:00:00", "3 working days", "2025-02-06T00:00:00+08:00"),  # Sunday 26, 27 January, 5 February
        ("CN", "2026-02-13T09:00:00", "7 working days", "2026-03-03T00:00:00+08:00"),  # Sat 14, 24–27, Sat 28 February, 2 March
        ("CN", "2026-02-13T09:00:00", "24 hours", "2026-02-14T09:00:00+08:00"),
        ("CN", "2026-02-13T09:00:00", "15 days", "2026-02-28T09:00:00+08:00"),
        ("CN", "2026-11-20T09:12:00", "3 years", "2029-11-20T09:12:00+08:00"),
        # EU 2019/1937: 7 days, 3 months; Germany at Christmas, the US at Thanksgiving
        ("DE", "2026-10-09T10:00:00", "3 months", "2027-01-09T10:00:00+01:00"),
        ("DE", "2026-10-02T10:00:00", "7 days", "2026-10-09T10:00:00+02:00"),
        ("DE", "2025-12-23T10:00:00", "3 working days", "2025-12-31T00:00:00+01:00"),  # 24, 29, 30
        ("US", "2025-11-26T10:00:00", "1 working days", "2025-11-29T00:00:00-05:00"),  # Thursday the 27th is Thanksgiving
        # month's ends and leap days
        ("DE", "2026-01-31T10:00:00", "1 months", "2026-02-28T10:00:00+01:00"),
        ("DE", "2024-01-31T10:00:00", "1 months", "2024-02-29T10:00:00+01:00"),
        ("DE", "2026-01-31T10:00:00", "3 months", "2026-04-30T10:00:00+02:00"),
        ("DE", "2026-12-31T10:00:00", "2 months", "2027-02-28T10:00:00+01:00"),
        ("DE", "2026-08-31T10:00:00", "1 months", "2026-09-30T10:00:00+02:00"),
        ("DE", "2024-02-29T10:00:00", "1 years", "2025-02-28T10:00:00+01:00"),
        ("DE", "2024-02-29T10:00:00", "4 years", "2028-02-29T10:00:00+01:00"),
        ("DE", "2024-02-28T10:00:00", "1 years", "2025-02-28T10:00:00+01:00"),
        ("DE", "2026-02-28T10:00:00", "1 months", "2026-03-28T10:00:00+01:00"),  # not the month's end again
        # the night of daylight saving: hours are absolute, days are the wall clock's
        ("DE", "2026-03-28T12:00:00", "24 hours", "2026-03-29T13:00:00+02:00"),
        ("DE", "2026-03-28T12:00:00", "1 days", "2026-03-29T12:00:00+02:00"),
        ("DE", "2026-10-24T12:00:00", "24 hours", "2026-10-25T11:00:00+01:00"),
        ("DE", "2026-10-24T12:00:00", "1 days", "2026-10-25T12:00:00+01:00"),
        ("US", "2026-03-07T12:00:00", "24 hours", "2026-03-08T13:00:00-04:00"),
        ("US", "2026-03-07T12:00:00", "1 days", "2026-03-08T12:00:00-04:00"),
        ("US", "2026-10-31T12:00:00", "24 hours", "2026-11-01T11:00:00-05:00"),
        ("US", "2026-10-31T12:00:00", "1 months", "2026-11-30T12:00:00-05:00"),
        # a local time that does not exist moves by the gap, one that comes twice is the first
        ("DE", "2026-03-28T02:30:00", "1 days", "2026-03-29T03:30:00+02:00"),
        ("DE", "2026-10-24T02:30:00", "1 days", "2026-10-25T02:30:00+02:00"),
        ("US", "2026-02-08T02:30:00", "1 months", "2026-03-08T03:30:00-04:00"),
        ("US", "2025-11-01T01:30:00", "1 years", "2026-11-01T01:30:00-04:00"),
        ("DE", "2026-10-25T02:30:00+01:00", "1 hours", "2026-10-25T03:30:00+01:00"),
        ("DE", "2026-10-25T02:30:00+02:00", "1 hours", "2026-10-25T02:30:00+01:00"),
        ("DE", "2026-10-25T02:30:00+01:00", "1 days", "2026-10-26T02:30:00+01:00"),
    ],
)
def test_due(country: str, start: str, within: str, expected: str) -> None:
    assert run(country, start, within) == expected


@pytest.mark.parametrize(
    ("start", "within", "suspended", "expected"),
    [
        ("2026-09-28T09:00:00", "24 hours", ["2026-09-28T10:00:00/2026-09-28T12:30:00"], "2026-09-29T11:30:00+08:00"),
        ("2026-09-28T09:00:00", "30 days", ["2026-10-01T00:00:00/2026-10-11T06:00:00"], "2026-11-07T15:00:00+08:00"),
        ("2026-01-31T09:00:00", "1 months", ["2026-02-02T00:00:00/2026-02-03T00:00:00"], "2026-03-01T09:00:00+08:00"),
        ("2026-01-31T09:00:00", "1 years", ["2026-02-02T00:00:00/2026-02-03T00:00:00"], "2027-02-01T09:00:00+08:00"),
        # at the due time or later it is too late to suspend; a second before it is not
        ("2026-09-28T09:00:00", "24 hours", ["2026-09-29T09:00:00/2026-10-01T00:00:00"], "2026-09-29T09:00:00+08:00"),
        ("2026-09-28T09:00:00", "24 hours", ["2026-09-29T08:59:59/2026-09-29T09:59:59"], "2026-09-29T10:00:00+08:00"),
        # the second begins after the due time of old, before the one that the first moved it to
        (
            "2026-09-28T09:00:00",
            "24 hours",
            ["2026-09-29T08:00:00/2026-09-29T12:00:00", "2026-09-29T12:30:00/2026-09-29T13:30:00"],
            "2026-09-29T14:00:00+08:00",
        ),
        # overlapping ones are one, in whatever order; the part before the start, and one wholly before it, do not count
        (
            "2026-09-28T09:00:00",
            "24 hours",
            ["2026-09-28T11:00:00/2026-09-28T14:00:00", "2026-09-28T10:00:00/2026-09-28T12:00:00"],
            "2026-09-29T13:00:00+08:00",
        ),
        ("2026-09-28T09:00:00", "24 hours", ["2026-09-27T09:00:00/2026-09-28T10:00:00"], "2026-09-29T10:00:00+08:00"),
        ("2026-09-28T09:00:00", "24 hours", ["2026-09-26T09:00:00/2026-09-27T10:00:00"], "2026-09-29T09:00:00+08:00"),
        # working days: (29 September, 9 October] holds 30 September, 8, 9 October; three more after the 13th are 14, 15, 16
        ("2026-09-28T09:00:00", "7 working days", ["2026-09-29T08:00:00/2026-10-09T17:00:00"], "2026-10-17T00:00:00+08:00"),
        ("2026-09-28T09:00:00", "7 working days", ["2026-09-29T08:00:00/2026-09-29T23:00:00"], "2026-10-14T00:00:00+08:00"),
        ("2026-09-28T09:00:00", "7 working days", ["2026-10-01T08:00:00/2026-10-07T23:00:00"], "2026-10-14T00:00:00+08:00"),
        ("2026-09-28T09:00:00", "7 working days", ["2026-10-13T23:59:59/2026-10-14T00:00:00"], "2026-10-15T00:00:00+08:00"),
        ("2026-09-28T09:00:00", "7 working days", ["2026-10-14T00:00:00/2026-10-20T00:00:00"], "2026-10-14T00:00:00+08:00"),
        ("2026-09-28T09:00:00", "7 working days", ["2026-09-21T08:00:00/2026-09-29T08:00:00"], "2026-10-15T00:00:00+08:00"),
        # suspended twice on adjoining days, and twice at once
        (
            "2026-09-28T09:00:00",
            "7 working days",
            ["2026-10-08T08:00:00/2026-10-09T08:00:00", "2026-10-09T12:00:00/2026-10-10T08:00:00"],
            "2026-10-16T00:00:00+08:00",
        ),
        (
            "2026-09-28T09:00:00",
            "7 working days",
            ["2026-10-08T08:00:00/2026-10-10T08:00:00", "2026-10-09T12:00:00/2026-10-10T07:00:00"],
            "2026-10-16T00:00:00+08:00",
        ),
    ],
)
def test_due_with_suspensions(start: str, within: str, suspended: list[str], expected: str) -> None:
    assert run("CN", start, within, *suspended) == expected


def test_suspended_time_is_real_time() -> None:
    # 48 hours by the wall clock, but one of them was skipped
    assert run("DE", "2026-03-25T12:00:00", "2 days", "2026-03-27T00:00:00/2026-03-29T00:00:00") == "2026-03-29T13:00:00+02:00"
    assert run("DE", "2026-03-25T12:00:00", "7 days", "2026-03-28T12:00:00/2026-03-29T12:00:00") == "2026-04-02T11:00:00+02:00"


def test_midnight_that_does_not_exist() -> None:
    zone = ZoneInfo("Asia/Beirut")  # summer began at midnight: the day ends when 01:00 begins
    start = datetime(2022, 3, 25, 9, tzinfo=zone)  # a Friday; Saturday the 26th is opened
    calendar = WorkingCalendar("DE", frozenset({date(2022, 3, 26)}))
    assert str(due(start, parse_duration("1 working days"), zone, calendar)) == "2022-03-27T01:00:00+03:00"


def test_due_in_the_zone_and_in_whole_seconds() -> None:
    zone = ZONES["CN"]
    found = due(datetime(2026, 9, 28, 1, 2, 3, 999999, tzinfo=UTC), Duration(24, Unit.HOURS), zone, Unasked())
    assert found == Due(datetime(2026, 9, 29, 9, 2, 3, tzinfo=zone), provisional=False)
    assert found.at.tzinfo is zone
    assert str(found) == found.at.isoformat()


def test_provisional() -> None:
    zone = ZONES["CN"]
    week = parse_duration("7 working days")
    unknown = next(year for year in range(2027, 2099) if CALENDARS["CN"].is_provisional(year))

    def provisional(start: datetime, *pauses: Suspension) -> bool:
        return due(start, week, zone, CALENDARS["CN"], pauses).provisional

    assert not provisional(datetime(2026, 9, 28, tzinfo=zone))
    assert provisional(datetime(unknown - 1, 12, 30, tzinfo=zone))
    assert provisional(datetime(unknown, 6, 1, tzinfo=zone))
    assert not provisional(datetime(2000, 12, 31, tzinfo=zone)), "the day of the start is not looked at"
    autumn = datetime(unknown - 1, 10, 20, tzinfo=zone)
    assert not provisional(autumn)
    assert provisional(autumn, (autumn + DAY, autumn + 100 * DAY))
    assert not provisional(autumn, (autumn + 90 * DAY, autumn + 100 * DAY)), "suspended too late to count"
    assert not due(datetime(unknown, 6, 1, tzinfo=zone), parse_duration("7 days"), zone, Unasked()).provisional
    assert not due(datetime(2040, 6, 1, tzinfo=UTC), week, ZONES["DE"], CALENDARS["DE"]).provisional
    assert due(datetime(2101, 6, 1, tzinfo=UTC), week, ZONES["DE"], CALENDARS["DE"]).provisional


class Weekdays:
    """Monday to Friday, with every year from 2027 on unsure."""

    def nth_working_day(self, after: date, n: int) -> date:
        while n:
            after += DAY
            n -= after.weekday() < 5
        return after

    def count_between(self, a: date, b: date) -> int:
        return sum((a + DAY * i).weekday() < 5 for i in range(1, (b - a).days + 1))

    def is_provisional(self, year: int) -> bool:
        return year >= 2027


def test_provisional_for_a_suspension_that_ends_in_an_unsure_year() -> None:
    start = datetime(2026, 12, 30, 9, tzinfo=UTC)
    one = parse_duration("1 working days")
    until_friday = (start + DAY, datetime(2027, 1, 1, 9, tzinfo=UTC))
    calendar = WorkingCalendar("CN")
    assert due(start, one, ZONES["CN"], Weekdays()) == Due(datetime(2027, 1, 1, tzinfo=ZONES["CN"]), provisional=False)
    # 1 January 2027 is a holiday, so nothing is added and no day of 2027 counted; but that is what is not known for sure
    if calendar.is_provisional(2027):
        assert due(start, one, ZONES["CN"], calendar, [until_friday]) == Due(datetime(2027, 1, 1, tzinfo=ZONES["CN"]), provisional=True)
    assert due(start, one, ZONES["CN"], Weekdays(), [until_friday]) == Due(datetime(2027, 1, 2, tzinfo=ZONES["CN"]), provisional=True)


@pytest.mark.parametrize("unit", list(Unit))
def test_beyond_the_calendar(unit: Unit) -> None:
    with pytest.raises(InputError, match="beyond the calendar"):
        due(datetime(9999, 12, 31, 23, tzinfo=UTC), Duration(9999, unit), ZONES["US"], CALENDARS["US"])


def test_last_day_has_no_end() -> None:
    with pytest.raises(InputError, match="beyond the calendar"):
        due(datetime(9999, 12, 30, 12, tzinfo=UTC), parse_duration("1 working days"), ZONES["DE"], CALENDARS["DE"])


def test_time_without_offset() -> None:
    aware, naive = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)
    for start, pauses in ((naive, []), (aware, [(aware, naive)]), (aware, [(naive, aware)])):
        with pytest.raises(InputError, match="no offset"):
            due(start, Duration(1, Unit.DAYS), ZONES["DE"], Unasked(), pauses)


# --- durations ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 9999), st.sampled_from(Unit))
def test_durations_read_back(n: int, unit: Unit) -> None:
    assert parse_duration(str(Duration(n, unit))) == Duration(n, unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "days",
        "0 days",
        "-1 days",
        "07 days",
        "7 day",
        "7  days",
        " 7 days",
        "7 days\n",
        "7 Days",
        "1.5 hours",
        "٧ days",
        "10000 days",
        "7 weeks",
    ],
)
def test_no_duration(text: str) -> None:
    with pytest.raises(InputError):
        parse_duration(text)


# --- the slow reference -------------------------------------------------------------------------------------------------


@cache
def library(country: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=range(2018, 2035))


def hours_suspended(start: datetime, pauses: Sequence[Suspension]) -> list[datetime]:
    """Each suspended hour from the start on, by its beginning; all times are whole hours."""
    found = set()
    for since, until in pauses:
        hour = since
        while hour < until:
            if hour >= start:
                found.add(hour)
            hour += HOUR
    return sorted(found)


def slow_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """A local time as an instant: the first that reads so, else with the offset of the day before."""
    offsets = [(wall.replace(tzinfo=UTC) + side).astimezone(zone).utcoffset() or timedelta() for side in (-DAY, DAY)]
    candidates = sorted(wall.replace(tzinfo=UTC) - offset for offset in offsets)
    exact = [c for c in candidates if c.astimezone(zone).replace(tzinfo=None) == wall]
    return exact[0] if exact else wall.replace(tzinfo=UTC) - offsets[0]


def slow_months(wall: datetime, months: int) -> datetime:
    """So many months later, month by month, clipped at the last one only."""
    year, month = wall.year, wall.month
    for _step in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    last = [31, 29 if isleap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    return datetime.combine(date(year, month, min(wall.day, last)), wall.time())


def slow_due(start: datetime, duration: Duration, country: str, pauses: Sequence[Suspension]) -> datetime:
    zone = ZONES[country]
    suspended = hours_suspended(start, pauses)
    wall = start.astimezone(zone).replace(tzinfo=None)
    if duration.unit is Unit.WORKING_DAYS:
        return slow_working(start, duration.n, country, suspended)
    if duration.unit is Unit.HOURS:
        end = start + duration.n * HOUR
    elif duration.unit is Unit.DAYS:
        end = slow_wall(wall + duration.n * DAY, zone)
    else:
        end = slow_wall(slow_months(wall, duration.n * (12 if duration.unit is Unit.YEARS else 1)), zone)
    for hour in suspended:  # each moves the end by itself, so one after the other is before the moving end or not
        # an hour that straddles the end belongs to a stretch that began before it: ends lie on whole hours, so none does
        if hour < end:
            end += HOUR
    return end


def slow_working(start: datetime, n: int, country: str, suspended: list[datetime]) -> datetime:
    """Adds working days until nothing moves any more."""
    zone = ZONES[country]
    stretches: list[list[datetime]] = []
    for hour in suspended:
        if stretches and stretches[-1][1] == hour:
            stretches[-1][1] = hour + HOUR
        else:
            stretches.append([hour, hour + HOUR])
    wanted = n
    while True:
        day, left = start.astimezone(zone).date(), wanted
        while left:
            day += DAY
            left -= library(country).is_working_day(day)
        end = slow_wall(datetime.combine(day + DAY, time()), zone)
        more = n
        for since, until in stretches:
            if since < end:
                walk, last = since.astimezone(zone).date(), until.astimezone(zone).date()
                while walk < last:
                    walk += DAY
                    more += library(country).is_working_day(walk)
        if more == wanted:
            return end
        wanted = more


def instants(first: datetime, hours: int) -> st.SearchStrategy[datetime]:
    return st.integers(0, hours).map(lambda h: first + h * HOUR)


STARTS = instants(datetime(2019, 1, 1, tzinfo=UTC), 8 * 365 * 24)
DURATIONS = st.one_of(
    st.builds(Duration, st.integers(1, 24 * 40), st.just(Unit.HOURS)),
    st.builds(Duration, st.integers(1, 400), st.just(Unit.DAYS)),
    st.builds(Duration, st.integers(1, 60), st.just(Unit.WORKING_DAYS)),
    st.builds(Duration, st.integers(1, 40), st.just(Unit.MONTHS)),
    st.builds(Duration, st.integers(1, 4), st.just(Unit.YEARS)),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, datetime, Duration, list[Suspension]]:
    """A country, a start, a duration, and suspensions around the start and the end, in any order."""
    country, start, duration = draw(st.sampled_from(sorted(ZONES))), draw(STARTS), draw(DURATIONS)
    pauses = draw(st.lists(st.tuples(st.integers(-200, 24 * 60), st.integers(0, 24 * 20)), max_size=4))
    zones = st.sampled_from([UTC, *ZONES.values()])
    return (
        country,
        start,
        duration,
        [((start + a * HOUR).astimezone(draw(zones)), (start + (a + b) * HOUR).astimezone(draw(zones))) for a, b in pauses],
    )


@settings(max_examples=400, deadline=None)
@given(stories())
def test_due_as_the_slow_reference(story: tuple[str, datetime, Duration, list[Suspension]]) -> None:
    country, start, duration, pauses = story
    found = due(start.astimezone(ZONES[country]), duration, ZONES[country], CALENDARS[country], pauses)
    in_utc = [(a.astimezone(UTC), b.astimezone(UTC)) for a, b in pauses]
    assert found.at.astimezone(UTC) == slow_due(start, duration, country, in_utc)


@settings(max_examples=200, deadline=None)
@given(stories())
def test_due_is_after_the_start_and_never_earlier_for_a_suspension(story: tuple[str, datetime, Duration, list[Suspension]]) -> None:
    country, start, duration, pauses = story
    plain = due(start, duration, ZONES[country], CALENDARS[country]).at.astimezone(UTC)
    moved = due(start, duration, ZONES[country], CALENDARS[country], pauses).at.astimezone(UTC)
    assert start < plain <= moved
    assert moved == due(start, duration, ZONES[country], CALENDARS[country], pauses[::-1] * 2).at.astimezone(UTC)


# --- recurring periods --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "name", "start", "end"),
    [
        (Every.MONTH, "2026-07", date(2026, 7, 1), date(2026, 8, 1)),
        (Every.QUARTER, "2026-Q3", date(2026, 7, 1), date(2026, 10, 1)),
        (Every.HALF_YEAR, "2026-H2", date(2026, 7, 1), date(2027, 1, 1)),
        (Every.YEAR, "2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_period(every: Every, name: str, start: date, end: date) -> None:
    assert period_of(date(2026, 7, 14), every) == Period(name, start, end) == parse_period(name)


@given(st.dates(max_value=date(9999, 11, 30)), st.sampled_from([Every.MONTH, Every.QUARTER, Every.HALF_YEAR, Every.YEAR]))
def test_periods_hold_their_days_and_read_back(day: date, every: Every) -> None:
    if day.year == 9999:
        day = day.replace(year=9998, day=1)
    period = period_of(day, every)
    assert period.start <= day < period.end
    assert period == period_of(period.start, every) == period_of(period.end - DAY, every) == parse_period(period.id)
    assert period_of(period.end, every).start == period.end


def test_closed_periods() -> None:
    assert [p.id for p in periods(date(2025, 11, 20), date(2026, 7, 1), Every.QUARTER)] == ["2025-Q4", "2026-Q1", "2026-Q2"]
    assert [p.id for p in periods(date(2025, 11, 20), date(2026, 6, 30), Every.HALF_YEAR)] == ["2025-H2"]
    assert [p.id for p in periods(date(2025, 11, 20), date(2026, 3, 1), Every.MONTH)] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert [p.id for p in periods(date(2024, 2, 29), date(2026, 12, 31), Every.YEAR)] == ["2024", "2025"]
    assert periods(date(2026, 1, 1), date(2026, 1, 31), Every.MONTH) == []
    assert periods(date(2026, 1, 1), date(2020, 1, 1), Every.MONTH) == []


@pytest.mark.parametrize("text", ["", "26", "0000", "2026-", "2026-H3", "2026-Q5", "2026-Q0", "2026-13", "2026-00", "2026-7", "2026-07-01", "2026\n", "9999"])
def test_no_period(text: str) -> None:
    with pytest.raises(InputError):
        parse_period(text)


@pytest.mark.parametrize(
    ("name", "within", "expected"),
    [
        ("2025", "30 days", "2026-01-31T00:00:00+08:00"),
        ("2025", "1 months", "2026-02-01T00:00:00+08:00"),
        ("2025", "48 hours", "2026-01-03T00:00:00+08:00"),
        ("2025", "5 working days", "2026-01-09T00:00:00+08:00"),  # Sunday the 4th is worked, 5, 6, 7, 8
        ("2026-Q2", "1 working days", "2026-07-02T00:00:00+08:00"),  # 1 July counts: the period ended with 30 June
    ],
)
def test_period_due(name: str, within: str, expected: str) -> None:
    assert str(period_due(parse_period(name), parse_duration(within), ZONES["CN"], CALENDARS["CN"])) == expected
