"""Metrics as CloudWatch's embedded metric format: JSON lines that CloudWatch makes metrics of.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

CloudWatch bills every combination of a metric's name and dimensions, so the sets are few, and no
value that a caller makes up becomes a dimension: a model counts once it was called.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from controlplane.telemetry.facts import RequestFacts, cost_usd
from controlplane.telemetry.lines import encode

NAMESPACE = "LLMControlPlane"
DETAIL = ("stage", "org_id", "model", "provider", "status")
NONE = "none"

UNITS: Mapping[str, str] = {
    "latency": "Milliseconds",
    "overhead": "Milliseconds",
    "cost_usd": "None",
}

# Counters by their second dimension set; all others are counted by stage alone.
COUNTER_DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "audit_spilled": ("to",),
    "auth_failed": ("reason",),
    "provider_errors": ("provider", "failure"),
    "provider_misconfigured": ("provider",),
}

# Our own codes. What else an error says in its place are a provider's words, as many as it likes.
REASONS = frozenset(
    {
        "idempotency_key_in_use",
        "idempotency_key_reused",
        "input_not_screenable",
        "insufficient_quota",
        "model_not_found",
        "model_not_priced",
        "parameter_not_priced",
        "payload_too_large",
        "permission_denied",
        "pii_detected",
        "previous_response_not_found",
        "rate_limit_exceeded",
        "secret_detected",
        "service_unavailable",
        "stored_responses_not_allowed",
        "unbounded_request",
        "unsupported_parameter",
    }
)
CLIENT_CLOSED_REQUEST = 499

Directive = tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]


def tags_of(event: RequestFacts) -> dict[str, str]:
    """The dimensions of a request besides the stage."""
    model, provider = event.model_served, event.provider
    if model is None and event.attempts:
        model, provider = event.attempts[-1].model, event.attempts[-1].provider
    return {
        "org_id": event.org_id,
        "model": model or NONE,
        "provider": provider or NONE,
        "status": str(event.status),
    }


def values_of(event: RequestFacts) -> dict[str, float]:
    """The metrics of a request by name; tokens and cost only where there are any."""
    values: dict[str, float] = {
        "requests": 1,
        "latency": event.latency_ms,
        "overhead": event.overhead_ms,
    }
    if tokens := event.tokens_input + event.tokens_output:
        values["tokens"] = tokens
    cost = cost_usd(event)
    if cost is not None:
        values["cost_usd"] = cost
    return values


def refusal(event: RequestFacts) -> str | None:
    """Why the request was refused; None where it was not."""
    if event.code == "service_unavailable":
        return event.code
    if not 400 <= event.status < CLIENT_CLOSED_REQUEST:
        return None
    if event.code in REASONS:
        return event.code
    return "provider" if event.attempts else "invalid_request"


def request_line(
    stage: str, tags: Mapping[str, str], values: Mapping[str, float], reason: str | None
) -> str:
    """The metrics of one request as one line."""
    root: dict[str, Any] = {"message": "metrics", "stage": stage, **tags}
    for name, value in values.items():
        root[f"llm_cp.{name}"] = value
    if reason is not None:
        root["reason"] = reason
        root["llm_cp.refusals"] = 1
    directives = _request_directives(tuple(values), reason is not None)
    return f'{{"_aws":{{"Timestamp":{_now_ms()},{directives}}},{encode(root)[1:]}'


def counter_fields(stage: str, metric: str, value: int, more: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a log line a metric too."""
    finer = tuple(name for name in COUNTER_DIMENSIONS.get(metric, ()) if name in more)
    sets: tuple[tuple[str, ...], ...] = (("stage",), ("stage", *finer)) if finer else (("stage",),)
    return {
        **{name: str(content) if name in finer else content for name, content in more.items()},
        "stage": stage,
        f"llm_cp.{metric}": value,
        "_aws": {"Timestamp": _now_ms(), "CloudWatchMetrics": [_directive(sets, (metric,))]},
    }


@cache
def _request_directives(names: tuple[str, ...], refused: bool) -> str:
    whole_stage = tuple(name for name in names if name in {"overhead", "cost_usd"})
    detailed = tuple(name for name in names if name != "overhead")
    directives = [_directive((DETAIL,), detailed), _directive((("stage",),), whole_stage)]
    if refused:
        directives.append(_directive((("stage", "reason"),), ("refusals",)))
    return f'"CloudWatchMetrics":{encode(directives)}'


def _directive(sets: tuple[tuple[str, ...], ...], names: tuple[str, ...]) -> dict[str, Any]:
    metrics = [{"Name": f"llm_cp.{name}", "Unit": UNITS.get(name, "Count")} for name in names]
    return {"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
