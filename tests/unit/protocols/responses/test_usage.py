"""What was used: read from whole responses, and heard of streamed ones."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.usage import Usage
from controlplane.protocols.responses.tally import ResponseTally
from controlplane.protocols.responses.usage import read_usage, usage_of

COUNTS = {
    "input_tokens": 100,
    "input_tokens_details": {
        "cached_tokens": 60,
        "cache_write_tokens": 30,
        "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 10},
    },
    "output_tokens": 50.5,
    "output_tokens_details": {"reasoning_tokens": 40},
    "total_tokens": 151,
}
READ = Usage(100, 51, cached=60, reasoning=40, cache_write=30, cache_write_hour=10)
SEARCH = {"type": "web_search_call", "action": {"type": "search", "query": "x"}}
OPEN = {"type": "web_search_call", "action": {"type": "open_page"}}
FILES = {"type": "file_search_call"}


def test_each_item_is_read() -> None:
    assert read_usage(COUNTS) == READ
    assert read_usage({"input_tokens": 0, "output_tokens": 0}) is None
    assert read_usage(None) is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"service_tier": "flex"}, {"service_tier": "flex"}),
        ({"service_tier": "auto"}, {}),
        ({"output": [SEARCH, OPEN, SEARCH]}, {"calls": (("web_search", 2),)}),
        ({"output": [FILES, "odd", {}]}, {"calls": (("file_search", 1),)}),
        (
            {"output": [SEARCH, SEARCH], "tool_usage": {"web_search": {"num_requests": 1}}},
            {"calls": (("web_search", 1),)},
        ),
        ({"output": [SEARCH], "tool_usage": {"web_search": {"num_requests": 0}}}, {}),
        (
            {"output": [SEARCH], "tools": [{"type": "web_search_preview_2025_03_11"}]},
            {"calls": (("web_search_preview", 1),)},
        ),
        (
            {"output": [{"type": "code_interpreter_call"}, {"type": "image_generation_call"}]},
            {"unknown": frozenset({"code_interpreter", "image"})},
        ),
        (
            {"output": [{"type": "shell_call", "environment": {"type": "container_reference"}}]},
            {"unknown": frozenset({"container"})},
        ),
        ({"output": [{"type": "shell_call", "environment": {"type": "local"}}]}, {}),
        ({"output": None, "tools": None, "tool_usage": {"web_search": None}}, {}),
    ],
)
def test_the_response_says_more_than_its_counts(more: Any, expected: dict[str, Any]) -> None:
    assert usage_of({"usage": COUNTS, **more}) == Usage(
        100, 51, cached=60, reasoning=40, cache_write=30, cache_write_hour=10, **expected
    )


def event(kind: str, **response: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": {"model": "m", **response}}


def done(item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "item": item}


def heard(*events: Any, ended: bool = False) -> ResponseTally:
    tally = ResponseTally()
    for each in events:
        tally.hear(each)
    if ended:
        tally.end()
    return tally


def test_the_last_event_has_the_usage() -> None:
    created = event("created", service_tier="auto", usage=None, output=[])
    completed = event("completed", service_tier="priority", usage=COUNTS, output=[SEARCH])
    tally = heard(created, done(SEARCH), completed)
    assert tally.usage is not None
    assert tally.usage.service_tier == "priority"
    assert tally.usage.calls == (("web_search", 1),)


def test_of_one_that_is_cut_the_searches_are_known() -> None:
    cut = heard(event("created"), done(SEARCH), done(OPEN), done(SEARCH), done(None))
    assert (cut.usage, cut.begun) == (None, Usage(calls=(("web_search", 2),)))


@pytest.mark.parametrize("ended", [False, True])
def test_counts_before_the_end_are_all_of_it_once_it_ends(ended: bool) -> None:
    tally = heard(event("in_progress", usage=COUNTS), event("completed"), ended=ended)
    assert tally.begun == READ
    assert (tally.usage == READ) is ended
