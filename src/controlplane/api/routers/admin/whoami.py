"""Who the caller is: what its credential says."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.access import Permitted
from controlplane.api.query import check_names
from controlplane.api.routers.admin.openapi_parts import record
from controlplane.domain.access import Role

router = APIRouter(prefix="/admin/v1/whoami", tags=["admin: whoami"])

_SCHEMA = record(
    organization_id={"type": "string"},
    role={"enum": [role.value for role in Role]},
    application_id={"type": ["string", "null"]},
    subject={
        "type": "string",
        "description": "The credential: `key:<id>`, or `user:<sub>` for a token. Records and "
        "changes name the caller so.",
    },
)
_EXAMPLE = {
    "organization_id": "org-acme",
    "role": "admin",
    "application_id": None,
    "subject": "key:key-5f0c",
}
_CONTENT = {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}}


@router.get(
    "",
    summary="Who the caller is",
    openapi_extra={
        "responses": {
            "200": {"description": "What the credential says.", "content": _CONTENT},
            "400": {"description": "There are no parameters."},
        }
    },
)
async def get_whoami(request: Request, caller: Permitted) -> Response:
    """Organization, role, application and credential, for every role."""
    check_names(request.query_params, ())
    body = {
        "organization_id": caller.org_id,
        "role": caller.role,
        "application_id": caller.application_id,
        "subject": caller.subject,
    }
    return Response(orjson.dumps(body), media_type="application/json")
