"""Who the caller is: what its credential says."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controlplane.admin.models.model import QueryParameters
from controlplane.admin.models.whoami import WhoAmI
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute

router = APIRouter(prefix="/admin/v1/whoami", tags=["admin: whoami"], route_class=AdminRoute)


@router.get("", summary="Who the caller is")
async def get_whoami(asked: Asking, _query: Annotated[QueryParameters, Query()]) -> WhoAmI:
    """Organization, role, application and credential, for every role."""
    caller = asked.caller
    return WhoAmI(
        organization_id=caller.org_id,
        role=caller.role,
        application_id=caller.application_id,
        subject=caller.subject,
    )
