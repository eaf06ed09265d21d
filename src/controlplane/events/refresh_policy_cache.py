"""`{"type": "policy-cache-refresh", "org_id": optional}`: PostgreSQL -> Redis, now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.errors import ControlPlaneError

if TYPE_CHECKING:
    from controlplane.wiring import Container


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Re-read policies, routes, prices and keys; returns how many of each now hold.

    Raises ControlPlaneError where there is no such organisation, and Unreachable.
    """
    rules = ConfigurationRepository(container.database)
    organizations = await rules.organizations()
    only = event.get("org_id")
    if only is not None:
        if only not in organizations:
            raise ControlPlaneError(f"There is no organisation {only!r}.")
        organizations = [only]
    policies = routes = prices = 0
    for org_id in organizations:
        # A cap that came into the database by another way has to count what was spent, too.
        await container.ledger_keeper.open(org_id)
        async with rules.committed(org_id) as current:
            await container.configuration_cache.replace(org_id, current)
        policies += len(current.documents)
        routes += len(current.routes)
        prices += len(current.prices)
    # The keys of all: the cache forgets every key that it is not given.
    async with KeyRepository(container.database).all_committed() as keys:
        await container.key_cache.replace(keys)
    return {
        "ok": True,
        "type": event["type"],
        "organizations": len(organizations),
        "policies": policies,
        "routes": routes,
        "prices": prices,
        "api_keys": sum(key.caller.org_id in organizations for key in keys),
    }
