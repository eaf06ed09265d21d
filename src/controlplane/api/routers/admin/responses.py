"""Responses of the admin API: one object with its `ETag`, or a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from starlette.responses import Response

from controlplane.admin.models.model import ResponseBody
from controlplane.admin.precondition import Precondition

Body = TypeVar("Body", bound=ResponseBody)
Responses = dict[int | str, dict[str, Any]]


def refusals(texts: Mapping[int, str]) -> Responses:
    """What the OpenAPI document says of the statuses that are this route's own."""
    return {status: {"description": text} for status, text in texts.items()}


def created(model: type[ResponseBody]) -> Responses:
    """A write of what may be new: 201 says that it was."""
    return {201: {"description": "Written, and new.", "model": model}}


def tagged(response: Response, body: Body, tag: str) -> Body:
    """The body of `response`, which gets the `ETag`."""
    response.headers["etag"] = tag
    return body


def unless_known(
    response: Response, body: Body, tag: str, condition: Precondition
) -> Body | Response:
    """The same for a read: 304 where the caller has it already."""
    if condition.is_unchanged(tag):
        return Response(status_code=304, headers={"etag": tag})
    return tagged(response, body, tag)
