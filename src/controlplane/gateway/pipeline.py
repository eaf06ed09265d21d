"""The request path, top to bottom:

For every protocol alike:

record( authenticate -> look up -> screen -> attribute -> authorize -> route -> anchor -> replay
        -> admit -> dispatch -> settle )
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from controlplane.domain.rotating import Rotating
from controlplane.domain.stored_answers import StoredIds
from controlplane.gateway.admit import admit, limits_of
from controlplane.gateway.anchor import anchor, renamed
from controlplane.gateway.aside import aside
from controlplane.gateway.attribute import attribute
from controlplane.gateway.authenticate import authenticate
from controlplane.gateway.authorize import authorize
from controlplane.gateway.call import Answer, Call, Whole
from controlplane.gateway.capture import capture
from controlplane.gateway.dispatch import dispatch, effective_timeouts
from controlplane.gateway.lookup import look_up
from controlplane.gateway.ports import (
    AuditSink,
    ConfigurationSource,
    KeyDirectory,
    Ledgers,
    PayloadStore,
    PriceBook,
    Providers,
    ReplayStore,
    TargetHealth,
    TokenVerifier,
)
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.read_tokens import read_tokens
from controlplane.gateway.record import record
from controlplane.gateway.replay import replay
from controlplane.gateway.route import route
from controlplane.gateway.screen import effort, screen
from controlplane.gateway.screen_answer import screen_answer
from controlplane.gateway.settle import settle
from controlplane.gateway.upper_bound import at_usual_price, upper_bound
from controlplane.policy.output_tokens import bound_output
from controlplane.policy.screening import SCREENING
from controlplane.policy.stored_responses import bound_storage
from controlplane.protocols.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the stages work with; `wiring/` puts it together."""

    keys: KeyDirectory
    tokens: TokenVerifier | None
    configuration: ConfigurationSource
    ledgers: Ledgers
    replays: ReplayStore
    payloads: PayloadStore
    providers: Providers
    health: TargetHealth
    prices: PriceBook
    audit: AuditSink
    stored_ids: Rotating[StoredIds]
    rng: random.Random = field(default_factory=random.SystemRandom)


@asynccontextmanager
async def answered(call: Call, gateway: Gateway, protocol: Protocol) -> AsyncIterator[Answer]:
    """Inside the context there is an answer; leaving it settles and records the request.

    A failed authentication leaves no audit event: anyone could fill the queue. Raises GatewayError.
    """
    # A secret that is missing or wrong is known before anything is held or recorded.
    providers = await gateway.providers.current()
    caller = await authenticate(call.credential, gateway.keys, gateway.tokens)
    sinks = gateway.audit, gateway.payloads
    async with record(call.request_id, caller, *sinks, protocol.operation) as trail:
        configuration = await look_up(gateway.configuration, trail)
        policy = configuration.policy
        pricing = Pricing(configuration.prices, gateway.prices, providers)
        screening = SCREENING.of(policy)
        request = replace(protocol.parse(call.body), headers=call.headers)
        size = effort(screening, len(call.body))
        read = partial(read_tokens, request, configuration.routes, screening)
        request = await aside(read, size if request.unreadable else 0)
        request, tokens = await aside(partial(screen, request, protocol, screening, trail), size)
        belongs = attribute(call.attribution, request, screening, trail)
        authorize(request, policy, trail)
        policy = limits_of(request, policy, trail)
        chosen = route(request.model, configuration.routes, gateway.rng, belongs.session_id)
        asked = request.max_output is not None
        request = bound_storage(request, policy)
        request = bound_output(request, policy, [target.model for target in chosen.targets])
        request = at_usual_price(request, policy)
        request, rename = await anchor(request, chosen, gateway.stored_ids, caller)
        timeouts = effective_timeouts(request, chosen, call)
        async with replay(call, request, timeouts.total_s, gateway.replays, trail) as again:
            if again is not None and again.answer is not None:
                yield Answer(trail, (), Whole(again.answer))
                return
            bound_of = partial(
                upper_bound,
                targets=chosen.targets,
                policy=policy,
                pricing=pricing,
                providers=providers,
            )
            request, decision = await admit(
                request,
                bound_of,
                policy,
                asked=asked,
                seconds=timeouts.total_s,
                ledgers=gateway.ledgers,
                trail=trail,
            )
            async with (
                settle(decision, gateway.ledgers, pricing, trail),
                dispatch(
                    request,
                    chosen,
                    protocol=protocol,
                    cooling_down=configuration.cooling_down,
                    providers=gateway.providers,
                    health=gateway.health,
                    timeouts=timeouts,
                    trail=trail,
                ) as dispatched,
                renamed(dispatched, protocol, rename) as named,
                screen_answer(named, protocol, screening, tokens, trail) as screened,
                capture(request, screened, policy, trail) as content,
            ):
                if again is not None:
                    await again.keep(content, trail)
                yield Answer(trail, decision.statuses, content)
