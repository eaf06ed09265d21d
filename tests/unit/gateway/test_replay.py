"""What is kept under an `Idempotency-Key`, for whom, and for how long it is claimed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.gateway.parts import (
    Replays,
    Scripted,
    body_of,
    call,
    chat_completion,
    completion,
    gateway,
)

from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.replay import Stored
from controlplane.domain.routing import LONGEST_SECONDS
from controlplane.gateway.admit import LEASE_MARGIN_SECONDS
from controlplane.gateway.call import Answer, Call
from controlplane.gateway.pipeline import Gateway
from controlplane.gateway.replay import MAX_KEPT_BYTES

LEASE_SECONDS = LONGEST_SECONDS + LEASE_MARGIN_SECONDS

RESTORED = PolicyDocument(
    Level.APPLICATION, "app-1", 2, {"screening": {"pii": "redact", "restore": True}}
)


@dataclass
class Claims(Replays):
    """Notes who claimed, and for how many seconds."""

    claimed: list[tuple[str, float]] = field(default_factory=list)

    async def claim(
        self, org_id: str, name: str, fingerprint: str, owner: str, seconds: float
    ) -> Stored | None:
        self.claimed.append((owner, seconds))
        return await super().claim(org_id, name, fingerprint, owner, seconds)


async def answer(made: Gateway, incoming: Call) -> Answer:
    async with chat_completion(incoming, made) as answered:
        return answered


@pytest.mark.parametrize(("text", "is_kept"), [("I am ana@example.com", False), ("I am", True)])
async def test_what_redaction_gave_back_is_not_kept(text: str, is_kept: bool) -> None:
    replays = Replays()
    made, _ = gateway(replays=replays, documents=[RESTORED])
    first = await answer(made, call(text, idempotency_key="k-1"))
    assert body_of(first.content)["choices"][0]["message"]["content"] == text
    assert bool(replays.stored) is is_kept
    second = await answer(made, call(text, idempotency_key="k-1"))
    assert second.trail.replayed is is_kept


@pytest.mark.parametrize(
    ("size", "is_kept"), [(MAX_KEPT_BYTES - 2_000, True), (MAX_KEPT_BYTES, False)]
)
async def test_large_answers_are_not_kept(size: int, is_kept: bool) -> None:
    replays, provider = Replays(), Scripted(completion("x" * size))
    made, _ = gateway({"echo": provider}, replays=replays)
    kept = await answer(made, call(idempotency_key="k-1"))
    assert body_of(kept.content) == completion("x" * size)
    assert bool(replays.stored) is is_kept


async def test_a_claim_outlives_its_request_and_each_has_an_owner() -> None:
    claims = Claims()
    made, _ = gateway(replays=claims)
    for key in ("k-1", "k-2"):
        await answer(made, call(idempotency_key=key))
    assert [seconds for _, seconds in claims.claimed] == [
        LONGEST_SECONDS + LEASE_MARGIN_SECONDS
    ] * 2
    assert len({owner for owner, _ in claims.claimed}) == 2


async def test_an_answer_whose_claim_has_gone_to_another_is_given_but_not_kept() -> None:
    class Overtaken(Replays):
        async def keep(self, *_: Any) -> bool:
            return False

    replays = Overtaken()
    made, sink = gateway(replays=replays)
    assert body_of((await answer(made, call(idempotency_key="k-1"))).content)
    assert replays.stored == {}
    assert sink.events[0].status == 200
