"""Which days are worked, country by country.

Rules:
- Weekends, public holidays and make-up workdays (调休) come from the `holidays` library, loaded only when a year is first asked for.
- The policy's own days go before it: an extra open day is worked, an extra closed one is not.
- A year that the library does not cover has weekends and no holidays. It is provisional if it lies after what the library covers.
- China announces the make-up workdays of each year in a notice late in the year before: without any known, its year is provisional.

>>> china = WorkingCalendar("CN")
>>> china.is_working(date(2026, 10, 10))  # a Saturday, worked for a day of the National Day week
True
>>> china.nth_working_day(date(2026, 9, 28), 7)
datetime.date(2026, 10, 13)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import MAXYEAR, date
from functools import cache

from plaint.errors import InputError
from plaint.i18n import _

_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
"""ISO 3166-1 alpha-2, or ISO 3166-2 with the subdivision."""
_ANNOUNCED_YEARLY = frozenset({"CN"})
"""Countries whose make-up workdays are announced anew each year (State Council notice, 国务院办公厅关于部分节假日安排的通知)."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The working days of one year, to ask for one (`days`) and to count them (`ordinals`, ascending)."""

    days: frozenset[date]
    ordinals: tuple[int, ...]
    provisional: bool


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The working days of a country ("CN") or subdivision ("DE-BE"), with an organisation's extra open and closed days.

    InputError at once for a malformed country or a day both open and closed; for a country the library has not, at the first question.
    """

    country: str
    extra_open: frozenset[date] = frozenset()
    extra_closed: frozenset[date] = frozenset()
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _COUNTRY.fullmatch(self.country):
            raise _unknown(self.country)
        if both := self.extra_open & self.extra_closed:
            days = ", ".join(day.isoformat() for day in sorted(both))
            raise InputError(_("a day cannot be both open and closed: {days}").format(days=days), hint=_("keep it in one of the two lists"))

    def is_working(self, day: date) -> bool:
        """Whether people work on that day."""
        return day in (self._years.get(day.year) or self._load(day.year)).days

    def is_provisional(self, year: int) -> bool:
        """Whether that year's working days may still change, for its holidays are not all known."""
        return (self._years.get(year) or self._load(year)).provisional

    def nth_working_day(self, after: date, n: int) -> date:
        """The `n`th working day (n >= 1) later than `after`, which is not counted itself; InputError beyond the year 9999."""
        if n < 1:
            raise ValueError(n)
        number = after.year
        ordinals = self._ordinals(number)
        passed = bisect_right(ordinals, after.toordinal())
        while passed + n > len(ordinals):
            n -= len(ordinals) - passed
            passed = 0
            number += 1
            ordinals = self._ordinals(number)
        return date.fromordinal(ordinals[passed + n - 1])

    def count_between(self, a: date, b: date) -> int:
        """How many working days lie after `a` and not after `b`; 0 where `b` is not later than `a`."""
        if b <= a:
            return 0
        whole = sum(len(self._ordinals(number)) for number in range(a.year, b.year))
        return whole + bisect_right(self._ordinals(b.year), b.toordinal()) - bisect_right(self._ordinals(a.year), a.toordinal())

    def _ordinals(self, year: int) -> tuple[int, ...]:
        return (self._years.get(year) or self._load(year)).ordinals

    def _load(self, year: int) -> _Year:
        if not 1 <= year <= MAXYEAR:
            raise InputError(_("the year {year} is beyond the calendar").format(year=year))
        common = _library_year(self.country, year)
        if any(day.year == year for day in self.extra_open | self.extra_closed):
            opened = frozenset(day for day in self.extra_open if day.year == year)
            days = (common.days | opened) - self.extra_closed
            common = _Year(days, tuple(sorted(day.toordinal() for day in days)), common.provisional)
        self._years[year] = common
        return common


def load_library() -> None:
    """Loads the library of holidays, which takes 90 ms: for whoever will count working days, and has nothing better to do yet."""
    import holidays.countries  # noqa: F401 - all of them, whichever is asked for


@cache
def _library_year(country: str, year: int) -> _Year:
    """One year as the library has it, the same for every calendar of that country."""
    from holidays import country_holidays  # 87 ms: only those who count working days pay for it

    code, _dash, subdivision = country.partition("-")
    try:
        # the year is named here: the library does not load it when asked about a weekend, and would miss the make-up workdays
        library = country_holidays(code, subdiv=subdivision or None, years=year)
    except NotImplementedError as error:
        raise _unknown(country) from error
    first = date(year, 1, 1).toordinal()
    last = date(year, 12, 31).toordinal()
    days = [day for day in map(date.fromordinal, range(first, last + 1)) if library.is_working_day(day)]
    # `weekend_workdays` also holds Decembers of other years, whichever year was loaded
    unannounced = code in _ANNOUNCED_YEARLY and not any(day.year == year for day in library.weekend_workdays)
    return _Year(frozenset(days), tuple(day.toordinal() for day in days), unannounced or year > library.end_year)


def _unknown(country: str) -> InputError:
    return InputError(
        _("no working calendar is known for {country}").format(country=country),
        hint=_("write a country as CN, or with its subdivision as DE-BE (ISO 3166)"),
    )
