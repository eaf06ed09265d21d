"""A simulator that is called as three providers over real sockets, by both HTTP transports."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.benchmarks.processes import free_port, python
from tests.unit.gateway.parts import CALLER, dispatched

from controlplane.config import ProviderSettings, provider_settings
from controlplane.domain.inference import Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.routing import Route, Target, Timeouts
from controlplane.errors import GatewayError
from controlplane.gateway.call import Whole
from controlplane.gateway.ports import Provider
from controlplane.gateway.record import Trail
from controlplane.local.environment import provider_environment
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.protocols.responses.request import ResponsesRequest
from controlplane.providers.aiohttp_transport import AiohttpOverHttpx
from controlplane.providers.registry import SETTINGS
from controlplane.wiring.providers import open_provider

TIMEOUTS = Timeouts(connect_s=0.5, first_byte_s=0.6, idle_s=0.6, total_s=1.5)
TEXT = "The simulator read 1 message. The last user said: one two three four five"
MESSAGES = [{"role": "user", "content": "one two three four five"}]
TARGETS = {
    "openai": Target("openai", "gpt-4o"),
    "azure": Target("azure", "gpt-4o"),
    "anthropic": Target("anthropic", "claude-sonnet-4-5"),
}
# The simulator speaks plain HTTP; reading the machine's certificates takes longer than a test.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Who answers when the provider under test does not.
NEXT = {"openai": "azure", "azure": "openai", "anthropic": "openai"}


# The same request as each client would send it.
REQUESTS: Mapping[ProtocolName, Callable[[Mapping[str, Any]], InferenceRequest]] = {
    ProtocolName.CHAT_COMPLETIONS: ChatRequest,
    ProtocolName.MESSAGES: lambda chat: MessagesRequest({**chat, "max_tokens": 64}),
    ProtocolName.RESPONSES: lambda chat: ResponsesRequest(
        {"input": chat["messages"], "store": False, **_without_messages(chat)}
    ),
}


@dataclass
class Outcome:
    """What a caller got: the text, the trail and, if it failed, how."""

    trail: Trail = field(default_factory=lambda: Trail("req_1", CALLER))
    text: str = ""
    error: GatewayError | None = None
    seconds: float = 0.0

    @property
    def attempts(self) -> list[tuple[str, str | None]]:
        """Provider and failure of each attempt."""
        return [(attempt.provider, attempt.failure) for attempt in self.trail.attempts]


@dataclass
class Simulated:
    """The providers of one test; the simulator behind them has no faults and counts from zero."""

    url: str
    client: httpx.AsyncClient
    control: httpx.AsyncClient
    providers: dict[str, Provider] = field(default_factory=dict)

    def __post_init__(self) -> None:
        environment, _ = provider_environment({}, self.url)
        rows = provider_settings(environment, SETTINGS, local=True)
        for row in rows.values():
            self.add(row)

    def add(self, row: ProviderSettings) -> None:
        """One more provider over the same HTTP client."""
        self.providers[row.name] = open_provider(row, self.client)

    async def fail(self, provider: str, times: int | None = None, **fault: Any) -> None:
        """Order a fault."""
        body = {"provider": provider, "fault": fault, "times": times}
        (await self.control.put("/faults", json=body)).raise_for_status()

    async def heal(self) -> None:
        """End all faults."""
        await self.control.delete("/faults")

    async def calls(self) -> dict[str, int]:
        """How often each provider was called that was called at all."""
        return {name: row["count"] for name, row in (await self.report()).items() if row["count"]}

    async def report(self) -> dict[str, Any]:
        """All that the simulator says about its calls."""
        report: dict[str, Any] = (await self.control.get("/calls")).json()
        return report

    async def ask(
        self,
        *targets: Target,
        stream: bool,
        timeouts: Timeouts = TIMEOUTS,
        protocol: ProtocolName = ProtocolName.CHAT_COMPLETIONS,
    ) -> Outcome:
        """One request to these targets in `protocol`."""
        outcome, started = Outcome(), time.monotonic()
        request = REQUESTS[protocol](chat(stream=stream))
        route = Route("m", targets, timeouts=timeouts)
        try:
            async with dispatched(request, route, self.providers, outcome.trail) as content:
                if isinstance(content, Whole):
                    outcome.text = _text(content.body)
                else:
                    async for event in content.events:
                        outcome.text += _piece(event)
        except GatewayError as error:
            outcome.error = error
        outcome.seconds = time.monotonic() - started
        return outcome


def _text(body: Body) -> str:
    if "choices" in body:
        text: str = body["choices"][0]["message"]["content"]
        return text
    said = [body] if "content" in body else body["output"]
    return "".join(part["text"] for each in said for part in each["content"])


def _piece(event: Event) -> str:
    delta = event["choices"][0]["delta"] if "choices" in event else event.get("delta", {})
    if isinstance(delta, str):
        return delta
    return delta.get("content") or delta.get("text") or ""


def _without_messages(chat: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chat.items() if name != "messages"}


def chat(*, stream: bool) -> Mapping[str, Any]:
    """A plain chat request."""
    return {"model": "m", "messages": MESSAGES, **({"stream": True} if stream else {})}


@pytest.fixture(scope="session")
def simulator() -> Iterator[str]:
    """The address of a simulator in a process of its own."""
    port = free_port()
    with python("-m", "controlplane.local.simulator", "--port", str(port)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["httpx", "aiohttp"])
async def simulated(request: pytest.FixtureRequest, simulator: str) -> AsyncIterator[Simulated]:
    """The providers over one of the transports."""
    transport = (
        AiohttpOverHttpx(httpx.Limits(), httpx.create_ssl_context())
        if request.param == "aiohttp"
        else None
    )
    async with (
        httpx.AsyncClient(transport=transport, verify=NO_TLS) as client,
        httpx.AsyncClient(base_url=simulator, verify=NO_TLS) as control,
    ):
        await control.delete("/faults")
        await control.delete("/calls")
        yield Simulated(simulator, client, control)


@pytest.fixture(params=list(TARGETS))
def name(request: pytest.FixtureRequest) -> str:
    """The provider under test."""
    found: str = request.param
    return found


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    """Whether the answer is to be streamed."""
    found: bool = request.param
    return found
