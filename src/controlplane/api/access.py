"""Who may use the admin API: the roles of `roles.py`, and the caller's own organisation."""

from __future__ import annotations

from starlette.requests import Request

from controlplane.api.container import container_of
from controlplane.api.roles import ROLES
from controlplane.domain.access import Caller, Role
from controlplane.domain.changes import Actor
from controlplane.errors import InvalidRequest, PermissionDenied
from controlplane.gateway.authenticate import authenticate


async def permitted(request: Request) -> Caller:
    """The caller. Raises Unauthenticated, or PermissionDenied where the table does not name its
    role."""
    gateway = container_of(request).gateway
    caller = await authenticate(request.headers.get("authorization"), gateway.keys, gateway.tokens)
    roles = ROLES.get((request.method, request.scope["route"].path), frozenset())
    if caller.role not in roles:
        raise PermissionDenied(f"The role '{caller.role}' may not do this.")
    return caller


def own_application(caller: Caller) -> str | None:
    """The one application that the caller may see; None means the whole organisation.

    Raises InvalidRequest for a developer whose credential names no application.
    """
    if caller.role in (Role.ADMIN, Role.VIEWER):
        return None
    if caller.application_id is None:
        raise InvalidRequest("This credential belongs to no application.")
    return caller.application_id


def actor_of(caller: Caller, request: Request) -> Actor:
    """Whom the record of a change names."""
    return Actor(caller.org_id, caller.subject, request.scope["state"].get("request_id"))
