"""A provider that takes one key only, and another one from a moment on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tests.integration.secrets.vault import Vault
from tests.unit.gateway.parts import CALLER, completion, dispatched

from controlplane.config import provider_settings
from controlplane.domain.routing import Route, Target
from controlplane.errors import ProviderUnavailable
from controlplane.gateway.call import Streamed
from controlplane.gateway.record import Trail
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.providers.registry import SETTINGS
from controlplane.wiring.providers import ConfiguredProviders

ROUTE = Route("m", (Target("openai", "gpt-4o"),))
MESSAGES = [{"role": "user", "content": "hello"}]


class Upstream(ThreadingHTTPServer):
    """OpenAI's format for the one key; 401 for every other one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = "one"
        self.keys: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        upstream = self.server
        assert isinstance(upstream, Upstream)
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.headers["authorization"].removeprefix("Bearer ")
        upstream.keys.append(key)
        if key != upstream.key:
            self._send(401, b'{"error": {"message": "no", "code": "invalid_api_key"}}')
        elif body.get("stream"):
            choice = {"index": 0, "delta": {"content": "ok"}, "finish_reason": "stop"}
            chunk = json.dumps({"choices": [choice]})
            self._send(200, f"data: {chunk}\n\ndata: [DONE]\n\n".encode())
        else:
            self._send(200, json.dumps(completion()).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
async def providers(upstream: Upstream, vault: Vault) -> AsyncIterator[ConfiguredProviders]:
    """What the secret configures: a key, and where it is taken."""
    put_key(vault, upstream, "one")
    async with httpx.AsyncClient() as client:
        yield ConfiguredProviders(
            vault.rotating(lambda text: provider_settings(json.loads(text), SETTINGS, local=True)),
            lambda: client,
        )


def put_key(vault: Vault, upstream: Upstream, key: str) -> None:
    url = f"http://127.0.0.1:{upstream.server_port}/v1"
    vault.write({"OPENAI_API_KEY": key, "LLM_CP_OPENAI_URL": url})


async def ask(providers: ConfiguredProviders, *, stream: bool = False) -> Trail:
    trail = Trail("req_1", CALLER)
    request = ChatRequest({"model": "m", "messages": MESSAGES, "stream": stream})
    async with dispatched(request, ROUTE, providers, trail) as answer:
        if isinstance(answer, Streamed):
            assert [chunk async for chunk in answer.events]
        else:
            assert answer.body
    return trail


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_that_met_the_old_key_is_sent_again_with_the_new_one(
    providers: ConfiguredProviders, upstream: Upstream, vault: Vault, stream: bool
) -> None:
    await ask(providers, stream=stream)
    upstream.key = "two"
    put_key(vault, upstream, "two")
    trail = await ask(providers, stream=stream)
    assert [attempt.status for attempt in trail.attempts] == [401, 200]
    assert upstream.keys == ["one", "one", "two"]
    await ask(providers, stream=stream)
    assert upstream.keys == ["one", "one", "two", "two"]


async def test_a_key_that_has_not_changed_is_sent_once(
    providers: ConfiguredProviders, upstream: Upstream, vault: Vault
) -> None:
    upstream.key = "two"
    for _ in range(5):
        with pytest.raises(ProviderUnavailable) as caught:
            await ask(providers)
        assert caught.value.code == "provider_misconfigured"
    assert upstream.keys == ["one"] * 5
    assert vault.asked == 2, "the first read, and one for all refusals of ten seconds"


async def test_a_storm_of_refusals_is_one_read_and_all_are_answered(
    providers: ConfiguredProviders, upstream: Upstream, vault: Vault
) -> None:
    await ask(providers)
    upstream.key = "two"
    put_key(vault, upstream, "two")
    trails = await asyncio.gather(*(ask(providers) for _ in range(40)))
    assert all(trail.attempts[-1].status == 200 for trail in trails)
    assert vault.asked == 2


async def test_a_new_key_and_a_new_provider_are_in_force_without_a_refusal(
    providers: ConfiguredProviders, upstream: Upstream, vault: Vault
) -> None:
    await ask(providers)
    row = {"kind": "openai", "base_url": "https://gpu.example/v1", "api_key": "three"}
    url = f"http://127.0.0.1:{upstream.server_port}/v1"
    rows = {"OPENAI_API_KEY": "two", "LLM_CP_OPENAI_URL": url, "LLM_CP_PROVIDERS": {"vllm": row}}
    vault.write({**rows, "LLM_CP_PROVIDERS": json.dumps({"vllm": row})})
    upstream.key = "two"
    vault.wait(301)
    trail = await ask(providers)
    assert [attempt.status for attempt in trail.attempts] == [200]
    assert set(await providers.current()) == {"openai", "vllm"}


async def test_only_the_provider_whose_row_changed_is_made_anew(
    providers: ConfiguredProviders, upstream: Upstream, vault: Vault
) -> None:
    before = (await providers.current())["openai"]
    row = {"kind": "openai", "base_url": "https://gpu.example/v1", "api_key": "three"}
    url = f"http://127.0.0.1:{upstream.server_port}/v1"
    rows = {"OPENAI_API_KEY": "one", "LLM_CP_OPENAI_URL": url}
    vault.write({**rows, "LLM_CP_PROVIDERS": json.dumps({"vllm": row})})
    assert await providers.renewed("openai", before) is None
    assert (await providers.current())["openai"] is before
    assert "vllm" in await providers.current()
