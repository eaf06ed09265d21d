"""Routes: written to PostgreSQL, then told to the rule cache, so that they hold at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.routing import Route
from controlplane.errors import NotFound, Unavailable, Unreachable

if TYPE_CHECKING:
    from controlplane.adapters.postgres.rules import RuleRepository
    from controlplane.adapters.redis.rule_cache import RuleCache

# For so long (`rule_cache.FRESH_SECONDS`) a process may go by what Redis last held.
HOLDS_WITHIN_MINUTES = 5


def not_found(alias: str) -> NotFound:
    """The answer where the organisation has no such route."""
    return NotFound(f"There is no route '{alias}'.", param="alias")


async def put_route(
    rules: RuleRepository, cache: RuleCache, org_id: str, route: Route, condition: Precondition
) -> bool:
    """Store the route and put it in force; answers whether it is new.

    Storing what is stored already succeeds whatever the condition says, so a request whose answer
    was lost can be repeated. Raises PreconditionFailed, and Unavailable.
    """

    def check(stored: Route | None) -> None:
        condition.check(None if stored is None else etag(stored.to_dict()))

    try:
        is_new = await rules.put_route(org_id, route, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be stored at the moment. Try again.") from error
    await _put_in_force(rules, cache, org_id)
    return is_new


async def delete_route(
    rules: RuleRepository, cache: RuleCache, org_id: str, alias: str, condition: Precondition
) -> None:
    """Remove the route. Raises NotFound, PreconditionFailed and Unavailable."""

    def check(stored: Route) -> None:
        condition.check(etag(stored.to_dict()))

    try:
        was_there = await rules.delete_route(org_id, alias, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be deleted at the moment. Try again.") from error
    # Even where nothing was left to delete: this may be the second try of one that Redis missed.
    await _put_in_force(rules, cache, org_id)
    if not was_there:
        raise not_found(alias)


async def _put_in_force(rules: RuleRepository, cache: RuleCache, org_id: str) -> None:
    try:
        async with rules.committed(org_id) as (documents, routes):
            await cache.replace(org_id, documents, routes)
    except Unreachable as error:
        raise Unavailable(
            "The change is stored, but the rule cache could not be told: it holds within "
            f"{HOLDS_WITHIN_MINUTES} minutes. Repeat the request to put it in force at once."
        ) from error
