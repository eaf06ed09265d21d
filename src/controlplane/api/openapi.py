"""The OpenAPI document: what routes and models say, and what holds for every route alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from controlplane.api.roles import ROLES
from controlplane.domain.access import Role
from controlplane.domain.keys import PREFIX

if TYPE_CHECKING:
    from controlplane.api.app import ControlPlane

_SECURITY: dict[str, Any] = {
    "credential": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": f"{PREFIX}… or JWT",
        "description": f"An API key `{PREFIX}…`, or a token of the identity provider.",
    }
}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "The field at fault."},
                "code": {"type": ["string", "null"]},
                "errors": {
                    "type": "array",
                    "description": "Where there are several faults: all of them.",
                    "items": {
                        "type": "object",
                        "required": ["field", "message"],
                        "properties": {
                            "field": {"type": "string"},
                            "message": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
    "example": {
        "error": {
            "message": "There is no application with this id.",
            "type": "invalid_request_error",
            "param": "application_id",
            "code": "not_found",
        }
    },
}
_ERROR_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_OF_MODELS = {
    "404": "The model has no route, or there is no such answer.",
    "429": "A limit is reached; see `Retry-After`.",
    "502": "No provider answered as it should.",
    "504": "No provider answered in time.",
}
_ETAG = {"schema": {"type": "string"}, "description": "Changes with the content."}
# The framework's own refusal, in whose place ours is 400.
_FRAMEWORK_STATUS = "422"
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_CONVERTER = re.compile(r":\w+}")
_ROLES: Mapping[tuple[str, str], frozenset[Role]] = {
    (method, _CONVERTER.sub("}", path)): roles for (method, path), roles in ROLES.items()
}


def document(app: ControlPlane) -> dict[str, Any]:
    """The document of all routes of the app."""
    made: dict[str, Any] = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.all_routes(),
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Error"] = _ERROR
    components["securitySchemes"] = _SECURITY
    for path, item in made["paths"].items():
        for method, operation in item.items():
            responses = operation["responses"]
            responses.pop(_FRAMEWORK_STATUS, None)
            roles = _ROLES.get((method.upper(), path))
            if roles is not None:
                _restrict(operation, roles)
            if path.startswith("/admin/"):
                _add_common(operation)
            elif roles is not None:
                _add_of_requests(operation, path)
            if "requestBody" in operation:
                responses.setdefault("413", {"description": "The body is larger than 6 MiB."})
            for status, response in responses.items():
                if status >= "400":
                    response.setdefault("content", _ERROR_CONTENT)
    return made


def _restrict(operation: dict[str, Any], roles: frozenset[Role]) -> None:
    names = [role.value for role in Role if role in roles]
    operation["security"] = [{"credential": []}]
    operation["x-roles"] = names
    operation["description"] += f"\n\nRoles: {', '.join(names)}."
    responses = operation["responses"]
    responses.setdefault("401", {"description": "No credential, or not a valid one."})
    responses.setdefault("403", {"description": "Not for the caller's role."})


def _add_of_requests(operation: dict[str, Any], path: str) -> None:
    """What an application may be told of a request to a model, and of a look-up."""
    responses = operation["responses"]
    said = {"503": "A part of the gateway does not answer, or has no room; see `Retry-After`."}
    names = {one["in"] for one in operation.get("parameters", ())}
    asks_a_model = "requestBody" in operation or "/responses/" in path
    if asks_a_model or "query" in names:
        said["400"] = "The request is wrong; `param` names what."
    if asks_a_model:
        said |= _OF_MODELS
    if "{model}" in path:
        said["404"] = "No such model for this caller."
    if "requestBody" in operation:
        said["409"] = "The `Idempotency-Key` is in use, or was used with another request."
        said["422"] = "The provider refused the request."
    for status, description in sorted(said.items()):
        responses.setdefault(status, {"description": description})


def _add_common(operation: dict[str, Any]) -> None:
    """What follows from the parameters: faults, preconditions, entity tags."""
    responses = operation["responses"]
    parameters = {(one["in"], one["name"]) for one in operation.get("parameters", ())}
    writes, reads = ("header", "If-Match") in parameters, ("header", "If-None-Match") in parameters
    if "requestBody" in operation or any(where == "query" for where, _ in parameters):
        responses.setdefault("400", {"description": "`param` names what is wrong."})
    if writes:
        responses.setdefault("412", {"description": "Changed meanwhile."})
    elif reads:
        responses.setdefault("304", {"description": "It has not changed."})
    responses.setdefault("503", {"description": "The database or the cache did not answer."})
    for status, response in responses.items():
        if status == "201" or (status == "200" and (writes or reads)):
            response.setdefault("headers", {"ETag": _ETAG})
