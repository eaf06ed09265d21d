"""Counts of tokens: the target's own, or an estimate; they cost nothing."""

from __future__ import annotations

import pytest
from tests.unit.api.messages_scene import BODY, REFUSAL, anthropic, error_of, over
from tests.unit.api.test_app import client
from tests.unit.gateway.parts import gateway, policy
from tests.unit.providers.cases import Upstream
from tests.wire_types.anthropic_types import TOKEN_COUNT

from controlplane.domain.routing import Target


async def test_a_count_is_the_target_s_and_costs_nothing() -> None:
    upstream = anthropic(b'{"input_tokens": 14, "more": 1}')
    limits = {"token_limits": [{"tokens": 1, "window_seconds": 60}]}
    made, sink = over(upstream, documents=policy(**limits))
    body = {name: value for name, value in BODY.items() if name != "max_tokens"}
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens?beta=true", json=body)
    assert response.content == b'{"input_tokens": 14, "more": 1}'
    assert upstream.calls[0].url.path == "/v1/messages/count_tokens"
    (event,) = sink.events
    assert (event.operation, event.tokens_input) == ("messages.count_tokens", 0)
    assert not event.cost_microusd
    assert not event.usage_estimated


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_counts_is_estimated_for(status: int) -> None:
    made, sink = over(anthropic(b'{"detail":"Not Found"}', status))
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens", json=BODY)
    assert response.json() == {"input_tokens": 3}
    assert TOKEN_COUNT.faults(response.json()) == []
    assert sink.events[0].status == 200


async def test_a_target_of_another_kind_is_estimated_for() -> None:
    upstream = Upstream("openai", b"{}")
    made, _ = gateway({"openai": upstream.provider}, targets=(Target("openai", "gpt-6-luna"),))
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens", json=BODY)
    assert response.json() == {"input_tokens": 3}
    assert upstream.calls == []


async def test_counts_are_screened_and_refused_alike() -> None:
    made, _ = over(anthropic(REFUSAL, 400))
    told = BODY | {"messages": [{"role": "user", "content": "ana@example.com"}]}
    async with client(made) as http:
        blocked = await http.post("/v1/messages/count_tokens", json=told)
        refused = await http.post("/v1/messages/count_tokens", json=BODY)
    assert error_of(blocked, "invalid_request_error")["code"] == "pii_detected"
    assert refused.content == REFUSAL
