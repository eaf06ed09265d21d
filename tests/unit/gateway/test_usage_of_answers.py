"""What answers are recorded and charged as, whatever their providers report, and when."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.gateway.parts import (
    Ledger,
    Scripted,
    call,
    chat_completion,
    completion,
    gateway,
    policy,
)

from controlplane.domain.audit import AuditEvent
from controlplane.domain.inference import Event
from controlplane.domain.price import Price
from controlplane.domain.storable import storable
from controlplane.domain.usage import MAX_STORED, Usage
from controlplane.errors import ProviderError, ProviderUnavailable
from controlplane.gateway.call import Streamed
from controlplane.gateway.pipeline import answered
from controlplane.protocols.messages.protocol import PROTOCOL as MESSAGES
from controlplane.protocols.protocol import Protocol

CAPPED = {"cost_caps": [{"usd": "100.00", "period": "month"}], "rate_limits": []}
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
REAL = {"prompt_tokens": 9_000, "completion_tokens": 120}
CUT = ProviderError("protocol", "cut")
WORD = "word    "  # two tokens
BOTH = frozenset({"input", "output"})


def chunk(text: str = WORD, finish: str | None = None, **more: Any) -> Event:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "c", "model": "served-1", "choices": [choice], **more}


def stream(*steps: Event | Exception) -> Callable[[], AsyncGenerator[Event, None]]:
    async def generate() -> AsyncGenerator[Event, None]:
        for step in steps:
            if isinstance(step, Exception):
                raise step
            yield step

    return generate


async def recorded(
    *steps: Event | Exception,
    leave_after: int | None = None,
    protocol: Protocol | None = None,
    **body: Any,
) -> tuple[AuditEvent, int]:
    """The record of a stream under a cap, and what the ledger was told that it cost."""
    ledger = Ledger()
    made, sink = gateway(
        {"echo": Scripted(stream(*steps))}, documents=policy(**CAPPED), ledger=ledger
    )
    asked = call("x" * 36_000, stream=True, max_tokens=1_000, **body)
    opened = answered(asked, made, protocol) if protocol else chat_completion(asked, made)
    with suppress(ProviderUnavailable):
        async with opened as answer:
            assert isinstance(answer.content, Streamed)
            seen = 0
            async for _ in answer.content.events:
                seen += 1
                if seen == leave_after:
                    break
    (event,), ((_, _, cost),) = sink.events, ledger.settled
    assert event.cost_microusd == cost, "ledger and trail agree"
    return event, cost


@pytest.mark.parametrize("usage", [ZEROS, None], ids=["zeros", "none"])
@pytest.mark.parametrize("how", ["left", "cut"])
async def test_a_stream_that_does_not_end_is_no_cheaper_where_zeros_are_reported(
    usage: Any, how: str
) -> None:
    words = [chunk(usage=usage) for _ in range(55)]
    if how == "left":
        event, cost = await recorded(*words, chunk(), leave_after=55)
    else:
        event, cost = await recorded(*words, CUT)
    assert event.usage == Usage(9_000, 110, estimated=BOTH)
    assert (event.usage_estimated, cost) == (True, 9_110)


async def test_what_the_first_chunk_reports_is_the_least() -> None:
    first = chunk(usage={"prompt_tokens": 50, "completion_tokens": 0})
    event, cost = await recorded(first, *[chunk() for _ in range(40)], leave_after=40)
    assert event.usage == Usage(50, 80, estimated=frozenset({"output"}))
    assert cost == 130


@pytest.mark.parametrize(
    "last",
    [
        [{"choices": [], "usage": REAL}],
        [{"choices": [], "usage": REAL}, {"choices": [], "usage": ZEROS}],
    ],
    ids=["the real one last", "zeros behind it"],
)
async def test_a_stream_that_ends_costs_what_was_reported(last: list[Event]) -> None:
    words = [chunk(usage=ZEROS) for _ in range(55)]
    event, cost = await recorded(*words, chunk("", "stop", usage=ZEROS), *last)
    assert event.usage == Usage(9_000, 120)
    assert (event.usage_estimated, cost) == (False, 9_120)


async def test_thinking_that_was_streamed_is_not_free() -> None:
    thought = {"index": 0, "delta": {"reasoning_content": "x" * 51}}
    thoughts = [{"id": "c", "model": "served-1", "choices": [thought]} for _ in range(190)]
    event, _ = await recorded(*thoughts, leave_after=190)
    assert event.tokens_output == 2_423


async def test_what_a_message_begins_with_is_charged_when_its_caller_leaves() -> None:
    usage = {"input_tokens": 100, "cache_read_input_tokens": 20_000, "output_tokens": 1}
    start = {"type": "message_start", "message": {"model": "claude-1", "usage": usage}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    said = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}
    said["delta"] = {"type": "text_delta", "text": WORD}
    event, _ = await recorded(start, block, *[said] * 10, leave_after=11, protocol=MESSAGES)
    assert event.usage == Usage(20_100, 18, cached=20_000, estimated=frozenset({"output"}))
    assert (event.tokens_input, event.tokens_cached) == (20_100, 20_000)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 2_199_023_255_552, "completion_tokens": 1},
        {"prompt_tokens": 3, "completion_tokens": 2**40},
        {"prompt_tokens": 90_000_000, "completion_tokens": 1},
        {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1e300}},
        {"prompt_tokens": 5, "num_search_queries": 10**6},
    ],
    ids=["asked", "said", "many times what was asked", "cached", "searches"],
)
async def test_a_number_that_no_request_can_have_fills_no_cap(
    usage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger()
    answers = Scripted(completion("x" * 40, usage=usage), completion())
    made, sink = gateway({"echo": answers}, documents=policy(**CAPPED), ledger=ledger)
    for _ in range(2):
        async with chat_completion(call("x" * 400), made):
            pass
    absurd, sound = sink.events
    assert absurd.usage == Usage(100, 10, estimated=BOTH)
    assert [cost for _, _, cost in ledger.settled] == [110, 5]
    assert (absurd.cost_microusd, sound.cost_microusd) == (110, 5)
    assert storable(absurd) == absurd
    assert [line.message for line in caplog.records].count("usage_absurd") == 1


async def test_no_cost_is_larger_than_the_trail_can_keep() -> None:
    class Dear:
        def price(self, provider: str, model: str, price_list: str | None = None) -> Price:
            return Price(Decimal(MAX_STORED), Decimal(0))

    ledger = Ledger()
    made, sink = gateway({"echo": Scripted(completion())}, prices=None, ledger=ledger)
    made = type(made)(**{n: getattr(made, n) for n in made.__slots__} | {"prices": Dear()})
    async with chat_completion(call(), made):
        pass
    assert [cost for _, _, cost in ledger.settled] == [MAX_STORED]
    assert sink.events[0].cost_microusd == MAX_STORED
    assert storable(sink.events[0]) == sink.events[0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (completion(service_tier="flex"), Usage(3, 2, service_tier="flex")),
        (
            completion(model="gpt-4o-search-preview"),
            Usage(3, 2, calls=(("web_search_preview", 1),)),
        ),
        (
            completion(
                usage={
                    "prompt_tokens": 17,
                    "completion_tokens": 592,
                    "completion_tokens_details": {"audio_tokens": 482, "text_tokens": 110},
                }
            ),
            Usage(17, 592, audio_output=482),
        ),
    ],
    ids=["tier", "search", "audio"],
)
async def test_the_record_has_each_line_item(answer: dict[str, Any], expected: Usage) -> None:
    made, sink = gateway({"echo": Scripted(answer)})
    async with chat_completion(call(), made):
        pass
    assert sink.events[0].usage == expected
    assert AuditEvent.from_json(sink.events[0].to_json()).usage == expected
