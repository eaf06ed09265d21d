"""Where periods begin, in time zones whose days are 23 to 25 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from controlplane.domain.limits import Period
from controlplane.domain.periods import is_time_zone, period_start, starts_around


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone", "now", "start"),
    [
        (Period.DAY, "UTC", "2026-11-29T23:59:59", "2026-11-29T00:00:00"),
        (Period.DAY, "Europe/Berlin", "2026-11-29T23:30:00", "2026-11-29T23:00:00"),
        # The clocks go forward on the 29th of March: that day has 23 hours.
        (Period.DAY, "Europe/Berlin", "2026-03-29T21:59:59", "2026-03-28T23:00:00"),
        (Period.DAY, "Europe/Berlin", "2026-03-29T22:00:00", "2026-03-29T22:00:00"),
        # And back on the 25th of October: 25 hours.
        (Period.DAY, "Europe/Berlin", "2026-10-25T22:59:59", "2026-10-24T22:00:00"),
        (Period.DAY, "Europe/Berlin", "2026-10-25T23:00:00", "2026-10-25T23:00:00"),
        # There is no midnight in Cairo on that day, and two of them in Havana.
        (Period.DAY, "Africa/Cairo", "2026-04-24T12:00:00", "2026-04-23T22:00:00"),
        (Period.DAY, "America/Havana", "2026-11-01T12:00:00", "2026-11-01T04:00:00"),
        (Period.DAY, "Asia/Kolkata", "2026-06-01T18:30:00", "2026-06-01T18:30:00"),
        (Period.WEEK, "UTC", "2026-11-29T23:59:59", "2026-11-23T00:00:00"),
        (Period.WEEK, "UTC", "2026-11-30T00:00:00", "2026-11-30T00:00:00"),
        (Period.WEEK, "Europe/Berlin", "2026-11-29T23:00:00", "2026-11-29T23:00:00"),
        (Period.WEEK, "UTC", "2027-01-02T00:00:00", "2026-12-28T00:00:00"),
        (Period.MONTH, "America/New_York", "2026-12-01T04:59:59", "2026-11-01T04:00:00"),
        (Period.MONTH, "America/New_York", "2026-12-01T05:00:00", "2026-12-01T05:00:00"),
        (Period.LIFETIME, "UTC", "2026-12-01T05:00:00", "1970-01-01T00:00:00"),
    ],
)
def test_where_a_period_begins(period: Period, zone: str, now: str, start: str) -> None:
    assert period_start(period, zone, at(now)) == at(start)


@pytest.mark.parametrize("period", [Period.DAY, Period.WEEK, Period.MONTH])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Africa/Cairo", "America/Havana"])
def test_periods_follow_one_another_all_year(period: Period, zone: str) -> None:
    now = at("2026-01-01T00:30:00")
    while now < at("2027-01-01T00:00:00"):
        before, this, following, after = starts_around(period, zone, [now])
        assert before < this <= now < following < after
        assert period_start(period, zone, following) == following
        assert period_start(period, zone, following - timedelta(microseconds=1)) == this
        now += timedelta(hours=7)


def test_a_day_has_23_24_or_25_hours() -> None:
    days = starts_around(
        Period.DAY, "Europe/Berlin", [at("2026-03-28T12:00:00"), at("2026-10-25T12:00:00")]
    )
    lengths = {(b - a) // timedelta(hours=1) for a, b in pairwise(days)}
    assert {23, 24, 25} <= lengths


@pytest.mark.parametrize("name", ["Europe/Bonn", "", "../UTC", "/etc/localtime", "a\0b"])
def test_what_is_no_time_zone(name: str) -> None:
    assert not is_time_zone(name)
