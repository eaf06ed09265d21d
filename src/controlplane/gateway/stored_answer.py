"""What may be done with an answer that a provider stores: read, cancel, delete it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from controlplane.domain.routing import Route, Target
from controlplane.domain.stored_answers import StoredRequest
from controlplane.errors import NotFound, PermissionDenied, ProviderError, ProviderUnavailable
from controlplane.gateway.admit import admit
from controlplane.gateway.anchor import renamed, renaming
from controlplane.gateway.authenticate import authenticate
from controlplane.gateway.authorize import check_role
from controlplane.gateway.call import Answer, Call
from controlplane.gateway.capture import capture
from controlplane.gateway.dispatch import dispatch, effective_timeouts
from controlplane.gateway.lookup import look_up
from controlplane.gateway.pipeline import Gateway
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.record import Trail, record
from controlplane.gateway.screen_answer import screen_answer
from controlplane.gateway.settle import settle
from controlplane.gateway.upper_bound import NOTHING
from controlplane.policy.models import is_allowed
from controlplane.policy.screening import SCREENING
from controlplane.protocols.protocol import Protocol
from controlplane.screening.redact import Tokens


@asynccontextmanager
async def stored_answer(
    call: Call, request: StoredRequest, gateway: Gateway, protocol: Protocol
) -> AsyncIterator[Answer]:
    """Inside the context there is the provider's answer to `request`, whose `id` is the
    caller's; it counts as a request and costs nothing: its tokens were charged when it was asked
    for. Raises GatewayError."""
    caller = await authenticate(call.credential, gateway.keys, gateway.tokens)
    sinks = gateway.audit, gateway.payloads
    async with record(call.request_id, caller, *sinks, request.operation) as trail:
        trail.stream = request.stream
        configuration = await look_up(gateway.configuration, trail)
        policy = configuration.policy
        pricing = Pricing(configuration.prices, gateway.prices, await gateway.providers.current())
        check_role(caller)
        ids = await gateway.stored_ids.current()
        stored = ids.open(caller, request.id)
        if stored is None:
            raise _unknown()
        trail.model_requested = stored.alias
        if not is_allowed(stored.alias, policy):
            raise PermissionDenied(f"The policy does not allow the model '{stored.alias}'.")
        request = request.of(stored.id)
        rename = renaming(ids, caller, stored.alias, stored.provider, stored.model)
        route = Route(stored.alias, (stored.target,))
        timeouts = effective_timeouts(request, route, call)
        _, decision = await admit(
            request,
            lambda _: NOTHING,
            policy,
            asked=True,
            seconds=timeouts.total_s,
            ledgers=gateway.ledgers,
            trail=trail,
        )
        async with settle(decision, gateway.ledgers, pricing, trail):
            with _free(trail), _not_found():
                async with (
                    dispatch(
                        request,
                        route,
                        protocol=protocol,
                        cooling_down={},
                        providers=gateway.providers,
                        health=_Unnoted(),
                        timeouts=timeouts,
                        trail=trail,
                    ) as dispatched,
                    renamed(dispatched, protocol, rename) as named,
                    screen_answer(
                        named, protocol, SCREENING.of(policy), Tokens(), trail
                    ) as screened,
                    capture(request, screened, policy, trail) as content,
                ):
                    yield Answer(trail, decision.statuses, content)


def _unknown() -> NotFound:
    return NotFound("There is no stored answer with this id.", param="response_id")


@contextmanager
def _free(trail: Trail) -> Iterator[None]:
    """What the answer used was charged before."""
    try:
        yield
    finally:
        trail.usage = None


@contextmanager
def _not_found() -> Iterator[None]:
    """What the provider does not know any more is not its failure."""
    try:
        yield
    except ProviderUnavailable as error:
        cause = error.__cause__
        if isinstance(cause, ProviderError) and cause.status == NotFound.status:
            raise _unknown() from error
        raise


class _Unnoted:
    """A target is not left alone because of an answer that it does not have."""

    async def failed(self, org_id: str, target: Target) -> None:
        """Nothing."""

    async def recovered(self, org_id: str, target: Target) -> None:
        """Nothing."""

    async def may_probe(self, org_id: str, target: Target) -> bool:
        """Always."""
        return True
