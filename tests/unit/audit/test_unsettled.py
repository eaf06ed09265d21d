"""Holds in audit events: read back as they were, told once to the ledger, left alone when old."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.audit_events import audit_event

from controlplane.adapters.prices import GenaiPrices
from controlplane.audit.unsettled import MAX_AGE, settle_unsettled
from controlplane.domain.access import Caller, Role
from controlplane.domain.audit import AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.limits import Claim, Decision, Hold, Limit, Measure, Per, Period
from controlplane.domain.price import Price
from controlplane.domain.settlement import Settlement
from controlplane.domain.usage import Usage
from controlplane.errors import StoreRefused, Unreachable
from controlplane.gateway.ports import Ledgers
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.record import Trail
from controlplane.gateway.settle import settle
from controlplane.providers.registry import PRICE_LISTS

pytestmark = pytest.mark.dates

NOW = datetime.now(UTC)
LIMITS = (
    Limit(Measure.TOKENS, "app-1", 10_000, 60),
    Limit(Measure.COST, "org-1", 5_000_000, Period.DAY),
    Limit(Measure.COST, "key-k1", 1_000_000, 86_400, shadow=True),
    Limit(Measure.CONCURRENCY, "app-1", 20, None),
)


@dataclass
class Book:
    """A ledger that notes what it is told, and is down from a number of settlements on."""

    up_for: int = 1_000
    told: list[tuple[Hold, int, int]] = field(default_factory=list)

    async def reserve(self, claim: Claim) -> Decision:
        raise AssertionError("nothing is reserved here")

    async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> tuple[Charge, ...]:
        if len(self.told) >= self.up_for:
            raise Unreachable("redis")
        self.told.append((hold, tokens, cost_microusd))
        return ()


def unsettled(**changes: Any) -> dict[str, Any]:
    rows = [[x.measure, x.scope, x.capacity, x.window, x.shadow] for x in LIMITS]
    return {
        "limits": rows,
        "tokens": 4_000,
        "cost_microusd": 90_000,
        "admitted_at": NOW.isoformat(),
        "used_tokens": 1_510,
        "used_cost_microusd": 6_100,
    } | changes


def delivered(**changes: Any) -> AuditEvent:
    """An event with a hold, as the consumer reads it from the queue."""
    values = {"unsettled": unsettled(), "occurred_at": NOW} | changes
    return AuditEvent.from_json(audit_event(**values).to_json())


def test_a_hold_is_read_back_as_it_was() -> None:
    event = delivered()
    assert Settlement.of_event(event) == Settlement(
        Hold(event.request_id, "org-1", LIMITS, 4_000, 90_000, NOW), 1_510, 6_100
    )


def test_what_selects_requests_is_read_back_too() -> None:
    limits = (
        Limit(Measure.TOKENS, "app-1", 10_000, 60, models=("gpt-*", "o3")),
        Limit(Measure.COST, "app-1", 5_000, Period.WEEK, per=Per.END_USER, counter="0a1b"),
        Limit(Measure.COST, "app-1", 5_000, Period.DAY, time_zone="Europe/Berlin"),
    )
    settlement = Settlement(Hold("r1", "org-1", limits, 5, 6, NOW), 3, 4)
    event = delivered(request_id="r1", unsettled=settlement.to_dict())
    assert Settlement.of_event(event) == settlement


@pytest.mark.parametrize(
    "more", [{"time_zone": "Nowhere/At all"}, {"per": "user"}, {"models": [1]}, {"counter": 5}, 7]
)
def test_a_limit_that_is_not_to_be_understood_is_no_hold(more: Any) -> None:
    row = ["cost", "app-1", 5, "day", False, more]
    with pytest.raises(ValueError, match="not a hold"):
        Settlement.of_event(delivered(unsettled=unsettled(limits=[row])))


async def test_what_the_gateway_writes_is_what_is_read() -> None:
    caller = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
    trail = Trail("r1", caller, provider="p", model_served="m", usage=Usage(1_500, 10))
    hold = Hold("r1", "org-1", LIMITS, 4_000, 90_000, NOW)
    requests = replace(hold, limits=(Limit(Measure.REQUESTS, "app-1", 100, 60), *LIMITS))
    prices = {("p", "m"): Price(Decimal(4), Decimal(10))}
    ledgers = Ledgers(Book(up_for=0), Book(up_for=0))
    pricing = Pricing(prices, GenaiPrices(PRICE_LISTS))
    async with settle(Decision(requests, ()), ledgers, pricing, trail):
        pass
    event = AuditEvent.from_json(trail.event().to_json())
    assert event.cost_microusd == 6_100
    assert Settlement.of_event(event) == Settlement(hold, 1_510, 6_100)


def test_without_an_admission_it_is_charged_when_the_usage_is() -> None:
    event = delivered(unsettled=unsettled(admitted_at=None), admitted_at=None)
    settlement = Settlement.of_event(event)
    assert settlement is not None
    assert settlement.hold.admitted_at == event.occurred_at


async def test_only_what_is_not_settled_is_told() -> None:
    book = Book()
    open_ended = delivered()
    assert await settle_unsettled([delivered(unsettled=None), open_ended], book) == []
    assert [hold.request_id for hold, _, _ in book.told] == [open_ended.request_id]
    assert book.told[0][1:] == (1_510, 6_100)


async def test_from_the_first_that_the_ledger_does_not_hear_all_come_again() -> None:
    events = [delivered() for _ in range(4)]
    assert await settle_unsettled(events, Book(up_for=2)) == events[2:]


async def test_one_that_the_ledger_cannot_settle_keeps_no_other_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Overflowing(Book):
        async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> Any:
            if hold.request_id == "r1":
                raise StoreRefused("redis")
            return await super().settle(hold, tokens=tokens, cost_microusd=cost_microusd)

    book = Overflowing()
    events = [delivered(request_id=f"r{number}") for number in range(4)]
    assert await settle_unsettled(events, book) == []
    assert [hold.request_id for hold, _, _ in book.told] == ["r0", "r2", "r3"]
    assert "audit_hold_refused" in caplog.text


@pytest.mark.parametrize("when", ["occurred_at", "admitted_at"])
@pytest.mark.parametrize(("beyond", "told"), [(-10, 1), (10, 0)])
async def test_the_old_ones_are_counted_and_left_alone(
    when: str, beyond: int, told: int, caplog: pytest.LogCaptureFixture
) -> None:
    long_ago = datetime.now(UTC) - MAX_AGE - timedelta(seconds=beyond)
    book = Book()
    assert await settle_unsettled([delivered(**{when: long_ago})], book) == []
    assert len(book.told) == told
    assert ("audit_hold_too_old" in caplog.text) is (told == 0)


MALFORMED: dict[str, Any] = {
    "nothing in it": {},
    "no limits": unsettled(limits=None),
    "a limit that is too short": unsettled(limits=[["cost", "org-1"]]),
    "a measure that is none": unsettled(limits=[["joules", "org-1", 1, "day", False]]),
    "a period that is none": unsettled(limits=[["cost", "org-1", 1, "year", False]]),
    "a window that is none": unsettled(limits=[["cost", "org-1", 1, [60], False]]),
    "a negative capacity": unsettled(limits=[["cost", "org-1", -1, "day", False]]),
    "a scope that is a number": unsettled(limits=[["cost", 1, 1, "day", False]]),
    "tokens that are a text": unsettled(used_tokens="12"),
    "a cost with a fraction": unsettled(used_cost_microusd=0.5),
    "a time without a zone": unsettled(admitted_at="2026-03-01T00:00:00"),
    "a time that is none": unsettled(admitted_at="yesterday"),
    "a time that is a number": unsettled(admitted_at=17),
    "a list": [1],
    "a text": "sk-not-for-the-log",
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_what_cannot_be_read_is_counted_and_hinders_no_other(
    kind: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    book = Book()
    sound = delivered()
    assert await settle_unsettled([delivered(unsettled=MALFORMED[kind]), sound], book) == []
    assert [hold.request_id for hold, _, _ in book.told] == [sound.request_id]
    written = caplog.text + "".join(capfd.readouterr())
    assert "audit_hold_unreadable" in written
    assert "sk-not" not in written
