"""API keys: made, listed, rotated, ended. A key itself is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from controlplane.admin.api_keys import (
    IssuedKey,
    change_key,
    create_key,
    not_found,
    revoke_key,
    rotate_key,
)
from controlplane.admin.models.api_keys import (
    Key,
    KeyChanges,
    KeyInClear,
    KeyQuery,
    NewKey,
    Rotation,
    cursor_behind,
)
from controlplane.admin.models.model import Page
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.api.routers.admin.dependencies import AdminRequest, Asking, Writing
from controlplane.api.routers.admin.route import AdminRoute, refusals
from controlplane.domain.keys import KeyFilter, StoredKey

router = APIRouter(prefix="/admin/v1/api-keys", tags=["admin: api keys"], route_class=AdminRoute)
KeyId = Annotated[
    str, Path(description="The id of a key, `key-…`: never the key itself.", examples=["key-5f0c"])
]
UNKNOWN = refusals({404: "No such key."})
REVOKED = refusals({409: "The key is revoked."})
REPLACED = refusals({409: "The key does not work any more, or is replaced already."})
NO_APPLICATION = refusals({404: "No such application."})
AS_USUAL = Rotation()
_UNREADABLE = "The API keys cannot be read at the moment. Try again."


@router.get("", summary="List API keys, newest first")
async def list_keys(asked: Asking, query: Annotated[KeyQuery, Query()]) -> Page[Key]:
    """Revoked and expired ones too. A developer sees those of its own application."""
    with unavailable(_UNREADABLE):
        application_id = await asked.application(query.application_id)
        wanted = KeyFilter(application_id, query.prefix, query.state, query.lineage)
        page, more = await asked.parts.key_repository.page(
            asked.caller.org_id, wanted, limit=query.limit, after=query.after
        )
    data = [Key.model_validate(key.to_dict()) for key in page]
    return Page(data=data, next_cursor=cursor_behind(page[-1]) if more else None)


@router.post("", status_code=201, summary="Create an API key", responses=NO_APPLICATION)
async def add_key(asked: Asking, wanted: NewKey) -> KeyInClear:
    """`key` is in this answer and nowhere else: what is stored is its keyed hash."""
    parts = asked.parts
    hasher = await parts.key_hasher.current()
    return _in_clear(asked, await create_key(parts.key_repository, hasher, asked.actor, wanted))


@router.get("/{key_id}", summary="One API key", responses=UNKNOWN)
async def get_key(asked: Asking, key_id: KeyId) -> Key:
    """Without the key itself. The `ETag` is of what can be written, so that the use of the key
    does not change it."""
    with unavailable(_UNREADABLE):
        found = await asked.parts.key_repository.get(asked.caller.org_id, key_id)
    if found is None or asked.own_application not in (None, found.application_id):
        raise not_found()
    return asked.tagged(Key.model_validate(found.to_dict()), _tag(found))


@router.patch("/{key_id}", summary="Change an API key", responses=UNKNOWN | REVOKED)
async def update_key(asked: Writing, key_id: KeyId, wanted: KeyChanges) -> Key:
    """The name, or when it expires (null: never). It holds from the next request on."""
    changed = await change_key(
        asked.parts.key_repository,
        asked.parts.key_cache,
        asked.actor,
        key_id,
        changes=wanted.given(),
        condition=asked.condition,
    )
    return asked.tagged(Key.model_validate(changed.to_dict()), _tag(changed))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Replace an API key",
    responses=UNKNOWN | REPLACED,
)
async def replace_key(asked: Writing, key_id: KeyId, wanted: Rotation = AS_USUAL) -> KeyInClear:
    """A new key of the same application, role, name and expiry. The old one works on for the
    overlap, never longer than it would have."""
    issued = await rotate_key(
        asked.parts.key_repository,
        asked.parts.key_cache,
        asked.actor,
        key_id,
        hasher=await asked.parts.key_hasher.current(),
        overlap=timedelta(seconds=wanted.overlap_seconds),
        condition=asked.condition,
    )
    return _in_clear(asked, issued)


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key", responses=UNKNOWN)
async def remove_key(asked: Writing, key_id: KeyId) -> None:
    """From the next request on, and for good. A second time changes nothing, and succeeds."""
    await revoke_key(
        asked.parts.key_repository, asked.parts.key_cache, asked.actor, key_id, asked.condition
    )


def _in_clear(asked: AdminRequest, issued: IssuedKey) -> KeyInClear:
    asked.response.headers["cache-control"] = "no-store"
    body = KeyInClear.model_validate({"key": issued.key, **issued.stored.to_dict()})
    return asked.tagged(body, _tag(issued.stored))


def _tag(key: StoredKey) -> str:
    return etag(key.written())
