"""How a route of the admin API takes a request: who is calling first, then what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.responses import Response

from controlplane.admin.faults import InvalidDocument, faults_of, shown
from controlplane.admin.models.model import ResponseBody
from controlplane.api.inbound import read_call
from controlplane.api.roles import permitted
from controlplane.domain.body import parse_object
from controlplane.errors import InvalidRequest, NotFound

Responses = dict[int | str, dict[str, Any]]


class AdminRoute(APIRoute):
    """A route whose caller is known, and allowed, before anything it sent is looked at.

    The body is bounded and read as everywhere (`parse_object`), whatever its content type says.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, with the body read before it and its faults in our words."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            request.state.caller = await permitted(request)
            _check_repeated(request)
            if self.body_field is not None:
                request = await self._parsed(request)
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise _refusal(error) from None

        return handler

    async def _parsed(self, request: Request) -> _Parsed:
        assert self.body_field is not None
        body = (await read_call(request)).body
        if not self.body_field.field_info.is_required() and not body.strip():
            return _Parsed(request, None)
        return _Parsed(request, parse_object(body))


class _Parsed(Request):
    """A request whose body was read already."""

    def __init__(self, request: Request, document: dict[str, Any] | None) -> None:
        scope = dict(request.scope)
        scope["headers"] = list(scope["headers"])
        MutableHeaders(scope=scope)["content-type"] = "application/json"
        super().__init__(scope, request.receive)
        self._document = document

    async def body(self) -> bytes:
        """Empty where there is none; FastAPI asks for nothing else."""
        return b"" if self._document is None else b"{}"

    async def json(self) -> dict[str, Any] | None:
        """The document."""
        return self._document


def refusals(texts: Mapping[int, str]) -> Responses:
    """What the OpenAPI document says of the statuses that are a route's own."""
    return {status: {"description": text} for status, text in texts.items()}


def created(model: type[ResponseBody]) -> Responses:
    """What it says of a write of what may be new."""
    return {201: {"description": "Written, and new.", "model": model}}


def _check_repeated(request: Request) -> None:
    """A parameter of which all but one would be left out unseen is refused."""
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if count > 1:
            raise InvalidDocument("request", [(shown(name), "may be given once")])


def _refusal(error: RequestValidationError) -> InvalidRequest:
    """404 for what the path names, 400 for everything else."""
    errors = error.errors()
    faults = faults_of({**each, "loc": each["loc"][1:]} for each in errors)
    for each, (field, expected) in zip(errors, faults, strict=True):
        if each["loc"][0] == "path":
            return NotFound(f"'{field}' {expected}.", param=field)
    return InvalidDocument("request", faults)
