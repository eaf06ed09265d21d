"""How a request to a model is answered in any protocol: whole, or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace

import orjson
from starlette.requests import Request
from starlette.responses import Response

from controlplane.api.answer_headers import answer_headers
from controlplane.api.disconnect import end, finishes
from controlplane.api.inbound import container_of, named, read_call
from controlplane.api.stream import EventStream, Heartbeat
from controlplane.domain.stored_answers import StoredRequest
from controlplane.errors import GatewayError, InternalError
from controlplane.gateway.call import Answer, Streamed
from controlplane.gateway.pipeline import answered
from controlplane.gateway.record import CLIENT_CLOSED_REQUEST
from controlplane.gateway.stored_answer import stored_answer
from controlplane.protocols.protocol import Protocol, encoded
from controlplane.telemetry import log_crash


async def respond(
    request: Request,
    protocol: Protocol,
    stored: StoredRequest | None = None,
    *,
    model: str | None = None,
) -> Response:
    """The response to a request in `protocol`, or to one about a stored answer, for `model` where
    the path names one. Raises GatewayError.
    """
    call = await read_call(request, protocol.header_family)
    if model is not None:
        call = replace(call, body=named(call.body, model))
    parts = container_of(request)
    heartbeat = Heartbeat(protocol.heartbeat, parts.settings.waits.heartbeat)
    async with AsyncExitStack() as stack:
        # A stack of its own: the request may come to be held only when the other has gone on.
        held = await stack.enter_async_context(AsyncExitStack())
        pipeline = (
            answered(call, parts.gateway, protocol)
            if stored is None
            else stored_answer(call, stored, parts.gateway, protocol)
        )
        opening = asyncio.ensure_future(held.enter_async_context(pipeline))
        if not await finishes(request.receive, opening, heartbeat.seconds):
            if call.live and (stored.stream if stored else _wants_stream(call.body)):
                # The status is out before there is an answer, whose headers stay unsaid.
                events = _events(
                    opening, protocol, call.request_id, stack.pop_all(), heartbeat.event
                )
                return EventStream(events, heartbeat)
            await finishes(request.receive, opening)
        if opening.cancelled():
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        answer = opening.result()
        if isinstance(answer.content, Streamed):
            # The stream outlives this function, and with it what settles and records it.
            events = _events(opening, protocol, call.request_id, stack.pop_all())
            return EventStream(events, heartbeat, headers=_headers(answer, protocol))
    return Response(
        encoded(answer.content.body),
        media_type="application/json",
        headers=_headers(answer, protocol),
    )


def _headers(answer: Answer, protocol: Protocol) -> dict[str, str]:
    return {**answer_headers(answer), **protocol.budget_headers(answer.limits)}


def _wants_stream(body: bytes) -> bool:
    try:
        return orjson.loads(body).get("stream") is True
    except (orjson.JSONDecodeError, AttributeError):
        return False


async def _events(
    opening: asyncio.Future[Answer],
    protocol: Protocol,
    request_id: str,
    stack: AsyncExitStack,
    first: bytes = b"",
) -> AsyncGenerator[bytes, None]:
    """The stream; what closes it follows only once the audit event is durable."""
    closing, framing = b"", protocol.framing()
    try:
        async with stack:
            try:
                yield b""
                if first:
                    yield first
                answer = await opening
            finally:
                # What it holds is on the stack only when it is done.
                await end(opening)
            content = answer.content
            assert isinstance(content, Streamed)
            frame, closes = framing.frame, framing.closes
            async for event in content.events:
                if closes(event):
                    closing = frame(event)
                else:
                    yield frame(event)
    except GatewayError as error:
        yield framing.error_event(error, request_id)
    except Exception as error:  # the entry point: the status is sent, the stream has to say it
        log_crash(error)
        failure = InternalError("The gateway failed in the middle of the answer.")
        yield framing.error_event(failure, request_id)
    else:
        if closing := closing or framing.ending():
            yield closing
