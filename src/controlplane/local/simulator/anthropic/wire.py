"""Anthropic's wire format: the Messages API. https://docs.claude.com/en/api/messages"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.local.simulator.anthropic.blocks import content, events
from controlplane.local.simulator.anthropic.chat import as_chat, cached_tokens, says
from controlplane.local.simulator.anthropic.errors import (
    envelope,
    error_for,
    exhausted_account,
    invalid,
    too_long,
)
from controlplane.local.simulator.anthropic.models import one_model, page_of_models
from controlplane.local.simulator.anthropic.parameters import (
    refuse_count,
    refuse_parameters,
    thinks,
)
from controlplane.local.simulator.anthropic.signatures import refuse_foreign
from controlplane.local.simulator.generation import THOUGHT, Generation, generate
from controlplane.local.simulator.wire import (
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

HEADERS: Headers = (
    (b"anthropic-organization-id", b"00000000-0000-4000-8000-000000000000"),
    (b"anthropic-ratelimit-requests-limit", b"4000"),
    (b"anthropic-ratelimit-requests-remaining", b"3999"),
    (b"anthropic-ratelimit-requests-reset", b"2026-01-31T12:00:00Z"),
    (b"anthropic-ratelimit-tokens-limit", b"2000000"),
    (b"anthropic-ratelimit-tokens-remaining", b"1999000"),
    (b"anthropic-ratelimit-tokens-reset", b"2026-01-31T12:00:00Z"),
)
MODELS = ("claude-", "sim-")
# Anthropic answers with the dated model behind an alias.
SNAPSHOTS = {
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
# Anthropic's own word for it, up to its number.
REFUSED = "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL"
# What the end of a stream says of the usage.
_CUMULATIVE = (
    *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("output_tokens", "output_tokens_details", "server_tool_use"),
)
_POSTED = ("/v1/messages", "/v1/messages/count_tokens")
_MODEL = re.compile(r"\A/v1/models(?:/([^/]+))?\Z")
_VERSION = re.compile(rb"\A20\d\d-\d\d-\d\d\Z")


class AnthropicWire:
    """`/v1/messages`, its `count_tokens` and `/v1/models`; the key in `x-api-key` or as a bearer
    token."""

    headers = HEADERS
    request_id_header = b"request-id"
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, version, body, model, parameters. Raises Refusal."""
        # Anthropic's newer clients send the key as a bearer token.
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
        whole = {**_head(request), "content": blocks, **_stop(generation, request)}
        whole |= _edits(request)
        return {**whole, "usage": _usage(generation, request)} if usage else whole

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """No content at all: an empty list of it would be an answer, if a short one."""
        return {name: value for name, value in completion.items() if name != "content"}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """The events from `message_start` to `message_stop`."""
        start = {**_head(request), "content": [], "stop_reason": None, "stop_sequence": None}
        end = {"type": "message_delta", "delta": _stop(generation, request), **_edits(request)}
        if usage:
            counts = _usage(generation, request)
            end["usage"] = {name: counts[name] for name in _CUMULATIVE if name in counts}
            counts.pop("server_tool_use", None)
            start["usage"] = {**counts, "output_tokens": 1}
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


def _read_message(call: ProviderCall, serial: int, account: str) -> Request:
    body = _read_body(call.raw)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: Field required")
    if not model.startswith(MODELS):
        raise error_for(404, model)
    counts, beta = call.path.endswith("/count_tokens"), b"anthropic-beta" in call.headers
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


def _stop(generation: Generation, request: Request) -> dict[str, Any]:
    if says(request.body, REFUSED):
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


def _usage(generation: Generation, request: Request) -> dict[str, Any]:
    """`input_tokens` are those that the cache had no part in; thinking is part of the output."""
    marked = cached_tokens(request.body)
    hour, minutes, read = (marked.get(ttl, 0) for ttl in ("1h", "5m", None))
    written = hour + minutes
    thought = len(THOUGHT) if thinks(request.body) else 0
    usage: dict[str, Any] = {
        "input_tokens": max(generation.prompt_tokens - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": minutes,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": generation.completion_tokens + thought,
        "service_tier": "standard",
        "inference_geo": request.body.get("inference_geo") or "global",
    }
    if thought:
        usage["output_tokens_details"] = {"thinking_tokens": thought}
    if generation.search is not None:
        usage["server_tool_use"] = {"web_search_requests": 1, "web_fetch_requests": 0}
    return usage


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
