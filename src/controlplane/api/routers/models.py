"""`GET /v1/models`: what the caller may ask for, in the schema of the API that it speaks.

https://platform.openai.com/docs/api-reference/models
https://platform.claude.com/docs/en/api/models/list
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Path, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from controlplane.api.inbound import container_of
from controlplane.api.roles import permitted
from controlplane.api.spoken import is_anthropic
from controlplane.domain.routing import Route
from controlplane.errors import InvalidRequest, ModelNotFound, Unavailable, Unreachable
from controlplane.gateway.route import listed

router = APIRouter(tags=["inference"])
Id = Annotated[str, Path(description="A model; it may hold slashes.", examples=["gpt-5.5"])]

DEFAULT_LIMIT, MAX_LIMIT = 20, 1_000
_EXAMPLE = {"id": "gpt-5.5", "object": "model", "created": 0, "owned_by": "openai"}
_PAGE = [
    ("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
    ("after_id", {"type": "string"}),
    ("before_id", {"type": "string"}),
]


def _answers(example: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    says = "In OpenAI's schema; in Anthropic's where `anthropic-version` is sent."
    return {"responses": {"200": {"description": says, "content": content}}}


LIST = _answers({"object": "list", "data": [_EXAMPLE]})
LIST["parameters"] = [
    {"name": name, "in": "query", "schema": schema, "description": "Of Anthropic's pages."}
    for name, schema in _PAGE
]


@router.get("/v1/models", summary="List the models that the caller may use", openapi_extra=LIST)
async def list_models(request: Request) -> Response:
    """The names with a route that the policy allows. A glob's names are not listed."""
    routes = await _routes(request)
    # In OpenAI's schema too: a caller who sends one expects pages.
    wanted = _Wanted.of(request.query_params)
    if is_anthropic(request.scope):
        return _json(_page([route.alias for route in routes], wanted))
    return _json({"object": "list", "data": [_model(route) for route in routes]})


@router.get("/v1/models/{model:path}", summary="One model", openapi_extra=_answers(_EXAMPLE))
async def get_model(request: Request, model: Id) -> Response:
    """404 `model_not_found` for one that the list does not have."""
    for route in await _routes(request):
        if route.alias == model:
            return _json(_info(model) if is_anthropic(request.scope) else _model(route))
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


def _info(alias: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": alias,
        "display_name": alias,
        # Anthropic's own value where it is not known.
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
    }


class _Wanted(NamedTuple):
    """Which page is wanted: the first behind `after_id`, or the last before `before_id`."""

    limit: int
    after_id: str | None
    before_id: str | None

    @classmethod
    def of(cls, query: QueryParams) -> _Wanted:
        """Raises InvalidRequest."""
        for name in cls._fields:
            if len(query.getlist(name)) > 1:
                raise InvalidRequest(f"'{name}' may be given once.", param=name)
        return cls(_limit(query), query.get("after_id"), query.get("before_id"))


def _page(names: list[str], wanted: _Wanted) -> dict[str, Any]:
    """Of names in their order."""
    if wanted.before_id:
        found = [name for name in names if name < wanted.before_id]
        shown = found[-wanted.limit :]
    else:
        found = [name for name in names if not wanted.after_id or name > wanted.after_id]
        shown = found[: wanted.limit]
    return {
        "data": [_info(name) for name in shown],
        "has_more": len(found) > len(shown),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }


def _limit(query: QueryParams) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequest(f"'limit' must be an integer from 1 to {MAX_LIMIT}.", param="limit")
    return limit


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
