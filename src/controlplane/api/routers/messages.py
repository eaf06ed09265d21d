"""`POST /v1/messages` and what belongs to it, in Anthropic's own schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.protocols.messages.protocol import PROTOCOL
from controlplane.protocols.token_counts.protocol import PROTOCOL as TOKEN_COUNTS

router = APIRouter(tags=["inference"])

_ERROR = {
    "application/json": {
        "schema": {"type": "object", "required": ["type", "error"]},
        "example": {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "'max_tokens' is missing.",
                "param": "max_tokens",
            },
            "request_id": "req_1",
        },
    }
}
_REFUSALS: dict[str, Any] = {
    "400": {"description": "`param` names what is wrong.", "content": _ERROR},
    "401": {"description": "No credential, or not a valid one.", "content": _ERROR},
    "403": {"description": "Not for the caller's role or policy.", "content": _ERROR},
    "429": {"description": "A limit or a cost cap is reached.", "content": _ERROR},
}
_MESSAGES = [{"role": "user", "content": "Say hello."}]


def _description(
    request: str, required: list[str], example: dict[str, Any], response: dict[str, Any]
) -> dict[str, Any]:
    schema = {"type": "object", "required": required}
    return {
        "requestBody": {
            "required": True,
            "description": request,
            "content": {"application/json": {"schema": schema, "example": example}},
        },
        "responses": {"200": response, **_REFUSALS},
    }


_MESSAGE = _description(
    "Anthropic's request for a Message. A target that speaks Messages gets it as it is.",
    ["model", "max_tokens", "messages"],
    {"model": "claude-sonnet-5", "max_tokens": 1024, "messages": _MESSAGES},
    {
        "description": "A Message, or its events, in Anthropic's schema.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
)
_COUNT = _description(
    "A request for a Message without `max_tokens`.",
    ["model", "messages"],
    {"model": "claude-sonnet-5", "messages": _MESSAGES},
    {
        "description": "The target's own count; an estimate where it has none.",
        "content": {
            "application/json": {"schema": {"type": "object"}, "example": {"input_tokens": 10}}
        },
    },
)

_HELLO: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "Nothing.",
            "content": {"text/plain": {"schema": {"type": "string", "maxLength": 0}}},
        }
    }
}


@router.post(
    "/v1/messages", summary="Create a Message", openapi_extra=_MESSAGE, response_class=Response
)
async def create_message(request: Request) -> Response:
    """A Message, or server-sent events where the request says `"stream": true`."""
    return await respond(request, PROTOCOL)


@router.post(
    "/v1/messages/count_tokens", summary="Count the tokens of a Message", openapi_extra=_COUNT
)
async def count_tokens(request: Request) -> Response:
    """Screened, limited, routed and recorded like the Message itself; it costs nothing."""
    return await respond(request, TOKEN_COUNTS)


@router.head(
    "/api/hello",
    summary="There is a server",
    openapi_extra=_HELLO,
    response_class=Response,
)
async def hello() -> Response:
    """Claude Code asks so before anything else. It needs no credential."""
    return Response()
