"""Handlers that show what the loop hands to them, and what it makes of their answers."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from starlette.types import Send

from controlplane.api.live import Gone, LiveEvent


def surroundings(event: Any, context: Any) -> dict[str, Any]:
    """What the process knows of the event."""
    return {
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "milliseconds": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "app_imported": "controlplane.api.app" in sys.modules,
    }


def live(event: Any, context: Any) -> Any:
    """Answer with the app that the event names."""
    assert isinstance(event, LiveEvent)
    apps = {app.__name__: app for app in APPS}
    name = event["body"]
    return event.send_answer(apps[name] if name in apps else _Paced(Path(name)))


async def _start(send: Send) -> None:
    headers = [(b"x-one", b"1"), (b"x-two", b"a"), (b"x-two", b"b")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _piece(send: Send, piece: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def crash(_gone: Gone, send: Send) -> None:
    """Fail after the first byte."""
    await _start(send)
    await _piece(send, b"first")
    raise RuntimeError("what nobody must see")


async def cancelled(_gone: Gone, send: Send) -> None:
    """Let a cancellation leak out after the first byte."""
    await _start(send)
    await _piece(send, b"first")
    raise asyncio.CancelledError


async def stop_early(_gone: Gone, send: Send) -> None:
    """Return without an end."""
    await _start(send)
    await _piece(send, b"first")


async def say_nothing(_gone: Gone, _send: Send) -> None:
    """Return without an answer."""


async def large(_gone: Gone, send: Send) -> None:
    """Ten pieces of a megabyte, and an empty last one."""
    await _start(send)
    for number in range(10):
        await _piece(send, bytes([number]) * 1_000_000)
    await _piece(send, b"", more=False)


async def endless(gone: Gone, send: Send) -> None:
    """Send until it is told to give up."""
    await _start(send)
    sending = asyncio.ensure_future(_flood(send))
    await gone()
    sending.cancel()
    print("gave up", flush=True)


async def linger(_gone: Gone, send: Send) -> None:
    """Go on after the end of the answer."""
    await _start(send)
    await _piece(send, b"all", more=False)
    await asyncio.sleep(2)


async def _flood(send: Send) -> None:
    while True:
        await _piece(send, bytes(1_000_000))


class _Paced:
    """Sends the second piece only when the test has seen the first."""

    def __init__(self, seen: Path) -> None:
        self._seen = seen

    async def __call__(self, _gone: Gone, send: Send) -> None:
        await _start(send)
        await _piece(send, b"first")
        while not self._seen.exists():
            await asyncio.sleep(0.01)
        await _piece(send, b"second", more=False)


APPS = (crash, cancelled, stop_early, say_nothing, large, endless, linger)
