"""`POST /v1/chat/completions`, in OpenAI's own schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.answer_headers import answer_headers
from controlplane.api.disconnect import end, finishes
from controlplane.api.inbound import container_of, read_call
from controlplane.api.stream import EventStream, Heartbeat
from controlplane.errors import GatewayError, InternalError
from controlplane.gateway.call import Answer, Streamed
from controlplane.gateway.pipeline import chat_completion
from controlplane.gateway.record import CLIENT_CLOSED_REQUEST
from controlplane.telemetry import log_crash

router = APIRouter(tags=["inference"])

# Comments are what every reader of events passes over.
KEEP_ALIVE = b": keep-alive\n\n"

_DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "OpenAI's chat completion request. A parameter that the provider cannot "
        "honour is refused by name.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["model", "messages"]},
                "example": {
                    "model": "gpt-6-luna",
                    "messages": [{"role": "user", "content": "Say hello."}],
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "A completion, or its chunks and `[DONE]`, in OpenAI's schema.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
}


@router.post(
    "/v1/chat/completions",
    summary="Create a chat completion",
    openapi_extra=_DESCRIPTION,
    response_class=Response,
)
async def create_chat_completion(request: Request) -> Response:
    """A completion, or server-sent events where the request says `"stream": true`."""
    call = await read_call(request)
    parts = container_of(request)
    heartbeat = Heartbeat(KEEP_ALIVE, parts.settings.waits.heartbeat)
    async with AsyncExitStack() as stack:
        # A stack of its own: the request may come to be held only when the other has gone on.
        held = await stack.enter_async_context(AsyncExitStack())
        pipeline = held.enter_async_context(chat_completion(call, parts.gateway))
        opening = asyncio.ensure_future(pipeline)
        if not await finishes(request.receive, opening, heartbeat.seconds):
            if call.live and _wants_stream(call.body):
                # The status is out before there is an answer, whose headers stay unsaid.
                return EventStream(_events(opening, stack.pop_all(), KEEP_ALIVE), heartbeat)
            await finishes(request.receive, opening)
        if opening.cancelled():
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        answer = opening.result()
        if isinstance(answer.content, Streamed):
            # The stream outlives this function, and with it what settles and records it.
            events = _events(opening, stack.pop_all())
            return EventStream(events, heartbeat, headers=answer_headers(answer))
    return Response(
        orjson.dumps(answer.content.body),
        media_type="application/json",
        headers=answer_headers(answer),
    )


def _wants_stream(body: bytes) -> bool:
    try:
        return orjson.loads(body).get("stream") is True
    except (orjson.JSONDecodeError, AttributeError):
        return False


async def _events(
    opening: asyncio.Future[Answer], stack: AsyncExitStack, first: bytes = b""
) -> AsyncGenerator[bytes, None]:
    """The stream; `[DONE]` follows only once the audit event is durable."""
    try:
        async with stack:
            try:
                yield b""
                if first:
                    yield first
                content = (await opening).content
            finally:
                # What it holds is on the stack only when it is done.
                await end(opening)
            assert isinstance(content, Streamed)
            async for chunk in content.chunks:
                yield b"data: %b\n\n" % orjson.dumps(chunk)
    except GatewayError as error:
        yield b"data: %b\n\n" % orjson.dumps(error.envelope())
    except Exception as error:  # the entry point: the status is sent, the stream has to say it
        log_crash(error)
        envelope = InternalError("The gateway failed in the middle of the answer.").envelope()
        yield b"data: %b\n\n" % orjson.dumps(envelope)
    else:
        yield b"data: [DONE]\n\n"
