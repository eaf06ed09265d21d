"""Asked of a real Valkey: the cache's user runs what the gateway runs, nothing of an operator."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from tests.infra.template import ROOT, Template

USER = f"llm-cp-{uuid.uuid4().hex}"  # of this worker: users are the whole server's
SCRIPTS = Path(ROOT, "src", "controlplane", "adapters", "redis", "scripts")
# What redis-py sends to connect, to run a script and to pipeline, and what adapters call by name.
FROM_PYTHON = {
    *("HELLO 3", "CLIENT SETINFO LIB-NAME x", "PING", "SELECT 0"),
    *("EVALSHA x 0", "SCRIPT LOAD x", "SCRIPT EXISTS x", "MULTI", "EXEC", "WATCH x", "UNWATCH"),
    *("GET x", "MGET x", "SET x y", "DEL x", "EXPIRE x 1", "SCAN 0", "TIME"),
    *("HGET x y", "HMGET x y", "HGETALL x", "HSET x y z", "HDEL x y"),
}
OF_AN_OPERATOR = (
    *("FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG GET *", "ACL LIST", "MONITOR", "SHUTDOWN"),
    *("DEBUG SLEEP 1", "CLIENT KILL ADDR 1.2.3.4:1", "REPLICAOF a 1", "SWAPDB 0 1"),
)


@pytest.fixture(scope="module")
def server(redis_url: str, templates: dict[str, Template]) -> Iterator[redis.Redis]:
    """A Valkey with the user of the templates, the same in every stage."""
    (access,) = {
        template.one("AWS::ElastiCache::User")["AccessString"] for template in templates.values()
    }
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", USER, "reset", *access.split())
        yield client
        client.execute_command("ACL", "DELUSER", USER)


def test_what_the_gateway_runs_is_allowed(server: redis.Redis) -> None:
    lua = "".join(path.read_text() for path in SCRIPTS.glob("*.lua"))
    from_scripts = set(re.findall(r"redis\.p?call\(\s*'(\w+)'", lua))
    assert from_scripts >= {"TIME", "ZADD", "HSET"}
    arity = {name: _arguments(server, name) for name in from_scripts}
    for command in FROM_PYTHON | {f"{name} {arity[name]}".strip() for name in from_scripts}:
        assert _dry_run(server, command) == b"OK", command


@pytest.mark.parametrize("command", OF_AN_OPERATOR)
def test_what_an_operator_runs_is_not(server: redis.Redis, command: str) -> None:
    assert b"no permissions" in _dry_run(server, command)


def _arguments(server: redis.Redis, name: str) -> str:
    """As many arguments as the command takes at least."""
    info = server.execute_command("COMMAND", "INFO", name)
    (row,) = info.values() if isinstance(info, dict) else info
    arity = row["arity"] if isinstance(row, dict) else row[1]
    return " ".join(["1"] * (abs(arity) - 1))


def _dry_run(server: redis.Redis, command: str) -> bytes:
    answer = server.execute_command("ACL", "DRYRUN", USER, *command.split())
    return answer if isinstance(answer, bytes) else str(answer).encode()
