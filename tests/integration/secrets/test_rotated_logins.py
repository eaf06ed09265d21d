"""A password that changes in PostgreSQL or Valkey, and in Secrets Manager: nothing is restarted."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import redis
from sqlalchemy import make_url, text
from tests.integration.secrets.vault import Vault

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.redis.client import RedisClient
from controlplane.domain.rotating import Rotating
from controlplane.errors import Unreachable


@pytest.fixture
def login(postgres_server: str, postgres_url: str) -> Iterator[str]:
    """A role with a password, which PostgreSQL asks for."""
    name = f"rotated_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'one'")
        server.execute(f"GRANT llm_cp_system TO {name}")
        yield name
        server.execute(f"DROP ROLE {name}")


@pytest.fixture
async def database(vault: Vault, postgres_url: str, login: str) -> AsyncIterator[Database]:
    vault.write({"username": login, "password": "one"})
    server = make_url(postgres_url)

    def read(value: str) -> str:
        url = server.set(**json.loads(value))
        return url.render_as_string(hide_password=False)

    address: Rotating[str] = vault.rotating(read)
    made = Database(address, pooled=False)
    yield made
    await made.close()


def alter(postgres_server: str, login: str, password: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"ALTER ROLE {login} PASSWORD '{password}'")


async def who(database: Database) -> str:
    async with database.system() as connection:
        return str((await connection.execute(text("SELECT session_user"))).scalar_one())


async def test_a_new_password_of_the_database_is_used_at_once(
    database: Database, vault: Vault, postgres_server: str, login: str
) -> None:
    assert await who(database) == login
    alter(postgres_server, login, "two")
    vault.write({"username": login, "password": "two"})
    assert await asyncio.gather(*(who(database) for _ in range(5))) == [login] * 5
    assert vault.asked == 2


async def test_a_password_that_no_secret_has_is_an_outage_and_no_storm(
    database: Database, vault: Vault, postgres_server: str, login: str
) -> None:
    assert await who(database) == login
    alter(postgres_server, login, "two")
    for _ in range(3):
        with pytest.raises(Unreachable, match="postgresql"):
            await who(database)
    assert vault.asked == 2


async def test_a_database_that_is_away_asks_for_no_new_password(vault: Vault) -> None:
    vault.write("postgresql://u:one@127.0.0.1:9/db")
    database = Database(vault.rotating(str), pooled=False)
    with pytest.raises(Unreachable, match="postgresql"):
        await who(database)
    assert vault.asked == 1


@pytest.fixture
def valkey(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def user(valkey: redis.Redis, vault: Vault) -> AsyncIterator[str]:
    """A user of Valkey, whose password is the secret."""
    name = f"rotated-{uuid.uuid4().hex[:12]}"
    set_password(valkey, name, "one")
    vault.write(json.dumps([name, "one"]))
    yield name
    valkey.acl_deluser(name)


def set_password(valkey: redis.Redis, user: str, password: str) -> None:
    """As ElastiCache does: the old password ends; here open connections do, too."""
    valkey.execute_command("ACL", "SETUSER", user, "reset", "on", f">{password}", "~*", "+@all")
    valkey.execute_command("CLIENT", "KILL", "USER", user)


def client_of(vault: Vault, redis_url: str) -> RedisClient:
    return RedisClient(redis_url, 2_000, 4, vault.rotating(lambda text: tuple(json.loads(text))))


async def test_a_new_password_of_valkey_is_used_at_once(
    user: str, valkey: redis.Redis, vault: Vault, redis_url: str
) -> None:
    client = client_of(vault, redis_url)
    assert (await client.run(lambda r: r.acl_whoami())) == user
    vault.write(json.dumps([user, "two"]))
    set_password(valkey, user, "two")
    await client.redis.connection_pool.disconnect()
    names = await asyncio.gather(*(client.run(lambda r: r.acl_whoami()) for _ in range(4)))
    assert names == [user] * 4
    assert vault.asked == 2
    await client.close()


async def test_a_password_that_valkey_does_not_take_is_an_outage_and_no_storm(
    user: str, valkey: redis.Redis, vault: Vault, redis_url: str
) -> None:
    client = client_of(vault, redis_url)
    assert (await client.run(lambda r: r.acl_whoami())) == user
    set_password(valkey, user, "two")
    await client.redis.connection_pool.disconnect()
    for _ in range(3):
        with pytest.raises(Unreachable, match="redis"):
            await client.run(lambda r: r.ping())
    assert vault.asked == 2
    await client.close()


async def test_a_connection_without_its_password_is_not_used(
    user: str, vault: Vault, redis_url: str
) -> None:
    client = client_of(vault, redis_url)
    address = vault.settings.aws_endpoint_url
    assert address is not None
    vault.move_to("http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="secrets manager"):
        await client.run(lambda r: r.ping())
    vault.move_to(address)
    assert (await client.run(lambda r: r.acl_whoami())) == user
    await client.close()
