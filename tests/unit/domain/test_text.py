"""Names and times from outside."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from controlplane.domain.text import is_name, is_request_name, parse_time


@pytest.mark.parametrize("name", ["a", "Ünï 😀", "x" * 256])
def test_names_of_administrators(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "\x00", "\ud800", "x" * 257, None, 1])
def test_other_values_are_no_names(name: Any) -> None:
    assert not is_name(name)


def test_a_request_may_name_what_a_provider_takes() -> None:
    assert is_request_name(" a\n")
    assert is_request_name("x" * 1024)
    assert not any(map(is_request_name, ["", "x" * 1025, "a\x00", None, 1, ["a"]]))


def test_a_time_keeps_its_offset() -> None:
    read = parse_time("2030-01-31t13:00:00.123456789+01:00")
    an_hour = timezone(timedelta(hours=1))
    assert read == datetime(2030, 1, 31, 13, 0, 0, 123456, an_hour)
    assert read.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize(
    "value",
    [None, 7, "", "2030-01-31", "2030-01-31T12:00:00", "2030-02-30T12:00:00Z", "20300131T120000Z",
     "2030-01-31T12:00:00Z\n", "\uff12030-01-31T12:00:00Z"],
)  # fmt: skip
def test_other_values_are_no_times(value: Any) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_time(value)
