"""A webhook over real sockets: signed, to a checked address, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.receiver import Receiver, receiver

from controlplane.adapters.notify import webhook
from controlplane.adapters.notify.webhook import WebhookSender
from controlplane.errors import Undelivered

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MESSAGE = {"type": "test", "text": "größer als 80 %"}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Receiver, WebhookSender]]:
    async with receiver(tmp_path) as (made, tls):
        sender = WebhookSender(allow_private=True, tls=tls)
        yield made, sender
        await sender.close()


async def test_a_receiver_verifies_what_it_gets(scene: tuple[Receiver, WebhookSender]) -> None:
    made, sender = scene
    await sender.post(made.url, "msg_1", MESSAGE, SECRET)
    assert made.verified(0, SECRET) == MESSAGE
    headers, _ = made.requests[0]
    assert headers["request"] == "POST /hook?team=a HTTP/1.1"
    assert (headers["host"], headers["webhook-id"]) == (f"localhost:{made.port}", "msg_1")
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    with pytest.raises(AssertionError):
        made.verified(0, other)


@pytest.mark.parametrize("status", [302, 400, 410, 500])
async def test_everything_but_success_is_a_failure(
    scene: tuple[Receiver, WebhookSender], status: int
) -> None:
    made, sender = scene
    made.statuses.append(status)
    with pytest.raises(Undelivered, match=f"answered {status}") as caught:
        await sender.post(made.url, "msg_1", MESSAGE, SECRET)
    assert caught.value.final == (status == 410)
    # A redirect is followed nowhere.
    assert len(made.requests) == 1


async def test_a_receiver_that_is_silent_is_not_waited_for(
    scene: tuple[Receiver, WebhookSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sender = scene
    made.silent = True
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.5)
    with pytest.raises(Undelivered, match="in time"):
        await sender.post(made.url, "msg_1", MESSAGE, None)


async def test_a_private_address_is_not_reached_unless_it_is_allowed(tmp_path: Path) -> None:
    async with receiver(tmp_path) as (made, tls):
        sender = WebhookSender(allow_private=False, tls=tls)
        with pytest.raises(Undelivered, match="not a public one"):
            await sender.post(made.url, "msg_1", MESSAGE, SECRET)
        await sender.close()
        assert made.requests == []


async def test_the_address_that_was_checked_is_the_one_that_is_reached(
    scene: tuple[Receiver, WebhookSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sender = scene
    loop, asked = asyncio.get_running_loop(), list[str]()
    looked_up = loop.getaddrinfo

    async def rebinding(host: Any, port: Any, **more: Any) -> Any:
        asked.append(host)
        # A second look-up of the name leads elsewhere.
        name = "127.0.0.1" if asked == ["localhost"] or host == "127.0.0.1" else "192.0.2.1"
        return await looked_up(name, port, **more)

    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    await sender.post(made.url, "msg_1", MESSAGE, SECRET)
    assert asked.count("localhost") == 1
    assert made.verified(0, SECRET) == MESSAGE


async def test_one_bad_address_among_good_ones_is_enough(
    scene: tuple[Receiver, WebhookSender], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sender = scene

    async def several(_host: Any, port: int, **_more: Any) -> Any:
        addresses = ("127.0.0.1", "169.254.169.254")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", several)
    with pytest.raises(Undelivered, match="not a public one"):
        await sender.post(made.url, "msg_1", MESSAGE, SECRET)
    assert made.requests == []


async def test_the_certificate_has_to_be_of_the_name(
    scene: tuple[Receiver, WebhookSender],
) -> None:
    made, sender = scene
    with pytest.raises(Undelivered, match="certificate"):
        await sender.post(f"https://127.0.0.1:{made.port}/", "msg_1", MESSAGE, SECRET)
    strict = WebhookSender(allow_private=True)
    with pytest.raises(Undelivered, match="certificate"):
        await strict.post(made.url, "msg_1", MESSAGE, SECRET)
    await strict.close()
    assert made.requests == []


async def test_http_is_never_spoken(scene: tuple[Receiver, WebhookSender]) -> None:
    made, sender = scene
    with pytest.raises(Undelivered, match="https"):
        await sender.post(f"http://localhost:{made.port}/", "msg_1", MESSAGE, SECRET)
    assert made.requests == []
