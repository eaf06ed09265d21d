"""Who may use the admin API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from controlplane.domain.access import Caller, Role
from controlplane.errors import PermissionDenied
from controlplane.gateway.authenticate import authenticate
from controlplane.wiring import Container


def allow(*roles: Role) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller. Raises Unauthenticated, or PermissionDenied for other roles."""

    async def caller_of(request: Request) -> Caller:
        parts: Container = request.app.state.container
        gateway = parts.gateway
        caller = await authenticate(
            request.headers.get("authorization"), gateway.keys, gateway.tokens
        )
        if caller.role not in roles:
            raise PermissionDenied(f"The role '{caller.role}' may not do this.")
        return caller

    return caller_of
