"""The application that a query is about."""

from __future__ import annotations

from controlplane.admin.applications import application_not_found
from controlplane.api.access import own_application
from controlplane.domain.access import Caller
from controlplane.wiring import Container


async def asked_application(parts: Container, caller: Caller, asked: str | None) -> str | None:
    """The application asked for, or the one to which the caller is confined; None for all.

    Raises NotFound for one that is not the organisation's, or not the caller's to see; Unreachable.
    """
    own = own_application(caller)
    if asked is None or asked == own:
        return own
    if own is not None or not await parts.usage.knows_application(caller.org_id, asked):
        raise application_not_found()
    return asked
