"""Periods of the calendar in a time zone: a day there may last 23 or 25 hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from controlplane.domain.limits import Period

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_A_DAY = timedelta(days=1)
_PAST_A_MONTH = timedelta(days=32)


def is_time_zone(name: str) -> bool:
    """True of a name in the IANA time zone database, such as `Europe/Berlin`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def period_start(period: Period, time_zone: str, at: datetime) -> datetime:
    """The instant at which the period of `at` began; of a lifetime that is 1970."""
    if period is Period.LIFETIME:
        return _EPOCH
    return _starts(period, time_zone, _local(time_zone, at))[1]


def starts_around(period: Period, time_zone: str, instants: Iterable[datetime]) -> list[datetime]:
    """Where the periods of these instants begin, those before them, and the two after: in order.

    So the clock that decides may be off from the one that asks by up to a period.
    """
    starts: set[datetime] = set()
    for at in instants:
        starts.update(_starts(period, time_zone, _local(time_zone, at)))
    return sorted(starts)


def _local(time_zone: str, at: datetime) -> date:
    return at.astimezone(ZoneInfo(time_zone)).date()


@lru_cache(maxsize=1_024)
def _starts(period: Period, time_zone: str, day: date) -> tuple[datetime, ...]:
    zone = ZoneInfo(time_zone)
    this = _first_day(period, day)
    following = _next_first_day(period, this)
    days = _first_day(period, this - _A_DAY), this, following, _next_first_day(period, following)
    # Where midnight does not exist, this is the instant at which the clocks were put forward; where
    # it comes twice, the first of the two.
    return tuple(
        datetime(each.year, each.month, each.day, tzinfo=zone).astimezone(UTC) for each in days
    )


def _first_day(period: Period, day: date) -> date:
    if period is Period.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period is Period.WEEK else day


def _next_first_day(period: Period, first: date) -> date:
    if period is Period.MONTH:
        return (first + _PAST_A_MONTH).replace(day=1)
    return first + (7 * _A_DAY if period is Period.WEEK else _A_DAY)
