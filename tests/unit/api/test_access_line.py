"""The line that every request leaves: where it went, and nothing of what it held."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from tests.unit.gateway.parts import KEY, Keys, gateway

from controlplane.api.app import create_app
from controlplane.domain.access import Caller, Role
from controlplane.telemetry.lines import handler
from controlplane.wiring import Container

# A key in a place where an id should be, as people mistype; and a text that no id may hold.
MISTYPED = "sk-cp-hunter2"
ADMIN = Keys(Caller("org-1", Role.ADMIN, application_id="app-1", key_id="k"))


class Logs:
    """Audit records; there are none."""

    async def get(self, *_: Any, **__: Any) -> None:
        return None


async def logged(
    method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[httpx.Response, dict[str, Any], str]:
    """The answer, its access line, and all that was logged."""
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    made, _ = gateway(keys=ADMIN)
    app = create_app(cast(Container, SimpleNamespace(gateway=made, request_logs=Logs())))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as http:
        answer = await http.request(method, path)
    lines = [json.loads(line) for line in buffer.getvalue().splitlines()]
    (line,) = [line for line in lines if line.get("message") == "request"]
    return answer, line, buffer.getvalue()


@pytest.mark.parametrize(
    ("method", "path", "status", "template"),
    [
        ("GET", f"/admin/v1/requests/{MISTYPED}", 404, "/admin/v1/requests/{request_id}"),
        ("GET", f"/v1/models/{MISTYPED}", 404, "/v1/models/{model:path}"),
        ("GET", f"/admin/v1/requests?cursor={MISTYPED}&limit=x", 400, "/admin/v1/requests"),
        ("GET", f"/nowhere/{MISTYPED}", 404, "unknown"),
        ("GET", f"/{MISTYPED}", 404, "unknown"),
        ("GET", "/health", 200, "/health"),
    ],
)
async def test_a_path_is_logged_as_its_template(
    method: str, path: str, status: int, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, line, text = await logged(method, path, monkeypatch)
    assert (answer.status_code, line["status"]) == (status, status)
    assert (line["method"], line["path"]) == (method, template)
    assert MISTYPED not in text


async def test_so_is_one_that_does_not_know_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, line, text = await logged("TRACE", f"/admin/v1/requests/{MISTYPED}", monkeypatch)
    assert answer.status_code == line["status"] == 405
    assert line["path"] in ("/admin/v1/requests/{request_id}", "unknown")
    assert MISTYPED not in text
