"""Anchor: an answer that a provider stores is tied to its one target and to its caller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from controlplane.domain.access import Caller
from controlplane.domain.inference import Event, InferenceRequest
from controlplane.domain.rotating import Rotating
from controlplane.domain.routing import Route
from controlplane.domain.stored_answers import StoredId, StoredIds
from controlplane.errors import InvalidRequest
from controlplane.gateway.call import Streamed, Whole
from controlplane.protocols.protocol import Protocol

R = TypeVar("R", bound=InferenceRequest)
# From an id of the provider to the caller's.
Rename = Callable[[str], str]


async def anchor(
    request: R, route: Route, ids: Rotating[StoredIds], caller: Caller
) -> tuple[R, Rename | None]:
    """The request in the provider's ids, and the caller's names of those in its answer; None where
    nothing is stored.

    With several targets nothing is stored unasked. Raises InvalidRequest.
    """
    if not request.is_kept:
        return request, None
    if (name := request.unowned) is not None:
        raise InvalidRequest(
            f"'{name}' is not possible: the gateway cannot tell whom it belongs to. Send the items "
            "themselves, or build on an answer with 'previous_response_id'.",
            param=name,
            code="unsupported_parameter",
        )
    if len(route.targets) != 1:
        if (name := request.stateful) is not None:
            raise InvalidRequest(
                f"'{name}' is not possible: '{request.model}' has several targets, and what one "
                "of them stores the others do not know.",
                param=name,
                code="unsupported_parameter",
            )
        return request.stateless(), None
    (target,) = route.targets
    sealer = await ids.current()
    if (told := request.builds_on) is not None:
        found = sealer.open(caller, told[1])
        if found is None or found.target.key != target.key:
            raise InvalidRequest(
                f"'{told[0]}' is not the id of a stored answer of '{request.model}'.",
                param=told[0],
                code="previous_response_not_found",
            )
        request = request.replace(**{told[0]: found.id})
    return request, renaming(sealer, caller, request.model, target.provider, target.model)


def renaming(ids: StoredIds, caller: Caller, alias: str, provider: str, model: str) -> Rename:
    """The caller's names of the ids of one target."""
    return lambda own: ids.seal(caller, StoredId(alias, provider, model, own))


@asynccontextmanager
async def renamed(
    content: Whole | Streamed, protocol: Protocol, rename: Rename | None
) -> AsyncIterator[Whole | Streamed]:
    """The answer with the caller's ids."""
    if rename is None:
        yield content
    elif isinstance(content, Whole):
        yield Whole(protocol.with_ids(content.body, rename), content.restored)
    else:
        async with aclosing(_renamed(content.events, protocol, rename)) as events:
            yield Streamed(events, content.restored)


async def _renamed(
    events: AsyncIterator[Event], protocol: Protocol, rename: Rename
) -> AsyncGenerator[Event, None]:
    async for event in events:
        yield protocol.with_ids(event, rename)
