"""Streams that real servers send, and what has to become of them."""

from __future__ import annotations

import pytest
from tests.unit.providers.wire_cases import SCALE, run

from controlplane.domain.routing import Timeouts

STOCK = Timeouts(idle_s=15 * SCALE)


async def test_pings_keep_a_stream_alive() -> None:
    outcome = await run("idle-pings-do-not-count", timeouts=STOCK)
    assert outcome.error is None
    assert len(outcome.calls) == 1
    calls = [c["choices"][0]["delta"].get("tool_calls") for c in outcome.chunks]
    assert [call[0]["function"]["arguments"] for call in calls if call] == ["", '{"text":"..."}']
    assert outcome.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sse-empty-data-keepalive", "Hello"),
        ("sse-error-null-on-usage-chunk", "Hel"),
        ("sse-usage-chunk-without-choices", "Hel"),
        ("sse-event-over-4mib", ""),
        ("sse-bound-counts-many-events", "x" * 4_999_000),
    ],
)
async def test_a_stream_is_whole(name: str, text: str) -> None:
    outcome = await run(name)
    assert outcome.error is None
    assert outcome.text == text
    assert len(outcome.calls) == 1
    reasons = [choice["finish_reason"] for c in outcome.chunks for choice in c["choices"]]
    assert reasons.count("stop") == 1


@pytest.mark.parametrize(
    "name", ["sse-error-null-on-usage-chunk", "sse-usage-chunk-without-choices"]
)
async def test_the_usage_is_read_and_passed_on(name: str) -> None:
    outcome = await run(name)
    assert outcome.chunks[-1]["choices"] == []
    assert outcome.chunks[-1]["usage"]["total_tokens"] == 15
    usage = outcome.trail.usage
    assert usage is not None
    assert (usage.input, usage.output, usage.estimated) == (10, 5, frozenset())


async def test_a_large_event_arrives_whole() -> None:
    outcome = await run("sse-event-over-4mib")
    (image,) = [c["choices"][0]["delta"]["images"] for c in outcome.chunks[1:2]]
    assert len(image[0]["image_url"]["url"]) > 5_000_000


async def test_an_error_in_the_first_chunk_fails_over() -> None:
    outcome = await run("stream-error-chunk-first-no-failover")
    assert outcome.error is None
    assert outcome.text == "Hi"
    assert outcome.calls == ["openai.test", "anthropic.test"]
    assert [(a.provider, a.status, a.failure) for a in outcome.trail.attempts] == [
        ("openai", 502, "status"),
        ("anthropic", 200, None),
    ]


async def test_an_error_in_a_later_chunk_is_no_end() -> None:
    outcome = await run("stream-error-chunk-taken-for-whole")
    assert outcome.text == "Hel"
    assert outcome.error is not None
    assert outcome.error.code == "stream_interrupted"
    assert outcome.trail.attempts[-1].failure == "cut"
    assert outcome.health.noted == [("failed", "openai/some-model")]


async def test_filter_results_have_a_delta_and_the_frame_of_the_others() -> None:
    outcome = await run("azure-async-filter-no-delta")
    assert outcome.error is None
    assert outcome.text == "Hel"
    for chunk in outcome.chunks:
        assert (chunk["id"], chunk["object"]) == ("chatcmpl-1", "chat.completion.chunk")
        assert (chunk["created"], chunk["model"]) == (1, "gpt-4o")
        assert all(isinstance(choice["delta"], dict) for choice in chunk["choices"])
    filtered = [c for c in outcome.chunks if "content_filter_results" in c["choices"][0]]
    assert len(filtered) == 1
