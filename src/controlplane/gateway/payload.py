"""The texts of a request and its answer, where the policy keeps them: as screened, never before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from controlplane.domain.chat import Chunk


@dataclass(slots=True)
class Payload:
    """What was sent on, and what came back: a whole answer, or the chunks so far."""

    request: Mapping[str, Any]
    answer: Mapping[str, Any] | None = None
    chunks: list[Chunk] = field(default_factory=list)

    async def copied(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk, None]:
        """The same chunks; each is kept as it passes."""
        async for chunk in chunks:
            self.chunks.append(chunk)
            yield chunk

    def to_json(self) -> bytes:
        """One JSON document `{"request", "answer"}`; a stream's answer is the array of chunks."""
        answer = self.chunks if self.answer is None else self.answer
        return orjson.dumps({"request": self.request, "answer": answer or None})


def payload_key(org_id: str, occurred_at: datetime, request_id: str) -> str:
    """Where it is stored, beside the archive of the same organisation and day."""
    day = occurred_at.astimezone(UTC).date().isoformat()
    return f"payloads/org={org_id}/dt={day}/{request_id}.json"
