"""An organisation's own prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.configuration import lock_configuration
from controlplane.adapters.postgres.directory import check_organization
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.storable import is_storable
from controlplane.adapters.postgres.tables import ModelPrice
from controlplane.domain.changes import Actor
from controlplane.domain.price import OwnPrice, Price

# The amounts that have columns of their own; the rest stands in `items`.
_COLUMNS = ("input", "output", "cached", "cache_write")
# Sees what is stored and refuses by raising.
Check = Callable[[OwnPrice | None], None]


class PriceRepository:
    """Every method raises Unreachable. A `check` is called in the transaction of the change, and
    not where nothing changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def price(self, org_id: str, provider: str, model: str) -> OwnPrice | None:
        """One price; None where the organisation has none of its own."""
        async with self._database.tenant(org_id) as connection:
            return await _price(connection, provider, model)

    async def page(
        self, org_id: str, *, limit: int, after: tuple[str, str] | None = None
    ) -> tuple[list[OwnPrice], bool]:
        """At most `limit` prices by provider and model, behind `after`; and whether more follow."""
        place = tuple_(ModelPrice.provider, ModelPrice.model)
        query = _PRICES.order_by(ModelPrice.provider, ModelPrice.model).limit(limit + 1)
        if after is not None:
            query = query.where(place > after)
        async with self._database.tenant(org_id) as connection:
            found = [_own(row) for row in (await connection.execute(query)).mappings()]
        return found[:limit], len(found) > limit

    async def put(self, actor: Actor, wanted: OwnPrice, check: Check) -> bool:
        """Store a price; returns whether it is new. Raises NotFound for an unknown organisation."""
        key = {"org_id": actor.org_id, "provider": wanted.provider, "model": wanted.model}
        amounts = {name: getattr(wanted.price, name) for name in _COLUMNS}
        items = {
            name: item for name, item in wanted.price.to_dict().items() if name not in _COLUMNS
        }
        changes = {**amounts, "items": items, "updated_at": func.now()}
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            stored = await _price(connection, wanted.provider, wanted.model)
            if stored is not None and stored.to_dict() == wanted.to_dict():
                return False
            check(stored)
            await check_organization(connection)
            await connection.execute(
                insert(ModelPrice)
                .values(key | changes)
                .on_conflict_do_update(index_elements=list(key), set_=changes)
            )
            await _note(connection, actor, stored, wanted)
        return stored is None

    async def delete(self, actor: Actor, provider: str, model: str, check: Check) -> bool:
        """Remove a price; returns whether there was one."""
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            stored = await _price(connection, provider, model)
            if stored is None:
                return False
            check(stored)
            await connection.execute(
                delete(ModelPrice).where(ModelPrice.provider == provider, ModelPrice.model == model)
            )
            await _note(connection, actor, stored, None)
        return True


_PRICES = select(
    ModelPrice.provider,
    ModelPrice.model,
    ModelPrice.input,
    ModelPrice.output,
    ModelPrice.cached,
    ModelPrice.cache_write,
    ModelPrice.items,
)


async def _price(connection: AsyncConnection, provider: str, model: str) -> OwnPrice | None:
    if not is_storable(provider + model):
        return None
    query = _PRICES.where(ModelPrice.provider == provider, ModelPrice.model == model)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _own(row)


def _own(row: Mapping[Any, Any]) -> OwnPrice:
    price = Price.from_dict({**row["items"], **{name: row[name] for name in _COLUMNS}})
    return OwnPrice(row["provider"], row["model"], price)


async def _note(
    connection: AsyncConnection, actor: Actor, before: OwnPrice | None, after: OwnPrice | None
) -> None:
    named = before or after
    assert named is not None
    action = "create" if before is None else "delete" if after is None else "update"
    await note_change(
        connection,
        actor,
        action,
        "price",
        f"{named.provider}/{named.model}",
        before=None if before is None else before.to_dict(),
        after=None if after is None else after.to_dict(),
    )
