"""Capture: where the policy keeps the texts, what was sent on and what came back is remembered.

Both are kept as screened, never before.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from controlplane.domain.inference import Event, InferenceRequest
from controlplane.domain.policy import EffectivePolicy
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.policy.stored_payloads import STORE_PAYLOADS


@asynccontextmanager
async def capture(
    request: InferenceRequest, content: Whole | Streamed, policy: EffectivePolicy, trail: Trail
) -> AsyncIterator[Whole | Streamed]:
    """The answer as it came; where the policy says so, the trail remembers it and the request.

    An answer in which redacted values were restored is not kept: that would store them after all.
    """
    if not STORE_PAYLOADS.of(policy):
        yield content
        return
    captured = _Captured(request.body)
    trail.captured = captured.to_json
    if content.restored:
        yield content
    elif isinstance(content, Whole):
        captured.answer = content.body
        yield content
    else:
        async with aclosing(captured.copied(content.events)) as events:
            yield Streamed(events)


@dataclass(slots=True)
class _Captured:
    """What was sent on, and what came back: a whole answer, or the events so far."""

    request: Mapping[str, Any]
    answer: Mapping[str, Any] | None = None
    events: list[Event] = field(default_factory=list)

    async def copied(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """The same events; each is kept as it passes."""
        async for event in events:
            self.events.append(event)
            yield event

    def to_json(self) -> bytes:
        """One JSON document `{"request", "answer"}`; a stream's answer is the array of events."""
        answer = self.events if self.answer is None else self.answer
        return orjson.dumps({"request": self.request, "answer": answer or None})
