"""Faults on demand, and what the simulator says about the calls it got."""

from __future__ import annotations

import hashlib
import re
import time

import httpx
import orjson
import pytest

from controlplane.local.simulator.faults import FAULTS

from .conftest import MESSAGES, SimulatedProvider, events

# Those that cut or bend the connection itself are tried over a real one.
ON_SOCKETS = {"reset", "drop", "drip", "pings", "stale", "hang-up"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 429, 500, 503, 529])
async def test_any_status_by_the_models_name(provider: SimulatedProvider, status: int) -> None:
    response = await provider.post(model=f"sim-{status}")
    assert response.status_code == status
    assert response.json()["error"]["message"]
    assert "retry-after" not in response.headers


async def test_a_name_of_no_fault_is_no_model(provider: SimulatedProvider) -> None:
    for model in ("sim-", "sim-nothing", "sim-999", "sim-429-x", "gemini"):
        response = await provider.post(model=model)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


async def test_an_exhausted_account(provider: SimulatedProvider) -> None:
    response = await provider.post(model="sim-quota")
    assert (response.status_code, response.json()["error"]["code"]) == (429, "insufficient_quota")


async def test_a_fault_lasts_as_many_times_as_ordered(provider: SimulatedProvider) -> None:
    await provider.fault("status", status=503, retry_after=1.5, times=2)
    first = await provider.post()
    assert (first.status_code, first.headers["retry-after"]) == (503, "1.5")
    statuses = [(await provider.azure()).status_code, (await provider.post()).status_code]
    assert statuses == [200, 503]
    assert (await provider.post()).status_code == 200


async def test_when_to_come_back_in_one_unit_or_the_other(provider: SimulatedProvider) -> None:
    await provider.fault("status", status=429, retry_after_ms=1500, times=1)
    headers = (await provider.post()).headers
    assert (headers["retry-after-ms"], headers.get("retry-after")) == ("1500", None)
    await provider.fault("status", status=429, retry_after=2, times=1)
    headers = (await provider.post()).headers
    assert (headers.get("retry-after-ms"), headers["retry-after"]) == (None, "2")


async def test_a_fault_without_end_ends_with_delete(provider: SimulatedProvider) -> None:
    await provider.fault("status")
    assert [(await provider.post()).status_code for _ in range(3)] == [500, 500, 500]
    await provider.client.delete("/faults")
    assert (await provider.post()).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["delay", "stall"])
async def test_delays_end_well(provider: SimulatedProvider, kind: str, stream: bool) -> None:
    began = time.monotonic()
    response = await provider.post(model=f"sim-{kind}-0.2", stream=stream)
    assert time.monotonic() - began >= 0.2
    if stream:
        assert events(response)[-1] == "[DONE]"
    else:
        assert response.json()["choices"]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("html", b"<html>"),
        ("empty-object", b"{}"),
        ("error-object", b'{"error":'),
        ("error-first", b'{"error":'),
        ("empty-stream", b""),
    ],
)
async def test_a_success_that_is_no_answer(
    provider: SimulatedProvider, kind: str, shown: bytes
) -> None:
    response = await provider.post(model=f"sim-{kind}")
    assert response.status_code == 200
    assert response.content.startswith(shown)
    assert shown or not response.content


async def test_answers_that_lack_something(provider: SimulatedProvider) -> None:
    assert (await provider.post(model="sim-no-choices")).json()["choices"] == []
    assert "usage" not in (await provider.post(model="sim-no-usage")).json()
    for kind in ("truncated", "early-end"):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads((await provider.post(model=f"sim-{kind}")).content)
    assert b"<garbage>" in (await provider.post(model="sim-garbage")).content


async def test_streams_that_lack_something(provider: SimulatedProvider) -> None:
    async def stream(kind: str) -> httpx.Response:
        options = {"include_usage": True}
        return await provider.post(model=f"sim-{kind}", stream=True, stream_options=options)

    def finished(items: list[object]) -> bool:
        return b'"finish_reason":"stop"' in orjson.dumps(items)

    early, done = events(await stream("early-end")), events(await stream("early-done"))
    assert early[-1]["choices"][0]["delta"]["content"]
    assert (done[-1], finished(early), finished(done)) == ("[DONE]", False, False)
    *chunks, usage, end = events(await stream("no-usage"))
    assert (end, usage["usage"], finished([*chunks, usage])) == ("[DONE]", None, True)
    *chunks, end = events(await stream("no-choices"))
    assert (end, [chunk["choices"] for chunk in chunks]) == ("[DONE]", [[]])
    assert b"<garbage>" in (await stream("garbage")).content
    assert not (await stream("truncated")).content.endswith(b"\n")
    assert (await stream("empty-stream")).content == b""
    assert (await stream("error-object")).json()["error"]["type"] == "server_error"
    assert events(await stream("error-first"))[0]["error"]["type"] == "server_error"
    *chunks, error = events(await stream("error-mid"))
    assert error["error"]["type"] == "server_error"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 3


