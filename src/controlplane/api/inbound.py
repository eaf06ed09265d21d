"""Read what the gateway needs from an HTTP request."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.requests import ClientDisconnect, Request

from controlplane.api.credentials import authorization
from controlplane.api.live import LIVE
from controlplane.config import WaitSettings
from controlplane.domain.attribution import (
    MAX_TAG_LENGTH,
    MAX_TAGS,
    Attribution,
    is_tag,
    short_id,
)
from controlplane.domain.memory import hold
from controlplane.errors import InvalidRequest, PayloadTooLarge
from controlplane.gateway.call import Call
from controlplane.wiring import Container

TAGS_HEADER = "x-llm-cp-tags"
# Claude Code's, Codex's, OpenCode's.
SESSION_HEADERS = ("x-claude-code-session-id", "session-id", "x-session-id")
AGENT_HEADER = "x-claude-code-agent-id"
# Lambda takes no larger event.
MAX_BODY_BYTES = 6 * 1024 * 1024
# As it came in, as it is parsed, and as it goes out again.
COPIES = 3


def container_of(request: Request) -> Container:
    """Everything that the request may be served with, typed."""
    # A function, not a dependency: FastAPI's machinery would cost every completion 21 µs of CPU.
    parts: Container = request.app.state.container
    return parts


async def read_call(request: Request, header_family: tuple[str, ...] = ()) -> Call:
    """The call, with its headers that begin like one of `header_family`.

    Raises PayloadTooLarge before a large body is read, let alone kept.
    """
    body, seconds_left = await _read_body(request), _seconds_left(request)
    live = seconds_left is None or LIVE in request.scope
    return Call(
        request_id=request.state.request_id,
        credential=authorization(request.headers),
        body=body,
        seconds_left=seconds_left,
        seconds_whole=_seconds_whole(container_of(request).settings.waits, seconds_left, live=live),
        live=live,
        idempotency_key=request.headers.get("idempotency-key"),
        attribution=attribution(request.headers),
        headers=_family(request, header_family) if header_family else {},
    )


def _family(request: Request, header_family: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        if name.startswith(header_family):
            # One name several times is a list (RFC 9110, section 5.3).
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def attribution(headers: Mapping[str, str]) -> Attribution:
    """What the headers say of what the request belongs to. Raises InvalidRequest."""
    stated = headers.get(TAGS_HEADER)
    tags = tuple(dict.fromkeys(tag.strip() for tag in stated.split(","))) if stated else ()
    if len(tags) > MAX_TAGS or not all(map(is_tag, tags)):
        raise InvalidRequest(
            f"'{TAGS_HEADER}' must be at most {MAX_TAGS} tags of 1 to {MAX_TAG_LENGTH} characters, "
            "with commas between them.",
            param=TAGS_HEADER,
        )
    session_id = next((headers[name] for name in SESSION_HEADERS if name in headers), None)
    return Attribution(short_id(session_id), short_id(headers.get(AGENT_HEADER)), tags)


def named(body: bytes, model: str) -> bytes:
    """`body` with that model in it; as it is where it is no object, which is refused later."""
    try:
        members = orjson.loads(body)
        if not isinstance(members, dict) or members.get("model") == model:
            return body
        return orjson.dumps({**members, "model": model})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return body


async def _read_body(request: Request) -> bytes:
    too_large = PayloadTooLarge(f"The request body is larger than {MAX_BODY_BYTES:,} bytes.")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    try:
        async for piece in request.stream():
            hold(len(piece) * COPIES)
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise too_large
    except ClientDisconnect:
        raise InvalidRequest("The request body did not arrive whole.") from None
    return bytes(body)


def _seconds_left(request: Request) -> float | None:
    """What remains of the Lambda invocation, None where this is no Lambda."""
    remaining = getattr(request.scope.get("aws.context"), "get_remaining_time_in_millis", None)
    return None if remaining is None else remaining() / 1000


def _seconds_whole(waits: WaitSettings, left: float | None, *, live: bool) -> float:
    """Until those in front stop waiting for what leaves in one piece."""
    patience = waits.whole_answer if live else min(waits.whole_answer, waits.collected)
    return patience if left is None else min(patience, left)
