"""Audit events to test with."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.audit import Attempt, AuditEvent


def audit_event(**changes: Any) -> AuditEvent:
    """A request that failed over once and was answered, now; every field has a value."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "request_id": uuid.uuid4().hex,
        "occurred_at": now,
        "org_id": "org-1",
        "subject": "key:k1",
        "role": "service",
        "status": 200,
        "application_id": "app-1",
        "end_user": "Jürgen 🦊",
        "session_id": "s-1",
        "agent_id": "a-1",
        "tags": ("team:search", "nächtlich"),
        "stream": True,
        "model_requested": "fast",
        "model_served": "gpt-4o-mini",
        "provider": "azure",
        "code": "none",
        "attempts": (
            Attempt("openai", "gpt-4o-mini", 31, 529, "status"),
            Attempt("azure", "gpt-4o-mini", 420, 200),
        ),
        "tokens_input": 1_200,
        "tokens_output": 310,
        "tokens_cached": 1_024,
        "tokens_reasoning": 64,
        "cost_microusd": 2**40,
        "latency_ms": 471,
        "overhead_ms": 9,
        "screening": {"email": 2},
        "policy_version": "application:app-1:3",
        "degraded": True,
        "admitted_at": changes.get("occurred_at", now),
        "shadow": ("cost:app-1:day",),
        "replayed": False,
        "payload_key": "payloads/org=org-1/dt=2026-03-01/r.json",
    }
    return AuditEvent(**values | changes)
