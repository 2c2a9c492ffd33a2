"""Working days: the notices as published, a day-by-day reference, and what is not announced yet."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from functools import cache

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.model.calendars import WorkingCalendar

DAY = timedelta(days=1)
CHINA = WorkingCalendar("CN")
COUNTRIES = {"CN": CHINA, "DE": WorkingCalendar("DE"), "US": WorkingCalendar("US")}
DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 31))


@cache
def slow(country: str) -> holidays.HolidayBase:
    """All years at once, for the reference to ask one day after the other."""
    return holidays.country_holidays(country, years=range(2018, 2030))


def span(first: str, last: str) -> list[date]:
    """The days from `first` to `last`, both included."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [begin + timedelta(days=i) for i in range((end - begin).days + 1)]


# the State Council's notices on Spring Festival and National Day: first and last day off, then the weekend days worked for them
CHINESE_NOTICES = [
    ("2024-02-10", "2024-02-17", ["2024-02-04", "2024-02-18"]),
    ("2024-10-01", "2024-10-07", ["2024-09-29", "2024-10-12"]),
    ("2025-01-28", "2025-02-04", ["2025-01-26", "2025-02-08"]),
    ("2025-10-01", "2025-10-08", ["2025-09-28", "2025-10-11"]),
    ("2026-02-15", "2026-02-23", ["2026-02-14", "2026-02-28"]),
    ("2026-10-01", "2026-10-07", ["2026-09-20", "2026-10-10"]),
    ("2018-12-30", "2019-01-01", ["2018-12-29"]),
]


@pytest.mark.parametrize(("first", "last", "worked"), CHINESE_NOTICES)
def test_chinese_notice(first: str, last: str, worked: list[str]) -> None:
    assert not any(CHINA.is_working(day) for day in span(first, last))
    for day in map(date.fromisoformat, worked):
        assert day.weekday() >= 5
        assert CHINA.is_working(day)


@pytest.mark.parametrize(
    ("after", "n", "expected"),
    [
        ("2026-09-28", 7, "2026-10-13"),  # 29, 30 September, 8, 9, 10 (a Saturday), 12, 13 October
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday worked before Spring Festival
        ("2026-02-13", 2, "2026-02-24"),
        ("2025-01-27", 1, "2025-02-05"),
        ("2024-02-09", 1, "2024-02-18"),  # a Sunday
        ("2024-02-08", 7, "2024-02-23"),  # New Year's Eve 2024 was not a holiday: 9, 18, 19, 20, 21, 22, 23 February
    ],
)
def test_nth_working_day_in_china(after: str, n: int, expected: str) -> None:
    assert CHINA.nth_working_day(date.fromisoformat(after), n) == date.fromisoformat(expected)


@given(st.sampled_from(sorted(COUNTRIES)), DAYS)
def test_is_working_as_the_library_says(country: str, day: date) -> None:
    assert COUNTRIES[country].is_working(day) == slow(country).is_working_day(day)


@given(st.sampled_from(sorted(COUNTRIES)), DAYS, st.integers(1, 300))
def test_nth_working_day_day_by_day(country: str, after: date, n: int) -> None:
    day, left = after, n
    while left:
        day += DAY
        left -= slow(country).is_working_day(day)
    found = COUNTRIES[country].nth_working_day(after, n)
    assert found == day
    assert COUNTRIES[country].count_between(after, found) == n


@given(st.sampled_from(sorted(COUNTRIES)), DAYS, st.integers(-400, 900))
def test_count_between_day_by_day(country: str, a: date, days: int) -> None:
    expected = sum(slow(country).is_working_day(a + timedelta(days=i)) for i in range(1, days + 1))
    assert COUNTRIES[country].count_between(a, a + timedelta(days=days)) == expected


@given(st.sampled_from(sorted(COUNTRIES)), DAYS, DAYS, DAYS)
def test_counts_add_up(country: str, one: date, two: date, three: date) -> None:
    a, b, c = sorted((one, two, three))
    calendar = COUNTRIES[country]
    assert calendar.count_between(a, c) == calendar.count_between(a, b) + calendar.count_between(b, c)


def test_subdivision() -> None:
    womens_day = date(2024, 3, 8)  # a Friday, a holiday in Berlin only
    assert WorkingCalendar("DE").is_working(womens_day)
    assert not WorkingCalendar("DE-BE").is_working(womens_day)


def test_observed_holiday_of_the_next_year() -> None:
    assert not WorkingCalendar("US").is_working(date(2021, 12, 31))  # for Saturday 2022-01-01


def test_extra_days() -> None:
    saturday, monday = date(2024, 3, 9), date(2024, 3, 11)
    calendar = WorkingCalendar("DE", frozenset({saturday}), frozenset({monday}))
    assert calendar.is_working(saturday)
    assert not calendar.is_working(monday)
    assert calendar.nth_working_day(date(2024, 3, 8), 2) == date(2024, 3, 12)
    assert calendar.count_between(date(2024, 3, 8), date(2024, 3, 12)) == 2
    assert not WorkingCalendar("DE").is_working(saturday)
    assert calendar != WorkingCalendar("DE")
    assert WorkingCalendar("DE") == COUNTRIES["DE"]


def test_a_day_both_open_and_closed() -> None:
    day = frozenset({date(2024, 3, 9)})
    with pytest.raises(InputError, match="2024-03-09"):
        WorkingCalendar("DE", day, day)


@pytest.mark.parametrize("country", ["XX", "DE-QQ"])
def test_unknown_country(country: str) -> None:
    calendar = WorkingCalendar(country)  # nothing is loaded before the first question
    with pytest.raises(InputError, match=country):
        calendar.is_working(date(2026, 1, 5))


@pytest.mark.parametrize("country", ["", "cn", "China", "CN-", "DE-BE-1", "ECB", "HolidayBase", "CN\n"])
def test_malformed_country(country: str) -> None:
    with pytest.raises(InputError):
        WorkingCalendar(country)


def test_provisional_without_make_up_workdays() -> None:
    assert not any(CHINA.is_provisional(year) for year in range(2001, 2027))
    announced = {day.year for day in holidays.country_holidays("CN", years=range(2027, 2040)).weekend_workdays}
    assert CHINA.is_provisional(2040) == (2040 not in announced)
    assert CHINA.is_provisional(1990)
    assert not COUNTRIES["DE"].is_provisional(2040)


def test_beyond_the_library() -> None:
    german = COUNTRIES["DE"]
    last = holidays.country_holidays("DE").end_year
    assert not german.is_provisional(last)
    assert german.is_provisional(last + 1)
    assert german.is_working(date(2101, 10, 3))  # a Monday: only weekends are known
    assert not german.is_working(date(2101, 10, 2))
    assert german.nth_working_day(date(2101, 9, 30), 1) == date(2101, 10, 3)
    assert german.is_working(date(1985, 1, 1))
    assert not german.is_provisional(1985)


def test_the_end_of_time() -> None:
    with pytest.raises(InputError, match="10000"):
        CHINA.nth_working_day(date(9999, 12, 30), 9)
    with pytest.raises(ValueError, match="0"):
        CHINA.nth_working_day(date(2026, 1, 1), 0)


def test_the_library_is_loaded_only_when_asked() -> None:
    code = (
        "import sys; from plaint.model.calendars import WorkingCalendar as W; import plaint.model.clocks; "
        "c = W('CN'); assert 'holidays' not in sys.modules; c.is_provisional(2026); assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
