"""`/v1/responses`, in OpenAI's own schema."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.protocols.responses.protocol import PROTOCOL
from controlplane.protocols.responses.stored import StoredAction, stored_request

router = APIRouter(tags=["inference"])
Id = Annotated[str, Path(description="The `id` of a response that was stored.")]

DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "OpenAI's request for a response. Items, tools and parameters that are not "
        'known here are passed on. `"store": false` is sent unless the policy has '
        "`stored_responses`.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["model"]},
                "example": {"model": "gpt-6-luna", "input": "Say hello.", "store": False},
            }
        },
    },
    "responses": {
        "200": {
            "description": "A response, or its events, in OpenAI's schema.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
}


@router.post(
    "/v1/responses",
    summary="Create a response",
    openapi_extra=DESCRIPTION,
    response_class=Response,
)
async def create_response(request: Request) -> Response:
    """A response, or server-sent events where the request says `"stream": true`."""
    return await respond(request, PROTOCOL)


def _about(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {"responses": {"200": {"description": description, "content": content}}}


@router.get(
    "/v1/responses/{response_id}",
    summary="A stored response",
    openapi_extra=_about("The response as its provider has it now, in OpenAI's schema."),
    response_class=Response,
)
async def get_response(request: Request, response_id: Id) -> Response:
    """With `stream=true`, its events; `starting_after` is the number of the last one that came."""
    stream = request.query_params.get("stream") == "true"
    query = request.url.query
    asked = stored_request(StoredAction.RETRIEVE, response_id, query, stream=stream)
    return await respond(request, PROTOCOL, asked)


@router.delete(
    "/v1/responses/{response_id}",
    summary="Delete a stored response",
    openapi_extra=_about("That it is deleted, in OpenAI's schema."),
    response_class=Response,
)
async def delete_response(request: Request, response_id: Id) -> Response:
    """At its provider."""
    return await respond(request, PROTOCOL, stored_request(StoredAction.DELETE, response_id))


@router.post(
    "/v1/responses/{response_id}/cancel",
    summary="Cancel a response in the background",
    openapi_extra=_about("The cancelled response, in OpenAI's schema."),
    response_class=Response,
)
async def cancel_response(request: Request, response_id: Id) -> Response:
    """What it was charged when it was asked for stays charged."""
    return await respond(request, PROTOCOL, stored_request(StoredAction.CANCEL, response_id))


@router.get(
    "/v1/responses/{response_id}/input_items",
    summary="The input of a stored response",
    openapi_extra=_about("A list of items, in OpenAI's schema."),
    response_class=Response,
)
async def list_input_items(request: Request, response_id: Id) -> Response:
    """As it was sent to the provider: screened."""
    query = request.url.query
    return await respond(
        request, PROTOCOL, stored_request(StoredAction.INPUT_ITEMS, response_id, query)
    )
