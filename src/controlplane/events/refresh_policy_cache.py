"""`{"type": "policy-cache-refresh", "org_id": optional}`: PostgreSQL -> Redis, now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.rules import RuleRepository
from controlplane.errors import ControlPlaneError

if TYPE_CHECKING:
    from controlplane.wiring import Container


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Re-read policies, routes and keys; answers how many of each now hold.

    Raises ControlPlaneError where there is no such organisation, and Unreachable.
    """
    rules = RuleRepository(container.database)
    organizations = await rules.organizations()
    only = event.get("org_id")
    if only is not None:
        if only not in organizations:
            raise ControlPlaneError(f"There is no organisation {only!r}.")
        organizations = [only]
    policies = routes = 0
    for org_id in organizations:
        async with rules.committed(org_id) as (documents, rows):
            await container.rules_cache.replace(org_id, documents, rows)
        policies += len(documents)
        routes += len(rows)
    # The keys of all: the cache forgets every key that it is not given.
    keys = await KeyRepository(container.database).all()
    await container.key_cache.replace(keys)
    return {
        "ok": True,
        "type": event["type"],
        "organizations": len(organizations),
        "policies": policies,
        "routes": routes,
        "api_keys": sum(key.caller.org_id in organizations for key in keys),
    }
