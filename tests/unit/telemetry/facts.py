"""One finished request, to be observed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from controlplane.domain.audit import Attempt, AuditEvent

OCCURRED = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
ANSWERED = Attempt("openai", "gpt-4o-2024-08-06", latency_ms=300, status=200)
FAILED = Attempt("azure", "gpt-4o-eu", latency_ms=120, status=503, failure="status")


def finished(**changes: Any) -> AuditEvent:
    """A request that was answered, or what `changes` make of it."""
    fields: dict[str, Any] = {
        "request_id": "req_1",
        "occurred_at": OCCURRED,
        "org_id": "org-1",
        "application_id": "app-1",
        "subject": "key-1",
        "role": "service",
        "status": 200,
        "model_requested": "gpt-4o",
        "model_served": "gpt-4o-2024-08-06",
        "provider": "openai",
        "attempts": (ANSWERED,),
        "tokens_input": 12,
        "tokens_output": 40,
        "cost_microusd": 430,
        "latency_ms": 310,
        "overhead_ms": 10,
    }
    return AuditEvent(**fields | changes)


def refused(status: int, code: str | None, **changes: Any) -> AuditEvent:
    """A request that no provider has seen."""
    nothing = {"model_served": None, "provider": None, "attempts": (), "cost_microusd": None}
    counts = {"tokens_input": 0, "tokens_output": 0}
    return finished(status=status, code=code, **nothing | counts | changes)
