"""An administrator has a counter begin anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controlplane.admin.ledger_keeper import limits_in
from controlplane.admin.outage import unavailable
from controlplane.domain.attribution import short_id
from controlplane.domain.limits import Limit, Per, counter_of
from controlplane.errors import InvalidRequest, NotFound
from controlplane.policy.cost_caps import COST_CAPS
from controlplane.policy.limits import RATE_LIMITS, TOKEN_LIMITS

if TYPE_CHECKING:
    from datetime import datetime

    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.admin.ledger_keeper import LedgerKeeper
    from controlplane.domain.changes import Actor

_COUNTED_UP = (COST_CAPS, TOKEN_LIMITS, RATE_LIMITS)


async def reset_budget(
    rules: ConfigurationRepository,
    ledgers: LedgerKeeper,
    *,
    actor: Actor,
    name: str,
    only: tuple[Per, str] | None,
) -> datetime:
    """From when on the limit of that name counts; `only` names the one end user or session whose
    counter is meant. Raises NotFound, InvalidRequest and Unavailable."""
    with unavailable("The limit cannot be reset at the moment. Try again."):
        limits = limits_in((await rules.all_of(actor.org_id)).documents, _COUNTED_UP)
        limit = next((each for each in limits if each.name == name), None)
        if limit is None:
            raise NotFound(
                "No policy that is enforced has a limit of that name that can be reset.",
                param="limit",
            )
        return await ledgers.reset(actor, _of_one(actor.org_id, limit, only))


def _of_one(org_id: str, limit: Limit, only: tuple[Per, str] | None) -> Limit:
    if only is None:
        return limit
    per, name = only
    if limit.per is not per:
        raise InvalidRequest(
            f"The limit does not count each {per.noun} by itself.",
            param="session_id" if per is Per.SESSION else per.value,
        )
    recorded = short_id(name) if per is Per.SESSION else name
    return replace(limit, counter=counter_of(org_id, per, recorded))
