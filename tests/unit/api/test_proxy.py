"""What leaves as text for API Gateway, and what as base64."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.gateway.parts import KEY, Keys, gateway

from controlplane.api import proxy
from controlplane.api.app import create_app
from controlplane.domain.access import Caller, Role
from controlplane.wiring import Container

ADMIN = Keys(Caller("org-1", Role.ADMIN, application_id="app-1", key_id="k"))
RECORDS = [{"request_id": "req_1", "cost_microusd": 1500, "model": "日本"}]


class Logs:
    """Audit records of one organisation."""

    async def page(self, *_: Any, **__: Any) -> Any:
        return RECORDS, None


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The function's application, over a gateway in memory."""
    made, _ = gateway(keys=ADMIN)
    parts = SimpleNamespace(gateway=made, request_logs=Logs())
    app = create_app(cast(Container, parts))
    monkeypatch.setattr(proxy, "create_app", lambda: app)
    proxy._adapter.cache_clear()
    # Mangum works in the loop of the thread, as in the function.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)
    proxy._adapter.cache_clear()


def event(path: str, query: dict[str, str]) -> dict[str, Any]:
    """A request of a REST API, as API Gateway sends it."""
    headers = {"authorization": f"Bearer {KEY}", "host": "cp"}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "requestContext": {"httpMethod": "GET", "path": path, "identity": {"sourceIp": "::1"}},
        "body": None,
        "isBase64Encoded": False,
    }


def test_json_lines_leave_as_text() -> None:
    """As base64 they would be a third larger than the function may answer."""
    answer = proxy.respond(event("/admin/v1/requests", {"format": "jsonl"}), None)
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["content-type"] == "application/x-ndjson"
    assert answer["isBase64Encoded"] is False
    (record,) = [json.loads(line) for line in answer["body"].splitlines()]
    assert record["model"] == "日本"


@pytest.mark.parametrize("path", ["/health", "/admin/v1/requests", "/nowhere"])
def test_so_does_json(path: str) -> None:
    answer = proxy.respond(event(path, {}), None)
    assert answer["isBase64Encoded"] is False
    json.loads(answer["body"])
