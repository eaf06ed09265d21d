"""Attempts: which target is called when, and what follows from how it failed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from controlplane.domain.audit import Attempt
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.routing import Condition, Route, Target
from controlplane.errors import (
    InvalidRequest,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Unreachable,
    UnsupportedParameter,
)
from controlplane.gateway.ports import PreparedCall, Provider, Providers, TargetHealth
from controlplane.gateway.record import Trail
from controlplane.telemetry import count

MAX_ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
# The caller's own client knows what longer waits are worth: it gets Retry-After instead.
LONGEST_PAUSE_SECONDS = 10.0

# The codes by which providers say that another one might take the same request.
CONDITIONS: Mapping[str, Condition] = {
    "context_length_exceeded": Condition.CONTEXT_WINDOW,
    "content_filter": Condition.CONTENT_FILTER,
    "content_policy_violation": Condition.CONTENT_FILTER,
}

T = TypeVar("T")


@dataclass(slots=True)
class Attempts:
    """The attempts of one request. `deadline` is a time of `time.monotonic`.

    `answering` is the target that answers, or was being waited for when the caller left;
    `abandoned` were sent the request and ran out of time.
    """

    route: Route
    cooling_down: Mapping[str, float]
    providers: Providers
    health: TargetHealth
    deadline: float
    trail: Trail
    known: Mapping[str, Provider] = field(default_factory=dict)
    answering: Target | None = None
    failures: list[ProviderError] = field(default_factory=list)
    abandoned: list[Target] = field(default_factory=list)
    prepared: dict[Target, PreparedCall | None] = field(default_factory=dict)

    async def first_answer(
        self, request: InferenceRequest, call: Callable[[PreparedCall, Target], Awaitable[T]]
    ) -> T:
        """What the first target that answers says.

        Raises InvalidRequest where no target can honour a parameter, ProviderRefused where one says
        that the request is at fault, ProviderUnavailable where none answers in time.
        """
        self.known = await self.providers.current()
        self.prepared = self._able(request)
        waiting = list(self.prepared)
        cooling = {target for target in waiting if await self._is_cooling(target)}
        not_before = dict.fromkeys(waiting, 0.0)
        while waiting and len(self.failures) < MAX_ATTEMPTS:
            target = _next(waiting, cooling, not_before)
            if not await self._pause(not_before[target] - time.monotonic()):
                break
            try:
                answer = await self._attempt(target, call)
                self.trail.ignored_params = self._left_out(target)
                return answer
            except ProviderError as error:
                self.failures.append(error)
                if error.refused_request:
                    if CONDITIONS.get(error.code or "") not in self.route.fail_over_on:
                        break
                    waiting.remove(target)
                    continue
                if (renewed := await self._renewed(target, error)) is not None:
                    self.prepared[target] = renewed.prepare(request, target.model)
                    continue
                await self.note_failure(target)
                if error.misconfigured:
                    count("provider_misconfigured", provider=target.provider, status=error.status)
                    waiting.remove(target)
                elif error.kind == "timeout":
                    # It has the request and may still be at work: that would be billed twice.
                    waiting.remove(target)
                else:
                    not_before[target] = time.monotonic() + self._backoff(error)
        raise self._outcome() from (self.failures[-1] if self.failures else None)

    async def note_failure(self, target: Target) -> None:
        """Tell all processes that the target failed."""
        with suppress(Unreachable):
            await self.health.failed(self.trail.caller.org_id, target)

    async def _renewed(self, target: Target, error: ProviderError) -> Provider | None:
        """The provider where our key was refused and there is another now: nothing was done with
        the request, so the same target may have it again."""
        refused = self.known.get(target.provider)
        if error.status != 401 or refused is None:
            return None
        renewed = await self.providers.renewed(target.provider, refused)
        if renewed is not None:
            self.known = {**self.known, target.provider: renewed}
        return renewed

    def _able(self, request: InferenceRequest) -> dict[Target, PreparedCall | None]:
        """The targets that can honour the request, with the call of each; None where its provider
        is not configured."""
        able: dict[Target, PreparedCall | None] = {}
        refusals: dict[Target, UnsupportedParameter] = {}
        for target in self.route.targets:
            try:
                provider = self.known.get(target.provider)
                able[target] = provider.prepare(request, target.model) if provider else None
            except UnsupportedParameter as refusal:
                refusals[target] = refusal
        if refusals and not able:
            first = next(iter(refusals.values()))
            raise InvalidRequest(first.message, param=first.param, code="unsupported_parameter")
        self.trail.passed_over = tuple(f"{t.key} ({r.param})" for t, r in refusals.items())
        return able

    async def _is_cooling(self, target: Target) -> bool:
        until = self.cooling_down.get(target.key, 0.0)
        if until == 0.0:
            return False
        if time.time() < until:
            return True
        try:
            return not await self.health.may_probe(self.trail.caller.org_id, target)
        except Unreachable:
            return False

    def _left_out(self, target: Target) -> tuple[str, ...]:
        prepared = self.prepared[target]
        return prepared.left_out if prepared else ()

    async def _attempt(
        self, target: Target, call: Callable[[PreparedCall, Target], Awaitable[T]]
    ) -> T:
        started = time.monotonic()
        error: ProviderError | None = None
        self.answering = target
        try:
            prepared = self.prepared[target]
            if prepared is None:
                raise ProviderError("unconfigured", f"no provider '{target.provider}'", status=404)
            answer = await call(prepared, target)
        except TimeoutError:
            error = ProviderError("timeout", "no answer in time")
            raise error from None
        except ProviderError as raised:
            error = raised
            raise
        finally:
            self._record(target, time.monotonic() - started, error)
        if target.key in self.cooling_down:
            with suppress(Unreachable):
                await self.health.recovered(self.trail.caller.org_id, target)
        return answer

    def _record(self, target: Target, seconds: float, error: ProviderError | None) -> None:
        if error is not None:
            self.answering = None
            if error.kind == "timeout":
                self.abandoned.append(target)
        self.trail.waited_seconds += seconds
        self.trail.attempts.append(
            Attempt(
                provider=target.provider,
                model=target.model,
                latency_ms=round(seconds * 1000),
                status=error.status if error else 200,
                failure=error.kind if error else None,
                ignored_params=self._left_out(target),
            )
        )

    async def _pause(self, seconds: float) -> bool:
        """Wait until a target may be called again; False where that is too long a wait, or past
        the deadline."""
        now = time.monotonic()
        if seconds > LONGEST_PAUSE_SECONDS or now + max(0.0, seconds) >= self.deadline:
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

    def _outcome(self) -> ProviderRefused | ProviderUnavailable:
        if not self.failures:
            return ProviderUnavailable(504, "No time is left to call a provider.", code="timeout")
        last = self.failures[-1]
        if last.refused_request:
            return ProviderRefused(
                last.status or 400,
                last.message,
                param=last.param,
                code=last.code,
                answer=last.answer,
            )
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


def _next(
    waiting: list[Target], cooling: set[Target], not_before: Mapping[Target, float]
) -> Target:
    """The first that can be called now, one that is cooling only before one to be waited for."""
    now = time.monotonic()
    return min(waiting, key=lambda t: (not_before[t] > now, t in cooling, not_before[t]))
