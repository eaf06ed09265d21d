"""A stored change is told to the configuration cache, so that it holds from the next request on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.errors import Unavailable, Unreachable

if TYPE_CHECKING:
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache

# For so long (`configuration_cache.FRESH_SECONDS`) a process may go by what Redis last held.
HOLDS_WITHIN_MINUTES = 5


async def put_in_force(
    rules: ConfigurationRepository, cache: ConfigurationCache, org_id: str
) -> None:
    """Pass on all rules of the organisation as they are stored now. Raises Unavailable."""
    try:
        async with rules.committed(org_id) as current:
            await cache.replace(org_id, current)
    except Unreachable as error:
        raise Unavailable(
            "The change is stored, but the configuration cache could not be told: it holds within "
            f"{HOLDS_WITHIN_MINUTES} minutes. Repeat the request to put it in force at once."
        ) from error
