"""The bound that a hold is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.gateway.parts import Prices

from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.policy import EffectivePolicy
from controlplane.domain.price import Price
from controlplane.domain.routing import Target
from controlplane.domain.usage import ImageTokens
from controlplane.errors import InvalidRequest
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.upper_bound import (
    FRAME_TOKENS,
    NOTHING,
    UpperBound,
    upper_bound,
)
from controlplane.policy.output_tokens import DEFAULT_MAX_OUTPUT_TOKENS
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.embeddings.request import EmbeddingRequest
from controlplane.providers.echo import EchoProvider

TOKENS = Limit(Measure.TOKENS, "app-1", 1_000_000, 60)
COST = Limit(Measure.COST, "app-1", 1_000_000, Period.DAY)
TARGET = Target("openai", "gpt-4o")
LIST = Pricing({}, Prices())


class Seeing(EchoProvider):
    """A provider whose images cost that much."""

    def __init__(self, images: ImageTokens) -> None:
        super().__init__()
        self.images = images


PROVIDERS = {
    "openai": Seeing(ImageTokens(5_000, at_most_of={"mini": 49_000})),
    "azure": Seeing(ImageTokens(40_000)),
}


def bound(
    *limits: Limit,
    size: int = 100,
    targets: tuple[Target, ...] = (TARGET,),
    pricing: Pricing = LIST,
    parts: list[dict[str, Any]] | None = None,
    **body: Any,
) -> UpperBound:
    content: Any = "hello" if parts is None else parts
    request = ChatRequest(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": content}], **body}, size
    )
    policy = EffectivePolicy("v", limits=limits)
    return upper_bound(request, targets, policy, pricing, providers=PROVIDERS)


def test_nothing_is_computed_where_no_limit_asks() -> None:
    assert bound(Limit(Measure.REQUESTS, "app-1", 5, 60)) is NOTHING


def test_no_token_is_shorter_than_a_byte() -> None:
    assert bound(TOKENS, max_tokens=10) == UpperBound(100 + FRAME_TOKENS + 10)


def test_each_choice_may_be_as_long_as_allowed() -> None:
    assert bound(TOKENS, max_tokens=10, n=3).tokens == 100 + FRAME_TOKENS + 30
    assert bound(TOKENS).tokens == 100 + FRAME_TOKENS + DEFAULT_MAX_OUTPUT_TOKENS


def test_rejected_predictions_are_billed_as_output() -> None:
    prediction = {"type": "content", "content": "x" * 500}
    more = bound(TOKENS, max_tokens=10, prediction=prediction).tokens
    assert more >= bound(TOKENS, max_tokens=10).tokens + 500


def test_an_image_is_worth_more_than_its_address() -> None:
    image: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    ]
    plain = bound(TOKENS).tokens
    assert bound(TOKENS, parts=image).tokens == plain + 5_000
    assert bound(TOKENS, parts=image * 2).tokens == plain + 10_000


@pytest.mark.parametrize(
    ("other", "tokens"),
    [
        (Target("openai", "gpt-4o-mini"), 49_000),
        (Target("azure", "our-vision"), 40_000),
        # What is not configured is not called.
        (Target("gone", "gpt-4o-mini"), 5_000),
    ],
)
def test_the_target_whose_images_are_the_dearest_counts(other: Target, tokens: int) -> None:
    image: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    ]
    for targets in ((TARGET, other), (other, TARGET)):
        worst = bound(TOKENS, parts=image, targets=targets)
        assert worst.tokens == bound(TOKENS).tokens + tokens


def test_the_dearest_target_and_the_dearest_use_of_the_prompt_count() -> None:
    own = {
        ("a", "m"): Price(Decimal(1), Decimal(2)),
        ("b", "m"): Price(Decimal(1), Decimal(3), cached=Decimal(0), cache_write=Decimal(2)),
    }
    targets = (Target("a", "m"), Target("b", "m"))
    worst = bound(COST, max_tokens=10, targets=targets, pricing=Pricing(own, Prices()))
    assert worst.cost_microusd == (100 + FRAME_TOKENS) * 2 + 30


@pytest.mark.parametrize(
    "marked",
    [
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"tools": [{"type": "function", "cache_control": {"ttl": "1h"}}]},
        {"tools": [{"type": "function", "function": {"cache_control": {"ttl": "1h"}}}]},
        {"parts": [{"type": "text", "text": "a", "cache_control": {"ttl": "1h"}}]},
    ],
)
def test_a_prompt_that_is_kept_for_an_hour_may_cost_twice(marked: Any) -> None:
    prices = {("openai", "gpt-4o"): Price(Decimal(4), Decimal(0), cache_write=Decimal(5))}
    pricing = Pricing(prices, Prices())
    prompt = 100 + FRAME_TOKENS
    assert bound(COST, pricing=pricing).cost_microusd == 5 * prompt
    assert bound(COST, pricing=pricing, **marked).cost_microusd == 8 * prompt


def test_own_prices_come_before_the_list() -> None:
    own = Pricing({("openai", "gpt-4o"): Price(Decimal(0), Decimal(7))}, Prices())
    assert bound(COST, max_tokens=10, pricing=own).cost_microusd == 70


def test_a_model_without_a_price_is_refused_by_name_under_a_cap_only() -> None:
    unpriced = (TARGET, Target("openai", "unpriced"))
    with pytest.raises(InvalidRequest, match=r"PUT /admin/v1/prices/openai/unpriced") as refusal:
        bound(COST, targets=unpriced)
    assert refusal.value.code == "model_not_priced"
    assert bound(TOKENS, targets=unpriced).cost_microusd == 0
    shadow = Limit(Measure.COST, "app-1", 1, Period.DAY, shadow=True)
    assert bound(shadow, targets=unpriced).cost_microusd > 0


@pytest.mark.parametrize(
    "body",
    [
        {"web_search_options": {}},
        {"audio": {"voice": "alloy", "format": "mp3"}},
        {"service_tier": "priority"},
    ],
)
def test_what_has_no_price_is_refused_by_name_under_a_cap(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        bound(COST, **body)
    assert refusal.value.param == next(iter(body))
    assert bound(TOKENS, **body).tokens > 0


def test_spoken_input_is_refused_by_name_under_a_cap() -> None:
    spoken: list[dict[str, Any]] = [
        {"type": "text", "text": "hear"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ]
    with pytest.raises(InvalidRequest) as refusal:
        bound(COST, parts=spoken)
    assert (refusal.value.param, refusal.value.code) == (
        "messages.0.content.1",
        "parameter_not_priced",
    )
    assert bound(TOKENS, parts=spoken).tokens > 0


def test_a_file_has_no_bound() -> None:
    file: list[dict[str, Any]] = [
        {"type": "text", "text": "see"},
        {"type": "file", "file": {"file_id": "f"}},
    ]
    with pytest.raises(InvalidRequest) as refusal:
        bound(TOKENS, parts=file)
    assert refusal.value.param == "messages.0.content.1"
    shadow = Limit(Measure.TOKENS, "app-1", 1, 60, shadow=True)
    assert bound(shadow, parts=file).tokens > 0


def test_embeddings_have_no_output() -> None:
    request = EmbeddingRequest({"model": "e", "input": "text"}, 50)
    policy = EffectivePolicy("v", limits=(TOKENS,))
    worst = upper_bound(request, (TARGET,), policy, LIST, providers=PROVIDERS)
    assert worst.tokens == 50 + FRAME_TOKENS
