"""Where budgets stand: every cost cap and token limit of an organisation's policies in force."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from controlplane.adapters.postgres.budget_owners import BudgetOwners
from controlplane.adapters.redis.ledger_books import Counter, LedgerBooks, State
from controlplane.domain.budget import Budget, Counted, Owner
from controlplane.domain.limits import Limit, Measure
from controlplane.domain.policy import PolicyDocument, scope
from controlplane.policy.cost_caps import COST_CAPS
from controlplane.policy.limits import TOKEN_LIMITS
from controlplane.policy.mode import Mode, mode_of
from controlplane.policy.rule import LevelValue
from controlplane.policy.shape import InvalidPolicy
from controlplane.policy.validity import in_force

_RULES = (COST_CAPS, TOKEN_LIMITS)


class Budgets:
    """Every method raises Unreachable."""

    def __init__(self, owners: BudgetOwners, books: LedgerBooks) -> None:
        self._owners = owners
        self._books = books

    async def standing(
        self, org_id: str, *, application_id: str | None = None, measure: Measure | None = None
    ) -> list[Budget]:
        """All of them, or those of an application and its keys; the one that stops its callers next
        comes first. The counters are read together, in one round trip."""
        policies = await self._owners.policies(org_id, application_id=application_id)
        limits = {
            limit: owner
            for limit, owner in limits_of(policies, time.time())
            if measure in (None, limit.measure)
        }
        page = await self._books.read(org_id, list(limits))
        budgets = (
            Budget(counter.limit, limits[counter.limit], page.now, _counted(counter))
            for counter in page.counters
        )
        return sorted(budgets, key=lambda budget: budget.urgency)


def limits_of(
    policies: Iterable[tuple[PolicyDocument, Owner]], now: float
) -> Iterable[tuple[Limit, Owner]]:
    """What is enforced at `now` (seconds since 1970). A document that cannot be read has none: no
    request is admitted under it either."""
    for entry, owner in policies:
        with suppress(InvalidPolicy, ValueError):
            if mode_of(entry) is not Mode.ENFORCE or not in_force(entry, now):
                continue
            for rule in _RULES:
                if rule.field in entry.document:
                    value = rule.shape.read(entry.document[rule.field], rule.field)
                    named = scope(entry.level, entry.subject_id)
                    for limit in rule.merge([LevelValue(entry.level, named, value)]):
                        yield limit, owner


def _counted(counter: Counter) -> Counted | None:
    """Of a limit with many counters, the fullest one."""
    if counter.limit.per is not None and counter.each:
        counter = max(counter.each.values(), key=lambda one: one.spent + one.held)
    is_lost = counter.limit.measure is Measure.COST and counter.state is not State.TRUSTED
    if is_lost:
        return None
    return Counted(counter.spent, counter.held, counter.starts_at, counter.resets_at)
