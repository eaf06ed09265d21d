"""The dev server as the benchmarks measure it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from controlplane.adapters.postgres.migrations import upgrade
from controlplane.domain.keys import KeyHasher
from tests import servers
from tests.benchmarks.processes import free_port, python

ROUTES = (
    ("gpt-4o-mini", "openai", "gpt-4o-mini"),
    ("azure-only", "azure", "gpt-4o-mini"),
    ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
)
PEPPER = "a pepper for the benchmark, 32 characters"


@dataclass(frozen=True)
class Gateway:
    """A running dev server, and the environment of a function over the same stores."""

    pid: int
    port: int
    headers: dict[str, str]
    function_env: dict[str, str]
    upstream_port: int


@contextmanager
def running() -> Iterator[Gateway]:
    """The dev server over real stores; its provider and its queue are canned."""
    canned, port = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.postgres(Path(folder)) as postgres,
        servers.valkey() as redis,
        python("-m", "tests.benchmarks.canned", str(canned)),
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
            "AZURE_OPENAI_API_KEY": "canned",
            "LLM_CP_AZURE_URL": f"http://127.0.0.1:{canned}",
            "ANTHROPIC_API_KEY": "canned",
            "LLM_CP_ANTHROPIC_URL": f"http://127.0.0.1:{canned}",
        }
        with python("-m", "controlplane.local.server", "--port", str(port), env=env) as pid:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            yield Gateway(pid, port, headers, env | {"LLM_CP_LONG_LIVED": "0"}, canned)


def _prepare(postgres: str) -> str:
    """A migrated database with one application that has no limit in the way, and its key."""
    upgrade(postgres)
    key = KeyHasher.generate()
    policy = {"rate_limits": [{"requests": 1_000_000, "window_seconds": 1}]}
    with psycopg.connect(postgres) as connection:
        connection.execute("INSERT INTO organizations (id, name) VALUES ('org-b', 'b')")
        connection.execute(
            "INSERT INTO applications (org_id, id, name) VALUES ('org-b','app-b','b')"
        )
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
        for alias, provider, model in ROUTES:
            connection.execute(
                "INSERT INTO model_routes (org_id, alias, strategy, targets)"
                " VALUES ('org-b', %s, 'priority', %s)",
                (alias, json.dumps([{"provider": provider, "model": model, "weight": 1}])),
            )
    return key
