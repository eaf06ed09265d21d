"""A month's partition is attached while a writer's connection reads the list of partitions.

PostgreSQL reads the list in steps. Here a lock on its own catalogue holds the writer up between two
of them, in a connection that knows all else that the statement needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from controlplane.adapters.postgres.migrations import upgrade

INSERT = """
    INSERT INTO request_logs (request_id, occurred_at, org_id, subject, role, status, operation,
        stream, attempts, tokens_input, tokens_output, tokens_cached, tokens_reasoning, latency_ms,
        overhead_ms, screening, degraded, schema_version)
    VALUES (%s, %s, 'org-1', 's', 'admin', 200, 'o',
        false, '[]', 0, 0, 0, 0, 0, 0, '{}', false, 1)
"""
WAITS_FOR = """
    SELECT relation::regclass::text FROM pg_locks
    WHERE pid = %s AND locktype = 'relation' AND NOT granted
"""
WHERE = """
    SELECT request_id, tableoid::regclass::text FROM request_logs
    WHERE request_id LIKE %s ORDER BY request_id
"""


@dataclass
class Race:
    """Connections to one database: who makes the partition, who writes, who holds the writer up."""

    maker: psycopg.AsyncConnection
    writer: psycopg.AsyncConnection
    holder: psycopg.AsyncConnection

    async def make(self, month: str) -> None:
        """A partition, its transaction open still."""
        row = await self.maker.execute("SELECT ensure_request_log_partitions(%s, 1)", [month])
        assert await row.fetchone() == (0,)

    async def write(self, request_id: str, day: str) -> None:
        await self.writer.execute(INSERT, [request_id, day])
        await self.writer.commit()

    async def waits_for(self) -> str:
        """What the writer waits for a lock on."""
        async with asyncio.timeout(10):
            while True:
                row = await self.holder.execute(WAITS_FOR, [self.writer.info.backend_pid])
                if found := await row.fetchone():
                    return str(found[0])
                await asyncio.sleep(0.01)

    async def run(self, year: int = 2031) -> str:
        """Rows of February while its partition is made, and after; what the writer waited for."""
        await self.write(f"{year} before", f"{year}-03-01T00:00Z")
        await self.make(f"{year}-01-01")
        await self.maker.commit()
        # The table is known anew; what remains to be read is the list, with one unknown in it.
        await self.writer.execute("SELECT request_id FROM ONLY request_logs WHERE false")
        await self.writer.commit()
        await self.make(f"{year}-02-01")
        await self.holder.execute("LOCK TABLE pg_class IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as group:
            group.create_task(self.write(f"{year} during", f"{year}-02-01T00:00Z"))
            waited_for = await self.waits_for()
            await self.maker.commit()
            await self.holder.rollback()
        await self.write(f"{year} later", f"{year}-02-02T00:00Z")
        return waited_for

    async def places(self, year: int = 2031) -> list[str]:
        """The partition of each row of this year."""
        rows = await (await self.maker.execute(WHERE, [f"{year} %"])).fetchall()
        await self.maker.commit()
        return [str(place) for _, place in rows]


@pytest.fixture
async def race(empty_url: str, postgres_server: str) -> AsyncIterator[Race]:
    """Over a database that a test has to migrate first."""
    name = psycopg.conninfo.conninfo_to_dict(empty_url)["dbname"]
    async with AsyncExitStack() as stack:

        async def connection(url: str) -> psycopg.AsyncConnection:
            made = await psycopg.AsyncConnection.connect(url, prepare_threshold=None)
            return await stack.enter_async_context(made)

        maker, writer = await connection(empty_url), await connection(empty_url)
        holder = await connection(make_conninfo(postgres_server, dbname=name))
        yield Race(maker, writer, holder)


async def _become_system(race: Race) -> None:
    for one in (race.maker, race.writer):
        await one.execute("SET ROLE llm_cp_system")
        await one.commit()


async def test_a_writer_waits_for_the_month_and_goes_there(race: Race, empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url)
    await _become_system(race)
    assert await race.run() == "request_logs", "the list is read when nobody changes it"
    months = ["request_logs_2031_02"] * 2
    assert await race.places() == ["request_logs_default", *months]


async def test_what_went_astray_before_is_brought_home(race: Race, empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0003")
    await _become_system(race)
    # A server with other work may have the writer read its whole catalogue anew, list included.
    for year in range(2031, 2041):
        await race.run(year)
        # PostgreSQL 18.4: two rows that a search of their month does not find.
        if await race.places(year) == ["request_logs_default"] * 3:
            break
    else:
        pytest.fail("no row went astray in ten attempts")
    await asyncio.to_thread(upgrade, empty_url)
    months = [f"request_logs_{year}_02"] * 2
    assert await race.places(year) == ["request_logs_default", *months]
