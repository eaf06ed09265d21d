"""Dispatch: call the targets in order until one answers, inside one deadline."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from controlplane.domain.audit import Attempt
from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.routing import BUFFERED, LIVE_STREAM, Route, Target, Timeouts
from controlplane.domain.usage import TokenUsage
from controlplane.errors import ProviderError, ProviderRefused, ProviderUnavailable
from controlplane.gateway.ports import Provider
from controlplane.gateway.record import Trail
from controlplane.telemetry import count

MAX_ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
# Kept back of the function's own time, to settle, record and answer.
RESERVE_SECONDS = 1.5

T = TypeVar("T")
Dispatched = tuple[ChatCompletion | None, AsyncIterator[Chunk] | None]


@asynccontextmanager
async def dispatch(
    request: ChatRequest,
    route: Route,
    providers: Mapping[str, Provider],
    seconds_left: float | None,
    trail: Trail,
) -> AsyncIterator[Dispatched]:
    """A whole completion, or the chunks of a stream whose first one has come.

    Raises ProviderRefused where a provider says that the request is at fault, ProviderUnavailable
    where no target answers in time. Leaving the context cancels what is still under way.
    """
    live = request.stream and seconds_left is None
    timeouts = route.timeouts or (LIVE_STREAM if live else BUFFERED)
    total = timeouts.total_s
    if seconds_left is not None:
        total = min(total, seconds_left - RESERVE_SECONDS)
    run = _Run(route, providers, timeouts, time.monotonic() + total, trail)
    if not request.stream:
        completion = await run.first_answer(
            lambda provider, target: run.complete(provider, target, request)
        )
        yield completion, None
        return
    first, chunks = await run.first_answer(
        lambda provider, target: run.open_stream(provider, target, request)
    )
    async with aclosing(chunks), aclosing(run.relay(first, chunks, request)) as relayed:
        yield None, relayed


@dataclass(slots=True)
class _Run:
    """The attempts of one request."""

    route: Route
    providers: Mapping[str, Provider]
    timeouts: Timeouts
    deadline: float
    trail: Trail
    failures: list[ProviderError] = field(default_factory=list)

    async def first_answer(self, call: Callable[[Provider, Target], Awaitable[T]]) -> T:
        """What the first target that answers says."""
        waiting = list(self.route.targets)
        not_before = dict.fromkeys(waiting, 0.0)
        while waiting and len(self.failures) < MAX_ATTEMPTS:
            target = min(waiting, key=not_before.__getitem__)
            if not await self._pause(not_before[target] - time.monotonic()):
                break
            try:
                return await self._attempt(target, call)
            except ProviderError as error:
                if error.refused_request:
                    raise _refusal(error) from error
                self.failures.append(error)
                if error.misconfigured:
                    count("provider_misconfigured", provider=target.provider, status=error.status)
                    waiting.remove(target)
                else:
                    not_before[target] = time.monotonic() + self._backoff(error)
        raise self._exhausted() from (self.failures[-1] if self.failures else None)

    async def complete(
        self, provider: Provider, target: Target, request: ChatRequest
    ) -> ChatCompletion:
        async with asyncio.timeout(self.deadline - time.monotonic()):
            completion = await provider.complete(request, target.model, self.timeouts)
        self._note(completion, target)
        return completion

    async def open_stream(
        self, provider: Provider, target: Target, request: ChatRequest
    ) -> tuple[Chunk, AsyncGenerator[Chunk, None]]:
        chunks = provider.stream(request, target.model, self.timeouts)
        left = self.deadline - time.monotonic()
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
        self, chunk: Chunk, chunks: AsyncGenerator[Chunk, None], request: ChatRequest
    ) -> AsyncGenerator[Chunk, None]:
        """The chunks, first one included, as the caller asked for them."""
        with_usage = request.wants_usage_chunk
        while True:
            if (usage := TokenUsage.from_openai(chunk.get("usage"))) is not None:
                self.trail.usage = usage
            if (visible := _visible(chunk, with_usage=with_usage)) is not None:
                yield visible
            started = time.monotonic()
            try:
                limit = min(self.timeouts.idle_s, self.deadline - started)
                async with asyncio.timeout(limit):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise self._cut(504, "stopped in the middle of its answer") from error
            except ProviderError as error:
                raise self._cut(502, "broke off in the middle of its answer") from error
            finally:
                self.trail.waited_seconds += time.monotonic() - started

    async def _attempt(self, target: Target, call: Callable[[Provider, Target], Awaitable[T]]) -> T:
        started = time.monotonic()
        error: ProviderError | None = None
        try:
            if target.provider not in self.providers:
                raise ProviderError("unconfigured", f"no provider '{target.provider}'", status=404)
            return await call(self.providers[target.provider], target)
        except TimeoutError:
            error = ProviderError("timeout", "no answer in time")
            raise error from None
        except ProviderError as raised:
            error = raised
            raise
        finally:
            seconds = time.monotonic() - started
            self.trail.waited_seconds += seconds
            self.trail.attempts.append(
                Attempt(
                    provider=target.provider,
                    model=target.model,
                    latency_ms=round(seconds * 1000),
                    status=error.status if error else 200,
                    failure=error.kind if error else None,
                )
            )

    async def _pause(self, seconds: float) -> bool:
        """Wait until a target may be called again; False where that is past the deadline."""
        now = time.monotonic()
        if now + max(0.0, seconds) >= self.deadline:
            return False
        if seconds > 0:
            await asyncio.sleep(seconds)
            self.trail.waited_seconds += time.monotonic() - now
        return True

    def _backoff(self, error: ProviderError) -> float:
        if error.retry_after_seconds is not None:
            return error.retry_after_seconds
        # Full jitter spreads the retries of callers that failed together.
        return random.uniform(0, BACKOFF_SECONDS * 2 ** len(self.failures))  # noqa: S311

    def _note(self, answer: Mapping[str, Any], target: Target) -> None:
        served = answer.get("model")
        self.trail.provider = target.provider
        self.trail.model_served = served if isinstance(served, str) and served else target.model
        self.trail.usage = TokenUsage.from_openai(answer.get("usage"))

    def _cut(self, status: int, what: str) -> ProviderUnavailable:
        self.trail.attempts[-1] = replace(self.trail.attempts[-1], failure="cut")
        return ProviderUnavailable(
            status,
            f"The provider '{self.trail.provider}' {what}. What came before is incomplete.",
            code="stream_interrupted",
        )

    def _exhausted(self) -> ProviderUnavailable:
        if not self.failures:
            return ProviderUnavailable(504, "No time is left to call a provider.", code="timeout")
        last = self.failures[-1]
        waits = [f.retry_after_seconds for f in self.failures if f.retry_after_seconds is not None]
        tried = f"{len(self.failures)} attempt{'s' if len(self.failures) > 1 else ''}"
        if last.kind == "timeout":
            status, code, what = 504, "provider_timeout", "did not answer in time"
        elif last.status in ProviderError.EXHAUSTED:
            status, code, what = 503, "provider_overloaded", f"answered {last.status}"
        elif last.misconfigured:
            status, code, what = 502, "provider_misconfigured", "does not accept the gateway"
        else:
            status, code, what = 502, "provider_error", "failed"
        return ProviderUnavailable(
            status,
            f"No provider could answer ({tried}; the last one {what}).",
            code=code,
            retry_after_seconds=min(waits, default=None),
        )


def _refusal(error: ProviderError) -> ProviderRefused:
    return ProviderRefused(error.status or 400, error.message, param=error.param, code=error.code)


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
