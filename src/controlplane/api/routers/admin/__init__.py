"""`/admin/v1`: one file per resource. The organisation is always the caller's own."""

from __future__ import annotations

from fastapi import APIRouter

from controlplane.api.routers.admin import (
    api_keys,
    applications,
    budget_resets,
    budgets,
    changes,
    notifications,
    organizations,
    policies,
    prices,
    providers,
    requests,
    routes,
    screening,
    usage,
    whoami,
)

RESOURCES = (
    whoami,
    organizations,
    applications,
    api_keys,
    policies,
    routes,
    providers,
    prices,
    budget_resets,
    usage,
    budgets,
    notifications,
    requests,
    changes,
    screening,
)

router = APIRouter(redirect_slashes=False)
# As they are: to include them would build every handler a second time.
router.routes.extend(route for resource in RESOURCES for route in resource.router.routes)
