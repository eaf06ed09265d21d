"""Each event loads what it needs, no more: looked at in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sqs_records import sqs_record

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "DATABASE_URL": "postgresql://u@127.0.0.1:1/d",
    "REDIS_URL": "redis://127.0.0.1:1",
    "AUDIT_QUEUE_URL": "http://127.0.0.1:1/q",
    "AUDIT_BUCKET": "b",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "LLM_CP_KEY_PEPPER": "p",
}
SCRIPT = """
import json, sys
event = json.loads(sys.argv[1])
from controlplane.lambda_handler import handler
before = set(sys.modules)
outcome = None
if event is not None:
    try:
        outcome = handler(event, None)
    except Exception as error:
        outcome = {"error": type(error).__name__}
print(json.dumps({"modules": sorted(sys.modules), "outcome": outcome}))
"""


def run(event: object) -> tuple[set[str], object]:
    """The packages that were imported, and what the handler returned."""
    modules, outcome = run_with_modules(event)
    return {name.partition(".")[0] for name in modules}, outcome


def run_with_modules(event: object, **more: str) -> tuple[set[str], object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(event)],
        env=os.environ | SETTINGS | more | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    printed = json.loads(done.stdout.splitlines()[-1])
    return set(printed["modules"]), printed["outcome"]


TOKENS = {"jose", "joserfc"}
HEAVY = {"fastapi", "mangum", "alembic", "sqlalchemy", "boto3", "redis", "httpx", "re2", *TOKENS}
HTTP = {
    "httpMethod": "GET",
    "path": "/health",
    "resource": "/{proxy+}",
    "headers": {"host": "x"},
    "multiValueHeaders": {"host": ["x"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "requestContext": {"identity": {"sourceIp": "127.0.0.1"}, "stage": "s"},
    "body": None,
    "isBase64Encoded": False,
}
SQS = {"Records": [sqs_record("m1", "{}")]}


def test_the_handler_alone_loads_nothing_heavy() -> None:
    roots, _ = run(None)
    assert not roots & HEAVY


def test_http_loads_no_alembic_and_no_database_before_it_needs_one() -> None:
    roots, outcome = run(HTTP)
    assert isinstance(outcome, dict)
    assert outcome["statusCode"] == 200
    assert "fastapi" in roots
    assert not roots & {"alembic", "sqlalchemy", "psycopg", *TOKENS, "uvicorn", "moto", "aiohttp"}


COMPLETION = {
    **HTTP,
    "httpMethod": "POST",
    "path": "/v1/chat/completions",
    "headers": {"host": "x", "authorization": "Bearer x"},
    "multiValueHeaders": {"host": ["x"], "authorization": ["Bearer x"]},
    "body": '{"model": "m", "messages": []}',
}
ADMIN = (
    *("controlplane.admin", "controlplane.api.routers.admin", "controlplane.api.openapi"),
    *("controlplane.api.docs", "controlplane.api.exports", "fastapi_offline"),
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/embeddings"),
        ("GET", "/v1/models"),
        ("GET", "/health"),
        ("GET", "/nowhere"),
    ],
)
def test_an_application_s_request_loads_nothing_of_the_admin_api(method: str, path: str) -> None:
    modules, outcome = run_with_modules({**COMPLETION, "httpMethod": method, "path": path})
    assert isinstance(outcome, dict)
    assert outcome["statusCode"] in (200, 401, 404)
    assert "controlplane.api.app" in modules
    assert [name for name in modules if name.startswith(ADMIN)] == []


@pytest.mark.parametrize("path", ["/admin/v1/applications", "/openapi.json"])
def test_the_admin_api_is_loaded_by_its_first_request(path: str) -> None:
    modules, outcome = run_with_modules({**COMPLETION, "httpMethod": "GET", "path": path})
    assert isinstance(outcome, dict)
    assert outcome["statusCode"] in (200, 401)
    assert "controlplane.api.routers.admin.applications" in modules
    assert "controlplane.admin.models.directory" in modules


def test_a_token_loads_the_library_that_verifies_it_and_not_the_other() -> None:
    pool = {"COGNITO_USER_POOL_ID": "eu-west-1_Example", "COGNITO_CLIENT_IDS": "client-1"}
    modules, outcome = run_with_modules(COMPLETION, **pool)
    assert isinstance(outcome, dict)
    assert outcome["statusCode"] == 401
    assert modules & TOKENS == {"joserfc"}


def test_an_sqs_batch_loads_no_fastapi() -> None:
    roots, outcome = run(SQS)
    assert outcome == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert not roots & {"fastapi", "starlette", "mangum", "alembic", "re2", *TOKENS}


def test_a_migration_loads_no_fastapi() -> None:
    roots, outcome = run({"type": "user-migration"})
    assert isinstance(outcome, dict)
    assert "error" in outcome
    assert "alembic" in roots
    assert not roots & {"fastapi", "mangum", "re2", *TOKENS}


@pytest.mark.parametrize("event", [{"type": "nonsense"}, {}, [], "x", 7, {"Records": []}])
def test_other_events_are_errors_and_load_nothing(event: object) -> None:
    roots, outcome = run(event)
    assert outcome == {"error": "UnknownEvent"}
    assert not roots & HEAVY
