"""Fields of what administrators write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.admin.fields import check_fields, read_id, read_name, read_time
from controlplane.errors import InvalidRequest

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS))
def test_every_time_is_read_as_it_was_written(time: datetime) -> None:
    read = read_time(time.isoformat(), "t")
    assert read == time
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["2030-01-31T12:00:00Z", "2030-01-31t13:00:00.0+01:00"])
def test_rfc_3339_in_its_spellings(text: str) -> None:
    assert read_time(text, "t") == datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
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
    with pytest.raises(InvalidRequest) as caught:
        read_time(value, "expires_at")
    assert caught.value.param == "expires_at"


@pytest.mark.parametrize("name", ["a", "Ünï 😀", "x" * 256])
def test_names(name: str) -> None:
    assert read_name({"name": name}) == name


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "\x00", "\ud800", "x" * 257, None, 1])
def test_other_names_are_none(name: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_name({"name": name})
    assert caught.value.param == "name"


@pytest.mark.parametrize("value", ["", "A", "a b", "a\n", "a" * 65, None, 1, ["a"]])
def test_other_ids_are_none(value: Any) -> None:
    assert read_id("app-1", "id") == "app-1"
    with pytest.raises(InvalidRequest):
        read_id(value, "id")


def test_an_unknown_field_is_named_but_not_at_length() -> None:
    check_fields({"name": 1}, "name", "id")
    with pytest.raises(InvalidRequest) as caught:
        check_fields({"x" * 5000: 1}, "name")
    assert len(caught.value.message) < 200
