"""`{"type": "user-seeder"}`: what a new installation needs to answer its first request.

Running it again adds what is missing and leaves alone what is there, however it was changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.rules import RuleRepository
from controlplane.domain.access import ApiKey, Caller, Level, Role
from controlplane.domain.routing import Route, Target
from controlplane.errors import ControlPlaneError

if TYPE_CHECKING:
    from controlplane.wiring import Container

ORG_ID = "org-default"
APPLICATION_ID = "app-default"
POLICY: Mapping[str, Any] = {
    "rate_limits": [{"requests": 100, "window_seconds": 60}],
    "screening": {"pii": "block", "secrets": "block"},
}
ROUTES = (
    *(
        Route(alias=model, targets=(Target("openai", model), Target("azure", model)))
        for model in ("gpt-4o", "gpt-4o-mini")
    ),
    Route(alias="claude-sonnet-4-5", targets=(Target("anthropic", "claude-sonnet-4-5"),)),
)
PREFIX_LENGTH = 12


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Seed; answers how many rows of each kind were made.

    With `"issue_keys": true` two new API keys as well, in clear, this once.
    """
    issue_keys = event.get("issue_keys", False)
    if not isinstance(issue_keys, bool):
        raise ControlPlaneError("'issue_keys' must be true or false.")
    rules = RuleRepository(container.database)
    created = {
        "organizations": await rules.add_organization(ORG_ID, "Default organisation"),
        "applications": await rules.add_application(ORG_ID, APPLICATION_ID, "Default application"),
        "policies": await rules.add_policy(ORG_ID, Level.APPLICATION, APPLICATION_ID, POLICY),
        "routes": sum([await rules.add_route(ORG_ID, route) for route in ROUTES]),
    }
    answer = {
        "ok": True,
        "type": event["type"],
        "created": {kind: int(number) for kind, number in created.items()},
    }
    if issue_keys:
        answer["api_keys"] = {
            "application": await _issue(container, "Default application", Role.SERVICE),
            "admin": await _issue(container, "Default administrator", Role.ADMIN),
        }
    return answer


async def _issue(container: Container, name: str, role: Role) -> str:
    key = container.key_hasher.generate()
    key_id = f"key-{uuid.uuid4().hex}"
    stored = ApiKey(
        id=key_id,
        key_hash=container.key_hasher.hash(key),
        caller=Caller(ORG_ID, role, application_id=APPLICATION_ID, key_id=key_id),
    )
    await KeyRepository(container.database).add(stored, name=name, prefix=key[:PREFIX_LENGTH])
    return key
