"""Organisations and applications: names, and the end of an application with all its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from controlplane.admin.api_keys import put_keys_in_force
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.errors import NotFound

if TYPE_CHECKING:
    from controlplane.adapters.postgres.api_keys import KeyRepository
    from controlplane.adapters.postgres.directory import Directory
    from controlplane.adapters.redis.key_cache import KeyCache
    from controlplane.admin.models.directory import NewApplication
    from controlplane.domain.changes import Actor
    from controlplane.domain.directory import Entry


def organization_not_found() -> NotFound:
    """The answer for every organisation but the caller's own."""
    return NotFound("There is no organisation with this id.", param="organization_id")


def application_not_found() -> NotFound:
    """The answer where the organisation has no such application, or has deleted it."""
    return NotFound("There is no application with this id.", param="application_id")


async def rename_organization(
    directory: Directory, actor: Actor, name: str, condition: Precondition
) -> Entry:
    """Name the actor's organisation. Raises NotFound, PreconditionFailed and Unavailable."""
    with unavailable("The organisation cannot be changed at the moment. Try again."):
        renamed = await directory.rename_organization(actor, name, _check(condition))
    if renamed is None:
        raise organization_not_found()
    return renamed


async def create_application(directory: Directory, actor: Actor, wanted: NewApplication) -> Entry:
    """Add one. Raises Conflict for an id that is taken, NotFound and Unavailable."""
    with unavailable("The application cannot be stored at the moment. Try again."):
        return await directory.add_application(actor, wanted.id, wanted.name)


async def rename_application(
    directory: Directory, actor: Actor, application_id: str, name: str, condition: Precondition
) -> Entry:
    """Name an application. Raises NotFound, PreconditionFailed and Unavailable."""
    with unavailable("The application cannot be changed at the moment. Try again."):
        renamed = await directory.rename_application(actor, application_id, name, _check(condition))
    if renamed is None:
        raise application_not_found()
    return renamed


async def delete_application(
    directory: Directory,
    keys: KeyRepository,
    cache: KeyCache,
    actor: Actor,
    application_id: str,
    *,
    condition: Precondition,
) -> None:
    """End an application and its keys, at once; a second time succeeds as well.

    Raises NotFound, PreconditionFailed and Unavailable.
    """
    with unavailable("The application cannot be deleted at the moment. Try again."):
        is_known = await directory.delete_application(actor, application_id, _check(condition))
    if not is_known:
        raise application_not_found()
    await put_keys_in_force(keys, cache, actor.org_id, application_id=application_id)


def _check(condition: Precondition) -> Callable[[Entry], None]:
    return lambda stored: condition.check(etag(stored.to_dict()))
