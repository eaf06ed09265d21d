"""A request that is too large for what is left is made as large as fits, where it may be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.parts import (
    Ledger,
    Scripted,
    call,
    chat_completion,
    completion,
    gateway,
    policy,
)

from controlplane.domain.limits import Claim, Decision, Hold, Limit, LimitStatus, Measure
from controlplane.domain.routing import Target
from controlplane.errors import QuotaExceeded, RateLimited
from controlplane.gateway.fit import LEAST_OUTPUT_TOKENS, fitted
from controlplane.gateway.upper_bound import FRAME_TOKENS, UpperBound
from controlplane.protocols.chat_completions.request import ChatRequest

TARGET = Target("a", "gpt-5.5")


def leaving(**left: int) -> Any:
    """What a ledger refuses that has so much left of each measure."""

    def refuses(claim: Claim) -> Decision | None:
        statuses = tuple(
            LimitStatus(limit, left.get(limit.measure, limit.capacity), 60.0)
            for limit in claim.limits
        )
        for status in statuses:
            if claim.amount(status.limit) > status.remaining:
                return Decision(Hold(claim.request_id, claim.org_id), statuses, status.limit, 60.0)
        return None

    return refuses


async def sent(left: dict[str, int], document: dict[str, Any], **body: Any) -> tuple[Any, Any, int]:
    """What the provider was asked, what a header says, and the tokens of the prompt."""
    provider = Scripted(completion())
    made, _ = gateway(
        {"a": provider},
        targets=(TARGET,),
        documents=policy(**document),
        ledger=Ledger(refuses=leaving(**left)),
    )
    asked = call(**body)
    async with chat_completion(asked, made) as answer:
        fitted_output = answer.trail.fitted_output
    size = len(orjson.dumps({**orjson.loads(asked.body)}))
    return provider.requests[0].body, fitted_output, size + FRAME_TOKENS


FIT_TOKENS = {"token_limits": [{"tokens": 1_000_000, "window_seconds": 60, "fit": True}]}
FIT_COST = {"cost_caps": [{"usd": "10.00", "period": "day", "fit": True}]}


@pytest.mark.parametrize("document", [FIT_TOKENS, FIT_COST])
async def test_it_is_sent_for_what_is_left(document: dict[str, Any]) -> None:
    # A token costs a micro-dollar here.
    body, header, prompt = await sent({"tokens": 9_000, "cost": 9_000}, document, max_tokens=64_000)
    assert body["max_tokens"] == header == 9_000 - prompt
    body, header, _ = await sent({}, document, max_tokens=64_000)
    assert (body["max_tokens"], header) == (64_000, None)


async def test_each_field_that_bounds_is_lowered() -> None:
    fields = {"max_tokens": 64_000, "max_completion_tokens": 5_000}
    body, header, prompt = await sent({"tokens": 9_000}, FIT_TOKENS, **fields)
    assert (body["max_tokens"], body["max_completion_tokens"]) == (9_000 - prompt, 5_000)
    assert header == 9_000 - prompt


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (FIT_TOKENS, RateLimited),
        ({"token_limits": [{"tokens": 1_000_000, "window_seconds": 60}]}, RateLimited),
        ({"cost_caps": [{"usd": "10.00", "period": "day"}]}, QuotaExceeded),
        ({"cost_caps": [{"usd": "10.00", "period": "day", "fit": False}]}, QuotaExceeded),
    ],
)
async def test_too_little_or_without_leave_it_is_refused(
    document: dict[str, Any], refusal: type[RateLimited]
) -> None:
    little = LEAST_OUTPUT_TOKENS if document is FIT_TOKENS else 9_000
    with pytest.raises(refusal):
        await sent({"tokens": little, "cost": little}, document, max_tokens=64_000)


async def test_a_bound_that_nobody_asked_for_always_fits() -> None:
    document = {"token_limits": [{"tokens": 1_000_000, "window_seconds": 60}]}
    body, header, prompt = await sent({"tokens": 9_000}, document)
    assert body["max_completion_tokens"] == header == 9_000 - prompt


@given(
    left=st.integers(0, 300_000),
    prompt=st.integers(0, 50_000),
    longest=st.integers(1, 200_000),
    price=st.integers(0, 7),
)
def test_it_is_the_longest_that_fits(left: int, prompt: int, longest: int, price: int) -> None:
    def bound_of(request: Any) -> UpperBound:
        tokens = prompt + request.max_output
        return UpperBound(tokens, tokens * price)

    request = ChatRequest({"max_tokens": longest})
    found = fitted(request, _refused(left, price), bound_of, asked=True)
    if found is None:
        smallest = prompt + LEAST_OUTPUT_TOKENS
        assert longest <= LEAST_OUTPUT_TOKENS or smallest > left
        return
    assert found.max_output is not None
    assert LEAST_OUTPUT_TOKENS <= found.max_output < longest
    assert prompt + found.max_output <= left
    assert found.max_output + 1 == longest or prompt + found.max_output + 1 > left


def _refused(left: int, price: int) -> Decision:
    tokens = Limit(Measure.TOKENS, "app-1", 10**9, 60, fit=True)
    cost = Limit(Measure.COST, "app-1", 10**9, 60)
    statuses = (LimitStatus(tokens, left, 1.0), LimitStatus(cost, left * price, 1.0))
    return Decision(Hold("r", "o"), statuses, tokens)
