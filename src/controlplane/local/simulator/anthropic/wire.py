"""Anthropic's wire format: the Messages API. https://docs.claude.com/en/api/messages"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.local.simulator.anthropic.blocks import content, events
from controlplane.local.simulator.anthropic.chat import as_chat
from controlplane.local.simulator.anthropic.errors import (
    envelope,
    error_for,
    exhausted_account,
    invalid,
    too_long,
)
from controlplane.local.simulator.anthropic.models import one_model, page_of_models
from controlplane.local.simulator.anthropic.parameters import refuse_count, refuse_parameters
from controlplane.local.simulator.anthropic.signatures import refuse_foreign
from controlplane.local.simulator.anthropic.usage import (
    token_usage,
    usage_at_end,
    usage_at_start,
)
from controlplane.local.simulator.generation import Generation, generate
from controlplane.local.simulator.wire import (
    API_KEY,
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

_LIMITS = (
    (b"requests", b"4000", b"3999"),
    (b"tokens", b"2000000", b"1999000"),
    (b"input-tokens", b"1600000", b"1599000"),
    (b"output-tokens", b"400000", b"399000"),
)
HEADERS: Headers = (
    (b"anthropic-organization-id", b"00000000-0000-4000-8000-000000000000"),
    *(
        (b"anthropic-ratelimit-%b-%b" % (name, field), value)
        for name, limit, remaining in _LIMITS
        for field, value in (
            *((b"limit", limit), (b"remaining", remaining)),
            (b"reset", b"2026-01-31T12:00:00Z"),
        )
    ),
)
MODELS = ("claude-", "sim-")
# Anthropic answers with the dated model behind an alias.
SNAPSHOTS = {
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_POSTED = ("/v1/messages", "/v1/messages/count_tokens")
_MODEL = re.compile(r"\A/v1/models(?:/([^/]+))?\Z")
_VERSION = re.compile(rb"\A20\d\d-\d\d-\d\d\Z")


class AnthropicWire:
    """`/v1/messages`, its `count_tokens` and `/v1/models`; the key in `x-api-key` or as a bearer
    token. A server that is `open` has any model and wants neither key nor version."""

    headers = HEADERS
    request_id_header = b"request-id"
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'

    def __init__(self, *, open_: bool = False) -> None:
        self._open = open_

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, version, body, model, parameters. Raises Refusal."""
        # Anthropic's newer clients send the key as a bearer token.
        if self._open and call.path in _POSTED and call.method == "POST":
            return _read_message(call, serial, API_KEY, open_=True)
        key = call.headers.get(b"x-api-key", b"").decode("latin-1") or call.bearer
        if not key:
            raise Refusal(401, envelope("authentication_error", "x-api-key header is required"))
        if key not in API_KEYS:
            raise error_for(401, "")
        if call.path not in _POSTED and not _MODEL.match(call.path):
            raise Refusal(404, envelope("not_found_error", "Not Found"))
        if call.method != ("POST" if call.path in _POSTED else "GET"):
            raise Refusal(405, envelope("invalid_request_error", "Method Not Allowed"))
        version = call.headers.get(b"anthropic-version")
        if version is None:
            raise invalid("anthropic-version: header is required")
        if not _VERSION.match(version):
            raise invalid("anthropic-version: this version is not valid")
        if models := _MODEL.match(call.path):
            shown = one_model(models[1]) if models[1] else page_of_models(call.query)
            return Request("", {}, serial, {}, fixed=shown)
        return _read_message(call, serial, key)

    def error(self, status: int, model: str) -> Refusal:
        """Anthropic's error object for a status."""
        return error_for(status, model)

    def quota(self) -> Refusal:
        """The credit balance is too low."""
        return exhausted_account()

    def too_long(self) -> Refusal:
        """The prompt is too long."""
        return too_long()

    def signed(self, body: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
        """With the id of the request, which is in a header too."""
        return {**body, "request_id": request_id}

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """A `message`."""
        blocks = content(generation, request, _maker(request.model, request.account))
        whole = {**_head(request), "content": blocks, **_stop(generation)}
        whole |= _edits(request)
        return {**whole, "usage": token_usage(generation, request)} if usage else whole

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """No content at all: an empty list of it would be an answer, if a short one."""
        return {name: value for name, value in completion.items() if name != "content"}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """The events from `message_start` to `message_stop`."""
        start = {**_head(request), "content": [], "stop_reason": None, "stop_sequence": None}
        end = {"type": "message_delta", "delta": _stop(generation), **_edits(request)}
        if usage:
            counts = token_usage(generation, request)
            start["usage"], end["usage"] = usage_at_start(counts), usage_at_end(counts)
        blocks = content(generation, request, _maker(request.model, request.account))
        sent = [
            _event(event)
            for index, block in enumerate(blocks)
            for event in events(block, index, generation)
        ]
        return Frames(
            start=[_event({"type": "message_start", "message": start})],
            content=[sent[0], self.ping, *sent[1:]],
            finish=[_event(end)],
            usage=[],
            done=[_event({"type": "message_stop"})],
        )

    def event(self, data: bytes, number: int = 0) -> bytes:
        """An event with the name that its data says; without one it passes for a delta."""
        try:
            name = orjson.loads(data).get("type", "content_block_delta")
        except orjson.JSONDecodeError:
            name = "content_block_delta"
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def failed(self, request: Request, status: int, number: int | None) -> bytes | None:
        """A message has no such state."""
        return None


def _read_message(call: ProviderCall, serial: int, account: str, *, open_: bool = False) -> Request:
    body = _read_body(call.raw)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: Field required")
    if not open_ and not model.startswith(MODELS):
        raise error_for(404, model)
    counts = call.path.endswith("/count_tokens")
    beta = open_ or b"anthropic-beta" in call.headers
    if counts:
        refuse_count(body, beta=beta)
    else:
        refuse_parameters(body, beta=beta)
    refuse_foreign(body["messages"], _maker(model, account))
    chat = as_chat(body)
    counted = {"input_tokens": generate(chat).prompt_tokens} if counts else None
    return Request(model, body, serial, chat, fixed=counted, account=account)


def _read_body(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid("Input should be a valid dictionary")
    return body


def _head(request: Request) -> dict[str, Any]:
    return {
        "id": f"msg_{request.serial:024d}",
        "type": "message",
        "role": "assistant",
        "model": SNAPSHOTS.get(request.model, request.model),
    }


def _maker(model: str, account: str) -> str:
    return f"anthropic/{account}/{SNAPSHOTS.get(model, model)}"


def _stop(generation: Generation) -> dict[str, Any]:
    if generation.refused:
        details = {"type": "refusal", "category": None, "explanation": None}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    # A forced tool is a tool too, whatever OpenAI calls it.
    reason = "tool_use" if generation.tools else _STOP_REASONS[generation.finish_reason]
    if generation.stop_sequence is not None:
        reason = "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": generation.stop_sequence}


def _edits(request: Request) -> dict[str, Any]:
    """What was done to the context, where the request says what may be done."""
    wanted = request.body.get("context_management") is not None
    return {"context_management": {"applied_edits": []}} if wanted else {}


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
