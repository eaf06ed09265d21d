"""The OpenAPI document: what it says of every route alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from fastapi import FastAPI

from controlplane.api.roles import ROLES
from controlplane.domain.access import Role
from controlplane.domain.keys import PREFIX

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
# The framework describes a refusal of its own, which never happens: we read all input ourselves.
_NEVER = "422"
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_CONVERTER = re.compile(r":\w+}")


class DocumentedApp(FastAPI):
    """FastAPI, whose document names the credential, the roles and the shape of errors."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        document = super().openapi()
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in _FRAMEWORK_SCHEMAS:
            schemas.pop(name, None)
        schemas["Error"] = _ERROR
        components["securitySchemes"] = _SECURITY
        for path, item in document["paths"].items():
            for method, operation in item.items():
                _complete(operation, _ROLES.get((method.upper(), path)))
        return document


_ROLES: Mapping[tuple[str, str], frozenset[Role]] = {
    (method, _CONVERTER.sub("}", path)): roles for (method, path), roles in ROLES.items()
}


def _complete(operation: dict[str, Any], roles: frozenset[Role] | None) -> None:
    responses = operation["responses"]
    responses.pop(_NEVER, None)
    if roles is not None:
        names = [role.value for role in Role if role in roles]
        operation["security"] = [{"credential": []}]
        operation["x-roles"] = names
        operation["description"] += f"\n\nRoles: {', '.join(names)}."
        responses.setdefault("401", {"description": "No credential, or not a valid one."})
        responses.setdefault("403", {"description": "Not for the caller's role."})
    for status, response in responses.items():
        if status >= "400":
            response.setdefault("content", _ERROR_CONTENT)
