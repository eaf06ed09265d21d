"""What is checked of a request for a Message, and what it means to the gateway."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.price import ServerTool
from controlplane.errors import InvalidRequest
from controlplane.protocols.messages.request import MessagesRequest, parse_messages_request

BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "hi"}],
}

MEMBERS = ["type", "text", "source", "content", "input", "thinking", "signature", "cache_control"]


def parse(**changes: Any) -> MessagesRequest:
    return parse_messages_request(orjson.dumps(BODY | changes))


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        *(({name: None}, name) for name in BODY),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": "10"}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": ["x"]}, "messages.0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages.0.content"),
        (user({"text": "x"}), "messages.0.content.0"),
        ({"system": 1}, "system"),
        ({"system": [{"type": "text", "text": "x"}, "y"]}, "system.1"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [1]}, "tools"),
        ({"metadata": "x"}, "metadata"),
        ({"thinking": True}, "thinking"),
    ],
)
def test_what_the_gateway_relies_on_is_checked(change: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**change)
    assert caught.value.param == param


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), v, max_size=3),
    max_leaves=6,
)
BLOCKS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "image", "document", "thinking", "tool_use", "x"])},
        optional=dict.fromkeys(MEMBERS[1:], JSON),
    ),
    max_size=3,
)


@given(
    changes=st.dictionaries(st.sampled_from([*BODY, "tools", "metadata", "thinking"]), JSON),
    content=BLOCKS,
    system=JSON,
)
def test_what_is_accepted_can_be_measured(
    changes: dict[str, Any], content: list[Any], system: Any
) -> None:
    """Whatever stands in it, no stage fails for it."""
    try:
        request = parse(**{**user(*content), "system": system, **changes})
    except InvalidRequest:
        return
    assert request.asked_characters(100) >= 0
    assert request.image_count >= 0
    assert isinstance(request.end_user, str | None)
    assert isinstance(request.unbounded, str | None)
    assert isinstance(request.unpriced, str | None)
    assert request.keeps_for_an_hour in (True, False)
    assert request.reasons("m") in (True, False)


def test_messages_of_the_system_and_unknown_blocks_are_taken() -> None:
    request = parse(
        messages=[{"role": "system", "content": [{"type": "new", "x": 1}]}], system="s", stream=None
    )
    assert not request.stream
    assert request.max_output == 10


@pytest.mark.parametrize(
    ("thinking", "thinks"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 1_024}, True),
        ({"type": "adaptive", "display": "omitted"}, True),
        ({"type": "a_new_kind"}, True),
    ],
)
def test_thinking(thinking: Any, thinks: bool) -> None:
    assert parse(thinking=thinking).reasons("claude") is thinks


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 99}}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": ""},
}
TEXT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "abcd"}}


def result(*blocks: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t", "content": list(blocks)}


@pytest.mark.parametrize(
    ("blocks", "images", "place"),
    [
        ([IMAGE, IMAGE], 2, None),
        ([result(IMAGE)], 1, None),
        ([TEXT], 0, None),
        ([PDF], 0, "messages.0.content.0"),
        ([TEXT, result(TEXT, PDF)], 0, "messages.0.content.1.content.1"),
        ([{"type": "document", "source": {"type": "url", "url": "u"}}], 0, "messages.0.content.0"),
        (
            [{"type": "document", "source": {"type": "file", "file_id": "f"}}],
            0,
            "messages.0.content.0",
        ),
        ([{"type": "document", "source": {"type": "content", "content": [IMAGE]}}], 1, None),
        ([{"type": "container_upload", "file_id": "f"}], 0, "messages.0.content.0"),
    ],
)
def test_pictures_and_files(blocks: list[Any], images: int, place: str | None) -> None:
    request = parse(**user(*blocks))
    assert request.image_count == images
    assert request.unbounded == place


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"tools": [{"name": "f", "input_schema": {}}]}, None),
        ({"tools": [{"type": "custom", "name": "f"}]}, None),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, None),
        ({"tools": [{"type": "memory_20250818", "name": "memory"}]}, None),
        ({"tools": [{"type": "tool_search_tool_bm25_20251119", "name": "s"}]}, None),
        ({"tools": [{"name": "f"}, {"type": "web_search_20260209", "name": "w"}]}, None),
        ({"tools": [{"type": "web_fetch_20260318", "name": "w"}]}, None),
        ({"tools": [{"type": "code_execution_20260521", "name": "c"}]}, "tools.0"),
        ({"tools": [{"type": "advisor_20260301", "name": "a"}]}, "tools.0"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "m"}]}, "tools.0"),
        ({"tools": [{"type": "of_tomorrow"}]}, "tools.0"),
        ({"mcp_servers": []}, None),
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
        ({"speed": "standard"}, None),
        ({"speed": "fast"}, "speed"),
        ({"inference_geo": "us"}, None),
        ({"service_tier": "priority"}, None),
    ],
)
def test_what_costs_more_than_tokens(change: dict[str, Any], name: str | None) -> None:
    assert parse(**change).unpriced == name


HOUR = {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    "change",
    [
        {"cache_control": HOUR},
        {"system": [{"type": "text", "text": "x", "cache_control": HOUR}]},
        {"tools": [{"name": "f", "cache_control": HOUR}]},
        user({"type": "text", "text": "x", "cache_control": HOUR}),
        user(result({"type": "text", "text": "x", "cache_control": HOUR})),
    ],
)
def test_an_hour_may_be_asked_for_anywhere(change: dict[str, Any]) -> None:
    assert parse(**change).keeps_for_an_hour
    shorter = orjson.loads(orjson.dumps(change).replace(b'"1h"', b'"5m"'))
    assert not parse(**shorter).keeps_for_an_hour


@pytest.mark.parametrize(
    ("change", "characters"),
    [
        ({}, 2),
        ({"system": "abc"}, 5),
        ({"system": [{"type": "text", "text": "abc"}]}, 5),
        ({"tools": [{"name": "f"}]}, 2 + len('[{"name":"f"}]')),
        (user({"type": "text", "text": "abc"}, IMAGE), 3 + 1_000),
        (user(TEXT), 4),
        (user(PDF), 5_000),
        (user(result({"type": "text", "text": "abc"})), 3),
        (user({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}), len('{"a":1}')),
        (user({"type": "thinking", "thinking": "abc", "signature": "abcdef"}), 6),
        (user({"type": "thinking", "thinking": "abcdef", "signature": "abc"}), 6),
        (user({"type": "redacted_thinking", "data": "abcd"}), 4),
    ],
)
def test_what_is_said_is_counted(change: dict[str, Any], characters: int) -> None:
    assert parse(**change).asked_characters(1_000) == characters


@pytest.mark.parametrize(
    ("tool", "name", "at_most"),
    [
        ({"type": "web_search_20260209", "max_uses": 3}, "web_search", 3),
        ({"type": "web_fetch_20260318", "max_uses": 0}, "web_fetch", 0),
        ({"type": "web_search_20260209"}, "web_search", None),
        ({"type": "web_search_20260209", "max_uses": True}, "web_search", None),
        ({"type": "web_search_20260209", "max_uses": -1}, "web_search", None),
    ],
)
def test_a_tool_with_a_fee_is_bounded_by_its_uses(
    tool: dict[str, Any], name: str, at_most: int | None
) -> None:
    request = parse(tools=[{"name": "f"}, tool, {"type": "web_searcher"}])
    found = ServerTool("tools.1", name, at_most, "tools.1.max_uses")
    assert request.server_tools == (found,)


def test_the_tier_and_the_place_that_are_asked_for() -> None:
    asked = parse(service_tier="auto", inference_geo="us")
    assert (asked.service_tier, asked.region) == (None, "us")
    assert asked.in_standard_tier("standard_only").body["service_tier"] == "standard_only"
    assert parse(service_tier="batch").in_standard_tier("x").service_tier == "batch"
    assert parse().region is None
