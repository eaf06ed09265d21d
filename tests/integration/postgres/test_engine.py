"""Transactions: who one is in them, and that nobody waits without a bound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.integration.postgres.freezable import FreezableProxy, freezable

from controlplane.adapters.postgres.engine import GRACE_SECONDS, Database
from controlplane.errors import Unreachable

DEADLINE = 0.4
WHO = text("SELECT current_user, current_setting('app.org_id', true)")
# What a busy machine may add to a deadline; without the deadline it is five seconds or more.
SLACK = 2.0
IN_TIME = DEADLINE + GRACE_SECONDS + SLACK


@dataclass
class Waited:
    """How long a block took."""

    seconds: float = 0.0


@contextmanager
def unreachable() -> Iterator[Waited]:
    """PostgreSQL is unreachable in this block."""
    started, waited = time.monotonic(), Waited()
    with pytest.raises(Unreachable, match="postgresql"):
        yield waited
    waited.seconds = time.monotonic() - started


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[FreezableProxy]:
    async with freezable(postgres_url) as proxy:
        yield proxy


@pytest.fixture
async def distant(proxy: FreezableProxy) -> AsyncIterator[Database]:
    database = Database(proxy.url)
    yield database
    proxy.thaw()
    await database.close()


async def test_the_role_and_the_organisation_end_with_the_transaction(database: Database) -> None:
    for transaction, expected in (
        (database.tenant("org-1"), ("llm_cp_tenant", "org-1")),
        (database.system(), ("llm_cp_system", "")),
    ):
        async with transaction as connection:
            assert tuple((await connection.execute(WHO)).one()) == expected
        await _assert_nobody(database)
    with pytest.raises(KeyError):
        async with database.tenant("org-2"):
            raise KeyError
    await _assert_nobody(database)


async def _assert_nobody(database: Database) -> None:
    """The pool's one connection is as it was before the transaction."""
    async with database._engine.begin() as connection:
        role, org_id = (await connection.execute(WHO)).one()
    assert role not in ("llm_cp_tenant", "llm_cp_system")
    assert org_id == ""


async def test_an_exception_rolls_back(database: Database, org_id: str) -> None:
    rename = text("UPDATE organizations SET name = 'changed' RETURNING 1")
    with suppress(KeyError):
        async with database.tenant(org_id) as connection:
            assert await connection.scalar(rename) == 1
            raise KeyError
    async with database.tenant(org_id) as connection:
        name = await connection.scalar(text("SELECT name FROM organizations"))
    assert name == "An organisation of one test"


async def test_times_are_utc(database: Database) -> None:
    async with database.system() as connection:
        assert await connection.scalar(text("SHOW timezone")) == "UTC"


async def test_a_bad_statement_is_not_an_outage_and_shows_no_parameter(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with database.system() as connection:
            await connection.execute(text("SELECT :x / 0"), {"x": 424242})
    assert "424242" not in str(failed.value)


async def test_a_timeout_of_the_body_stays_what_it_is(database: Database) -> None:
    with pytest.raises(TimeoutError):
        async with database.system(), asyncio.timeout(0.01):
            await asyncio.sleep(5)


async def test_nothing_listens(unused_tcp_port: int) -> None:
    database = Database(f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/db")
    with unreachable() as waited:
        await database.ping(deadline_seconds=DEADLINE)
    assert waited.seconds < IN_TIME


async def test_a_slow_statement_ends_with_the_deadline(database: Database) -> None:
    with unreachable() as waited:
        async with database.system(deadline_seconds=DEADLINE) as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    assert waited.seconds < IN_TIME
    await database.ping()


async def test_a_server_frozen_before_the_connection(
    proxy: FreezableProxy, distant: Database
) -> None:
    proxy.freeze()
    with unreachable() as waited:
        await distant.ping(deadline_seconds=DEADLINE)
    assert waited.seconds < IN_TIME
    proxy.thaw()
    await distant.ping()


async def test_a_server_frozen_behind_a_pooled_connection(
    proxy: FreezableProxy, distant: Database
) -> None:
    await distant.ping()
    proxy.freeze()
    with unreachable() as waited:
        await distant.ping(deadline_seconds=DEADLINE)
    assert waited.seconds < IN_TIME
    proxy.thaw()
    await distant.ping()


async def test_a_server_frozen_during_a_statement(proxy: FreezableProxy, distant: Database) -> None:
    with unreachable() as waited:
        async with distant.system(deadline_seconds=DEADLINE) as connection:
            proxy.freeze()
            await connection.execute(text("SELECT 1"))
    assert waited.seconds < IN_TIME
    proxy.thaw()
    await distant.ping()


async def test_a_server_frozen_while_the_body_does_something_else(
    proxy: FreezableProxy, distant: Database
) -> None:
    with unreachable() as waited:
        async with distant.system(deadline_seconds=DEADLINE):
            proxy.freeze()
            await asyncio.sleep(30)
    assert waited.seconds < IN_TIME
    proxy.thaw()
    await distant.ping()


async def test_a_server_frozen_before_the_commit(proxy: FreezableProxy, distant: Database) -> None:
    with unreachable() as waited:
        async with distant.system(deadline_seconds=DEADLINE) as connection:
            await connection.execute(text("SELECT 1"))
            proxy.freeze()
    assert waited.seconds < IN_TIME
    proxy.thaw()
    await distant.ping()


async def test_a_pool_of_one_makes_the_second_wait_no_longer_than_its_deadline(
    database: Database,
) -> None:
    async with database.system():
        with unreachable() as waited:
            await database.ping(deadline_seconds=DEADLINE)
        assert waited.seconds < IN_TIME
    await database.ping()


async def test_a_connection_that_the_server_has_closed_is_replaced(
    database: Database, postgres_url: str
) -> None:
    own_pid = text("SELECT pg_backend_pid()")
    async with database.system() as connection:
        pid = await connection.scalar(own_pid)
    async with database._engine.begin() as connection:
        assert await connection.scalar(own_pid) == pid, "the pool keeps its connection"
    other = Database(postgres_url, pooled=False)
    async with other._engine.begin() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    async with database.system() as connection:
        assert await connection.scalar(own_pid) != pid


async def test_without_a_pool_every_transaction_has_its_own_connection(
    proxy: FreezableProxy,
) -> None:
    database = Database(proxy.url, pooled=False)
    await database.ping()
    await database.ping()
    assert proxy.accepted == 2


async def test_a_long_lived_server_serves_many_at_once(postgres_url: str) -> None:
    database = Database(postgres_url, long_lived=True)

    async def hold(everyone: asyncio.Barrier) -> None:
        async with database.system():
            await everyone.wait()

    async with asyncio.timeout(5):
        everyone = asyncio.Barrier(10)
        await asyncio.gather(*(hold(everyone) for _ in range(10)))
    assert everyone.n_waiting == 0
    assert not everyone.broken
    await database.close()
