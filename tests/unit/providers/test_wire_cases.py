"""Reports about other gateways, as inputs: what reaches the provider, and what the caller gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.gateway.parts import CALLER, dispatched
from tests.unit.providers.cases import KEY

from controlplane.config import ProviderSettings
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.routing import Route, Target
from controlplane.errors import GatewayError
from controlplane.gateway.call import Whole
from controlplane.gateway.record import Trail
from controlplane.policy.effective import effective_policy
from controlplane.policy.output_tokens import bound_output
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.wiring.providers import open_provider

CASES = Path(__file__).parents[2] / "fixtures" / "wire"
ANTHROPIC, OPENAI = Target("anthropic", "claude-sonnet-4-6"), Target("openai", "gpt-5.5")
TARGETS = {"m-openai": (OPENAI,), "m-anthropic": (ANTHROPIC,), "m-fo": (ANTHROPIC, OPENAI)}


@dataclass
class Outcome:
    """What was sent, in order, and what came of it."""

    sent: list[Any] = field(default_factory=list)
    trail: Trail = field(default_factory=lambda: Trail("req_1", CALLER))
    answer: Mapping[str, Any] | None = None
    error: GatewayError | None = None


async def play(case: str, **settings: Any) -> Outcome:
    """One request of a case; each call upstream gets the next of its replies."""
    row = json.loads((CASES / f"{case}.json").read_text())
    replies, outcome = iter(row["upstream_reply"]), Outcome()

    def reply(request: httpx.Request) -> httpx.Response:
        outcome.sent.append(json.loads(request.content))
        given = next(replies)
        return httpx.Response(given["status"], json=given["json"])

    client = httpx.AsyncClient(transport=httpx.MockTransport(reply))
    providers = {
        kind: open_provider(
            ProviderSettings(kind, kind, "https://provider.test", KEY, **settings), client
        )
        for kind in ("openai", "anthropic")
    }
    request = ChatRequest(row["request"])
    if "application_policy" in row:
        document = PolicyDocument(Level.APPLICATION, "app-1", 1, row["application_policy"])
        request = bound_output(request, effective_policy(CALLER, [document]), [])
    route = Route(request.model, TARGETS[request.model])
    try:
        async with dispatched(request, route, providers, outcome.trail) as content:
            assert isinstance(content, Whole)
            outcome.answer = content.body
    except GatewayError as error:
        outcome.error = error
    return outcome


async def test_a_used_up_credit_balance_fails_over() -> None:
    outcome = await play("anthropic-credit-400-no-failover")
    assert outcome.error is None
    assert outcome.answer is not None
    assert outcome.answer["choices"][0]["message"]["content"] == "ok"
    assert [(a.provider, a.status) for a in outcome.trail.attempts] == [
        ("anthropic", 402),
        ("openai", 200),
    ]


@pytest.mark.parametrize(
    ("case", "status", "words"),
    [
        ("error-detail-lost", 422, "max_completion_tokens: Extra inputs are not permitted"),
        ("error-string-lost", 400, "An empty message was provided."),
    ],
)
async def test_the_providers_message_is_kept(case: str, status: int, words: str) -> None:
    error = (await play(case)).error
    assert error is not None
    assert (error.status, error.message) == (status, words)


async def test_the_bound_of_a_cap_stands_in_the_field_that_the_server_reads() -> None:
    outcome = await play("bound-field-unknown-to-compatible", max_tokens_field="max_tokens")
    (sent,) = outcome.sent
    assert sent["max_tokens"] == 4096
    assert "max_completion_tokens" not in sent


async def test_of_two_sampling_parameters_one_is_sent_and_the_other_named() -> None:
    outcome = await play("temperature-and-top-p")
    (sent,) = outcome.sent
    assert outcome.error is None
    assert outcome.trail.ignored_params == ("top_p",)
    assert (sent["temperature"], "top_p" in sent) == (0.7, False)
    (attempt,) = outcome.trail.attempts
    assert attempt.ignored_params == ("top_p",)
