"""A caller who leaves a stream at the worst moment is settled and recorded all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from tests.unit.api.test_app import AUTH, BODY, app_over
from tests.unit.gateway.parts import Ledger, Sink, gateway

from controlplane.domain.audit import AuditEvent
from controlplane.domain.policy import Level, PolicyDocument

CAPPED = [
    PolicyDocument(Level.APPLICATION, "app-1", 1, {"cost_caps": [{"usd": "5", "period": "day"}]})
]
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/v1/chat/completions",
    "query_string": b"",
    "headers": [(name.lower().encode(), value.encode()) for name, value in AUTH.items()],
}


class Slow(Sink):
    """A queue that takes a moment."""

    async def append(self, event: AuditEvent) -> None:
        await asyncio.sleep(0.05)
        await super().append(event)


async def test_a_caller_who_leaves_while_the_head_is_sent_is_settled_and_recorded() -> None:
    ledger, head_is_sent = Ledger(), asyncio.Event()
    sink = Slow()
    made, _ = gateway(ledger=ledger, documents=CAPPED, audit=sink)
    body = [{"type": "http.request", "body": orjson.dumps(BODY | {"stream": True})}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await head_is_sent.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        assert message["type"] == "http.response.start"
        head_is_sent.set()
        await asyncio.Event().wait()

    await asyncio.wait_for(app_over(made)(SCOPE, receive, send), 5)
    # Now, and not when somebody collects garbage: the function is frozen from here on.
    assert [event.status for event in sink.events] == [499]
    assert len(ledger.claims) == len(ledger.settled) == 1
