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
from controlplane.domain.routing import BUFFERED, LIVE_STREAM, Route, Target, Timeouts, Unsupported
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


def effective_timeouts(request: InferenceRequest, route: Route, call: Call) -> Timeouts:
    """How long is waited for providers: what the route says, within the function's own time."""
    live = request.stream and call.live
    timeouts = route.timeouts or (LIVE_STREAM if live else BUFFERED)
    if call.seconds_left is None:
        return timeouts
    return replace(timeouts, total_s=min(timeouts.total_s, call.seconds_left - RESERVE_SECONDS))


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
        first, chunks = await attempts.first_answer(request, run.open_stream)
        async with aclosing(chunks), aclosing(run.relay(first, chunks)) as relayed:
            yield Streamed(relayed)
    finally:
        run.estimate_usage()


@dataclass(slots=True)
class _Run:
    """One request on its way through the attempts. `said` counts characters of the answer."""

    request: ChatRequest | EmbeddingRequest
    timeouts: Timeouts
    attempts: Attempts
    trail: Trail
    said: int = 0

    async def whole(self, provider: Provider, target: Target) -> ChatCompletion | Embeddings:
        async with asyncio.timeout(self.attempts.deadline - time.monotonic()):
            answer = await self._ask(provider, target.model)
        self._note(answer, target)
        self.said = sum(characters(c.get("message")) for c in answer.get("choices", ()))
        return answer

    async def _ask(self, provider: Provider, model: str) -> ChatCompletion | Embeddings:
        if isinstance(self.request, ChatRequest):
            return await provider.complete(self.request, model, self.timeouts)
        assert isinstance(provider, Embedder)
        return await provider.embed(self.request, model, self.timeouts)

    async def open_stream(
        self, provider: Provider, target: Target
    ) -> tuple[Chunk, AsyncGenerator[Chunk, None]]:
        assert isinstance(self.request, ChatRequest)
        chunks = provider.stream(self.request, target.model, self.timeouts)
        left = self.attempts.deadline - time.monotonic()
        try:
            async with asyncio.timeout(min(left, self.timeouts.first_byte_s)):
                first = await anext(chunks)
        except StopAsyncIteration:
            raise ProviderError("protocol", "the stream is empty") from None
        except BaseException:
            await chunks.aclose()
            raise
        self._note(first, target)
        return first, chunks

    async def relay(
        self, chunk: Chunk, chunks: AsyncGenerator[Chunk, None]
    ) -> AsyncGenerator[Chunk, None]:
        """The chunks, first one included, as the caller asked for them."""
        with_usage = self.request.wants_usage_chunk
        left = self.attempts.deadline - time.monotonic()
        watchdog = Watchdog(self.timeouts.idle_s, asyncio.get_running_loop().time() + left)
        try:
            while True:
                self._count(chunk)
                if (visible := _visible(chunk, with_usage=with_usage)) is not None:
                    yield visible
                started = time.monotonic()
                try:
                    chunk = await watchdog.wait(anext(chunks))
                finally:
                    self.trail.waited_seconds += time.monotonic() - started
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise await self._cut(504, "stopped in the middle of its answer") from error
        except ProviderError as error:
            raise await self._cut(502, "broke off in the middle of its answer") from error
        finally:
            watchdog.stop()

    def _count(self, chunk: Chunk) -> None:
        if (usage := TokenUsage.from_openai(chunk.get("usage"))) is not None:
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
