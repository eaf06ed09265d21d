"""Which kinds of provider there are, and which are configured at this server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import PageQuery, cursor_at
from controlplane.admin.models.providers import ProviderKind
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.providers.registry import KINDS

router = APIRouter(prefix="/admin/v1/providers", tags=["admin: providers"], route_class=AdminRoute)


@router.get("", summary="List the kinds of provider")
async def list_providers(asked: Asking, query: Annotated[PageQuery, Query()]) -> Page[ProviderKind]:
    """Every kind, and the providers of it that the operator has configured for all organizations.
    Addresses and keys are not shown."""
    names: dict[str, list[str]] = {kind: [] for kind in sorted(KINDS)}
    for name, settings in sorted((await asked.parts.provider_rows.current()).items()):
        names[settings.kind].append(name)
    rows = [
        ProviderKind(kind=kind, configured=bool(found), providers=found)
        for kind, found in names.items()
        if query.cursor is None or kind > query.cursor
    ]
    more = cursor_at(rows[query.limit - 1].kind) if len(rows) > query.limit else None
    return Page(data=rows[: query.limit], next_cursor=more)
