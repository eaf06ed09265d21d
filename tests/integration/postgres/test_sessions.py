"""What a session asks of the server: RDS Proxy stands in between, and refuses some of it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import make_url, text

from controlplane.adapters.postgres import migrations
from controlplane.adapters.postgres.engine import Database
from controlplane.errors import Unreachable

IN_FORCE = text(
    "SELECT current_setting('timezone'), current_setting('statement_timeout'), "
    "current_setting('idle_in_transaction_session_timeout')"
)
# https://www.postgresql.org/docs/16/protocol-message-formats.html
PROTOCOL_3 = 196_608


@pytest.fixture
async def elsewhere(fresh_url: str) -> AsyncIterator[Database]:
    """A database whose own settings are others."""
    name = make_url(fresh_url).database
    with psycopg.connect(fresh_url, autocommit=True) as connection:
        for setting in ("timezone = 'Asia/Tokyo'", "statement_timeout = '7s'"):
            connection.execute(f'ALTER DATABASE "{name}" SET {setting}'.encode())
    database = Database(fresh_url)
    yield database
    await database.close()


async def test_every_transaction_has_its_bounds_and_leaves_none_behind(
    elsewhere: Database,
) -> None:
    for transaction in (elsewhere.tenant("org-1"), elsewhere.system()):
        async with transaction as connection:
            assert tuple((await connection.execute(IN_FORCE)).one()) == ("UTC", "1750ms", "30s")
        async with elsewhere._engine.begin() as connection:
            assert tuple((await connection.execute(IN_FORCE)).one()) == ("Asia/Tokyo", "7s", "0")


async def test_no_statement_is_prepared(database: Database) -> None:
    async with database.system() as connection:
        for number in range(20):
            assert await connection.scalar(text("SELECT :n + 1"), {"n": number}) == number + 1
        prepared = text("SELECT count(*) FROM pg_prepared_statements")
        assert await connection.scalar(prepared) == 0


async def _ping(url: str) -> None:
    await Database(url).ping()


async def _migrate(url: str) -> None:
    await asyncio.to_thread(migrations.upgrade, url)


@pytest.mark.parametrize("connect", [_ping, _migrate])
async def test_a_session_starts_without_options(
    connect: Callable[[str], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGOPTIONS", raising=False)
    seen: list[dict[str, str]] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        packet = await reader.readexactly(length - 4)
        assert struct.unpack("!i", packet[:4]) == (PROTOCOL_3,)
        words = packet[4:].rstrip(b"\0").decode().split("\0")
        seen.append(dict(zip(words[::2], words[1::2], strict=True)))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with suppress(Unreachable):
        await connect(f"postgresql://u:p@127.0.0.1:{port}/db?sslmode=disable&gssencmode=disable")
    server.close()
    assert seen[0]["user"] == "u"
    for parameters in seen:
        assert set(parameters) <= {"user", "database", "application_name", "client_encoding"}


def test_a_migration_that_is_left_open_ends(fresh_url: str) -> None:
    """A function that ran out of time is frozen with its transaction: no lock lasts with it."""
    with migrations._connection(fresh_url) as connection:
        assert tuple(connection.execute(IN_FORCE).one()) == ("UTC", "290s", "10s")
        connection.rollback()
        assert tuple(connection.execute(IN_FORCE).one()) == ("UTC", "290s", "10s")
