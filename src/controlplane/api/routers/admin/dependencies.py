"""What the routes of the admin API are handed beside path, query and body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from controlplane.admin.applications import application_not_found
from controlplane.admin.models.model import ResponseBody
from controlplane.admin.precondition import Precondition
from controlplane.api.inbound import container_of
from controlplane.domain.access import Caller, Role
from controlplane.domain.changes import Actor
from controlplane.errors import InvalidRequest
from controlplane.wiring import Container

Body = TypeVar("Body", bound=ResponseBody)
NO_CONDITION = Precondition()


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """Who asks, on what condition, and the response.

    `actor` is whom the record of a change names.
    """

    parts: Container
    caller: Caller
    actor: Actor
    response: Response
    condition: Precondition

    @property
    def own_application(self) -> str | None:
        """The one application that the caller may see; None means the whole organisation.

        Raises InvalidRequest for a developer whose credential names no application.
        """
        if self.caller.role in (Role.ADMIN, Role.VIEWER):
            return None
        if self.caller.application_id is None:
            raise InvalidRequest("This credential belongs to no application.")
        return self.caller.application_id

    async def application(self, named: str | None) -> str | None:
        """The application that a query names, or the caller's own one; None for all.

        Raises NotFound for one that is not the organisation's, or not the caller's to see;
        Unreachable.
        """
        own = self.own_application
        if named is None or named == own:
            return own
        if own is None and await self.parts.usage.knows_application(self.caller.org_id, named):
            return named
        raise application_not_found()

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
    actor = Actor(caller.org_id, caller.subject, request.scope["state"].get("request_id"))
    return AdminRequest(container_of(request), caller, actor, response, condition)


Asking = Annotated[AdminRequest, Depends(_asking)]
Reading = Annotated[AdminRequest, Depends(_reading)]
Writing = Annotated[AdminRequest, Depends(_writing)]
