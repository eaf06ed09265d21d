"""A request as it arrives, and an answer as it leaves: free of any web framework."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from controlplane.domain.chat import ChatCompletion, Chunk
from controlplane.domain.embeddings import Embeddings
from controlplane.domain.limits import LimitStatus
from controlplane.gateway.record import Trail


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the gateway.

    `seconds_left` is what remains of the function's own time, `seconds_whole` until those in front
    of it stop waiting for what leaves in one piece; None where nothing ends it. `live` says that a
    stream reaches its reader as it comes. `idempotency_key` is the caller's own name
    for this request.
    """

    request_id: str
    credential: str | None
    body: bytes
    seconds_left: float | None = None
    seconds_whole: float | None = None
    live: bool = True
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer. `restored` says that values which redaction had taken out of the request
    stand in it again, so that it must not be stored."""

    body: ChatCompletion | Embeddings
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as it comes; `restored` as in Whole.

    Iterating `chunks` raises ProviderUnavailable where the stream is cut: nothing that was not
    complete ends as if it were.
    """

    chunks: AsyncIterator[Chunk]
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller. The limits are for the headers."""

    trail: Trail
    limits: tuple[LimitStatus, ...]
    content: Whole | Streamed
