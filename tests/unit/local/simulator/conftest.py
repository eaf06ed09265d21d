"""The simulator without a socket, spoken to as a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from controlplane.local.simulator.app import Simulator
from controlplane.local.simulator.wire import API_KEY

MESSAGES = [{"role": "user", "content": "Hello there"}]


class SimulatedProvider:
    """Calls to a simulator of its own."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, **body: Any) -> httpx.Response:
        """A chat request in OpenAI's format."""
        return await self.client.post(
            "/openai/v1/chat/completions",
            json={"model": "gpt-4o", "messages": MESSAGES, **body},
            headers={"Authorization": f"Bearer {API_KEY}"},
        )

    async def azure(self, **body: Any) -> httpx.Response:
        """A chat request in Azure's format."""
        return await self.client.post(
            "/azure/openai/deployments/gpt-4o/chat/completions",
            params={"api-version": "2024-10-21"},
            json={"messages": MESSAGES, **body},
            headers={"api-key": API_KEY},
        )

    async def respond(self, path: str = "", *, key: str = API_KEY, **body: Any) -> httpx.Response:
        """A request for a response, or what is done to one at `path`."""
        return await self.client.post(
            f"/openai/v1/responses{path}",
            json=body if path else {"model": "gpt-6-luna", "input": "Hello there", **body},
            headers={"Authorization": f"Bearer {key}"},
        )

    async def kept(
        self, path: str, *, method: str = "GET", key: str = API_KEY, **query: Any
    ) -> httpx.Response:
        """What is kept of responses."""
        return await self.client.request(
            method,
            f"/openai/v1/responses/{path}",
            params=query,
            headers={"Authorization": f"Bearer {key}"},
        )

    async def anthropic(self, **body: Any) -> httpx.Response:
        """A Messages request in Anthropic's format."""
        return await self.client.post(
            "/anthropic/v1/messages",
            json={
                "model": "claude-sonnet-4-5",
                "max_tokens": 2000,
                "messages": MESSAGES,
                **body,
            },
            headers={"x-api-key": API_KEY, "anthropic-version": "2023-06-01"},
        )

    async def fault(
        self, kind: str, *, provider: str = "openai", times: int | None = None, **more: Any
    ) -> None:
        """Order a fault of a provider."""
        plan = {"provider": provider, "fault": {"kind": kind, **more}, "times": times}
        (await self.client.put("/faults", json=plan)).raise_for_status()


def events(response: httpx.Response) -> list[Any]:
    """The data of each event of a stream; `[DONE]` stays text."""
    assert response.headers["content-type"].startswith("text/event-stream")
    frames = response.text.split("\n\n")
    assert frames.pop() == ""
    data = [frame.removeprefix("data: ") for frame in frames]
    return [item if item == "[DONE]" else orjson.loads(item) for item in data]


def named_events(response: httpx.Response) -> list[dict[str, Any]]:
    """The data of each event, whose name it says itself."""
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    frames = response.text.split("\n\n")
    assert frames.pop() == ""
    found = []
    for frame in frames:
        name, data = frame.split("\n")
        found.append(orjson.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


@pytest.fixture
async def provider() -> AsyncIterator[SimulatedProvider]:
    """A new simulator."""
    transport = httpx.ASGITransport(Simulator())
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        yield SimulatedProvider(client)
