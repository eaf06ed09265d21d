"""`python -m controlplane.server` over sockets: two processes, real stores, simulated providers."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from tests.integration.local.processes import environment, serving, wait_until

from controlplane.config import Settings
from controlplane.events import seed
from controlplane.local.children import free_port
from controlplane.local.environment import provider_environment
from controlplane.wiring import Container

STREAMS = 20


@dataclass(frozen=True)
class Server:
    """A running server and a key for it."""

    process: subprocess.Popen[bytes]
    url: str
    key: str
    simulator_url: str

    def stall(self, seconds: float) -> None:
        """Let each stream pause after its first events."""
        fault = {"kind": "stall", "seconds": seconds}
        body = {"provider": "openai", "fault": fault, "times": None}
        httpx.put(f"{self.simulator_url}/faults", json=body).raise_for_status()

    def serving(self) -> tuple[int, dict[str, Any]]:
        """What a load balancer is told."""
        answer = httpx.get(f"{self.url}/health/serving", timeout=30)
        return answer.status_code, answer.json()


@contextmanager
def running(settings: Settings, simulator_url: str, key: str, *arguments: str) -> Iterator[Server]:
    """Start the server with two processes, and end it."""
    port = free_port()
    env = environment(
        LLM_CP_STAGE="local",
        LLM_CP_LONG_LIVED="1",
        LLM_CP_REDIS_TIMEOUT_MS="5000",
        LLM_CP_KEY_PEPPER=settings.key_pepper or "",
        DATABASE_URL=settings.database_url or "",
        REDIS_URL=settings.redis_url,
        AUDIT_QUEUE_URL=settings.audit_queue_url,
        AUDIT_BUCKET=settings.audit_bucket,
        AWS_ENDPOINT_URL=settings.aws_endpoint_url or "",
        AWS_ACCESS_KEY_ID="task",  # whose calls they are, in the emulator's record
        **provider_environment({}, simulator_url)[0],
    )
    command = [sys.executable, "-m", "controlplane.server", "--port", str(port)]
    process = subprocess.Popen([*command, "--processes", "2", *arguments], env=env)
    try:
        yield Server(process, f"http://127.0.0.1:{port}", key, simulator_url)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    """The provider simulator."""
    port = free_port()
    with serving("simulator", port, env=environment()):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def settings(settings: Settings, fresh_url: str) -> Settings:
    """Over a database of its own."""
    return replace(settings, database_url=fresh_url)


@pytest.fixture
async def key(settings: Settings) -> str:
    """The key of an application."""
    container = Container(settings)
    seeded = await seed.run({"type": "user-seeder", "issue_keys": True}, container)
    await container.database.close()
    return str(seeded["api_keys"]["application"])


async def stream(client: httpx.AsyncClient, server: Server, began: asyncio.Semaphore) -> bool:
    """One streamed answer; True where it came to its end."""
    body = {"model": "gpt-5.5", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {server.key}"}
    url = f"{server.url}/v1/chat/completions"
    text, is_first = "", True
    try:
        async with client.stream("POST", url, json=body, headers=headers) as answer:
            assert answer.status_code == 200
            async for piece in answer.aiter_text():
                text += piece
                if is_first:
                    began.release()
                    is_first = False
    except httpx.RemoteProtocolError:
        return False
    return text.rstrip().endswith("[DONE]")


async def streams(server: Server, number: int) -> list[asyncio.Task[bool]]:
    """So many streams under way: each has sent its first event."""
    began = asyncio.Semaphore(0)
    client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None))
    tasks = [asyncio.create_task(stream(client, server, began)) for _ in range(number)]
    for _ in range(number):
        await asyncio.wait_for(began.acquire(), 30)
    return tasks


def started(server: Server) -> bool:
    """Whether both processes may have requests, by ten connections of their own."""
    try:
        return all(server.serving()[0] == 200 for _ in range(10))
    except httpx.TransportError:
        return False


def refuses(server: Server) -> bool:
    host, port = server.url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


async def test_what_streams_at_sigterm_is_finished(
    settings: Settings, simulator_url: str, key: str
) -> None:
    with running(settings, simulator_url, key) as server:
        await asyncio.to_thread(wait_until, lambda: started(server), seconds=60)
        server.stall(3)
        tasks = await streams(server, STREAMS)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(wait_until, lambda: refuses(server), seconds=3)
        assert server.process.poll() is None
        assert await asyncio.gather(*tasks) == [True] * STREAMS
        assert await asyncio.to_thread(server.process.wait, 10) == 0


async def test_a_stream_without_an_end_does_not_keep_the_server(
    settings: Settings, simulator_url: str, key: str
) -> None:
    with running(settings, simulator_url, key, "--drain-seconds", "1") as server:
        await asyncio.to_thread(wait_until, lambda: started(server), seconds=60)
        server.stall(50)
        tasks = await streams(server, 2)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 20) == 0
        assert time.monotonic() - begun < 15
        assert await asyncio.gather(*tasks) == [False, False]


def test_no_requests_before_each_store_has_answered(settings: Settings, simulator_url: str) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with running(replace(settings, redis_url=nowhere), simulator_url, "") as server:
        wait_until(lambda: not refuses(server))
        assert server.serving() == (503, {"status": "starting", "waiting_for": ["redis"]})
        assert httpx.get(f"{server.url}/health", timeout=30).status_code == 200


def test_a_wrong_setting_ends_it_with_one_sentence() -> None:
    env = environment(DATABASE_URL="", LLM_CP_STAGE="local")
    done = subprocess.run(
        [sys.executable, "-m", "controlplane.server", "--port", str(free_port())],
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Set DATABASE_URL")
    assert done.stderr.count("\n") == 1
