"""A request as it arrives, and an answer as it leaves: free of any web framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from controlplane.domain.attribution import NOWHERE, Attribution
from controlplane.domain.inference import Body, Event
from controlplane.domain.limits import LimitStatus
from controlplane.gateway.record import Trail


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the gateway.

    `seconds_left` is what remains of the function's own time, `seconds_whole` until those in front
    of it stop waiting for what leaves in one piece; None where nothing ends it. `live` says that a
    stream reaches its reader as it comes. `idempotency_key` is the caller's own name for this
    request. `headers` are those of the protocol's family, by their names in lower case.
    """

    request_id: str
    credential: str | None
    body: bytes
    seconds_left: float | None = None
    seconds_whole: float | None = None
    live: bool = True
    idempotency_key: str | None = None
    attribution: Attribution = NOWHERE
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer. `restored` says that values which redaction had taken out of the request
    stand in it again, so that it must not be stored."""

    body: Body
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as it comes; `restored` as in Whole.

    Iterating `events` raises ProviderUnavailable where the stream is cut: nothing that was not
    complete ends as if it were.
    """

    events: AsyncIterator[Event]
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller. The limits are for the headers."""

    trail: Trail
    limits: tuple[LimitStatus, ...]
    content: Whole | Streamed
