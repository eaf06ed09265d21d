"""Capture: where the policy keeps the texts, what was sent on and what came back is remembered.

Both are kept as screened, never before; of an answer, as much as a person would read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from controlplane.domain.inference import Event, InferenceRequest
from controlplane.domain.memory import MEGABYTE, hold
from controlplane.domain.policy import EffectivePolicy
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.policy.stored_payloads import STORE_PAYLOADS

MAX_ANSWER_BYTES = 8 * MEGABYTE


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
    events: bytearray = field(default_factory=bytearray)
    cut: bool = False

    async def copied(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """The same events; each is kept as it passes, until they are too many."""
        async for event in events:
            if not self.cut:
                self._keep(orjson.dumps(event))
            yield event

    def _keep(self, event: bytes) -> None:
        self.cut = len(self.events) + len(event) > MAX_ANSWER_BYTES
        if not self.cut:
            hold(len(event))
            self.events += b"," if self.events else b""
            self.events += event

    def to_json(self) -> bytes:
        """One JSON document `{"request", "answer"}`; a stream's answer is the array of events.

        `"cut": true` where the answer is larger than MAX_ANSWER_BYTES: then a stream's first events
        are there, and nothing of a whole one.
        """
        answer = b"[%b]" % bytes(self.events) if self.events else b"null"
        if self.answer is not None:
            answer = orjson.dumps(self.answer)
            self.cut = len(answer) > MAX_ANSWER_BYTES
            answer = b"null" if self.cut else answer
        request, cut = orjson.dumps(self.request), b',"cut":true' if self.cut else b""
        return b'{"request":%b,"answer":%b%b}' % (request, answer, cut)
