"""`POST /v1/responses` as OpenAI's own client asks, over real sockets on both sides."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from openai import AsyncOpenAI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp
from tests.unit.api.test_app import app_over
from tests.unit.gateway.parts import KEY, Sink, gateway
from tests.unit.protocols.responses.answers import (
    custom_call,
    function_call,
    message,
    reasoning,
    response,
    sse,
    stream,
)
from tests.wire_types.openai_types import RESPONSE_REQUEST

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Target
from controlplane.wiring.providers import open_provider

FUNCTION = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
    "strict": False,
}


class Place(BaseModel):
    """What an answer is to be parsed as."""

    city: str
    people: int


@dataclass
class ResponsesServer:
    """A provider that gives `answer`; `events` override what it streams."""

    answer: dict[str, Any] = field(default_factory=lambda: response(message("Hello there.")))
    events: list[dict[str, Any]] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/responses", self._respond, methods=["POST"])])

    async def _respond(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.asked.append(body)
        if body.get("stream"):
            events = self.events or stream(self.answer, list)
            return StreamingResponse(_pieces(events), media_type="text/event-stream")
        return Response(json.dumps(self.answer), media_type="application/json")


async def _pieces(events: list[dict[str, Any]]) -> AsyncIterator[bytes]:
    for event in events:
        yield sse([event])


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Where the application listens."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    running = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server.should_exit = True
    await running
    listener.close()


@dataclass
class Scene:
    """A provider, a gateway before it, and OpenAI's client before that."""

    upstream: ResponsesServer
    sink: Sink
    client: AsyncOpenAI


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    upstream = ResponsesServer()
    async with served(upstream.app()) as url, httpx.AsyncClient() as http:
        settings = ProviderSettings("openai", "openai", url, "sk-upstream")
        providers = {"openai": open_provider(settings, http)}
        made, sink = gateway(providers, targets=(Target("openai", "gpt-6-luna"),))
        async with (
            served(app_over(made)) as base_url,
            AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client,
        ):
            yield Scene(upstream, sink, client)


async def test_create(scene: Scene) -> None:
    answer = await scene.client.responses.create(model="m", input="Say hello.")
    assert answer.output_text == "Hello there."
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens == 20
    (sent,) = scene.upstream.asked
    include = ["reasoning.encrypted_content"]
    assert sent == {
        "model": "gpt-6-luna",
        "input": "Say hello.",
        "store": False,
        "include": include,
    }
    assert RESPONSE_REQUEST.faults(sent) == []
    assert scene.sink.events[0].tokens_output == 30


async def test_a_stream(scene: Scene) -> None:
    scene.upstream.answer = response(reasoning("It thinks."), message("Hello there."))
    events = await scene.client.responses.create(model="m", input="Say hello.", stream=True)
    came = [event async for event in events]
    assert [event.type for event in came] == [
        event["type"] for event in stream(scene.upstream.answer, list)
    ]
    said = [event.delta for event in came if event.type == "response.output_text.delta"]
    assert "".join(said) == "Hello there."
    assert len(said) == len("Hello there.")
    assert scene.sink.events[0].stream


async def test_the_helper_for_streams(scene: Scene) -> None:
    async with scene.client.responses.stream(model="m", input="Say hello.") as events:
        async for _ in events:
            pass
        final = await events.get_final_response()
    assert final.output_text == "Hello there."


async def test_parse(scene: Scene) -> None:
    scene.upstream.answer = response(message('{"city": "Graz", "people": 300000}'))
    answer = await scene.client.responses.parse(model="m", input="Where?", text_format=Place)
    assert answer.output_parsed == Place(city="Graz", people=300_000)
    assert scene.upstream.asked[0]["text"]["format"]["name"] == "Place"


async def test_tools_and_what_they_returned(scene: Scene) -> None:
    scene.upstream.answer = response(reasoning(), function_call("Graz"), custom_call("ls"))
    custom: Any = {"type": "custom", "name": "shell"}
    tools: Any = [FUNCTION, custom]
    answer = await scene.client.responses.create(
        model="m", input="Look", tools=tools, include=["reasoning.encrypted_content"]
    )
    thought, call, shell = answer.output
    assert thought.type == "reasoning"
    assert thought.encrypted_content == "gAAAA=="
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"q": "Graz"}
    assert shell.type == "custom_tool_call"
    results: Any = [
        {"role": "user", "content": "Look"},
        *(item.model_dump(exclude_unset=True) for item in answer.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "300000"},
        {"type": "custom_tool_call_output", "call_id": shell.call_id, "output": "README"},
    ]
    await scene.client.responses.create(model="m", input=results, tools=tools)
    first, second = scene.upstream.asked
    assert first["include"] == ["reasoning.encrypted_content"]
    assert second["input"] == results
    assert second["tools"] == [FUNCTION, custom]


async def test_an_error_has_its_class(scene: Scene) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await scene.client.responses.create(model="m", input="On.", previous_response_id="resp_1")
    assert (caught.value.param, caught.value.code) == (
        "previous_response_id",
        "stored_responses_not_allowed",
    )


async def test_an_error_in_a_stream_is_raised(scene: Scene) -> None:
    failed = response(
        status="failed", error={"code": "rate_limit_exceeded", "message": "Too many."}
    )
    begun = stream(scene.upstream.answer, list)[:8]
    scene.upstream.events = [*begun, {**stream(failed)[-1], "sequence_number": 8}]
    events = await scene.client.responses.create(model="m", input="hi", stream=True)
    came = [(await anext(events)).sequence_number for _ in range(8)]
    assert came == list(range(8))
    with pytest.raises(openai.APIError) as caught:
        await anext(events)
    assert caught.value.code == "rate_limit_exceeded"
    assert scene.sink.events[0].code == "rate_limit_exceeded"


async def test_an_incomplete_answer(scene: Scene) -> None:
    details = {"reason": "max_output_tokens"}
    scene.upstream.answer = response(
        message("Hel"), status="incomplete", incomplete_details=details
    )
    whole = await scene.client.responses.create(model="m", input="hi", max_output_tokens=16)
    assert whole.status == "incomplete"
    events = await scene.client.responses.create(
        model="m", input="hi", max_output_tokens=16, stream=True
    )
    assert [event.type async for event in events][-1] == "response.incomplete"
    assert [event.status for event in scene.sink.events] == [200, 200]
