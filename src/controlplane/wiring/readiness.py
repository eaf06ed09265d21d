"""Do the stores answer? Asked once a second at most, however many want to know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from controlplane.adapters.breaker import Breaker
from controlplane.adapters.patience import Patience
from controlplane.errors import Unreachable

KEEP_SECONDS = 1.0
# Twice this, and an answer is there within two seconds.
TRY_SECONDS = 0.8
TRIES = 2
NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Part:
    """A store: how to ask it, which raises Unreachable; `breaker` knows what others saw of it.

    One that may be `asleep` is asked only on request.
    """

    ask: Callable[[], Awaitable[object]]
    breaker: Breaker | None = None
    asleep: bool = False


class Readiness:
    """The state of each part: `ok`, `down`, or of one that was not asked what is known of it.

    What answered the requests of the last KEEP_SECONDS is not asked again. A part is down when it
    has not answered twice in a row: under load one reply may be late.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts
        self._found: dict[str, tuple[float, str]] = {}
        self._asking: dict[str, asyncio.Task[str]] = {}

    async def check(self, *, wake: bool) -> dict[str, str]:
        """All parts, those that may be asleep only where it may `wake` them."""
        states = await asyncio.gather(
            *(self._state(name, part, wake=wake) for name, part in self._parts.items())
        )
        return dict(zip(self._parts, states, strict=True))

    async def _state(self, name: str, part: Part, *, wake: bool) -> str:
        if part.asleep and not wake:
            known = part.breaker.last_known if part.breaker else None
            return f"{NOT_ASKED}, {known}" if known else NOT_ASKED
        if part.breaker is not None and part.breaker.seconds_since_answer < KEEP_SECONDS:
            return "ok"
        at, state = self._found.get(name, (0.0, ""))
        if state and time.monotonic() - at < KEEP_SECONDS:
            return state
        task = self._asking.get(name)
        if task is None:
            task = asyncio.ensure_future(self._ask(name, part))
            self._asking[name] = task
        return await asyncio.shield(task)

    async def _ask(self, name: str, part: Part) -> str:
        state = "down"
        try:
            for _ in range(TRIES):
                if await _answers(part):
                    state = "ok"
                    break
        finally:
            del self._asking[name]
        self._found[name] = time.monotonic(), state
        return state


async def _answers(part: Part) -> bool:
    try:
        async with Patience(TRY_SECONDS):
            await part.ask()
    except (Unreachable, TimeoutError):
        return False
    return True
