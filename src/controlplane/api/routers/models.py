"""`GET /v1/models`: what the caller may ask for, in OpenAI's schema.

https://platform.openai.com/docs/api-reference/models
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.api.inbound import container_of
from controlplane.api.roles import permitted
from controlplane.domain.routing import Route
from controlplane.errors import ModelNotFound, Unavailable, Unreachable
from controlplane.gateway.route import listed

router = APIRouter(tags=["inference"])
Id = Annotated[str, Path(description="A model; it may hold slashes.", examples=["gpt-5.5"])]

_EXAMPLE = {"id": "gpt-5.5", "object": "model", "created": 0, "owned_by": "openai"}


def _answers(example: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"responses": {"200": {"description": "In OpenAI's schema.", "content": content}}}


LIST = _answers({"object": "list", "data": [_EXAMPLE]})


@router.get(
    "/v1/models",
    summary="List the models that the caller may use",
    openapi_extra=LIST,
)
async def list_models(request: Request) -> Response:
    """The names with a route that the policy allows. A glob's names are not listed."""
    models = [_model(route) for route in await _routes(request)]
    return _json({"object": "list", "data": models})


@router.get("/v1/models/{model:path}", summary="One model", openapi_extra=_answers(_EXAMPLE))
async def get_model(request: Request, model: Id) -> Response:
    """404 `model_not_found` for one that the list does not have."""
    for route in await _routes(request):
        if route.alias == model:
            return _json(_model(route))
    raise ModelNotFound(f"The model '{model}' does not exist or is not allowed.", param="model")


async def _routes(request: Request) -> list[Route]:
    caller = await permitted(request)
    try:
        return listed(await container_of(request).gateway.configuration.of(caller))
    except Unreachable as error:
        raise Unavailable("The models cannot be read at the moment. Try again.") from error


def _model(route: Route) -> dict[str, Any]:
    # When the model behind an alias was made is not known.
    owner = route.targets[0].provider
    return {"id": route.alias, "object": "model", "created": 0, "owned_by": owner}


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
