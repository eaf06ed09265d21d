"""Where the rest of the program tells what happened, and who else is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol
from zlib import crc32

from controlplane.telemetry.facts import RequestFacts, asked_model, cost_usd, error_code
from controlplane.telemetry.lines import log, mark_observed, print_line
from controlplane.telemetry.metrics import (
    counter_fields,
    refusal,
    request_line,
    tags_of,
    values_of,
)

# Statuses with which a provider says that the request is at fault, not the provider.
REFUSED_BY_PROVIDER = frozenset({400, 413, 422})


class MetricSink(Protocol):
    """Who gets the metrics besides CloudWatch."""

    def send(self, name: str, value: float, tags: Mapping[str, Any]) -> None: ...
    def flush(self) -> None: ...


class TraceSink(Protocol):
    """Who gets the traces."""

    def send(self, event: RequestFacts, stage: str) -> None: ...
    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Settings:
    stage: str = "local"
    datadog: bool = False
    traces: bool = False
    long_lived: bool = False
    log_percent: int = 100
    provider_names: Mapping[str, str] = field(default_factory=dict)


class _State:
    settings = _Settings()
    metrics: MetricSink | None = None
    traces: TraceSink | None = None


def configure(
    *,
    stage: str,
    datadog: bool = False,
    traces: bool = False,
    long_lived: bool = False,
    log_percent: int = 100,
    provider_names: Mapping[str, str] | None = None,
) -> None:
    """Say where this process runs and who else wants to know; the last call holds.

    What `datadog` and `traces` need is imported by the first request that is observed.
    `long_lived` is a process that is not frozen between two requests. `log_percent` is how many of
    the lines about requests that went well are written; metrics are of all. `provider_names` says
    what OpenTelemetry calls a provider.
    """
    _State.settings = _Settings(
        stage, datadog, traces, long_lived, log_percent, provider_names or {}
    )
    _State.metrics = _State.traces = None


def observe(event: RequestFacts) -> None:
    """Write the line, the metrics and the trace of a finished request."""
    stage = _State.settings.stage
    tags, values, reason = tags_of(event), values_of(event), refusal(event)
    print_line(request_line(stage, tags, values, reason))
    if event.status >= 400 or _is_sampled(event.request_id):
        _log_request(event)
    mark_observed(event.request_id)
    for attempt in event.attempts:
        if attempt.failure is not None and attempt.status not in REFUSED_BY_PROVIDER:
            count("provider_errors", provider=attempt.provider, failure=attempt.failure)
    if _State.settings.datadog:
        if reason is not None:
            _send("refusals", 1, {"stage": stage, "reason": reason})
        for name, value in values.items():
            _send(name, value, {"stage": stage, **tags})
    if _State.settings.traces:
        _trace(event)


def count(metric: str, value: int = 1, **more: Any) -> None:
    """Count something that an operator watches (`auth_failed`, `redis_degraded`, ...).

    One line that is a metric too; `more` says which one it was. Which of these names also split
    the metric stands in `metrics.COUNTER_DIMENSIONS`.
    """
    stage = _State.settings.stage
    log.warning(metric, extra=counter_fields(stage, metric, value, more))
    if _State.settings.datadog:
        _send(metric, value, {"stage": stage, **more})


def gauge(metric: str, value: int) -> None:
    """Say how much there is of something right now: one line that is a metric too."""
    stage = _State.settings.stage
    log.info(metric, extra=counter_fields(stage, metric, value, {}))
    if _State.settings.datadog:
        _send(metric, value, {"stage": stage})


async def flush() -> None:
    """Send what is still waiting, where the process may be frozen after the answer."""
    settings = _State.settings
    if settings.long_lived or not (settings.datadog or settings.traces):
        return
    for sink in (_State.metrics, _State.traces):
        if sink is not None:
            await asyncio.to_thread(sink.flush)


def _is_sampled(request_id: str) -> bool:
    """By the id: the same answer wherever it is asked."""
    percent = _State.settings.log_percent
    return percent >= 100 or crc32(request_id.encode()) % 100 < percent


def _log_request(event: RequestFacts) -> None:
    write = log.info
    if event.status >= 400:
        write = log.error if event.status >= 500 else log.warning
    code = error_code(event)
    write(
        f"{event.operation} {event.status} {code}" if code else f"{event.operation} {event.status}",
        extra={
            "request_id": event.request_id,
            "org_id": event.org_id,
            "model": _named_model(event),
            "provider": event.provider,
            "tokens_input": event.tokens_input,
            "tokens_output": event.tokens_output,
            "cost_usd": cost_usd(event),
            "latency_ms": event.latency_ms,
        },
    )


def _named_model(event: RequestFacts) -> str | None:
    """The model that was called, else the one that was asked for, if it passed screening."""
    if event.model_served is not None:
        return event.model_served
    if event.attempts:
        return event.attempts[-1].model
    return asked_model(event)


def _send(name: str, value: float, tags: Mapping[str, Any]) -> None:
    if _State.metrics is None:
        _State.metrics = _load("datadog")
    _State.metrics.send(name, value, tags)


def _trace(event: RequestFacts) -> None:
    if _State.traces is None:
        _State.traces = _load("traces", _State.settings.provider_names)
    _State.traces.send(event, _State.settings.stage)


def _load(name: str, *settings: object) -> Any:
    try:
        return import_module(f"controlplane.telemetry.{name}").sink(*settings)
    except ImportError as error:
        log.error("telemetry_package_missing", extra={"sink": name, "package": error.name})
        return _Nowhere()


class _Nowhere:
    """Stands for a sink whose package is not installed: requests go on without it."""

    def send(self, *_: Any) -> None: ...
    def flush(self) -> None: ...
