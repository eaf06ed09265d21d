"""A gateway over parts that live in memory: real providers and limiters, kept facts."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from tests.fixed_providers import FixedProviders

from controlplane.domain.access import Caller, Role
from controlplane.domain.audit import AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.configuration import Configuration
from controlplane.domain.inference import Body, Event, InferenceRequest
from controlplane.domain.limits import Claim, Decision, Hold, LimitStatus
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.price import Billing, Price
from controlplane.domain.replay import Stored
from controlplane.domain.rotating import Constant
from controlplane.domain.routing import Route, Target, Timeouts
from controlplane.domain.stored_answers import StoredIds
from controlplane.domain.usage import ImageTokens
from controlplane.errors import Unreachable
from controlplane.gateway.call import Answer, Call, Streamed, Whole
from controlplane.gateway.dispatch import dispatch, effective_timeouts
from controlplane.gateway.local_ledger import LocalLedger
from controlplane.gateway.pipeline import Gateway, answered
from controlplane.gateway.ports import Ledger as LedgerPort
from controlplane.gateway.ports import Ledgers, Provider, Providers
from controlplane.gateway.record import Trail
from controlplane.policy.effective import effective_policy
from controlplane.protocols.chat_completions.protocol import PROTOCOL as CHAT
from controlplane.protocols.embeddings.protocol import PROTOCOL as EMBEDDINGS
from controlplane.protocols.registry import protocol
from controlplane.providers.echo import EchoProvider

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
KEY = "sk-cp-test"
ADMITTED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Keys:
    """One key for one caller."""

    caller: Caller = CALLER

    async def find(self, presented: str) -> Caller | None:
        return self.caller if presented == KEY else None


@dataclass
class Book:
    """Configuration from documents, routes and prices given by the test."""

    documents: list[PolicyDocument] = field(default_factory=list)
    routes: dict[str, Route] = field(default_factory=dict)
    prices: dict[tuple[str, str], Price] = field(default_factory=dict)

    async def of(self, caller: Caller) -> Configuration:
        policy = effective_policy(caller, self.documents)
        return Configuration(policy, self.routes, prices=self.prices)


@dataclass
class Sink:
    """Keeps the events."""

    events: list[AuditEvent] = field(default_factory=list)

    async def append(self, event: AuditEvent) -> None:
        self.events.append(event)


@dataclass
class Health:
    """Notes what it is told; `probes` says whether a probe is allowed."""

    noted: list[tuple[str, str]] = field(default_factory=list)
    probes: bool = True

    async def failed(self, org_id: str, target: Target) -> None:
        self.noted.append(("failed", target.key))

    async def recovered(self, org_id: str, target: Target) -> None:
        self.noted.append(("recovered", target.key))

    async def may_probe(self, org_id: str, target: Target) -> bool:
        self.noted.append(("probe", target.key))
        return self.probes


@dataclass
class Ledger:
    """Admits, unless `refuses` (or `fails`) says otherwise, and keeps what it was told."""

    refuses: Callable[[Claim], Decision | None] = lambda _: None
    fails: Exception | None = None
    crossed: tuple[Charge, ...] = ()
    claims: list[Claim] = field(default_factory=list)
    settled: list[tuple[Hold, int, int]] = field(default_factory=list)

    async def reserve(self, claim: Claim) -> Decision:
        self.claims.append(claim)
        if self.fails is not None:
            raise self.fails
        hold = Hold(
            claim.request_id,
            claim.org_id,
            tuple(limit for limit in claim.limits if limit.holds),
            claim.tokens,
            claim.cost_microusd,
            ADMITTED_AT,
        )
        statuses = tuple(LimitStatus(limit, limit.capacity - 1, 30.0) for limit in claim.limits)
        return self.refuses(claim) or Decision(hold, statuses)

    async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> tuple[Charge, ...]:
        if self.fails is not None:
            raise self.fails
        self.settled.append((hold, tokens, cost_microusd))
        return self.crossed


@dataclass
class Replays:
    """Answers under keys, in memory."""

    stored: dict[str, Stored] = field(default_factory=dict)

    async def claim(
        self, org_id: str, name: str, fingerprint: str, owner: str, seconds: float
    ) -> Stored | None:
        found = self.stored.get(name)
        if found is None:
            self.stored[name] = Stored(fingerprint, None)
        return found

    async def keep(
        self, org_id: str, name: str, fingerprint: str, owner: str, answer: bytes
    ) -> bool:
        self.stored[name] = Stored(fingerprint, answer)
        return True

    async def give_up(self, org_id: str, name: str, owner: str) -> None:
        del self.stored[name]


@dataclass
class Payloads:
    """Texts by key; `fails` says that the bucket does not answer."""

    stored: dict[str, bytes] = field(default_factory=dict)
    fails: bool = False

    async def put(self, key: str, body: bytes) -> None:
        if self.fails:
            raise Unreachable("s3")
        self.stored[key] = body


class Prices:
    """One micro-dollar a token, where the model is not free of a price."""

    def price(self, provider: str, model: str, price_list: str | None = None) -> Price | None:
        one = Decimal(1)
        return None if model == "unpriced" else Price(one, one, cache_write_hour=one)


class Scripted:
    """A provider that does what the script says, call by call; the last entry repeats."""

    images = ImageTokens(at_most=5_000)
    billing = Billing()

    def __init__(self, *script: Callable[[], Any] | Exception | Mapping[str, Any]) -> None:
        self.script = list(script)
        self.requests: list[InferenceRequest] = []
        self.models: list[str] = []
        self.closed = 0

    def prepare(self, request: InferenceRequest, model: str) -> ScriptedCall:
        return ScriptedCall(self, request, model)

    def next(self) -> Any:
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return step


@dataclass
class ScriptedCall:
    """One call of it."""

    provider: Scripted
    request: InferenceRequest
    model: str
    left_out: tuple[str, ...] = ()

    async def complete(self, timeouts: Timeouts) -> Body:
        self.provider.requests.append(self.request)
        self.provider.models.append(self.model)
        step = self.provider.next()
        answer: Body = await step() if callable(step) else step
        return answer

    async def stream(self, timeouts: Timeouts) -> AsyncGenerator[Event, None]:
        self.provider.requests.append(self.request)
        try:
            async for event in self.provider.next()():
                yield event
        finally:
            self.provider.closed += 1


def policy(**document: Any) -> list[PolicyDocument]:
    """The documents of CALLER: one, of its application, in its second version."""
    return [PolicyDocument(Level.APPLICATION, "app-1", 2, document)]


def gateway(
    providers: Mapping[str, Provider] | None = None,
    *,
    documents: list[PolicyDocument] | None = None,
    targets: tuple[Target, ...] = (Target("echo", "echo-1"),),
    timeouts: Timeouts | None = None,
    prices: dict[tuple[str, str], Price] | None = None,
    ledger: LedgerPort | None = None,
    **parts: Any,
) -> tuple[Gateway, Sink]:
    """A gateway with one route, `m`, and the sink of its audit events."""
    sink = Sink()
    routes = {"m": Route("m", targets, timeouts=timeouts)}
    made = Gateway(
        **{
            "keys": Keys(),
            "tokens": None,
            "configuration": Book(documents or [], routes, prices or {}),
            "ledgers": Ledgers(ledger or LocalLedger(), LocalLedger()),
            "replays": Replays(),
            "payloads": Payloads(),
            "providers": FixedProviders(providers or {"echo": EchoProvider()}),
            "health": Health(),
            "prices": Prices(),
            "audit": sink,
            "stored_ids": Constant(StoredIds("a pepper of the tests")),
            "rng": random.Random(7),
            **parts,
        }
    )
    return made, sink


def call(
    text: str = "hello there",
    *,
    key: str | None = KEY,
    model: str = "m",
    idempotency_key: str | None = None,
    **more: Any,
) -> Call:
    """A call with one user message."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    credential = None if key is None else f"Bearer {key}"
    request_id = f"req_{random.getrandbits(64):016x}"
    return Call(request_id, credential, orjson.dumps(body), idempotency_key=idempotency_key)


