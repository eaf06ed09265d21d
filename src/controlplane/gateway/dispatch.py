"""Dispatch: call the targets in order until one answers, inside one deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.embeddings import EmbeddingRequest, Embeddings
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.routing import Route, Target, Timeouts, Unsupported
from controlplane.domain.usage import TokenUsage
from controlplane.errors import ProviderError, ProviderUnavailable
from controlplane.gateway.attempts import Attempts
from controlplane.gateway.call import Call, Streamed, Whole
from controlplane.gateway.estimate import characters, estimate
from controlplane.gateway.ports import Embedder, Provider, Providers, TargetHealth
from controlplane.gateway.record import Trail
from controlplane.gateway.watchdog import Watchdog

# Kept back of the function's own time, to settle, record and answer.
RESERVE_SECONDS = 1.5
# Chunks without anything visible that a stream may begin with before it counts as begun.
MAX_HELD_CHUNKS = 256


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
    request: ChatRequest | EmbeddingRequest,
    route: Route,
    *,
    cooling_down: Mapping[str, float],
    providers: Providers,
    health: TargetHealth,
    timeouts: Timeouts,
    trail: Trail,
) -> AsyncIterator[Whole | Streamed]:
    """A whole answer, or the chunks of a stream whose first one has come.

    Leaving the context cancels what is still under way. An answer without a usage of its own (cut,
    left by the caller, or not reported) gets an estimate, so that it is not free. Raises
    InvalidRequest, ProviderRefused and ProviderUnavailable.
    """
    request = replace(request, lenient=route.unsupported is Unsupported.IGNORE)
    deadline = time.monotonic() + timeouts.total_s
    attempts = Attempts(route, cooling_down, providers, health, deadline, trail)
    run = _Run(request, timeouts, attempts, trail)
    try:
        if not request.stream:
            yield Whole(await attempts.first_answer(request, run.whole))
            return
        opened = await attempts.first_answer(request, run.open_stream)
        try:
            async with aclosing(opened.chunks), aclosing(run.relay(opened)) as relayed:
                yield Streamed(relayed)
        finally:
            opened.watchdog.stop()
    finally:
        run.estimate_usage()


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stream whose first visible chunk has come: `begun` are those up to it."""

    begun: list[Chunk]
    chunks: AsyncGenerator[Chunk, None]
    watchdog: Watchdog


