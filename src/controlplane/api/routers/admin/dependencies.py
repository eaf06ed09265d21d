"""What the routes of the admin API are handed beside path, query and body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from controlplane.admin.models.model import ResponseBody
from controlplane.admin.precondition import Precondition
from controlplane.api.access import actor_of
from controlplane.api.container import container_of
from controlplane.domain.access import Caller
from controlplane.domain.changes import Actor
from controlplane.wiring import Container

Body = TypeVar("Body", bound=ResponseBody)
NO_CONDITION = Precondition()


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """Who asks, on what condition, and what they are answered with."""

    parts: Container
    caller: Caller
    actor: Actor
    response: Response
    condition: Precondition

    def tagged(self, body: Body, tag: str) -> Body:
        """The body, with this `ETag`."""
        self.response.headers["etag"] = tag
        return body

    def unless_known(self, body: Body, tag: str) -> Body | Response:
        """The same for a read: 304 where the caller has it already."""
        if self.condition.is_unchanged(tag):
            return Response(status_code=304, headers={"etag": tag})
        return self.tagged(body, tag)


async def _asking(request: Request, response: Response) -> AdminRequest:
    return _asked(request, response, NO_CONDITION)


async def _reading(
    request: Request,
    response: Response,
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="An `ETag` that is at hand already: then 304."),
    ] = None,
) -> AdminRequest:
    return _asked(request, response, Precondition.of(None, if_none_match))


async def _writing(
    request: Request,
    response: Response,
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="Only where what is stored has it; else 412."),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="`*`: only where nothing is stored; else 412."),
    ] = None,
) -> AdminRequest:
    return _asked(request, response, Precondition.of(if_match, if_none_match))


def _asked(request: Request, response: Response, condition: Precondition) -> AdminRequest:
    caller: Caller = request.state.caller  # AdminRoute put it there
    parts, actor = container_of(request), actor_of(caller, request)
    return AdminRequest(parts, caller, actor, response, condition)


Asking = Annotated[AdminRequest, Depends(_asking)]
Reading = Annotated[AdminRequest, Depends(_reading)]
Writing = Annotated[AdminRequest, Depends(_writing)]
