"""The key set: when it is fetched, how often, and what survives an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.adapters.cognito.issuer import answer, key_set, public_jwk

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.jwks import FETCH_INTERVAL_SECONDS, KeySet
from controlplane.errors import Unauthenticated, Unavailable


class Endpoint:
    """Answers with `response`, counts its calls, and can be held open."""

    def __init__(self, response: Callable[[], httpx.Response]) -> None:
        self.response = response
        self.calls = 0
        self.headers = httpx.Headers()
        self.now = 1000.0
        self.open = asyncio.Event()
        self.open.set()
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.keys = KeySet(
            "https://issuer.example/jwks.json", lambda: client, JoserfcKey, clock=lambda: self.now
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        self.headers = request.headers
        await self.open.wait()
        return self.response()


def publishing(*kids: str) -> Callable[[], httpx.Response]:
    return lambda: answer(key_set(*(public_jwk(kid) for kid in kids)))


def failing() -> httpx.Response:
    raise httpx.ConnectError("refused")


async def test_a_known_key_is_fetched_once_and_built_once() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    first = await endpoint.keys.key("kid-1")
    endpoint.now += 3600
    assert await endpoint.keys.key("kid-1") is first
    assert endpoint.calls == 1
    assert endpoint.headers["accept-encoding"] == "identity"


async def test_rotation_adds_the_new_key_and_keeps_the_old_one() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    await endpoint.keys.key("kid-1")
    endpoint.now += FETCH_INTERVAL_SECONDS
    endpoint.response = publishing("kid-2")
    await endpoint.keys.key("kid-2")
    await endpoint.keys.key("kid-1")
    assert endpoint.calls == 2


async def test_unknown_ids_one_after_the_other_cause_one_fetch_in_ten_seconds() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    for number in range(100):
        endpoint.now += 0.09
        with pytest.raises(Unauthenticated):
            await endpoint.keys.key(f"unknown-{number}")
    assert endpoint.calls == 1
    endpoint.now += FETCH_INTERVAL_SECONDS
    with pytest.raises(Unauthenticated):
        await endpoint.keys.key("unknown")
    assert endpoint.calls == 2


async def test_unknown_ids_all_at_once_wait_for_one_fetch() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    endpoint.open.clear()
    wanted = ["kid-1", *(f"unknown-{number}" for number in range(200))]
    flood = [asyncio.ensure_future(endpoint.keys.key(kid)) for kid in wanted]
    await asyncio.sleep(0)
    endpoint.now += 5 * FETCH_INTERVAL_SECONDS  # time alone does not start a second one
    flood.append(asyncio.ensure_future(endpoint.keys.key("kid-1")))
    await asyncio.sleep(0)
    endpoint.open.set()
    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert answers[0] is answers[-1]
    assert all(isinstance(answer, Unauthenticated) for answer in answers[1:-1])
    assert endpoint.calls == 1


async def test_a_caller_who_leaves_does_not_take_the_fetch_along() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    endpoint.open.clear()
    leaver = asyncio.ensure_future(endpoint.keys.key("kid-1"))
    stayer = asyncio.ensure_future(endpoint.keys.key("kid-1"))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.sleep(0)
    endpoint.open.set()
    assert await stayer
    assert leaver.cancelled()
    assert endpoint.calls == 1


async def test_down_with_nothing_known_is_unavailable_and_recovers() -> None:
    endpoint = Endpoint(failing)
    for _ in range(3):
        with pytest.raises(Unavailable) as caught:
            await endpoint.keys.key("kid-1")
        assert caught.value.status == 503
        assert 1 <= int(caught.value.headers["Retry-After"]) <= FETCH_INTERVAL_SECONDS
    assert endpoint.calls == 1
    endpoint.response = publishing("kid-1")
    endpoint.now += FETCH_INTERVAL_SECONDS
    assert await endpoint.keys.key("kid-1")


async def test_down_with_known_keys_goes_on_with_them() -> None:
    endpoint = Endpoint(publishing("kid-1"))
    await endpoint.keys.key("kid-1")
    endpoint.response = failing
    endpoint.now += FETCH_INTERVAL_SECONDS
    with pytest.raises(Unauthenticated):
        await endpoint.keys.key("kid-2")
    assert await endpoint.keys.key("kid-1")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": 7}',
        b"[" * 60_000,
        b'{"keys": [' + b" " * 70_000 + b"]}",
    ],
)
async def test_what_is_no_key_set_counts_as_down(document: bytes) -> None:
    endpoint = Endpoint(lambda: answer(document))
    with pytest.raises(Unavailable):
        await endpoint.keys.key("kid-1")


@pytest.mark.parametrize("entry", [None, 7, "kid-1", [], {}, {"kid": "kid-1"}, {"keys": []}])
async def test_an_entry_that_is_no_key_is_passed_over(entry: Any) -> None:
    endpoint = Endpoint(lambda: answer(key_set(entry, public_jwk("kid-1"))))
    assert await endpoint.keys.key("kid-1")


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500])
async def test_only_200_is_an_answer(status: int) -> None:
    headers = {"Location": "https://attacker.example/jwks.json"}
    endpoint = Endpoint(lambda: answer(key_set(public_jwk("kid-1")), status, headers))
    with pytest.raises(Unavailable):
        await endpoint.keys.key("kid-1")
    assert endpoint.calls == 1
