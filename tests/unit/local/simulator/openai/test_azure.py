"""Azure OpenAI's wire format."""

from __future__ import annotations

import httpx
import pytest
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider, events

from controlplane.local.simulator.wire import API_KEY

DEPLOYMENT = "/azure/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


async def test_an_answer_carries_the_filters(provider: SimulatedProvider) -> None:
    response = await provider.azure()
    assert response.status_code == 200
    assert response.headers["x-ms-region"] == "East US"
    body = response.json()
    assert body["model"] == "gpt-4o-2024-08-06"
    assert body["prompt_filter_results"][0]["prompt_index"] == 0
    filters = body["choices"][0]["content_filter_results"]
    assert filters["hate"] == {"filtered": False, "severity": "safe"}


async def test_a_stream_begins_with_an_event_without_choices(provider: SimulatedProvider) -> None:
    first, *chunks, done = events(await provider.azure(stream=True))
    assert (first["choices"], first["id"], first["object"]) == ([], "", "")
    assert "prompt_filter_results" in first
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert done == "[DONE]"


async def test_the_address_without_deployment(provider: SimulatedProvider) -> None:
    response = await provider.client.post(
        "/azure/openai/v1/chat/completions",
        json={"model": "gpt-4o-mini", "messages": MESSAGES},
        headers={"api-key": API_KEY},
    )
    assert response.json()["model"] == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (DEPLOYMENT, {"api-key": "wrong"}, 401, "401"),
        (DEPLOYMENT, {"Authorization": f"Bearer {API_KEY}"}, 401, "401"),
        (DEPLOYMENT.partition("?")[0], {"api-key": API_KEY}, 404, "404"),
        (DEPLOYMENT.replace("gpt-4o", "mine"), {"api-key": API_KEY}, 404, "DeploymentNotFound"),
        (DEPLOYMENT.replace("gpt-4o", "sim-429-3"), {"api-key": API_KEY}, 429, "429"),
    ],
)
async def test_errors_are_azures_own(
    provider: SimulatedProvider, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    response: httpx.Response = await provider.client.post(
        path, json={"messages": MESSAGES}, headers=headers
    )
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers.get("retry-after") == ("3" if status == 429 else None)
