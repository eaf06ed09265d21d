"""What stands in the place of a number."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.protocols.counts import MOST_TOOLS, count, server_tools, word


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (12, 12),
        (12.5, 13),
        (12.0, 12),
        (0.2, 1),
        (2**41, 2**41),
        (0, 0),
        (-3, 0),
        (-0.5, 0),
        (True, 0),
        ("12", 0),
        (None, 0),
        ([12], 0),
        ({"n": 12}, 0),
        (float("nan"), 0),
        (float("inf"), 0),
    ],
)
def test_fractions_round_up_and_what_is_no_number_is_none(value: Any, read: int) -> None:
    assert count({"n": value}, "n") == read
    assert count({"n": value, "m": 5}, "n", "m") == max(read, 5)


@pytest.mark.parametrize("source", [None, [], "text", 7, {}])
def test_what_holds_no_number_holds_none(source: Any) -> None:
    assert count(source, "n") == 0


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("flex", "flex"),
        ("standard_only", "standard_only"),
        ("auto", None),
        ("", None),
        ("Flex tier", None),
        ("a\x00", None),
        ("x" * 33, None),
        (7, None),
        (None, None),
    ],
)
def test_a_tier_is_a_plain_word(value: Any, read: str | None) -> None:
    assert word(value) == read


def test_tools_are_counted_by_name() -> None:
    used = {"web_search_requests": 2, "web_fetch_requests": 0, "x\x00_requests": 3, "other": 4}
    assert server_tools({"server_tool_use": used}) == {"web_search": 2, "web_fetch": 0}
    assert server_tools({"server_tool_use": None}) == server_tools({}) == {}
    many = {f"tool{n}_requests": 1 for n in range(100)}
    assert len(server_tools({"server_tool_use": many})) == MOST_TOOLS
