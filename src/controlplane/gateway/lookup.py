"""Look up: the rules that hold for the caller."""

from __future__ import annotations

from controlplane.domain.configuration import Configuration
from controlplane.errors import Unavailable, Unreachable
from controlplane.gateway.ports import ConfigurationSource
from controlplane.gateway.record import Trail


async def look_up(book: ConfigurationSource, trail: Trail) -> Configuration:
    """Policy and routes of the caller. Raises Unavailable where no store answers."""
    try:
        rules = await book.of(trail.caller)
    except Unreachable as error:
        raise Unavailable("The policy cannot be read at the moment. Try again.") from error
    trail.policy_version = rules.policy.version
    return rules
