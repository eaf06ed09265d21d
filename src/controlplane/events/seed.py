"""`{"type": "user-seeder"}`: what a new organisation needs to get its first answer.

Without `org_id` it is the default one; `{"org_id": "org-acme", "name": "Acme"}` makes another.
Running it again adds what is missing and leaves alone what is there, however it was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.admin.api_keys import create_key
from controlplane.admin.models.api_keys import NewKey
from controlplane.admin.models.directory import NewOrganization
from controlplane.admin.models.model import read
from controlplane.domain.access import Role
from controlplane.domain.changes import Actor, ChangeFilter
from controlplane.domain.policy import Level
from controlplane.domain.routing import SAME_NAME, Route, Target
from controlplane.errors import ControlPlaneError, InvalidRequest

if TYPE_CHECKING:
    from controlplane.wiring import Container

ORG_ID, NAME = "org-default", "Default organisation"
APPLICATION_ID = "app-default"
POLICY: Mapping[str, Any] = {
    "rate_limits": [{"requests": 100, "window_seconds": 60}],
    "screening": {"pii": "block", "secrets": "block"},
}
# A glob serves the names that today's clients bring along, and those of models to come.
ROUTES = (
    *(
        Route(alias=model, targets=(Target("openai", model), Target("azure", model)))
        for model in ("gpt-5.5", "gpt-6-luna", "text-embedding-3-small")
    ),
    *(
        Route(alias=model, targets=(Target("anthropic", model),))
        for model in ("claude-sonnet-5-5", "claude-haiku-5-5")
    ),
    Route(alias="gpt-*", targets=(Target("openai", SAME_NAME), Target("azure", SAME_NAME))),
    Route(alias="claude-*", targets=(Target("anthropic", SAME_NAME),)),
)
# Whom the record of the keys names: no one is signed in here.
ACTOR = "event:user-seeder"


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Seed; returns how many rows of each kind were made.

    With `"issue_keys": true` two new API keys as well, in clear, this once. Raises
    ControlPlaneError where a field is wrong.
    """
    issue_keys = event.get("issue_keys", False)
    if not isinstance(issue_keys, bool):
        raise ControlPlaneError("'issue_keys' must be true or false.")
    org_id, name = _organization(event)
    rules = ConfigurationRepository(container.database)
    created = {
        "organizations": await rules.add_organization(org_id, name),
        "applications": await rules.add_application(org_id, APPLICATION_ID, "Default application"),
        "policies": await container.policy_repository.add(
            Actor(org_id, ACTOR), Level.APPLICATION, APPLICATION_ID, POLICY
        ),
        "routes": await _add_routes(container, org_id),
    }
    # What the organisation spent so far is known: a first cap finds a ledger that can be trusted.
    await container.ledger_keeper.open(org_id)
    answer = {
        "ok": True,
        "type": event["type"],
        "created": {kind: int(number) for kind, number in created.items()},
    }
    if issue_keys:
        answer["api_keys"] = {
            "application": await _issue(container, org_id, "Default application", Role.SERVICE),
            "admin": await _issue(container, org_id, "Default administrator", Role.ADMIN),
        }
    return answer


async def _add_routes(container: Container, org_id: str) -> int:
    """Those that are missing, as long as no administrator has written one: a deleted route stays
    deleted."""
    written, _ = await container.change_log.page(org_id, ChangeFilter(resource="route"), limit=1)
    rules = container.configuration_repository
    return 0 if written else sum([await rules.add_route(org_id, route) for route in ROUTES])


def _organization(event: Mapping[str, Any]) -> tuple[str, str]:
    if "org_id" not in event and "name" not in event:
        return ORG_ID, NAME
    try:
        given = {field: event[field] for field in NewOrganization.model_fields if field in event}
        wanted = read(NewOrganization, {"name": event.get("org_id"), **given}, "event")
    except InvalidRequest as error:
        raise ControlPlaneError(error.message) from None
    return wanted.org_id, wanted.name


async def _issue(container: Container, org_id: str, name: str, role: Role) -> str:
    wanted = NewKey(application_id=APPLICATION_ID, name=name, role=role)
    actor = Actor(org_id, ACTOR)
    keys = KeyRepository(container.database)
    hasher = await container.key_hasher.current()
    return (await create_key(keys, hasher, actor, wanted)).key
