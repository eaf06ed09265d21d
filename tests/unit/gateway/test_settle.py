"""What is charged for what has no known price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.gateway.parts import CALLER, Ledger, Prices

from controlplane.domain.limits import Decision, Hold, Limit, Measure, Period
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage
from controlplane.gateway.ports import Ledgers
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.record import Trail
from controlplane.gateway.settle import settle

CAP = Limit(Measure.COST, "app-1", 1_000_000, Period.DAY)
USED = Usage(100, 10)
AUDIO = Usage(100, 10, audio_output=5)
PRIORITY = Usage(100, 10, service_tier="priority")
OWN = {("p", "loc-*"): Price(Decimal(1), Decimal(2))}


async def settled(usage: Usage | None, *, held: int, model: str = "loc-a") -> tuple[Trail, int]:
    """The trail, and what the ledger was told, in micro-dollars."""
    ledger = Ledger()
    hold = Hold("req_1", "org-1", (CAP,), 1_000, held)
    trail = Trail("req_1", CALLER)
    async with settle(Decision(hold, ()), Ledgers(ledger, ledger), Pricing(OWN, Prices()), trail):
        trail.provider, trail.model_served, trail.usage = "p", model, usage
    return trail, ledger.settled[0][2]


@pytest.mark.parametrize("usage", [AUDIO, PRIORITY, Usage(1, unknown=frozenset({"container"}))])
async def test_under_a_cap_the_unknown_counts_as_the_most_that_it_can_be(
    usage: Usage, caplog: pytest.LogCaptureFixture
) -> None:
    trail, charged = await settled(usage, held=5_000)
    assert (trail.cost_microusd, charged) == (5_000, 5_000)
    assert trail.usage is not None
    assert "cost" in trail.usage.estimated
    assert "unpriced_requests" in caplog.messages


async def test_without_a_cap_it_is_unknown_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    trail, charged = await settled(USED, held=0, model="unpriced")
    assert (trail.cost_microusd, charged) == (None, 0)
    assert "unpriced_requests" in caplog.messages


async def test_what_is_known_costs_that_by_the_glob_that_matches(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trail, charged = await settled(USED, held=5_000)
    assert (trail.cost_microusd, charged) == (120, 120)
    assert "unpriced_requests" not in caplog.messages


async def test_what_was_not_used_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    trail, charged = await settled(None, held=5_000)
    assert (trail.cost_microusd, charged) == (None, 0)
    assert "unpriced_requests" not in caplog.messages
