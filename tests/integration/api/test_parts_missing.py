"""A part that cannot be made, because nobody can read its secret: 503, and the log says which."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.aws import client

from controlplane.api.app import create_app
from controlplane.config import Settings
from controlplane.domain.keys import KeyHasher
from controlplane.telemetry.lines import handler
from controlplane.wiring import Container

# What stands in a secret, or in a credential.
SECRET = "hunter2-9f8e7d"
NOWHERE = "/llm-cp/test/nowhere"
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello there"}]}


@pytest.fixture
def log_text(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    return buffer.getvalue


def secret(settings: Settings, value: str) -> str:
    name = f"/test/{uuid.uuid4().hex}"
    client("secretsmanager", settings).create_secret(Name=name, SecretString=value)
    return name


def no_such_secret(settings: Settings) -> Settings:
    return replace(settings, key_pepper=None, key_pepper_secret=NOWHERE)


def secrets_manager_down(settings: Settings) -> Settings:
    return replace(no_such_secret(settings), aws_endpoint_url="http://127.0.0.1:9")


def no_json(settings: Settings) -> Settings:
    return replace(settings, providers_secret=secret(settings, f"no json but {SECRET}"))


def a_provider_without_tls(settings: Settings) -> Settings:
    row = {"OPENAI_API_KEY": SECRET, "LLM_CP_OPENAI_URL": f"http://u:{SECRET}@127.0.0.1:9/v1"}
    name = secret(settings, json.dumps(row))
    return replace(settings, stage="prod", providers_secret=name)


def a_secret_without_its_field(settings: Settings) -> Settings:
    name = secret(settings, json.dumps({"password": SECRET}))
    return replace(settings, redis_secret=name)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The application as it is; what it does not handle itself is a 500."""
    container = Container(settings)
    transport = httpx.ASGITransport(create_app(container), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KeyHasher.generate()}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as http:
        yield http


@pytest.mark.parametrize(
    ("broken", "names", "admin_status"),
    [
        (no_such_secret, NOWHERE, 503),
        (secrets_manager_down, NOWHERE, 503),
        # Administrators need no provider; the key is one that nobody has made.
        (no_json, "must be a JSON object", 401),
        (a_provider_without_tls, "'openai' must start with https", 401),
        (a_secret_without_its_field, "username", 503),
    ],
)
async def test_it_is_503_and_tells_the_secret_to_nobody(
    broken: Callable[[Settings], Settings],
    names: str,
    admin_status: int,
    settings: Settings,
    log_text: Callable[[], str],
) -> None:
    async with serving(broken(settings)) as http:
        for _ in "12":  # nothing half made is kept
            admin = await http.get("/admin/v1/policies")
            assert admin.status_code == admin_status, admin.text
            for answer in [
                await http.post("/v1/chat/completions", json=BODY),
                *([admin] if admin_status == 503 else []),
            ]:
                assert answer.status_code == 503, answer.text
                envelope: dict[str, Any] = answer.json()["error"]
                assert envelope["code"] == "service_unavailable"
                assert int(answer.headers["retry-after"]) >= 1
                assert answer.headers["x-request-id"].startswith("req_")
                assert SECRET not in answer.text
                assert names not in answer.text, "whose parts these are is no caller's affair"
        alive = await http.get("/health")
        assert alive.status_code == 200
    lines = [json.loads(line) for line in log_text().splitlines()]
    told = [" ".join(map(str, line.values())) for line in lines]
    assert len([line for line in told if names in line]) >= 2, "each time anew"
    assert not [line for line in lines if line.get("message") == "crash"]
    assert SECRET not in log_text()
