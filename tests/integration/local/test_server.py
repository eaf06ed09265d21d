"""The dev server passes Lambda's Invoke API on, and everything else to the application."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controlplane.local.children import free_port
from controlplane.local.server import WithInvocations

from .processes import environment, serving

HANDLER = "tests.integration.local.fake_function.handler"
INVOCATIONS = "/2015-03-31/functions/llm-cp/invocations"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says which path it was asked for."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def client(function_port: int) -> httpx.AsyncClient:
    server = WithInvocations(application, f"http://127.0.0.1:{function_port}")
    return httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://gateway")


async def test_invocations_go_to_the_function() -> None:
    port = free_port()
    with serving("function", port, "--handler", HANDLER, env=environment()):
        async with client(port) as gateway:
            assert (await gateway.get("/health")).text == "/health"
            answer = await gateway.post(INVOCATIONS, json={"raise": "x"})
            assert answer.headers["x-amz-function-error"] == "Unhandled"
            dry = {"X-Amz-Invocation-Type": "DryRun"}
            assert (await gateway.post(INVOCATIONS, headers=dry)).status_code == 204
            missing = await gateway.post(INVOCATIONS, params={"Qualifier": "7"})
            assert missing.status_code == 404
            assert missing.headers["x-amzn-errortype"] == "ResourceNotFoundException"
            large = await gateway.post(INVOCATIONS, content=b" " * (6 * 1024 * 1024 + 1))
            assert large.status_code == 413


@pytest.mark.parametrize("path", [INVOCATIONS, "/2015-03-31/anything"])
async def test_a_function_that_is_gone_is_said(path: str) -> None:
    async with client(free_port()) as gateway:
        answer = await gateway.post(path, json={})
    assert answer.status_code == 502
    assert answer.json()["Message"] == "The function worker does not answer."