def chat_completion(call: Call, gateway: Gateway) -> AbstractAsyncContextManager[Answer]:
    """A chat completion through the pipeline."""
    return answered(call, gateway, CHAT)


def embeddings(call: Call, gateway: Gateway) -> AbstractAsyncContextManager[Answer]:
    """Embeddings through the pipeline."""
    return answered(call, gateway, EMBEDDINGS)


def dispatched(
    request: InferenceRequest,
    route: Route,
    providers: Mapping[str, Provider] | Providers,
    trail: Trail,
    *,
    seconds_left: float | None = None,
    cooling_down: Mapping[str, float] | None = None,
    health: Health | None = None,
) -> AbstractAsyncContextManager[Whole | Streamed]:
    """`dispatch` with what most tests do not care about filled in."""
    asked = Call(trail.request_id, None, b"", seconds_left, seconds_left)
    return dispatch(
        request,
        route,
        protocol=protocol(request.protocol),
        cooling_down=cooling_down or {},
        providers=FixedProviders(providers) if isinstance(providers, Mapping) else providers,
        health=health or Health(),
        timeouts=effective_timeouts(request, route, asked),
        trail=trail,
    )


def body_of(content: Whole | Streamed) -> Mapping[str, Any]:
    """A whole answer's object."""
    assert isinstance(content, Whole)
    return content.body


def chunks_of(content: Whole | Streamed) -> AsyncIterator[Event]:
    """A stream's chunks."""
    assert isinstance(content, Streamed)
    return content.events


def completion(text: str = "ok", **more: Any) -> dict[str, Any]:
    """A small completion in OpenAI's shape."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        **more,
    }
