"""Record: whatever happens to an authenticated request, one audit event says it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.access import Caller
from controlplane.domain.attribution import NOWHERE, Attribution
from controlplane.domain.audit import Attempt, AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.price import Price
from controlplane.domain.storable import storable
from controlplane.domain.usage import Usage
from controlplane.errors import GatewayError, InternalError, Unreachable
from controlplane.gateway.ports import AuditSink, PayloadStore
from controlplane.telemetry import count, observe

# What nginx logs for a client that closed the connection; there is no standard status.
CLIENT_CLOSED_REQUEST = 499


@dataclass(slots=True)
class Trail:
    """What is known of a request so far. The stages write, `event()` sums up.

    `waited_seconds` is the time spent waiting for providers; the rest is our own. `captured` gives
    the texts to be stored, as JSON, where the policy keeps them. `fitted_output` is the maximum of
    an answer that was made shorter to fit under a limit.
    """

    request_id: str
    caller: Caller
    occurred_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.perf_counter)
    waited_seconds: float = 0.0
    operation: str = "chat.completions"
    status: int = 200
    code: str | None = None
    stream: bool = False
    model_requested: str | None = None
    end_user: str | None = None
    screening: dict[str, int] = field(default_factory=dict)
    policy_version: str | None = None
    degraded: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    provider: str | None = None
    model_served: str | None = None
    usage: Usage | None = None
    price: Price | None = None
    cost_microusd: int | None = None
    admitted_at: datetime | None = None
    shadow: tuple[str, ...] = ()
    replayed: bool = False
    captured: Callable[[], bytes] | None = None
    payload_key: str | None = None
    unsettled: Mapping[str, Any] | None = None
    charges: tuple[Charge, ...] = ()
    attribution: Attribution = NOWHERE
    fitted_output: int | None = None
    ignored_params: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def overhead_ms(self) -> float:
        """Our own time so far, in milliseconds."""
        return max(0.0, (time.perf_counter() - self.started - self.waited_seconds) * 1000)

    def event(self) -> AuditEvent:
        """The audit event, as of now, fit to be stored."""
        usage = self.usage or Usage()
        event = AuditEvent(
            request_id=self.request_id,
            occurred_at=self.occurred_at,
            org_id=self.caller.org_id,
            application_id=self.caller.application_id,
            subject=self.caller.subject,
            role=self.caller.role.value,
            end_user=self.end_user,
            session_id=self.attribution.session_id,
            agent_id=self.attribution.agent_id,
            tags=self.attribution.tags,
            operation=self.operation,
            stream=self.stream,
            status=self.status,
            code=self.code,
            model_requested=self.model_requested,
            model_served=self.model_served,
            provider=self.provider,
            attempts=tuple(self.attempts),
            tokens_input=usage.input,
            tokens_output=usage.output,
            tokens_cached=usage.cached,
            tokens_reasoning=usage.reasoning,
            cost_microusd=self.cost_microusd,
            usage=self.usage,
            price=self.price,
            usage_estimated=bool(usage.estimated),
            latency_ms=round((time.perf_counter() - self.started) * 1000),
            overhead_ms=round(self.overhead_ms),
            screening=dict(self.screening),
            policy_version=self.policy_version,
            degraded=self.degraded,
            admitted_at=self.admitted_at,
            shadow=self.shadow,
            replayed=self.replayed,
            payload_key=self.payload_key,
            unsettled=self.unsettled,
            charges=tuple(charge.to_dict() for charge in self.charges),
        )
        return storable(event)


@asynccontextmanager
async def record(
    request_id: str, caller: Caller, sink: AuditSink, payloads: PayloadStore, operation: str
) -> AsyncIterator[Trail]:
    """Keep a trail; leaving the context, however that happens, makes it durable first."""
    trail = Trail(request_id, caller, operation=operation)
    try:
        yield trail
    except GatewayError as error:
        trail.status, trail.code = error.status, error.code
        raise
    except (asyncio.CancelledError, GeneratorExit):
        trail.status, trail.code = CLIENT_CLOSED_REQUEST, "client_closed_request"
        raise
    except BaseException:
        trail.status, trail.code = InternalError.status, InternalError.code
        raise
    finally:
        # Whatever ends one of these, the next is done.
        try:
            if trail.captured is not None:
                await _store(trail, trail.captured(), payloads)
        finally:
            event = trail.event()
            try:
                await sink.append(event)
            finally:
                observe(event)


async def _store(trail: Trail, payload: bytes, payloads: PayloadStore) -> None:
    """An outage costs the texts, and not the answer; the event then points to none.

    They lie beside the archive of the same organisation and day.
    """
    day = trail.occurred_at.astimezone(UTC).date().isoformat()
    key = f"payloads/org={trail.caller.org_id}/dt={day}/{trail.request_id}.json"
    try:
        await payloads.put(key, payload)
        trail.payload_key = key
    except Unreachable:
        count("payload_lost", org_id=trail.caller.org_id)
