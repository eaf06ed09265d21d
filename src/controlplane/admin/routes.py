"""Routes: written to PostgreSQL, then told to the configuration cache, so they hold at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.in_force import put_in_force
from controlplane.admin.models.fields import MAX_NAME_LENGTH
from controlplane.admin.models.routes import NAME, RouteDocument
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.routing import SAME_NAME, Route, Target, Timeouts, is_glob
from controlplane.errors import NotFound, Unavailable, Unreachable

if TYPE_CHECKING:
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache
    from controlplane.domain.changes import Actor


def not_found(alias: str) -> NotFound:
    """The answer where the organisation has no such route."""
    return NotFound(f"There is no route '{alias}'.", param="alias")


def route_of(alias: str, wanted: RouteDocument, providers: Collection[str]) -> Route:
    """The route that is wanted for `alias`, to providers out of `providers`.

    Raises InvalidDocument for what only shows beside the address and the settings.
    """
    faults = _beside_address(alias, wanted, providers)
    if faults:
        raise InvalidDocument("request", faults)
    timeouts = wanted.timeouts
    return Route(
        alias=alias,
        targets=tuple(Target(each.provider, each.model, each.weight) for each in wanted.targets),
        strategy=wanted.strategy,
        timeouts=None if timeouts is None else Timeouts(**timeouts.model_dump()),
        fail_over_on=frozenset(wanted.fail_over_on or ()),
        unsupported=wanted.unsupported,
    )


def _beside_address(
    alias: str, wanted: RouteDocument, providers: Collection[str]
) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if not 1 <= len(alias) <= MAX_NAME_LENGTH or not alias.isprintable() or alias != alias.strip():
        faults.append(("alias", f"must be {NAME}, no space at either end"))
    if wanted.alias not in (None, alias):
        faults.append(("alias", "must be the one in the address of the request, or be left out"))
    seen: set[tuple[str, str]] = set()
    for index, target in enumerate(wanted.targets):
        place = f"targets.{index}"
        if target.provider not in providers:
            known = ", ".join(sorted(providers)) or "none"
            faults.append((f"{place}.provider", f"must be a configured provider ({known})"))
        if "*" in target.model and not (target.model == SAME_NAME and is_glob(alias)):
            expected = "must be a model's own name, or '*' alone where the alias is a glob"
            faults.append((f"{place}.model", expected))
        if (target.provider, target.model) in seen:
            faults.append((place, "must not repeat an earlier target"))
        seen.add((target.provider, target.model))
    return faults


async def put_route(
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    actor: Actor,
    route: Route,
    condition: Precondition,
) -> bool:
    """Store the route and put it in force; returns whether it is new.

    Storing what is stored already succeeds whatever the condition says, so a request whose answer
    was lost can be repeated. Raises PreconditionFailed, and Unavailable.
    """

    def check(stored: Route | None) -> None:
        condition.check(None if stored is None else etag(stored.to_dict()))

    try:
        is_new = await rules.put_route(actor, route, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be stored at the moment. Try again.") from error
    await put_in_force(rules, cache, actor.org_id)
    return is_new


async def delete_route(
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    actor: Actor,
    alias: str,
    condition: Precondition,
) -> None:
    """Remove the route. Raises NotFound, PreconditionFailed and Unavailable."""

    def check(stored: Route) -> None:
        condition.check(etag(stored.to_dict()))

    try:
        was_there = await rules.delete_route(actor, alias, check)
    except Unreachable as error:
        raise Unavailable("The route cannot be deleted at the moment. Try again.") from error
    # Even where nothing was left to delete: this may be the second try of one that Redis missed.
    await put_in_force(rules, cache, actor.org_id)
    if not was_there:
        raise not_found(alias)
