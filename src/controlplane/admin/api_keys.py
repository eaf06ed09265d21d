"""API keys: stored first, then told to the key cache, so that what ends has ended at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from controlplane.admin.in_force import HOLDS_WITHIN_MINUTES
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.keys import PREFIX_LENGTH, KeyHasher
from controlplane.errors import NotFound

if TYPE_CHECKING:
    from controlplane.adapters.postgres.api_keys import KeyRepository
    from controlplane.adapters.redis.key_cache import KeyCache
    from controlplane.admin.models.api_keys import NewKey
    from controlplane.domain.changes import Actor
    from controlplane.domain.keys import StoredKey


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key, in clear this once, and what is stored of it."""

    key: str = field(repr=False)
    stored: StoredKey


def not_found() -> NotFound:
    """The answer where the organisation has no such key; it repeats no id, which may be a key."""
    return NotFound("There is no API key with this id.", param="key_id")


def generate(
    hasher: KeyHasher,
    org_id: str,
    role: Role,
    application_id: str | None,
    expires_at: datetime | None = None,
) -> tuple[str, ApiKey, str]:
    """A new key, what is to be stored of it, and its prefix."""
    key, key_id = hasher.generate(), f"key-{uuid.uuid4().hex}"
    caller = Caller(org_id, role, application_id=application_id, key_id=key_id)
    return key, ApiKey(key_id, hasher.hash(key), caller, expires_at), key[:PREFIX_LENGTH]


async def create_key(
    keys: KeyRepository, hasher: KeyHasher, actor: Actor, wanted: NewKey
) -> IssuedKey:
    """Make a key. Raises NotFound for an unknown application, and Unavailable."""
    key, stored, prefix = generate(
        hasher, actor.org_id, wanted.role, wanted.application_id, wanted.expires_at
    )
    with unavailable("The API key cannot be stored at the moment. Try again."):
        return IssuedKey(key, await keys.add(stored, name=wanted.name, prefix=prefix, actor=actor))


async def change_key(
    keys: KeyRepository,
    cache: KeyCache,
    actor: Actor,
    key_id: str,
    *,
    changes: Mapping[str, Any],
    condition: Precondition,
) -> StoredKey:
    """Write a name or an expiry. Writing what is stored already succeeds, whatever `condition`.

    Raises NotFound, Conflict, PreconditionFailed and Unavailable.
    """
    with unavailable("The API key cannot be changed at the moment. Try again."):
        changed = await keys.change(actor, key_id, changes, _check(condition))
    if changed is None:
        raise not_found()
    await put_keys_in_force(keys, cache, actor.org_id, key_id=key_id)
    return changed


async def rotate_key(
    keys: KeyRepository,
    cache: KeyCache,
    actor: Actor,
    key_id: str,
    *,
    hasher: KeyHasher,
    overlap: timedelta,
    condition: Precondition,
) -> IssuedKey:
    """A new key like the old one, which works on for the overlap at most.

    All or nothing, the key cache included: an answer that is lost would be a key that is lost.
    Raises NotFound, Conflict, PreconditionFailed and Unavailable.
    """
    made: list[str] = []

    def make(old: StoredKey) -> tuple[ApiKey, str]:
        key, stored, prefix = generate(
            hasher, actor.org_id, old.role, old.application_id, old.expires_at
        )
        made.append(key)
        return stored, prefix

    with unavailable("The API key cannot be rotated at the moment; nothing is changed. Try again."):
        check = _check(condition)
        stored = await keys.rotate(
            actor, key_id, make, overlap=overlap, check=check, tell=cache.put
        )
    if stored is None:
        raise not_found()
    return IssuedKey(made[0], stored)


async def revoke_key(
    keys: KeyRepository, cache: KeyCache, actor: Actor, key_id: str, condition: Precondition
) -> None:
    """End a key for good; a second time succeeds as well.

    Raises NotFound, PreconditionFailed and Unavailable.
    """
    with unavailable("The API key cannot be revoked at the moment. Try again."):
        is_there = await keys.revoke(actor, key_id, _check(condition))
    if not is_there:
        raise not_found()
    await put_keys_in_force(keys, cache, actor.org_id, key_id=key_id)


async def put_keys_in_force(
    keys: KeyRepository,
    cache: KeyCache,
    org_id: str,
    *,
    key_id: str | None = None,
    application_id: str | None = None,
) -> None:
    """Tell the cache how one key stands, or every key of an application. Raises Unavailable."""
    with unavailable(
        "The change is stored, but the key cache could not be told: it holds within "
        f"{HOLDS_WITHIN_MINUTES} minutes. Repeat the request to put it in force at once."
    ):
        which = {"key_id": key_id, "application_id": application_id}
        async with keys.committed(org_id, **which) as current:
            await cache.put(current)


def _check(condition: Precondition) -> Callable[[StoredKey], None]:
    return lambda stored: condition.check(etag(stored.written()))
