"""Which role may use which route. `docs/ADMIN_API.md` shows the same table.

A route that is missing here is closed to all. A developer sees what belongs to its own
application, a viewer what holds no record of a single request and no key.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request

from controlplane.api.credentials import authorization
from controlplane.api.inbound import container_of
from controlplane.domain.access import INFERENCE_ROLES, Caller, Role
from controlplane.errors import PermissionDenied
from controlplane.gateway.authenticate import authenticate

_ADMIN = frozenset({Role.ADMIN})
_DEVELOPER = _ADMIN | {Role.DEVELOPER}
_VIEWER = _DEVELOPER | {Role.VIEWER}


class _WholeRest(PathConvertor):
    """Starlette's `path` ends at a line break, and nothing is found there; here a name that holds
    one is refused as a name, by the route."""

    regex = "(?s:.*)"


register_url_convertor("path", _WholeRest())

ROLES: Mapping[tuple[str, str], frozenset[Role]] = {
    ("POST", "/v1/chat/completions"): INFERENCE_ROLES,
    ("POST", "/v1/embeddings"): INFERENCE_ROLES,
    ("POST", "/v1/messages"): INFERENCE_ROLES,
    ("POST", "/v1/messages/count_tokens"): INFERENCE_ROLES,
    ("POST", "/v1/responses"): INFERENCE_ROLES,
    ("DELETE", "/v1/responses/{response_id}"): INFERENCE_ROLES,
    ("GET", "/v1/responses/{response_id}"): INFERENCE_ROLES,
    ("POST", "/v1/responses/{response_id}/cancel"): INFERENCE_ROLES,
    ("GET", "/v1/responses/{response_id}/input_items"): INFERENCE_ROLES,
    ("GET", "/v1/models"): INFERENCE_ROLES,
    ("POST", "/openai/deployments/{deployment}/chat/completions"): INFERENCE_ROLES,
    ("POST", "/openai/deployments/{deployment}/embeddings"): INFERENCE_ROLES,
    ("POST", "/openai/v1/chat/completions"): INFERENCE_ROLES,
    ("POST", "/openai/v1/embeddings"): INFERENCE_ROLES,
    ("POST", "/openai/deployments/{deployment}/responses"): INFERENCE_ROLES,
    ("POST", "/openai/v1/responses"): INFERENCE_ROLES,
    ("GET", "/openai/v1/models"): INFERENCE_ROLES,
    ("GET", "/v1/models/{model:path}"): INFERENCE_ROLES,
    ("GET", "/v1/me"): frozenset(Role),
    ("GET", "/admin/v1/whoami"): frozenset(Role),
    ("GET", "/admin/v1/organizations"): _VIEWER,
    ("GET", "/admin/v1/organizations/{organization_id}"): _VIEWER,
    ("PATCH", "/admin/v1/organizations/{organization_id}"): _ADMIN,
    ("GET", "/admin/v1/applications"): _VIEWER,
    ("POST", "/admin/v1/applications"): _ADMIN,
    ("GET", "/admin/v1/applications/{application_id}"): _VIEWER,
    ("PATCH", "/admin/v1/applications/{application_id}"): _ADMIN,
    ("DELETE", "/admin/v1/applications/{application_id}"): _ADMIN,
    ("GET", "/admin/v1/api-keys"): _DEVELOPER,
    ("POST", "/admin/v1/api-keys"): _ADMIN,
    ("GET", "/admin/v1/api-keys/{key_id}"): _DEVELOPER,
    ("PATCH", "/admin/v1/api-keys/{key_id}"): _ADMIN,
    ("DELETE", "/admin/v1/api-keys/{key_id}"): _ADMIN,
    ("POST", "/admin/v1/api-keys/{key_id}/rotate"): _ADMIN,
    ("GET", "/admin/v1/policies"): _VIEWER,
    ("GET", "/admin/v1/policies/effective"): _VIEWER,
    ("POST", "/admin/v1/policies/validate"): _VIEWER,
    ("GET", "/admin/v1/policies/{level}/{subject_id}"): _VIEWER,
    ("PUT", "/admin/v1/policies/{level}/{subject_id}"): _ADMIN,
    ("DELETE", "/admin/v1/policies/{level}/{subject_id}"): _ADMIN,
    ("GET", "/admin/v1/policies/{level}/{subject_id}/versions"): _VIEWER,
    ("POST", "/admin/v1/policies/{level}/{subject_id}/rollback"): _ADMIN,
    ("GET", "/admin/v1/routes"): _VIEWER,
    ("GET", "/admin/v1/routes/{alias:path}"): _VIEWER,
    ("PUT", "/admin/v1/routes/{alias:path}"): _ADMIN,
    ("DELETE", "/admin/v1/routes/{alias:path}"): _ADMIN,
    ("GET", "/admin/v1/providers"): _VIEWER,
    ("GET", "/admin/v1/prices"): _VIEWER,
    ("GET", "/admin/v1/prices/{provider}/{model:path}"): _VIEWER,
    ("PUT", "/admin/v1/prices/{provider}/{model:path}"): _ADMIN,
    ("DELETE", "/admin/v1/prices/{provider}/{model:path}"): _ADMIN,
    ("POST", "/admin/v1/budgets/reset"): _ADMIN,
    ("GET", "/admin/v1/usage"): _VIEWER,
    ("GET", "/admin/v1/budgets"): _VIEWER,
    ("GET", "/admin/v1/notifications"): _ADMIN,
    ("PUT", "/admin/v1/notifications"): _ADMIN,
    ("POST", "/admin/v1/notifications/test"): _ADMIN,
    ("GET", "/admin/v1/requests"): _DEVELOPER,
    ("GET", "/admin/v1/requests/{request_id}"): _DEVELOPER,
    ("GET", "/admin/v1/changes"): _ADMIN,
    ("POST", "/admin/v1/screening/test"): _DEVELOPER,
}


async def permitted(request: Request) -> Caller:
    """The caller. Raises Unauthenticated, or PermissionDenied where the table does not name its
    role."""
    gateway = container_of(request).gateway
    caller = await authenticate(authorization(request.headers), gateway.keys, gateway.tokens)
    roles = ROLES.get((request.method, request.scope["route"].path), frozenset())
    if caller.role not in roles:
        raise PermissionDenied(f"The role '{caller.role}' may not do this.")
    return caller
