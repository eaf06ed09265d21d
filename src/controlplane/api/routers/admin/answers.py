"""Answers of the admin API: one object with its `ETag`, or a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from controlplane.admin.precondition import Precondition

# What the query of a list without filters may hold.
PAGE_PARAMETERS = ("limit", "cursor")


def object_response(body: Mapping[str, Any], tag: str, status: int = 200) -> Response:
    """One object; `tag` goes with it as `ETag`."""
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json", headers={"etag": tag}
    )


def read_response(request: Request, body: Mapping[str, Any], tag: str) -> Response:
    """The same for a read: 304 where the caller has it already."""
    if Precondition.of_headers(request.headers).is_unchanged(tag):
        return Response(status_code=304, headers={"etag": tag})
    return object_response(body, tag)


def page_response(data: Sequence[Mapping[str, Any]], next_cursor: str | None) -> Response:
    """`{"data": [...], "next_cursor": ...}`."""
    body = {"data": data, "next_cursor": next_cursor}
    return Response(orjson.dumps(body), media_type="application/json")