async def test_only_delays_end_with_the_right_answer(provider: SimulatedProvider) -> None:
    async def answer(**body: object) -> tuple[int, bytes]:
        response = await provider.post(**body)
        return response.status_code, re.sub(
            rb'("id":"chatcmpl-|"created":)[0-9]+', b"", response.content
        )

    for body in ({}, {"stream": True, "stream_options": {"include_usage": True}}):
        right = await answer(**body)
        for kind in FAULTS.keys() - ON_SOCKETS:
            await provider.fault(kind, seconds=0.01, times=1)
            harmless = ("delay", "stall") if body else ("delay", "stall", "no-end", "open-end")
            assert (await answer(**body) == right) == (kind in harmless), kind


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - ON_SOCKETS))
async def test_each_fault_of_the_newer_protocols(
    provider: SimulatedProvider, kind: str, name: str, stream: bool
) -> None:
    async def answer() -> tuple[int, bytes]:
        ask = provider.respond if name == "openai" else provider.anthropic
        response = await ask(stream=stream)
        content = re.sub(rb"((resp|msg)_|created_at\":|completed_at\":)\d+", b"", response.content)
        return response.status_code, content

    right = await answer()
    await provider.fault(kind, provider=name, seconds=0.01, times=1)
    harmless = {"delay", "stall"} | (set() if stream else {"no-end", "open-end"})
    assert (await answer() == right) == (kind in harmless)
    assert await answer() == right


async def test_without_a_connection_to_cut_the_call_fails(provider: SimulatedProvider) -> None:
    with pytest.raises(ConnectionResetError):
        await provider.post(model="sim-reset")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"provider": "openai", "fault": {"kind": "earthquake"}}, "'kind' must be one of status"),
        ({"provider": "gemini", "fault": {"kind": "html"}}, "'provider' must be one of openai"),
        ({"provider": "openai", "fault": {"kind": "html", "color": 1}}, "has only the members"),
        ({"provider": "openai", "fault": {"kind": "delay", "seconds": "1"}}, "must be numbers"),
        ({"provider": "openai", "fault": {"kind": "status", "status": 99}}, "from 200 to 599"),
        ({"provider": "openai", "fault": {"kind": "html"}, "times": 0}, "positive integer"),
        ({"fault": {"kind": "html"}}, "Send {"),
        ([], "Send {"),
    ],
)
async def test_an_order_that_cannot_be_followed(
    provider: SimulatedProvider, plan: object, said: str
) -> None:
    response = await provider.client.put("/faults", json=plan)
    assert response.status_code == 400
    assert said in response.json()["error"]["message"]


async def test_calls_are_counted_and_shown_without_credentials(
    provider: SimulatedProvider,
) -> None:
    await provider.post(user="ada", model="sim-500")
    await provider.azure()
    await provider.azure()
    calls = (await provider.client.get("/calls")).json()
    assert (calls["openai"]["count"], calls["azure"]["count"]) == (1, 2)
    (shown,) = calls["openai"]["requests"]
    assert shown["path"] == "/v1/chat/completions"
    assert shown["body"] == {"model": "sim-500", "messages": MESSAGES, "user": "ada"}
    assert shown["headers"]["content-type"] == "application/json"
    assert "sk-simulator" not in orjson.dumps(calls).decode()
    await provider.client.delete("/calls")
    assert (await provider.client.get("/calls")).json()["azure"]["count"] == 0


async def test_a_call_is_shown_as_it_came(provider: SimulatedProvider) -> None:
    raw = b'{"model": "gpt-5.5",\t"input": "Hello", "store":false }'
    await provider.client.post(
        "/openai/v1/responses?a=1&b=%20",
        content=raw,
        headers={"Authorization": "Bearer sk-simulator", "X-Any-Header": "Kept as it is"},
    )
    (shown,) = (await provider.client.get("/calls")).json()["openai"]["requests"]
    assert shown["sha256"] == hashlib.sha256(raw).hexdigest()
    assert (shown["method"], shown["path"]) == ("POST", "/v1/responses")
    assert shown["query"] == "a=1&b=%20"
    assert shown["headers"]["x-any-header"] == "Kept as it is"
    assert shown["credentials"] == ["authorization"]


async def test_bodies_that_are_no_json(provider: SimulatedProvider) -> None:
    for raw in (b"", b"{", b"[]", b'"text"'):
        response = await provider.client.post(
            "/openai/v1/chat/completions",
            content=raw,
            headers={"Authorization": "Bearer sk-simulator"},
        )
        assert response.status_code == 400
        assert response.json()["error"]["type"] == "invalid_request_error"
    assert (await provider.client.get("/calls")).json()["openai"]["requests"][0]["body"] == ""
