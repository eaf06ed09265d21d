"""What screening would find in a request, and do, under the caller's own policy."""

from __future__ import annotations

from functools import partial

import orjson
from fastapi import APIRouter

from controlplane.admin.models.screening import FoundAt, ScreeningOutcome, ScreeningTrial
from controlplane.admin.outage import unavailable
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.domain.inference import Body
from controlplane.gateway.aside import aside, size_of
from controlplane.gateway.screen import effort, inspect
from controlplane.policy.screening import SCREENING, Action, ScreeningPolicy
from controlplane.protocols.chat_completions.request import parse_chat_request
from controlplane.screening.redact import redact

router = APIRouter(prefix="/admin/v1/screening", tags=["admin: screening"], route_class=AdminRoute)


@router.post("/test", summary="Try a chat request without sending it")
async def test_screening(asked: Asking, trial: ScreeningTrial) -> ScreeningOutcome:
    """Nothing is sent, kept or recorded. `redacted` shows the request with a token for everything
    that the policy redacts or blocks."""
    body = parse_chat_request(orjson.dumps(trial.request)).body
    with unavailable("The policy cannot be read at the moment. Try again."):
        rules = await asked.parts.gateway.configuration.of(asked.caller)
    policy = SCREENING.of(rules.policy)
    return await aside(partial(_tried, body, policy), effort(policy, size_of(body)))


def _tried(body: Body, policy: ScreeningPolicy) -> ScreeningOutcome:
    inspection = inspect(body, policy)
    hidden = inspection.of(Action.REDACT, Action.BLOCK)
    body_shown = {
        "action": inspection.action,
        "findings": [
            {name: getattr(finding, name) for name in FoundAt.model_fields}
            for finding, _ in inspection.acted
        ],
        "redacted": redact(body, hidden, scope=inspection.scope) if hidden else body,
    }
    return ScreeningOutcome.model_validate(body_shown)
