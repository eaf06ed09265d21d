"""Routes: written to PostgreSQL, then told to the configuration cache, so they hold at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.admin.in_force import put_in_force
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.routing import Route
from controlplane.errors import NotFound, Unavailable, Unreachable

if TYPE_CHECKING:
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache
    from controlplane.domain.changes import Actor


def not_found(alias: str) -> NotFound:
    """The answer where the organisation has no such route."""
    return NotFound(f"There is no route '{alias}'.", param="alias")


async def put_route(
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    actor: Actor,
    route: Route,
    condition: Precondition,
) -> bool:
    """Store the route and put it in force; answers whether it is new.

    Storing what is stored already succeeds whatever the condition says, so a request whose answer
    was lost can be repeated. Raises PreconditionFailed, and Unavailable.
    """

    def check(stored: Route | None) -> None:
        condition.check(None if stored is None else etag(stored.to_dict()))

    try:
        is_new = await rules.put_route(actor, route, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be stored at the moment. Try again.") from error
    await put_in_force(rules, cache, actor.org_id)
    return is_new


async def delete_route(
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    actor: Actor,
    alias: str,
    condition: Precondition,
) -> None:
    """Remove the route. Raises NotFound, PreconditionFailed and Unavailable."""

    def check(stored: Route) -> None:
        condition.check(etag(stored.to_dict()))

    try:
        was_there = await rules.delete_route(actor, alias, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be deleted at the moment. Try again.") from error
    # Even where nothing was left to delete: this may be the second try of one that Redis missed.
    await put_in_force(rules, cache, actor.org_id)
    if not was_there:
        raise not_found(alias)
