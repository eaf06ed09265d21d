"""The one function: HTTP, audit batches and custom events. Each imports only what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from controlplane.domain.time_left import state_seconds_left
from controlplane.errors import UnknownEvent
from controlplane.events import EVENTS

_DEPLOYMENT_KEYS = ("DeploymentId", "LifecycleEventHookExecutionId")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """AWS Lambda's entry point.

    HTTP events get a proxy response, SQS batches a partial batch response, custom events
    `{"ok": true, "type": ..., ...}`, CodeDeploy's hook the same with its `status`. Raises
    UnknownEvent for anything else, and whatever a custom event raises, so that Lambda reports a
    FunctionError.
    """
    loop = event_loop()
    state_seconds_left(_seconds_left(context))
    if _is_http(event):
        response: dict[str, Any] = import_module("controlplane.api.proxy").respond(event, context)
        return response
    container = import_module("controlplane.wiring").container()
    if _is_sqs(event):
        consume = import_module("controlplane.audit.consume").consume
        return dict(loop.run_until_complete(consume(event, container)))
    if _is_deployment(event):
        hook = import_module("controlplane.events.deployment_hook").run
        seconds_left = context.get_remaining_time_in_millis() / 1000
        return dict(loop.run_until_complete(hook(event, container, seconds_left=seconds_left)))
    name = _custom_event(event)
    run = import_module(f"controlplane.events.{EVENTS[name]}").run
    return dict(loop.run_until_complete(run(event, container)))


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process: connections live on it from one event to the next."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # Mangum asks for the current loop
    return loop


def _seconds_left(context: Any) -> float | None:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else remaining() / 1000


def _is_http(event: Any) -> bool:
    """REST and HTTP APIs, function URLs and load balancers."""
    if not isinstance(event, Mapping) or not isinstance(event.get("requestContext"), Mapping):
        return False
    return "httpMethod" in event or "http" in event["requestContext"]


def _is_sqs(event: Any) -> bool:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        return False
    return all(isinstance(r, Mapping) and r.get("eventSource") == "aws:sqs" for r in records)


def _is_deployment(event: Any) -> bool:
    """CodeDeploy asks before it moves traffic to a new version."""
    if not isinstance(event, Mapping) or "type" in event:
        return False
    return all(isinstance(event.get(key), str) for key in _DEPLOYMENT_KEYS)


def _custom_event(event: Any) -> str:
    name = event.get("type") if isinstance(event, Mapping) else None
    if isinstance(name, str) and name in EVENTS:
        return name
    what = f"type {name!r}" if name is not None else f"keys {_keys(event)}"
    raise UnknownEvent(
        f"Unknown event with {what}: send an HTTP event, an SQS batch, "
        f'or {{"type": ...}} with one of {", ".join(sorted(EVENTS))}.'
    )


def _keys(event: Any) -> str:
    if not isinstance(event, Mapping):
        return f"none ({type(event).__name__})"
    return ", ".join(sorted(str(key) for key in event)) or "none"
