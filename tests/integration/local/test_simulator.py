"""Faults of the connection itself, over a real one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controlplane.local.children import free_port

from .processes import environment, serving, wait_until


@pytest.fixture(scope="module")
def simulator() -> Iterator[httpx.Client]:
    port = free_port()
    with (
        serving("simulator", port, env=environment()),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": "Bearer sk-simulator"},
        ) as client,
    ):
        yield client


def stream(simulator: httpx.Client, model: str, **body: Any) -> Any:
    messages = [{"role": "user", "content": "Hello"}]
    return simulator.stream(
        "POST",
        "/openai/v1/chat/completions",
        json={"model": model, "messages": messages, **body},
        timeout=2,
    )


@pytest.mark.parametrize("streamed", [False, True])
def test_reset(simulator: httpx.Client, streamed: bool) -> None:
    responses = []
    with (
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
        stream(simulator, "sim-reset", stream=streamed) as response,
    ):
        responses.append(response)
    assert responses == [], "the connection ends before the headers"


@pytest.mark.parametrize(("streamed", "start"), [(False, b'{"id"'), (True, b'data: {"id"')])
def test_drop(simulator: httpx.Client, streamed: bool, start: bytes) -> None:
    with stream(simulator, "sim-drop", stream=streamed) as response:
        assert response.status_code == 200
        pieces = response.iter_raw()
        assert next(pieces).startswith(start)
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/openai/v1/responses", b"event: response.created\n"),
        ("/anthropic/v1/messages", b"event: message_start\n"),
    ],
)
def test_streams_of_the_newer_protocols_are_cut(
    simulator: httpx.Client, path: str, start: bytes
) -> None:
    body: dict[str, Any] = {"input": "Hello"}
    if "anthropic" in path:
        body = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"anthropic-version": "2023-06-01"}
    request = {"model": "sim-drop", "stream": True, **body}
    with simulator.stream("POST", path, json=request, headers=headers) as response:
        pieces = response.iter_raw()
        assert next(pieces).startswith(start)
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)


def test_drip_gives_a_byte_each_half_second(simulator: httpx.Client) -> None:
    began, received = time.monotonic(), b""
    with stream(simulator, "sim-drip") as response:
        for piece in response.iter_raw():
            received += piece
            if len(received) == 3:
                break
    assert received == b'{"i'
    assert 0.9 < time.monotonic() - began < 2


def test_pings_never_answer(simulator: httpx.Client) -> None:
    with stream(simulator, "sim-pings", stream=True) as response:
        pings = response.iter_raw()
        assert [next(pings), next(pings)] == [b": keep-alive\n\n"] * 2


def test_the_first_byte_comes_before_a_stall(simulator: httpx.Client) -> None:
    began = time.monotonic()
    with stream(simulator, "sim-stall-1", stream=True) as response:
        pieces = response.iter_raw()
        next(pieces)
        assert time.monotonic() - began < 0.5
        assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
    assert time.monotonic() - began >= 1


def test_a_client_who_leaves_is_counted(simulator: httpx.Client) -> None:
    def left() -> int:
        return int(simulator.get("/calls").json()["anthropic"]["left"])

    # Not the provider of the other tests: that those have left may be noticed now.
    request = {"model": "sim-stall-30", "max_tokens": 9, "stream": True}
    messages = [{"role": "user", "content": "Hello"}]
    with simulator.stream(
        "POST",
        "/anthropic/v1/messages",
        json={**request, "messages": messages},
        headers={"x-api-key": "sk-simulator", "anthropic-version": "2023-06-01"},
    ) as response:
        assert response.status_code == 200
        pieces = response.iter_raw()
        assert next(pieces)
        assert left() == 0
    wait_until(lambda: left() > 0, seconds=10)
    assert left() == 1
