"""Messages over real sockets: what a provider gets and says, byte for byte, with its hash."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api.test_app import app_over
from tests.unit.gateway.parts import KEY, gateway
from tests.unit.providers.cases import FIXTURES

from controlplane.config import ProviderSettings
from controlplane.domain.inference import ProtocolName
from controlplane.domain.routing import Target
from controlplane.protocols.messages.request import parse_messages_request
from controlplane.providers.aiohttp_transport import AiohttpOverHttpx
from controlplane.providers.raw_body import for_model
from controlplane.wiring.providers import open_provider

from .conftest import NO_TLS

MODEL = "claude-served"
STREAM = (
    FIXTURES / "anthropic" / "stream_thinking_and_tools" / "anthropic.response.sse"
).read_bytes()
WHOLE = (FIXTURES / "anthropic" / "text" / "anthropic.response.json").read_bytes()
TEXT = 'naïve, "quoted", \\u2028 and \U0001f600'
BODIES: dict[str, dict[str, Any]] = {
    "plain": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": TEXT}]},
    "model last": {
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [{"type": "text", "text": '"model": "m"'}]}],
        "tools": [{"name": "f", "input_schema": {"properties": {"model": {"const": "m"}}}}],
        "model": "m",
    },
}
# As different clients write the same.
WRITERS: dict[str, Callable[[Any], str]] = {
    "compact": lambda body: json.dumps(body, separators=(",", ":"), ensure_ascii=False),
    "python": json.dumps,
    "indented": lambda body: json.dumps(body, indent=2, ensure_ascii=False),
}


@dataclass
class RawServer:
    """An HTTP/1.1 server that keeps the very bytes of each body."""

    answer: bytes = WHOLE
    kind: str = "application/json"
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        size = next(int(v) for n, v in lines.items() if n.lower() == b"content-length")
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(size))
        writer.write(
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: %b\r\n"
            b"content-length: %d\r\n\r\n" % (self.kind.encode(), len(self.answer))
        )
        for start in range(0, len(self.answer), 97):  # in pieces that end anywhere
            writer.write(self.answer[start : start + 97])
            await writer.drain()
        writer.close()


@dataclass
class Scene:
    """The gateway's client, and the server behind it."""

    http: httpx.AsyncClient
    server: RawServer


@pytest.fixture(params=["httpx", "aiohttp"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """The gateway in memory, its provider over a real socket."""
    server = RawServer()
    transport = (
        AiohttpOverHttpx(httpx.Limits(), httpx.create_ssl_context())
        if request.param == "aiohttp"
        else None
    )
    async with (
        await asyncio.start_server(server, "127.0.0.1", 0) as listening,
        httpx.AsyncClient(transport=transport, verify=NO_TLS) as upstream,
    ):
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        row = ProviderSettings("anthropic", "anthropic", url, "sk-ant-x")
        made, _ = gateway(
            {"anthropic": open_provider(row, upstream)}, targets=(Target("anthropic", MODEL),)
        )
        to_gateway = httpx.ASGITransport(app_over(made))
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            transport=to_gateway, base_url="http://cp", headers=headers
        ) as http:
            yield Scene(http, server)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", BODIES)
async def test_a_body_is_what_it_was_but_for_the_model(
    scene: Scene, name: str, writer: str
) -> None:
    sent = WRITERS[writer](BODIES[name]).encode()
    wanted = WRITERS[writer]({**BODIES[name], "model": MODEL}).encode()
    response = await scene.http.post("/v1/messages?beta=true", content=sent)
    assert digest(response.content) == digest(WHOLE)
    (got,) = scene.server.bodies
    assert digest(got) == digest(wanted)
    assert scene.server.heads[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")
    assert KEY.encode() not in scene.server.heads[0]


async def test_a_stream_is_what_it_was(scene: Scene) -> None:
    scene.server.answer, scene.server.kind = STREAM, "text/event-stream"
    body = {**BODIES["plain"], "stream": True}
    response = await scene.http.post("/v1/messages", json=body)
    assert digest(response.content) == digest(STREAM)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=10,
)


@given(
    extra=st.dictionaries(st.text(max_size=6).filter(lambda n: n not in BODIES["plain"]), JSON),
    writer=st.sampled_from([*WRITERS.values()]),
    order=st.randoms(),
)
def test_whatever_a_client_writes_goes_on_as_it_wrote_it(
    extra: dict[str, Any], writer: Callable[[Any], str], order: random.Random
) -> None:
    known = {"stream", "system", "tools", "metadata", "thinking"}
    members = [(n, v) for n, v in (BODIES["plain"] | extra).items() if n not in known]
    order.shuffle(members)
    raw = writer(dict(members)).encode()
    request = parse_messages_request(raw)
    assert request.protocol is ProtocolName.MESSAGES
    wanted = writer({**dict(members), "model": MODEL}).encode()
    assert for_model(request, MODEL) == wanted


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_model_further_in_keeps_its_name(place: str) -> None:
    inner = {"metadata": {"model": "claude"}}
    body = {**BODIES["plain"], "model": "claude"}
    body = inner | body if place == "before" else {**body, **inner}
    request = parse_messages_request(orjson.dumps(body))
    assert for_model(request, MODEL) == orjson.dumps({**request.body, "model": MODEL})
