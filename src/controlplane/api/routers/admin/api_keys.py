"""API keys: made, listed, rotated, ended. A key itself is shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from controlplane.admin.api_keys import (
    PREFIX_LENGTH,
    IssuedKey,
    change_key,
    create_key,
    not_found,
    revoke_key,
    rotate_key,
)
from controlplane.admin.fields import fault, read_time
from controlplane.admin.key_document import parse_key_changes, parse_new_key, parse_rotation
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.api.access import Permitted, actor_of, own_application
from controlplane.api.asked_application import asked_application
from controlplane.api.inbound import read_call
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.query import check_names, read_text
from controlplane.api.routers.admin import api_key_openapi as openapi
from controlplane.api.routers.admin.answers import object_response, page_response
from controlplane.domain.access import Caller
from controlplane.domain.body import parse_object
from controlplane.domain.keys import KeyFilter, KeyState, StoredKey

router = APIRouter(prefix="/admin/v1/api-keys", tags=["admin: api keys"])
PARAMETERS = ("application_id", "prefix", "state", "limit", "cursor")
_UNREADABLE = "The API keys cannot be read at the moment. Try again."
KeyId = Annotated[str, Path(description=openapi.ID, examples=["key-5f0c"])]


@router.get("", summary="List API keys, newest first", openapi_extra=openapi.LIST)
async def list_keys(request: Request, caller: Permitted) -> Response:
    """Revoked and expired ones too. A developer sees those of its own application."""
    wanted = await _filter(request, caller)
    limit, after = read_limit(request.query_params), _read_place(request.query_params)
    with unavailable(_UNREADABLE):
        page, more = await request.app.state.container.key_repository.page(
            caller.org_id, wanted, limit=limit, after=after
        )
    return page_response([key.to_dict() for key in page], _place(page[-1]) if more else None)


@router.post("", status_code=201, summary="Create an API key", openapi_extra=openapi.POST)
async def add_key(request: Request, caller: Permitted) -> Response:
    """`key` is in this answer and nowhere else: what is stored is its keyed hash."""
    wanted = parse_new_key(parse_object((await read_call(request)).body))
    parts, actor = request.app.state.container, actor_of(caller, request)
    hasher = await parts.key_hasher.current()
    return _issued(await create_key(parts.key_repository, hasher, actor, wanted))


@router.get("/{key_id}", summary="One API key", openapi_extra=openapi.GET)
async def get_key(request: Request, key_id: KeyId, caller: Permitted) -> Response:
    """Without the key itself. The `ETag` is of what can be written, so that the use of the key
    does not change it."""
    with unavailable(_UNREADABLE):
        found = await request.app.state.container.key_repository.get(caller.org_id, key_id)
    if found is None or own_application(caller) not in (None, found.application_id):
        raise not_found()
    return object_response(found.to_dict(), _tag(found))


@router.patch("/{key_id}", summary="Change an API key", openapi_extra=openapi.PATCH)
async def update_key(request: Request, key_id: KeyId, caller: Permitted) -> Response:
    """The name, or when it expires (null: never). It holds from the next request on."""
    changes = parse_key_changes(parse_object((await read_call(request)).body))
    parts = request.app.state.container
    changed = await change_key(
        parts.key_repository,
        parts.key_cache,
        actor_of(caller, request),
        key_id,
        changes=changes,
        condition=Precondition.of_headers(request.headers),
    )
    return object_response(changed.to_dict(), _tag(changed))


@router.post(
    "/{key_id}/rotate", status_code=201, summary="Replace an API key", openapi_extra=openapi.ROTATE
)
async def replace_key(request: Request, key_id: KeyId, caller: Permitted) -> Response:
    """A new key of the same application, role, name and expiry. The old one works on for the
    overlap, never longer than it would have."""
    body = (await read_call(request)).body
    overlap = parse_rotation(parse_object(body) if body.strip() else {})
    parts = request.app.state.container
    issued = await rotate_key(
        parts.key_repository,
        parts.key_cache,
        actor_of(caller, request),
        key_id,
        hasher=await parts.key_hasher.current(),
        overlap=overlap,
        condition=Precondition.of_headers(request.headers),
    )
    return _issued(issued)


@router.delete(
    "/{key_id}", status_code=204, summary="Revoke an API key", openapi_extra=openapi.DELETE
)
async def remove_key(request: Request, key_id: KeyId, caller: Permitted) -> Response:
    """From the next request on, and for good. A second time changes nothing, and succeeds."""
    parts = request.app.state.container
    condition = Precondition.of_headers(request.headers)
    actor = actor_of(caller, request)
    await revoke_key(parts.key_repository, parts.key_cache, actor, key_id, condition)
    return Response(status_code=204)


async def _filter(request: Request, caller: Caller) -> KeyFilter:
    """What the query asks for, within what the caller may see."""
    query = request.query_params
    check_names(query, PARAMETERS)
    state, prefix = _state(query), read_text(query, "prefix")
    if prefix is not None and len(prefix) > PREFIX_LENGTH:
        raise fault("prefix", f"must be the first characters of a key, {PREFIX_LENGTH} at most")
    with unavailable(_UNREADABLE):
        return KeyFilter(await asked_application(request, caller), prefix, state)


def _state(query: QueryParams) -> KeyState | None:
    try:
        return None if "state" not in query else KeyState(query["state"])
    except ValueError:
        raise fault("state", f"must be one of {', '.join(KeyState)}") from None


def _place(key: StoredKey) -> str:
    return cursor_at(f"{key.to_dict()['created_at']} {key.id}")


def _read_place(query: QueryParams) -> tuple[datetime, str] | None:
    place = read_cursor(query)
    if place is None:
        return None
    created_at, _, key_id = place.partition(" ")
    return read_time(created_at, "cursor"), key_id


def _issued(issued: IssuedKey) -> Response:
    body: dict[str, Any] = {"key": issued.key, **issued.stored.to_dict()}
    response = object_response(body, _tag(issued.stored), 201)
    response.headers["cache-control"] = "no-store"
    return response


def _tag(key: StoredKey) -> str:
    return etag(key.written())
