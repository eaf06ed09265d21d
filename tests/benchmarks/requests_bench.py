"""CPU per request and the gateway's own overhead, through the dev server with a canned upstream."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from controlplane.adapters.postgres.migrations import upgrade
from controlplane.domain.keys import KeyHasher
from tests import servers
from tests.benchmarks.load import Result, http_request, load
from tests.benchmarks.processes import cpu_seconds, free_port, python

NUMBER, WARM_UP = 3_000, 500
PEPPER = "a pepper for the benchmark, 32 characters"
PROMPT = "Tell me, in plain words, how a sliding window limit works and what it costs. " * 12


def run() -> None:
    """Print one row per server and concurrency."""
    print(f"{NUMBER:,} requests each, a prompt of {len(PROMPT):,} characters\n")
    print("| server | connections | CPU ms/request | requests/s | overhead p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|")
    canned, bare, gateway = free_port(), free_port(), free_port()
    with python("-m", "tests.benchmarks.canned", str(canned)), _gateway(canned, gateway) as made:
        pid, key = made
        body = json.dumps(
            {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT}]}
        ).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = http_request("/v1/chat/completions", body, headers)
        with python("-m", "tests.benchmarks.bare", str(bare)) as bare_pid:
            for connections in (1, 16):
                base = _measure("bare FastAPI", bare_pid, bare, request, connections)
                ours = _measure("gateway", pid, gateway, request, connections)
                print(f"| ratio | {connections} | {ours / base:.1f} x | | | |")


def _measure(name: str, pid: int, port: int, request: bytes, connections: int) -> float:
    asyncio.run(load(port, request, number=WARM_UP, connections=connections))
    before = cpu_seconds(pid)
    result = asyncio.run(load(port, request, number=NUMBER, connections=connections))
    milliseconds = (cpu_seconds(pid) - before) * 1000 / NUMBER
    assert result.statuses == {200: NUMBER}, result.statuses
    print(
        f"| {name} | {connections} | {milliseconds:.2f} | {NUMBER / result.seconds:,.0f} "
        f"| {_quantiles(result)} |"
    )
    return milliseconds


def _quantiles(result: Result) -> str:
    if not result.overheads:
        return "– | –"
    cuts = statistics.quantiles(result.overheads, n=100)
    return f"{cuts[49]:.2f} | {cuts[98]:.2f}"


@contextmanager
def _gateway(canned: int, port: int) -> Iterator[tuple[int, str]]:
    """The dev server over real stores; its provider and its queue are canned."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.postgres(Path(folder)) as postgres,
        servers.valkey() as redis,
    ):
        key = _prepare(postgres)
        env = {
            "LLM_CP_STAGE": "local",
            "DATABASE_URL": postgres,
            "REDIS_URL": f"{redis}/0",
            "AUDIT_QUEUE_URL": f"http://127.0.0.1:{canned}/000000000000/audit",
            "AUDIT_BUCKET": "audit",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{canned}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "LLM_CP_KEY_PEPPER": PEPPER,
            "LLM_CP_LONG_LIVED": "1",
            "LLM_CP_REDIS_TIMEOUT_MS": "500",
            "OPENAI_API_KEY": "sk-canned",
            "LLM_CP_OPENAI_URL": f"http://127.0.0.1:{canned}/v1",
        }
        with python("-m", "controlplane.local.server", "--port", str(port), env=env) as pid:
            yield pid, key


def _prepare(postgres: str) -> str:
    """A migrated database with one application that has no limit in the way, and its key."""
    upgrade(postgres)
    key = KeyHasher.generate()
    policy = {"rate_limits": [{"requests": 1_000_000, "window_seconds": 1}]}
    targets = [{"provider": "openai", "model": "gpt-4o-mini", "weight": 1}]
    with psycopg.connect(postgres) as connection:
        connection.execute("INSERT INTO organizations (id, name) VALUES ('org-b', 'b')")
        connection.execute("INSERT INTO applications (org_id, id, name) VALUES ('org-b','app-b','b')")
        connection.execute(
            "INSERT INTO api_keys (id, org_id, application_id, name, role, key_hash, prefix)"
            " VALUES ('key-b', 'org-b', 'app-b', 'b', 'service', %s, 'sk-cp-')",
            (KeyHasher(PEPPER).hash(key),),
        )
        connection.execute(
            "INSERT INTO policies (org_id, level, subject_id, version, document)"
            " VALUES ('org-b', 'application', 'app-b', 1, %s)",
            (json.dumps(policy),),
        )
        connection.execute(
            "INSERT INTO model_routes (org_id, alias, strategy, targets)"
            " VALUES ('org-b', 'gpt-4o-mini', 'priority', %s)",
            (json.dumps(targets),),
        )
    return key
