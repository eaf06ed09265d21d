"""Dispatch: call the targets in order until one answers, inside one deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from controlplane.domain.inference import Body, Event, InferenceRequest
from controlplane.domain.routing import Route, Target, Timeouts, Unsupported
from controlplane.errors import ProviderError, ProviderUnavailable
from controlplane.gateway.attempts import Attempts
from controlplane.gateway.call import Call, Streamed, Whole
from controlplane.gateway.estimate import NOTHING, Heard, is_absurd, only_asked, used
from controlplane.gateway.ports import PreparedCall, Providers, TargetHealth
from controlplane.gateway.record import Trail
from controlplane.gateway.watchdog import Watchdog
from controlplane.protocols.protocol import Protocol, Tally
from controlplane.telemetry import count

# Kept back of the function's own time, to settle, record and answer.
RESERVE_SECONDS = 1.5
# Events without anything visible that a stream may begin with before it counts as begun.
MAX_HELD_EVENTS = 256


def effective_timeouts(request: InferenceRequest, route: Route, call: Call) -> Timeouts:
    """How long is waited for providers: what the route says, within the time that there is."""
    timeouts = route.timeouts or Timeouts()
    live = request.stream and call.live
    left = call.seconds_left if live else call.seconds_whole
    if left is None:
        return timeouts
    return replace(timeouts, total_s=min(timeouts.total_s, left - RESERVE_SECONDS))


@asynccontextmanager
async def dispatch(
    request: InferenceRequest,
    route: Route,
    *,
    protocol: Protocol,
    cooling_down: Mapping[str, float],
    providers: Providers,
    health: TargetHealth,
    timeouts: Timeouts,
    trail: Trail,
) -> AsyncIterator[Whole | Streamed]:
    """A whole answer, or the events of a stream whose first one has come.

    Leaving the context cancels what is still under way. What no provider reported of an answer
    (cut, left by the caller, or not counted) is estimated, so that it is not free. Raises
    InvalidRequest, ProviderRefused and ProviderUnavailable.
    """
    request = replace(request, lenient=route.unsupported is Unsupported.IGNORE)
    deadline = time.monotonic() + timeouts.total_s
    attempts = Attempts(route, cooling_down, providers, health, deadline, trail)
    run = _Run(request, protocol, timeouts, attempts, trail)
    try:
        if not request.stream:
            yield Whole(await attempts.first_answer(request, run.whole))
            return
        opened = await attempts.first_answer(request, run.open_stream)
        try:
            async with aclosing(opened.events), aclosing(run.relay(opened)) as relayed:
                yield Streamed(relayed)
        finally:
            opened.watchdog.stop()
    finally:
        run.count_usage()


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stream whose first visible event has come: `begun` are those up to it."""

    begun: list[Event]
    events: AsyncGenerator[Event, None]
    watchdog: Watchdog


@dataclass(slots=True)
class _Run:
    """One request on its way through the attempts. `answer` is a whole one, `tally` of a streamed
    one."""

    request: InferenceRequest
    protocol: Protocol
    timeouts: Timeouts
    attempts: Attempts
    trail: Trail
    answer: Body | None = None
    tally: Tally | None = None

    async def whole(self, prepared: PreparedCall, target: Target) -> Body:
        async with asyncio.timeout(self._seconds_to_begin()):
            answer = await prepared.complete(self.timeouts)
        self._note(target, self.protocol.model(answer))
        self.answer = answer
        return answer

    async def open_stream(self, prepared: PreparedCall, target: Target) -> _Begun:
        events = prepared.stream(self.timeouts)
        now = asyncio.get_running_loop().time()
        watchdog = Watchdog(self.timeouts.idle_s, now + self._seconds_to_begin())
        is_visible, tally = self.protocol.is_visible, self.protocol.tally()
        begun: list[Event] = []
        try:
            while not begun or not (is_visible(begun[-1]) or len(begun) == MAX_HELD_EVENTS):
                if event := await watchdog.wait(anext(events)):
                    begun.append(event)
                    tally.hear(event)
        except BaseException as error:
            watchdog.stop()
            await events.aclose()
            if isinstance(error, StopAsyncIteration):
                raise ProviderError("protocol", "the stream is empty") from None
            raise
        watchdog.deadline = now + self.attempts.deadline - time.monotonic()
        watchdog.waited = 0.0  # so far it is part of the attempt
        self.tally = tally
        self._note(target, tally.model)
        return _Begun(begun, events, watchdog)

    def _seconds_to_begin(self) -> float:
        left = self.attempts.deadline - time.monotonic()
        first_byte_s = self.timeouts.first_byte_s
        return left if first_byte_s is None else min(left, first_byte_s)

    async def relay(self, opened: _Begun) -> AsyncGenerator[Event, None]:
        """The events as the caller asked for them."""
        shown, request, tally = self.protocol.shown, self.request, self.tally
        assert tally is not None
        watchdog = opened.watchdog
        try:
            for event in opened.begun:
                if (visible := shown(event, request)) is not None:
                    yield visible
            while True:
                event = await watchdog.wait(anext(opened.events))
                if not event:
                    continue
                tally.hear(event)
                if (visible := shown(event, request)) is not None:
                    yield visible
        except StopAsyncIteration:
            tally.end()
        except TimeoutError as error:
            raise await self._cut(504, "stopped in the middle of its answer") from error
        except ProviderError as error:
            code = error.code if self.protocol.tells_codes else None
            raise await self._cut(502, "broke off in the middle of its answer", code) from error
        finally:
            self.trail.waited_seconds += watchdog.waited

    def count_usage(self) -> None:
        """Say what was used, estimated where no provider reported it. Where none answered, calls
        that ran out of time were read all the same; nothing where no target was asked."""
        if self.request.free:
            return
        abandoned, answering = self.attempts.abandoned, self.attempts.answering
        target = answering or (abandoned[-1] if abandoned else None)
        if target is None:
            return
        trail, images = self.trail, self.attempts.known[target.provider].images
        trail.provider = target.provider
        trail.model_served = served = trail.model_served or target.model
        if answering is None:
            trail.usage = only_asked(self.request, images, len(abandoned))
            return
        heard = self._heard()
        if is_absurd(heard.reported, self.request, images):
            count("usage_absurd", provider=target.provider, model=served)
            heard = replace(heard, reported=NOTHING)
        trail.usage = used(self.request, heard, images, sent_to=target.model, served=served)

    def _heard(self) -> Heard:
        if self.answer is not None:
            said = self.protocol.said(self.answer)
            return Heard(said, self.protocol.usage(self.answer), complete=True)
        tally = self.tally
        if tally is None:
            return Heard()
        whole = tally.usage
        return Heard(tally.said, whole or tally.begun, whole is not None, tally.unheard)

    def _note(self, target: Target, model: str | None) -> None:
        self.trail.provider = target.provider
        self.trail.model_served = model or target.model

    async def _cut(self, status: int, what: str, code: str | None = None) -> ProviderUnavailable:
        self.trail.attempts[-1] = replace(self.trail.attempts[-1], failure="cut")
        if self.attempts.answering:
            await self.attempts.note_failure(self.attempts.answering)
        return ProviderUnavailable(
            status,
            f"The provider '{self.trail.provider}' {what}. What came before is incomplete.",
            code=code or "stream_interrupted",
        )
