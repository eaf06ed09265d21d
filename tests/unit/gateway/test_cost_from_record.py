"""What was charged follows from the record alone: each answer of the fixtures, priced again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.audit_events import audit_event
from tests.unit.gateway.parts import Ledger, Scripted, call, chat_completion, completion, gateway

from controlplane.adapters.prices import GenaiPrices
from controlplane.domain.audit import AuditEvent
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import usage_of as of_completion
from controlplane.protocols.messages.usage import read_usage as of_message
from controlplane.protocols.responses.usage import usage_of as of_response

FIXTURES = Path(__file__).parents[2] / "fixtures"
BOOK = GenaiPrices({"openai": "openai", "anthropic": "anthropic"})
OWN = Price(Decimal("2.5"), Decimal(10), Decimal("1.25"), Decimal("3.125"))


def answers() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each answer with a usage, in a file of JSON or in an event of a stream."""
    for path in sorted(FIXTURES.rglob("*.*")):
        if path.suffix not in (".json", ".jsonl", ".sse"):
            continue
        lines = [path.read_bytes()] if path.suffix == ".json" else path.read_bytes().splitlines()
        for place, line in enumerate(lines):
            data = line.removeprefix(b"data: ")
            if data.startswith(b"{"):
                for found in within(orjson.loads(data)):
                    yield f"{path.relative_to(FIXTURES)}:{place}", found


def within(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping) and isinstance(value.get("usage"), Mapping):
        yield value
    for each in value.values() if isinstance(value, Mapping) else ():
        yield from within(each)
    for each in value if isinstance(value, list) else ():
        yield from within(each)


def used(answer: Mapping[str, Any]) -> Usage:
    """By the protocol that names its counts so."""
    usage = answer["usage"]
    if "prompt_tokens" in usage:
        return of_completion(answer)
    if "input_tokens_details" in usage:
        return of_response(answer)
    return of_message(usage) or Usage()


CASES = [pytest.param(answer, id=name) for name, answer in answers()]


def test_there_are_fixtures_of_each_protocol() -> None:
    assert len(CASES) > 20
    names = {name for _, answer in answers() for name in answer["usage"]}
    assert names >= {"prompt_tokens", "input_tokens"}


@pytest.mark.parametrize("answer", CASES)
def test_the_cost_follows_from_the_record(answer: Mapping[str, Any]) -> None:
    usage = used(answer)
    event = AuditEvent.from_json(charged(usage).to_json())
    assert event.usage == usage
    assert OWN.cost_microusd(event.used) == event.cost_microusd
    assert event.price == OWN
    for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5")):
        price = BOOK.price(provider, model)
        assert price is not None
        cost = price.cost_microusd(usage)
        recorded = AuditEvent.from_json(charged(usage, price).to_json())
        assert recorded.price is not None
        assert recorded.cost_microusd == cost == recorded.price.cost_microusd(recorded.used)


def charged(usage: Usage, price: Price = OWN) -> AuditEvent:
    return audit_event(
        usage=usage,
        price=price.applied(usage),
        cost_microusd=price.cost_microusd(usage),
        tokens_input=usage.input,
        tokens_output=usage.output,
    )


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1_000, "completion_tokens": 40, "cached_tokens": 900},
        {"prompt_tokens": 1_000, "completion_tokens": 0},
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 40.5,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 700},
        },
        None,
    ],
    ids=["cached", "nothing said", "written", "not counted"],
)
async def test_what_the_pipeline_charged_follows_from_its_record(usage: Any) -> None:
    ledger = Ledger()
    made, sink = gateway(
        {"echo": Scripted(completion("x" * 90, usage=usage))},
        prices={("echo", "echo-1"): OWN},
        ledger=ledger,
    )
    async with chat_completion(call("x" * 4_000), made):
        pass
    event = AuditEvent.from_json(sink.events[0].to_json())
    assert event.price is not None
    assert event.price.cost_microusd(event.used) == event.cost_microusd
    assert [cost for _, _, cost in ledger.settled] == [event.cost_microusd]
