"""The application that a query is about."""

from __future__ import annotations

from starlette.requests import Request

from controlplane.admin.applications import application_not_found
from controlplane.api.access import own_application
from controlplane.api.query import read_text
from controlplane.domain.access import Caller


async def asked_application(request: Request, caller: Caller) -> str | None:
    """`application_id` of the query, or the one to which the caller is confined; None for all.

    Raises NotFound for one that is not the organisation's, or not the caller's to see; Unreachable.
    """
    own, asked = own_application(caller), read_text(request.query_params, "application_id")
    if asked is None or asked == own:
        return own
    usage = request.app.state.container.usage
    if own is not None or not await usage.knows_application(caller.org_id, asked):
        raise application_not_found()
    return asked
