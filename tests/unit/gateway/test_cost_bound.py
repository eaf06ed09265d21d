"""The most that a request can cost under a cap: tiers, places, calls; the rest is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from tests.unit.gateway.parts import Prices

from controlplane.adapters.prices import GenaiPrices
from controlplane.domain.inference import ProtocolName
from controlplane.domain.price import Billing, Price
from controlplane.domain.routing import Target
from controlplane.domain.usage import Usage
from controlplane.errors import InvalidRequest
from controlplane.gateway.cost_bound import cost_bound
from controlplane.gateway.pricing import Pricing
from controlplane.protocols.registry import protocol
from controlplane.providers.echo import EchoProvider
from controlplane.providers.registry import PRICE_LISTS

CHAT, RESPONSES, MESSAGES = (
    ProtocolName.CHAT_COMPLETIONS,
    ProtocolName.RESPONSES,
    ProtocolName.MESSAGES,
)
USAGE = Usage(input=1_000, output=100)
OWN: dict[str, Any] = {
    "input": "1",
    "output": "10",
    "calls": {"web_search": "0.01"},
    "tiers": {"flex": {"input": "0.5", "output": "5"}, "priority": {"input": "2", "output": "20"}},
    "regions": {"us": "1.1"},
}
PLAIN, DEARER = 2_000, 4_000
HELLO = [{"role": "user", "content": "hi"}]


class Server(EchoProvider):
    """A server with that billing."""

    def __init__(self, billing: Billing) -> None:
        super().__init__()
        self.billing = billing


def bound(
    name: ProtocolName = CHAT,
    *,
    price: dict[str, Any] | None = None,
    model: str = "m",
    book: Any = None,
    billing: Billing | None = None,
    enforced: bool = True,
    **body: Any,
) -> int:
    said: dict[str, Any] = {"input": "hi"} if name is RESPONSES else {"messages": HELLO}
    if name is MESSAGES:
        said["max_tokens"] = 100
    request = protocol(name).parse(orjson.dumps({"model": model, **said, **body}))
    own = {} if price is None else {("openai", model): Price.from_dict(price)}
    servers = {} if billing is None else {"openai": Server(billing)}
    pricing = Pricing(own, book or Prices(), servers)
    return cost_bound(request, USAGE, (Target("openai", model),), pricing, enforced=enforced)


@pytest.mark.parametrize(
    ("body", "cost"),
    [
        ({"service_tier": "default"}, PLAIN),
        ({"service_tier": "flex"}, PLAIN),
        ({"service_tier": "priority"}, DEARER),
        # What the project's own tier is, is not known.
        ({"service_tier": "auto"}, DEARER),
        ({"service_tier": None}, DEARER),
        ({}, DEARER),
    ],
)
def test_the_dearest_tier_in_which_it_may_be_served_counts(body: Any, cost: int) -> None:
    price = OWN | {"regions": {}}
    assert bound(price=price, **body) == cost
    assert bound(RESPONSES, price=price, **body) == cost


def test_where_the_tier_is_pinned_it_costs_the_usual_price() -> None:
    billing = Billing("openai", "default")
    price = OWN | {"regions": {}}
    assert bound(price=price, billing=billing) == PLAIN
    assert bound(price=price, billing=billing, service_tier="priority") == DEARER


@pytest.mark.parametrize(("geo", "cost"), [(None, 2_200), ("us", 2_200), ("global", 2_000)])
def test_the_dearest_place_counts(geo: str | None, cost: int) -> None:
    price = OWN | {"tiers": {}}
    assert bound(MESSAGES, price=price, inference_geo=geo) == cost


@pytest.mark.parametrize(
    ("name", "body", "param"),
    [
        (CHAT, {"service_tier": "scale"}, "service_tier"),
        (RESPONSES, {"service_tier": "fast"}, "service_tier"),
        (MESSAGES, {"service_tier": "batch"}, "service_tier"),
        (MESSAGES, {"inference_geo": "eu"}, "inference_geo"),
        (CHAT, {"modalities": ["text", "audio"]}, "modalities"),
        (CHAT, {"web_search_options": {}}, "web_search_options"),
        (RESPONSES, {"tools": [{"type": "web_search"}]}, "tools.0"),
        (RESPONSES, {"tools": [{"type": "file_search"}], "max_tool_calls": 1}, "tools.0"),
        (RESPONSES, {"tools": [{"type": "image_generation"}], "max_tool_calls": 1}, "tools.0"),
        (MESSAGES, {"tools": [{"type": "web_search_20260209", "name": "w"}]}, "tools.0"),
        (MESSAGES, {"speed": "fast"}, "speed"),
    ],
)
def test_what_has_no_price_or_no_bound_is_refused_by_name(
    name: ProtocolName, body: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        bound(name, price=OWN, **body)
    assert (refusal.value.param, refusal.value.code) == (param, "parameter_not_priced")
    # Where the cap only tries, or there is none, it passes.
    assert bound(name, price=OWN, enforced=False, **body) > 0


@pytest.mark.parametrize(
    ("name", "tool", "setting"),
    [
        (RESPONSES, {"type": "web_search"}, "max_tool_calls"),
        (MESSAGES, {"type": "web_search_20260209", "name": "w"}, "tools.0.max_uses"),
    ],
)
def test_the_refusal_says_what_bounds_a_tool(
    name: ProtocolName, tool: dict[str, Any], setting: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"Set '{setting}'"):
        bound(name, price=OWN, tools=[tool])


def test_a_bounded_search_passes_with_its_fees_and_all_that_it_may_read() -> None:
    price = OWN | {"tiers": {}, "regions": {}}
    tools: list[dict[str, Any]] = [{"type": "web_search"}]
    cost = bound(RESPONSES, price=price, tools=tools, max_tool_calls=2)
    assert cost == 2 * 10_000 + 3 * 128_000 + 3 * 1_000
    tools = [{"type": "web_search_20260209", "name": "w", "max_uses": 1}]
    cost = bound(MESSAGES, price=price, tools=tools)
    assert cost == 10_000 + 2 * 1_000_000 + 2 * 1_000


def test_pictures_that_a_model_may_make_count() -> None:
    made = {"input": "1", "output": "10", "image_output": "40"}
    assert bound(price=made) == 1_000 + 4_000
    read = {"input": "1", "output": "10", "image_input": "3"}
    assert bound(price=read) == 3_000 + 1_000


@pytest.mark.parametrize(
    ("model", "least"),
    [("gpt-4o-search-preview", 25_000), ("gpt-5-search-api", 10_000 + 128_000)],
)
def test_models_that_always_search_are_bounded_with_the_fee(model: str, least: int) -> None:
    book = GenaiPrices(PRICE_LISTS, lambda: datetime(2026, 11, 1, tzinfo=UTC))
    billing = Billing("openai", "default")
    cost = bound(model=model, book=book, billing=billing)
    assert least < cost < least + 40_000
    # It is charged with the fee, whether the answer tells of a search or not.
    price = book.price("openai", model)
    assert price is not None
    usage = Usage(50, 300)
    told = replace(usage, calls=((price.always or "", 1),))
    assert price.cost_microusd(usage) == price.cost_microusd(told)
    assert (price.cost_microusd(usage) or 0) > least - 128_000


def test_the_list_that_a_row_names_holds_for_its_models() -> None:
    book = GenaiPrices({}, lambda: datetime(2026, 11, 1, tzinfo=UTC))
    assert bound(model="gpt-4o", book=book, billing=Billing("openai", "default")) == 3_500
    with pytest.raises(InvalidRequest) as refusal:
        bound(model="gpt-4o", book=book, billing=Billing())
    assert refusal.value.code == "model_not_priced"
