"""The request path, top to bottom:

For every kind of inference alike:

record( authenticate -> screen -> admit -> route -> dispatch -> settle )
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from controlplane.domain.chat import ChatRequest, parse_chat_request
from controlplane.domain.embeddings import EmbeddingRequest, parse_embedding_request
from controlplane.gateway.admit import admit
from controlplane.gateway.authenticate import authenticate
from controlplane.gateway.call import Answer, Call
from controlplane.gateway.dispatch import dispatch
from controlplane.gateway.local_limiter import LocalLimiter
from controlplane.gateway.lookup import look_up
from controlplane.gateway.ports import (
    AuditSink,
    KeyDirectory,
    Limiter,
    PriceBook,
    Provider,
    RuleBook,
    TargetHealth,
    TokenVerifier,
)
from controlplane.gateway.record import record
from controlplane.gateway.route import route
from controlplane.gateway.screen import screen
from controlplane.gateway.screen_answer import screen_answer
from controlplane.gateway.settle import settle


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the stages work with; `wiring.py` puts it together."""

    keys: KeyDirectory
    tokens: TokenVerifier | None
    rules: RuleBook
    limiter: Limiter
    providers: Mapping[str, Provider]
    health: TargetHealth
    prices: PriceBook
    audit: AuditSink
    fallback_limiter: Limiter = field(default_factory=LocalLimiter)
    rng: random.Random = field(default_factory=random.SystemRandom)


def chat_completion(call: Call, gateway: Gateway) -> AbstractAsyncContextManager[Answer]:
    """A chat completion, whole or streamed; see `answered`."""
    return answered(call, gateway, "chat.completions", parse_chat_request)


def embeddings(call: Call, gateway: Gateway) -> AbstractAsyncContextManager[Answer]:
    """Embeddings; see `answered`."""
    return answered(call, gateway, "embeddings", parse_embedding_request)


@asynccontextmanager
async def answered(
    call: Call,
    gateway: Gateway,
    operation: str,
    parse: Callable[[bytes], ChatRequest | EmbeddingRequest],
) -> AsyncIterator[Answer]:
    """Inside the context there is an answer; leaving it settles and records the request.

    A failed authentication leaves no audit event: anyone could fill the queue. Raises GatewayError.
    """
    caller = await authenticate(call.credential, gateway.keys, gateway.tokens)
    async with record(call.request_id, caller, gateway.audit, operation) as trail:
        rules = await look_up(gateway.rules, trail)
        request = parse(call.body)
        request, tokens = screen(request, rules.policy.screening, trail)
        request, decision = await admit(
            request, rules.policy, gateway.limiter, gateway.fallback_limiter, trail
        )
        with settle(trail, gateway.prices):
            chosen = route(request.model, rules.routes, gateway.rng)
            async with (
                dispatch(
                    request,
                    chosen,
                    troubled=rules.troubled,
                    providers=gateway.providers,
                    health=gateway.health,
                    seconds_left=call.seconds_left,
                    trail=trail,
                ) as dispatched,
                screen_answer(*dispatched, rules.policy.screening, tokens, trail) as screened,
            ):
                yield Answer(trail, decision.statuses, *screened)
