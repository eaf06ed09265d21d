"""What the routes of the admin API are handed beside the request itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from controlplane.admin.precondition import Precondition
from controlplane.api.access import actor_of
from controlplane.api.container import container_of
from controlplane.domain.access import Caller
from controlplane.domain.changes import Actor
from controlplane.wiring import Container

IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"


async def _container(request: Request) -> Container:
    return container_of(request)


async def _permitted(request: Request) -> Caller:
    caller: Caller = request.state.caller  # AdminRoute put it there
    return caller


async def _acting(request: Request) -> Actor:
    return actor_of(await _permitted(request), request)


async def _write_condition(
    if_match: Annotated[
        str | None,
        Header(alias=IF_MATCH, description="Only where what is stored has this `ETag`; else 412."),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(alias=IF_NONE_MATCH, description="`*`: only where nothing is stored yet; else 412."),
    ] = None,
) -> Precondition:
    return Precondition.of(if_match, if_none_match)


async def _read_condition(
    if_none_match: Annotated[
        str | None,
        Header(alias=IF_NONE_MATCH, description="An `ETag` that is at hand already: then 304."),
    ] = None,
) -> Precondition:
    return Precondition.of(None, if_none_match)


Parts = Annotated[Container, Depends(_container)]
Permitted = Annotated[Caller, Depends(_permitted)]
Acting = Annotated[Actor, Depends(_acting)]
WriteCondition = Annotated[Precondition, Depends(_write_condition)]
ReadCondition = Annotated[Precondition, Depends(_read_condition)]
