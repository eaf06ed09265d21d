"""Traces by OpenTelemetry, made of what is known of a request once it is over.

Names and attributes: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (no content).
Imported only where an OTLP endpoint is set. The exporter reads OpenTelemetry's own variables
(OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT; OTEL_SERVICE_NAME; OTEL_TRACES_SAMPLER).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from controlplane.telemetry.facts import (
    AttemptFacts,
    RequestFacts,
    asked_model,
    cost_usd,
    error_code,
)
from controlplane.telemetry.lines import SERVICE

FLUSH_MS = 1000
NANOSECONDS_PER_MS = 1_000_000

OPERATIONS: Mapping[str, str] = {
    "chat.completions": "chat",
    "responses": "chat",
    "messages": "chat",
    "embeddings": "embeddings",
}

Attributes = dict[str, str | int | float]


class Traces:
    """One span a request, and one below it for each attempt at a provider."""

    def __init__(self, provider: TracerProvider, provider_names: Mapping[str, str]) -> None:
        self._provider = provider
        self._names = provider_names
        self._tracer = provider.get_tracer("controlplane")

    def send(self, event: RequestFacts, stage: str) -> None:
        """Returns at once; a thread of its own exports."""
        start = int(event.occurred_at.timestamp() * 1000) * NANOSECONDS_PER_MS
        end = start + event.latency_ms * NANOSECONDS_PER_MS
        operation = OPERATIONS.get(event.operation, event.operation)
        span = self._tracer.start_span(
            f"{operation} {asked_model(event) or ''}".rstrip(),
            kind=SpanKind.SERVER,
            attributes=_request_attributes(event, operation, stage, self._names),
            start_time=start,
        )
        below = set_span_in_context(span)
        for attempt, begun, done in _placed(event, start, end):
            child = self._tracer.start_span(
                f"{operation} {attempt.model}",
                context=below,
                kind=SpanKind.CLIENT,
                attributes=_attempt_attributes(attempt, operation, self._names),
                start_time=begun,
            )
            if attempt.failure is not None:
                child.set_status(Status(StatusCode.ERROR, attempt.failure))
            child.end(done)
        if event.status >= 500:
            span.set_status(Status(StatusCode.ERROR, error_code(event)))
        span.end(end)

    def flush(self) -> None:
        """Waits for the export, a second at most."""
        self._provider.force_flush(FLUSH_MS)


def _placed(event: RequestFacts, start: int, end: int) -> Iterator[tuple[AttemptFacts, int, int]]:
    """Each attempt with its start and end in ns since 1970.

    The audit event has their durations alone. They follow one another, and nearly all of our own
    time is spent before the first: that is where they are put.
    """
    begun = min(end, start + event.overhead_ms * NANOSECONDS_PER_MS)
    for attempt in event.attempts:
        done = min(end, begun + attempt.latency_ms * NANOSECONDS_PER_MS)
        yield attempt, begun, done
        begun = done


def _request_attributes(
    event: RequestFacts, operation: str, stage: str, names: Mapping[str, str]
) -> Attributes:
    cost = cost_usd(event)
    found: dict[str, str | int | float | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": names.get(event.provider, event.provider)
        if event.provider
        else None,
        "gen_ai.request.model": asked_model(event),
        "gen_ai.response.model": event.model_served,
        "gen_ai.usage.input_tokens": event.tokens_input or None,
        "gen_ai.usage.output_tokens": event.tokens_output or None,
        "gen_ai.usage.cache_read.input_tokens": event.tokens_cached or None,
        "http.response.status_code": event.status,
        "error.type": (error_code(event) or str(event.status)) if event.status >= 400 else None,
        "deployment.environment.name": stage,
        "llm_cp.request_id": event.request_id,
        "llm_cp.org_id": event.org_id,
        "llm_cp.application_id": event.application_id,
        "llm_cp.cost_usd": cost,
        "llm_cp.overhead_ms": event.overhead_ms,
    }
    return {name: value for name, value in found.items() if value is not None}


def _attempt_attributes(
    attempt: AttemptFacts, operation: str, names: Mapping[str, str]
) -> Attributes:
    found: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": names.get(attempt.provider, attempt.provider),
        "gen_ai.request.model": attempt.model,
    }
    if attempt.status is not None:
        found["http.response.status_code"] = attempt.status
    if attempt.failure is not None:
        found["error.type"] = attempt.failure
    return found


def sink(provider_names: Mapping[str, str]) -> Traces:
    """The sink of this process; `provider_names` says what OpenTelemetry calls a provider."""
    resource = Resource.create({SERVICE_NAME: SERVICE}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider, provider_names)
