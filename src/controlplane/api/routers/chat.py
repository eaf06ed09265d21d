"""`POST /v1/chat/completions`, in OpenAI's own schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.answer_headers import answer_headers
from controlplane.api.disconnect import unless_gone
from controlplane.api.inbound import container_of, read_call
from controlplane.api.stream import EventStream
from controlplane.errors import GatewayError, InternalError
from controlplane.gateway.call import Streamed
from controlplane.gateway.pipeline import chat_completion
from controlplane.gateway.record import CLIENT_CLOSED_REQUEST
from controlplane.telemetry import log_crash

router = APIRouter(tags=["inference"])

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
    async with AsyncExitStack() as stack:
        pipeline = chat_completion(call, container_of(request).gateway)
        answer = await unless_gone(request.receive, stack.enter_async_context(pipeline))
        if answer is None:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if isinstance(answer.content, Streamed):
            # The stream outlives this function, and with it what settles and records it.
            events = _events(answer.content, stack.pop_all())
            return EventStream(events, headers=answer_headers(answer))
    return Response(
        orjson.dumps(answer.content.body),
        media_type="application/json",
        headers=answer_headers(answer),
    )


async def _events(content: Streamed, stack: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    """The stream; `[DONE]` follows only once the audit event is durable."""
    try:
        async with stack:
            yield b""
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
