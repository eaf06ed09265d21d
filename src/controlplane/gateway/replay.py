"""Replay: under an `Idempotency-Key` a request is answered once, and told again.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from controlplane.domain.inference import InferenceRequest
from controlplane.errors import Conflict, InvalidRequest, Unavailable, Unreachable
from controlplane.gateway.admit import LEASE_MARGIN_SECONDS
from controlplane.gateway.call import Call, Streamed, Whole
from controlplane.gateway.ports import ReplayStore
from controlplane.gateway.record import Trail
from controlplane.telemetry import count

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
MAX_KEPT_BYTES = 1024 * 1024
RETRY_AFTER_SECONDS = 2


@dataclass(slots=True)
class Replay:
    """One use of a key. `answer` is the stored one, None where the request is to be answered."""

    store: ReplayStore
    org_id: str
    name: str
    fingerprint: str
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    answer: Any = None
    kept: bool = False

    async def keep(self, content: Whole | Streamed, trail: Trail) -> None:
        """Store the answer for a day, unless redacted values were restored in it: that would store
        them after all. An outage, or an answer of MAX_KEPT_BYTES and more, costs the replay and
        not the answer."""
        if content.restored or not isinstance(content, Whole):
            return
        record = {"answer": content.body, "provider": trail.provider, "model": trail.model_served}
        try:
            encoded = orjson.dumps(record)
            if len(encoded) < MAX_KEPT_BYTES:
                self.kept = await self.store.keep(
                    self.org_id, self.name, self.fingerprint, self.owner, encoded
                )
        except Unreachable:
            pass
        if not self.kept:
            count("replay_lost", org_id=self.org_id)


@asynccontextmanager
async def replay(
    call: Call, request: InferenceRequest, seconds: float, store: ReplayStore, trail: Trail
) -> AsyncIterator[Replay | None]:
    """None without a key. Inside the context the key is ours, for `seconds` at most; leaving it
    without an answer gives it up, so that a failed request can be tried again.

    Raises InvalidRequest for a stream, Conflict for another body or while the first one is under
    way, Unavailable where the promise could not be kept.
    """
    if call.idempotency_key is None:
        yield None
        return
    use = _use(call, request, store, trail)
    try:
        lease = seconds + LEASE_MARGIN_SECONDS
        stored = await store.claim(use.org_id, use.name, use.fingerprint, use.owner, lease)
    except Unreachable as error:
        raise Unavailable(f"The {HEADER} cannot be checked at the moment. Try again.") from error
    if stored is not None:
        if stored.fingerprint != use.fingerprint:
            raise Conflict(
                f"This {HEADER} was used with another request.",
                param=HEADER,
                code="idempotency_key_reused",
                headers={"x-should-retry": "false"},
            )
        if stored.answer is None:
            raise Conflict(
                f"The first request with this {HEADER} is still under way.",
                param=HEADER,
                code="idempotency_key_in_use",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        record = orjson.loads(stored.answer)
        use.answer, trail.replayed = record["answer"], True
        trail.provider, trail.model_served = record["provider"], record["model"]
        yield use
        return
    try:
        yield use
    finally:
        if not use.kept:
            with suppress(Unreachable):
                await store.give_up(use.org_id, use.name, use.owner)


def _use(call: Call, request: InferenceRequest, store: ReplayStore, trail: Trail) -> Replay:
    key = call.idempotency_key or ""
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidRequest(
            f"The {HEADER} must have 1 to {MAX_KEY_LENGTH} printable ASCII characters.",
            param=HEADER,
        )
    if request.stream:
        raise InvalidRequest(
            f"A stream cannot be told again: leave out 'stream' or the {HEADER}.", param="stream"
        )
    caller = trail.caller
    # A retry with the key that has replaced the first one is still a retry.
    owner = f"{caller.application_id}\n{caller.account}\n{key}"
    return Replay(
        store,
        caller.org_id,
        name=hashlib.sha256(owner.encode()).hexdigest(),
        fingerprint=hashlib.sha256(trail.operation.encode() + b"\n" + call.body).hexdigest(),
    )
