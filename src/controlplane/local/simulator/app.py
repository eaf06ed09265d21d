"""The simulator as an ASGI application: `/openai` and so on, a path for each kind of provider and
for each compatible server, and its controls.

PUT    /faults  {"provider": "openai", "fault": {"kind": "status", "status": 429}, "times": 2}
DELETE /faults  all of them
GET    /calls   {"openai": {"count", "left", "requests": [{"method", "path", "query", "headers",
                "credentials", "body", "sha256"}]}, ...}: the last ones, with the names of the
                headers that had a key, and the hash of the body as it came, byte for byte
DELETE /calls   starts counting anew
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from controlplane.domain.inference import ProtocolName
from controlplane.local.simulator.anthropic.wire import AnthropicWire
from controlplane.local.simulator.exchange import ClientLeft, Exchange, Receive, Scope, Send
from controlplane.local.simulator.faults import FAULTS, Fault
from controlplane.local.simulator.openai.azure import AzureWire
from controlplane.local.simulator.openai.compatible import SERVERS, CompatibleWire
from controlplane.local.simulator.openai.wire import OpenAIWire
from controlplane.local.simulator.responses.wire import ADDRESS, ResponsesWire
from controlplane.local.simulator.turn import Turn
from controlplane.local.simulator.wire import ProviderCall, Refusal, Wire
from controlplane.providers.registry import KINDS

KEPT_REQUESTS = 100
_WIRES_OF_PROTOCOLS: Mapping[ProtocolName, Wire] = {
    ProtocolName.CHAT_COMPLETIONS: OpenAIWire(),
    ProtocolName.MESSAGES: AnthropicWire(),
}
# Who speaks a protocol in a way of its own.
_OWN_WIRES: Mapping[str, Wire] = {"azure": AzureWire()}
WIRES: Mapping[str, Wire] = {
    **{
        name: _OWN_WIRES.get(name) or _WIRES_OF_PROTOCOLS[kind.protocols[0]]
        for name, kind in KINDS.items()
    },
    # Whom no kind names, and the rows of docs/PROVIDERS.md do.
    **{name: CompatibleWire(server) for name, server in SERVERS.items()},
}
# Servers that speak every protocol, and those that speak Responses beside their first one.
SPEAK_ALL = ("vllm", "ollama")
SPEAK_RESPONSES = ("openai", "azure", *SPEAK_ALL)
_OPEN_MESSAGES = AnthropicWire(open_=True)
_CREDENTIALS = frozenset({b"authorization", b"api-key", b"x-api-key"})


@dataclass
class _Record:
    """What one provider was asked. `left` counts the clients that did not wait for the end."""

    count: int = 0
    left: int = 0
    calls: deque[ProviderCall] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))

    def report(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "left": self.left,
            "requests": [_shown(call) for call in self.calls],
        }


@dataclass
class _Plan:
    """A fault that is to happen `times` more times; None is for ever."""

    fault: Fault
    times: int | None


class Simulator:
    """One process of it; faults and counts are its own."""

    def __init__(self) -> None:
        self._records = {name: _Record() for name in WIRES}
        self._plans: dict[str, _Plan] = {}
        self._serial = 0
        # They keep what they made.
        self._responses = {name: ResponsesWire(name) for name in SPEAK_RESPONSES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            return
        name, _, rest = scope["path"][1:].partition("/")
        raw = await _body(receive)
        if name in WIRES:
            self._serial += 1
            request_id = f"req_{self._serial:032x}"
            wire = self._wire(name, f"/{rest}")
            headers = (*wire.headers, (wire.request_id_header, request_id.encode()))
            exchange = Exchange(scope, receive, send, headers)
            query = scope["query_string"].decode("latin-1")
            call = ProviderCall(scope["method"], f"/{rest}", query, dict(scope["headers"]), raw)
            await self._respond(name, wire, call, exchange, request_id)
        else:
            status, shown = self._control(scope["method"], scope["path"], raw)
            await Exchange(scope, receive, send, ()).respond(status, orjson.dumps(shown))

    async def _respond(
        self, name: str, wire: Wire, call: ProviderCall, exchange: Exchange, request_id: str
    ) -> None:
        record = self._records[name]
        record.count += 1
        record.calls.append(call)
        try:
            await self._turn(name, Turn(exchange, wire, wire.read(call, self._serial)))
        except Refusal as refusal:
            headers = ((b"content-type", b"application/json"), *refusal.headers)
            body = orjson.dumps(wire.signed(refusal.body, request_id))
            await exchange.respond(refusal.status, body, headers)
        except ClientLeft:
            record.left += 1

    async def _turn(self, name: str, turn: Turn) -> None:
        model = turn.request.model
        try:
            fault = self._planned(name) or Fault.of_model(model)
        except ValueError:
            raise turn.wire.error(404, model) from None
        if fault is None:
            await turn.play()
        else:
            await FAULTS[fault.kind](turn, fault)

    def _wire(self, name: str, path: str) -> Wire:
        if name in self._responses and ADDRESS.match(path):
            return self._responses[name]
        if name in SPEAK_ALL and path.startswith("/v1/messages"):
            return _OPEN_MESSAGES
        return WIRES[name]

    def _planned(self, name: str) -> Fault | None:
        plan = self._plans.get(name)
        if plan is None:
            return None
        if plan.times is not None:
            plan.times -= 1
            if plan.times <= 0:
                del self._plans[name]
        return plan.fault

    def _control(self, method: str, path: str, raw: bytes) -> tuple[int, Any]:
        match method, path:
            case "GET", "/health":
                return 200, {"status": "ok"}
            case "PUT", "/faults":
                return self._put_fault(raw)
            case "DELETE", "/faults":
                self._plans.clear()
                return 200, {}
            case "GET", "/calls":
                return 200, {name: record.report() for name, record in self._records.items()}
            case "DELETE", "/calls":
                self._records = {name: _Record() for name in WIRES}
                return 200, {}
        return 404, {"error": {"message": f"The simulator has no {method} {path}."}}

    def _put_fault(self, raw: bytes) -> tuple[int, Any]:
        try:
            row = orjson.loads(raw)
            name, times = row["provider"], row.get("times")
            if name not in WIRES:
                raise ValueError(f"'provider' must be one of {', '.join(WIRES)}.")
            if times is not None and (type(times) is not int or times < 1):
                raise ValueError("'times' must be a positive integer or null.")
            self._plans[name] = _Plan(Fault.from_dict(row["fault"]), times)
        except (KeyError, TypeError, AttributeError):
            expected = '{"provider": ..., "fault": {"kind": ...}, "times": null}'
            return 400, {"error": {"message": f"Send {expected}."}}
        except ValueError as error:
            return 400, {"error": {"message": str(error)}}
        return 200, {}


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    pieces = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
    return b"".join(pieces)


def _shown(call: ProviderCall) -> dict[str, Any]:
    try:
        body = orjson.loads(call.raw)
    except orjson.JSONDecodeError:
        body = call.raw.decode("utf-8", "replace")
    return {
        "method": call.method,
        "path": call.path,
        "query": call.query_string,
        "sha256": hashlib.sha256(call.raw).hexdigest(),
        "credentials": sorted(name.decode() for name in _CREDENTIALS & call.headers.keys()),
        "headers": {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in call.headers.items()
            if name not in _CREDENTIALS
        },
        "body": body,
    }
