"""The request path, top to bottom:

record( authenticate -> screen -> admit -> route -> dispatch -> settle )
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from controlplane.domain.chat import parse_chat_request
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


@asynccontextmanager
async def chat_completion(call: Call, gateway: Gateway) -> AsyncIterator[Answer]:
    """Inside the context there is an answer; leaving it settles and records the request.

    A failed authentication leaves no audit event: anyone could fill the queue. Raises GatewayError.
    """
    caller = await authenticate(call.credential, gateway.keys, gateway.tokens)
    async with record(call.request_id, caller, gateway.audit) as trail:
        rules = await look_up(gateway.rules, trail)
        request = parse_chat_request(call.body)
        request = screen(request, rules.policy.screening, trail)
        request, decision = await admit(
            request, rules.policy, gateway.limiter, gateway.fallback_limiter, trail
        )
        with settle(trail, gateway.prices):
            chosen = route(request.model, rules.routes, gateway.rng)
            async with dispatch(
                request,
                chosen,
                troubled=rules.troubled,
                providers=gateway.providers,
                health=gateway.health,
                seconds_left=call.seconds_left,
                trail=trail,
            ) as dispatched:
                yield Answer(trail, decision.statuses, *dispatched)