@dataclass(slots=True)
class _Run:
    """One request on its way through the attempts. `said` counts characters of the answer."""

    request: ChatRequest | EmbeddingRequest
    timeouts: Timeouts
    attempts: Attempts
    trail: Trail
    said: int = 0

    async def whole(self, provider: Provider, target: Target) -> ChatCompletion | Embeddings:
        async with asyncio.timeout(self._seconds_to_begin()):
            answer = await self._ask(provider, target.model)
        self._note(answer, target)
        self.said = sum(characters(c.get("message")) for c in answer.get("choices", ()))
        return answer

    async def _ask(self, provider: Provider, model: str) -> ChatCompletion | Embeddings:
        if isinstance(self.request, ChatRequest):
            return await provider.complete(self.request, model, self.timeouts)
        assert isinstance(provider, Embedder)
        return await provider.embed(self.request, model, self.timeouts)

    async def open_stream(self, provider: Provider, target: Target) -> _Begun:
        assert isinstance(self.request, ChatRequest)
        chunks = provider.stream(self.request, target.model, self.timeouts)
        now = asyncio.get_running_loop().time()
        watchdog = Watchdog(self.timeouts.idle_s, now + self._seconds_to_begin())
        begun: list[Chunk] = []
        try:
            while not begun or not (is_visible(begun[-1]) or len(begun) == MAX_HELD_CHUNKS):
                if chunk := await watchdog.wait(anext(chunks)):
                    begun.append(chunk)
        except BaseException as error:
            watchdog.stop()
            await chunks.aclose()
            if isinstance(error, StopAsyncIteration):
                raise ProviderError("protocol", "the stream is empty") from None
            raise
        watchdog.deadline = now + self.attempts.deadline - time.monotonic()
        watchdog.waited = 0.0  # so far it is part of the attempt
        self._note(begun[0], target)
        return _Begun(begun, chunks, watchdog)

    def _seconds_to_begin(self) -> float:
        left = self.attempts.deadline - time.monotonic()
        first_byte_s = self.timeouts.first_byte_s
        return left if first_byte_s is None else min(left, first_byte_s)

    async def relay(self, opened: _Begun) -> AsyncGenerator[Chunk, None]:
        """The chunks as the caller asked for them."""
        with_usage = self.request.wants_usage_chunk
        watchdog = opened.watchdog
        try:
            for chunk in opened.begun:
                self._count(chunk)
                if (visible := _visible(chunk, with_usage=with_usage)) is not None:
                    yield visible
            while True:
                chunk = await watchdog.wait(anext(opened.chunks))
                self._count(chunk)
                if (visible := _visible(chunk, with_usage=with_usage)) is not None:
                    yield visible
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise await self._cut(504, "stopped in the middle of its answer") from error
        except ProviderError as error:
            raise await self._cut(502, "broke off in the middle of its answer") from error
        finally:
            self.trail.waited_seconds += watchdog.waited

    def _count(self, chunk: Chunk) -> None:
        said = chunk.get("usage")
        if said and (usage := TokenUsage.from_openai(said)) is not None:
            self.trail.usage = usage
        for choice in chunk.get("choices", ()):
            self.said += characters(choice.get("delta"))

    def estimate_usage(self) -> None:
        """Fill in what no provider reported. Where none answered, calls that ran out of time were
        read all the same; nothing where no target was asked."""
        if self.trail.usage is not None:
            return
        abandoned = self.attempts.abandoned
        answering = self.attempts.answering is not None
        target = self.attempts.answering or (abandoned[-1] if abandoned else None)
        if target is None:
            return
        self.trail.provider = target.provider
        self.trail.model_served = self.trail.model_served or target.model
        images = self.attempts.known[target.provider].images
        usage = estimate(self.request, target.model if answering else None, self.said, images)
        if not answering:
            usage = TokenUsage(input=usage.input * len(abandoned))
        self.trail.usage = usage
        self.trail.usage_estimated = True

    def _note(self, answer: Mapping[str, Any], target: Target) -> None:
        served = answer.get("model")
        self.trail.provider = target.provider
        self.trail.model_served = served if isinstance(served, str) and served else target.model
        self.trail.usage = TokenUsage.from_openai(answer.get("usage"))

    async def _cut(self, status: int, what: str) -> ProviderUnavailable:
        self.trail.attempts[-1] = replace(self.trail.attempts[-1], failure="cut")
        if self.attempts.answering:
            await self.attempts.note_failure(self.attempts.answering)
        return ProviderUnavailable(
            status,
            f"The provider '{self.trail.provider}' {what}. What came before is incomplete.",
            code="stream_interrupted",
        )


def is_visible(chunk: Chunk) -> bool:
    """Whether a reader sees anything of it: more than a role, empty text or filter results."""
    return any(
        choice.get("finish_reason") or _says_something(choice.get("delta"))
        for choice in chunk.get("choices", ())
    )


def _says_something(delta: object) -> bool:
    return isinstance(delta, Mapping) and any(
        value not in (None, "", [], {}) for name, value in delta.items() if name != "role"
    )


def _visible(chunk: Chunk, *, with_usage: bool) -> Chunk | None:
    """The chunk as OpenAI would send it; None where it would send none.

    Only the usage, if asked for, comes without choices (Azure sends its filter results so).
    """
    usage = chunk.get("usage")
    if not chunk.get("choices"):
        return chunk if usage and with_usage else None
    if with_usage or "usage" not in chunk:
        return chunk
    return {name: value for name, value in chunk.items() if name != "usage"}
