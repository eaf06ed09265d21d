"""The rows of docs/PROVIDERS.md, each against a server that does as the one it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.unit.gateway.parts import CALLER, dispatched

from controlplane.config import provider_settings
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.routing import Route, Target, Unsupported
from controlplane.errors import InvalidRequest, ProviderRefused
from controlplane.gateway.call import Whole
from controlplane.gateway.record import Trail
from controlplane.local.simulator.openai.compatible import SERVERS
from controlplane.local.simulator.wire import API_KEY
from controlplane.policy.effective import effective_policy
from controlplane.policy.output_tokens import bound_output
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.providers.registry import SETTINGS

from .conftest import MESSAGES, TIMEOUTS, Simulated

DOCUMENT = (Path(__file__).parents[3] / "docs" / "PROVIDERS.md").read_text()
(PRESETS,) = [
    found
    for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    if "vllm" in (found := json.loads(block))
]
# What a server does is the same over each transport.
pytestmark = pytest.mark.parametrize("simulated", ["httpx"], indirect=True)
UNSUPPORTED = "unsupported_params"
# Many clients send these to every server.
HABITS: dict[str, Any] = {
    "seed": 7,
    "user": "u1",
    "store": True,
    "metadata": {"a": "b"},
    "temperature": 0.5,
    "top_p": 0.9,
    "presence_penalty": 0.1,
    "n": 1,
}
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
CAP = {"token_limits": [{"tokens": 1_000_000, "window_seconds": 60}], "max_output_tokens": 4}


@pytest.fixture(params=sorted(SERVERS))
def server(request: pytest.FixtureRequest) -> str:
    """The server under test."""
    found: str = request.param
    return found


def add(simulated: Simulated, server: str, row: dict[str, Any]) -> None:
    """The provider of a row, its address that of the simulator."""
    url = f"{simulated.url}/{server}{urlsplit(row['base_url']).path}"
    moved = row | {"base_url": url} | ({"api_key": API_KEY} if "api_key" in row else {})
    values = {"LLM_CP_PROVIDERS": json.dumps({server: moved})}
    simulated.add(provider_settings(values, SETTINGS, local=True)[server])


async def ask(
    simulated: Simulated,
    server: str,
    parameters: Mapping[str, Any],
    unsupported: Unsupported = Unsupported.REFUSE,
) -> tuple[str, Trail]:
    """The text that came, and the trail, of a request under a cap."""
    trail = Trail("req_1", CALLER)
    policy = effective_policy(CALLER, [PolicyDocument(Level.APPLICATION, "app-1", 1, CAP)])
    body = {"model": "m", "messages": MESSAGES, **parameters}
    request = bound_output(ChatRequest(body), policy, [])
    target = Target(server, "a-model")
    route = Route("m", (target,), timeouts=TIMEOUTS, unsupported=unsupported)
    async with dispatched(request, route, simulated.providers, trail) as content:
        if isinstance(content, Whole):
            return content.body["choices"][0]["message"]["content"], trail
        text = ""
        async for chunk in content.events:
            for choice in chunk["choices"]:
                text += choice["delta"].get("content") or ""
        return text, trail


async def sent(simulated: Simulated, server: str) -> dict[str, Any]:
    """The body that the server received last."""
    found: dict[str, Any] = (await simulated.report())[server]["requests"][-1]["body"]
    return found


async def test_each_server_has_a_row_and_each_row_a_server(simulated: Simulated) -> None:
    assert set(PRESETS) == set(SERVERS)
    assert set(PRESETS) <= set(await simulated.report())


async def test_todays_clients_are_answered_and_the_bound_is_real(
    simulated: Simulated, server: str, stream: bool
) -> None:
    add(simulated, server, PRESETS[server])
    options: dict[str, Any] = (
        {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    )
    text, trail = await ask(simulated, server, HABITS | options)
    assert text == "The simulator read 1"
    assert trail.usage is not None
    assert (trail.usage.output, trail.usage.estimated) == (4, frozenset())
    body = await sent(simulated, server)
    assert body[PRESETS[server]["max_tokens_field"]] == 4
    given = HABITS.keys() | options.keys()
    assert set(trail.ignored_params) == {name for name in given if name not in body} - {"n"}


@pytest.mark.parametrize(
    "name", [name for name, row in PRESETS.items() if "logit_bias" in row.get(UNSUPPORTED, ())]
)
async def test_what_a_server_lacks_is_refused_or_left_out_as_the_route_says(
    simulated: Simulated, name: str
) -> None:
    add(simulated, name, PRESETS[name])
    with pytest.raises(InvalidRequest) as caught:
        await ask(simulated, name, {"logit_bias": {"1": 2}})
    assert caught.value.param == "logit_bias"
    assert await simulated.calls() == {}
    _, trail = await ask(simulated, name, {"logit_bias": {"1": 2}}, Unsupported.IGNORE)
    assert trail.ignored_params == ("logit_bias",)


@pytest.mark.parametrize(
    ("name", "field", "value", "status"),
    [
        ("vllm", "max_completion_tokens", 9, 400),
        ("mistral", "seed", 7, 422),
        ("groq", "logprobs", True, 400),
        ("openrouter", "logit_bias", {"1": 2}, 400),
    ],
)
async def test_a_refusal_is_told_in_the_servers_own_words(
    simulated: Simulated, name: str, field: str, value: Any, status: int
) -> None:
    bare = {each: PRESETS[name][each] for each in PRESETS[name] if each != UNSUPPORTED}
    maximum = field if field == "max_completion_tokens" else "max_tokens"
    add(simulated, name, bare | {"max_tokens_field": maximum})
    with pytest.raises(ProviderRefused, match=field) as caught:
        await ask(simulated, name, {field: value})
    assert caught.value.status == status


async def test_without_its_row_the_bound_is_none(simulated: Simulated) -> None:
    row = {"kind": "openai", "base_url": "http://x/v1", "max_tokens_field": "max_completion_tokens"}
    add(simulated, "ollama", row)
    text, _ = await ask(simulated, "ollama", {})
    assert len(text.split()) > 4
