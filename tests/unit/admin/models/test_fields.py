"""Fields of what administrators write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.fields import Id, Moment, Name, Since, Text, Until, Usd
from controlplane.admin.models.model import RequestBody, read

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


class Fields(RequestBody):
    """One of each; every test sends one."""

    moment: Moment | None = None
    name: Name | None = None
    id: Id | None = None
    text: Text | None = None
    since: Since | None = None
    until: Until | None = None
    usd: Usd | None = None


def read_one(name: str, value: Any) -> Any:
    return getattr(read(Fields, {name: value}), name)


def refused(name: str, value: Any) -> str:
    """The message, which names the field and repeats no value."""
    with pytest.raises(InvalidDocument) as caught:
        read(Fields, {name: value})
    assert caught.value.param == name
    assert len(caught.value.faults) == 1
    return caught.value.message


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS))
def test_every_time_is_read_as_it_was_written(time: datetime) -> None:
    read = read_one("moment", time.isoformat())
    assert read == time
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["2030-01-31T12:00:00Z", "2030-01-31t13:00:00.0+01:00"])
def test_rfc_3339_in_its_spellings(text: str) -> None:
    assert read_one("moment", text) == datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        7,
        "",
        "2030-01-31",
        "2030-01-31 12:00:00Z",
        "2030-01-31T12:00:00",
        "2030-01-31T12:00Z",
        "20300131T120000Z",
        "2030-W05-4T12:00:00Z",
        "2030-02-30T12:00:00Z",
        "2030-01-31T24:00:00Z",
        "2030-01-31T12:00:00+25:00",
        "2030-01-31T12:00:00Z\n",
        "0001-01-01T00:00:00+12:00",
        "\uff12030-01-31T12:00:00Z",
    ],
)
def test_other_times_are_none(value: Any) -> None:
    assert refused("moment", value) == (
        "'moment' must be a time such as 2030-01-31T12:00:00Z (RFC 3339)."
    )


@pytest.mark.parametrize("name", ["a", "Ünï 😀", "x" * 256])
def test_names(name: str) -> None:
    assert read_one("name", name) == name


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "\x00", "\ud800", "x" * 257, 1, ["a"]])
def test_other_names_are_none(name: Any) -> None:
    assert "1 to 256 printable characters, no space at either end." in refused("name", name)


@pytest.mark.parametrize("value", ["", "A", "a b", "a\n", "a" * 65, "\uff11", 1, ["a"]])
def test_other_ids_are_none(value: Any) -> None:
    assert read_one("id", "app-1") == "app-1"
    assert "must be 1 to 64 of the characters" in refused("id", value)


@pytest.mark.parametrize("value", ["", "x" * 1001, "a\tb"])
def test_other_texts_are_none(value: str) -> None:
    assert read_one("text", " x" * 500) == " x" * 500
    assert "must be 1 to 1,000 printable characters." in refused("text", value)


def test_a_day_is_included_as_a_whole() -> None:
    day = datetime(2026, 11, 30, tzinfo=UTC)
    assert read_one("since", "2026-11-30") == day
    assert read_one("until", "2026-11-30") == day + timedelta(days=1)
    # As a client writes it that does not encode the plus sign.
    assert read_one("until", "2026-11-30T01:00:00 01:00") == day


@pytest.mark.parametrize(
    ("value", "kind"),
    [("2026-02-30", "date"), ("9999-12-31", "date"), ("30.11.2026", "time"), ("now", "time")],
)
def test_other_ends_of_a_range_are_none(value: str, kind: str) -> None:
    assert f"must be a {kind} such as" in refused("until", value)


@pytest.mark.parametrize("value", ["1e3", "-1", "", "0.0000001", "1234567", "\uff11"])
def test_other_amounts_are_none(value: str) -> None:
    assert read_one("usd", "0.25") == Decimal("0.25")
    assert refused("usd", value) == "'usd' must be US dollars such as 0.25."
