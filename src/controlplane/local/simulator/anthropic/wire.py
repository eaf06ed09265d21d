"""Anthropic's wire format: the Messages API. https://docs.claude.com/en/api/messages"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from controlplane.local.simulator.anthropic.chat import as_chat, cached_tokens
from controlplane.local.simulator.anthropic.errors import (
    envelope,
    error_for,
    exhausted_account,
    invalid,
)
from controlplane.local.simulator.anthropic.parameters import refuse_parameters, thinks
from controlplane.local.simulator.generation import Generation
from controlplane.local.simulator.wire import (
    API_KEY,
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
THOUGHT = ("The", " simulator", " thinks", " before", " it", " answers.")
SIGNATURE = "c2ltdWxhdGVkIHNpZ25hdHVyZQ=="
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
_PIECE = 8
_VERSION = re.compile(rb"\A20\d\d-\d\d-\d\d\Z")


class AnthropicWire:
    """`/v1/messages`, the key in `x-api-key`."""

    headers = HEADERS
    request_id_header = b"request-id"
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, version, body, model, parameters. Raises Refusal."""
        # Anthropic's newer clients send the key as a bearer token.
        key = call.headers.get(b"x-api-key") or call.headers.get(b"authorization")
        if key is None:
            raise Refusal(401, envelope("authentication_error", "x-api-key header is required"))
        if key.removeprefix(b"Bearer ") != API_KEY.encode():
            raise error_for(401, "")
        if call.path != "/v1/messages":
            raise Refusal(404, envelope("not_found_error", "Not Found"))
        if call.method != "POST":
            raise Refusal(405, envelope("invalid_request_error", "Method Not Allowed"))
        version = call.headers.get(b"anthropic-version")
        if version is None:
            raise invalid("anthropic-version: header is required")
        if not _VERSION.match(version):
            raise invalid("anthropic-version: this version is not valid")
        body = _read_body(call.raw)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise invalid("model: Field required")
        if not model.startswith(MODELS):
            raise error_for(404, model)
        refuse_parameters(body)
        return Request(model, body, serial, as_chat(body))

    def error(self, status: int, model: str) -> Refusal:
        """Anthropic's error object for a status."""
        return error_for(status, model)

    def quota(self) -> Refusal:
        """The credit balance is too low."""
        return exhausted_account()

    def signed(self, body: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
        """With the id of the request, which is in a header too."""
        return {**body, "request_id": request_id}

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """A `message`."""
        content: list[dict[str, Any]] = []
        if thinks(request.body):
            content.append({"type": "thinking", "thinking": _thought(request), **_SIGNED})
        if generation.tool:
            content.append(
                {**_tool_use(generation, request), "input": orjson.loads(_payload(generation))}
            )
        else:
            content.append({"type": "text", "text": generation.text})
        whole = {**_head(request), "content": content, **_stop(generation)}
        return {**whole, "usage": _usage(generation, request)} if usage else whole

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """No content at all: an empty list of it would be an answer, if a short one."""
        return {name: value for name, value in completion.items() if name != "content"}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """The events from `message_start` to `message_stop`."""
        counts = _usage(generation, request)
        used = {"output_tokens": counts["output_tokens"]} if usage else None
        start = {**_head(request), "content": [], "stop_reason": None, "stop_sequence": None}
        if usage:
            start["usage"] = {**counts, "output_tokens": 1}
        content = [*_blocks(generation, request)]
        return Frames(
            start=[_event({"type": "message_start", "message": start})],
            content=[content[0], self.ping, *content[1:]],
            finish=[
                _event(
                    {"type": "message_delta", "delta": _stop(generation)}
                    | ({"usage": used} if used else {})
                )
            ],
            usage=[],
            done=[_event({"type": "message_stop"})],
        )

    def event(self, data: bytes) -> bytes:
        """An event with the name that its data says; without one it passes for a delta."""
        try:
            name = orjson.loads(data).get("type", "content_block_delta")
        except orjson.JSONDecodeError:
            name = "content_block_delta"
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


_SIGNED = {"signature": SIGNATURE}


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


def _stop(generation: Generation) -> dict[str, Any]:
    # A forced tool is a tool too, whatever OpenAI calls it.
    reason = "tool_use" if generation.tool else _STOP_REASONS[generation.finish_reason]
    if generation.stop_sequence is not None:
        reason = "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": generation.stop_sequence}


def _usage(generation: Generation, request: Request) -> dict[str, Any]:
    """`input_tokens` are those that were not cached; thinking is part of the output."""
    cached = min(cached_tokens(request.body), generation.prompt_tokens)
    thought = len(THOUGHT) if thinks(request.body) else 0
    return {
        "input_tokens": generation.prompt_tokens - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": generation.completion_tokens + thought,
        "service_tier": "standard",
    }


def _thought(request: Request) -> str:
    return "" if request.body["thinking"].get("display") == "omitted" else "".join(THOUGHT)


def _payload(generation: Generation) -> str:
    assert generation.tool is not None
    return generation.tool.payload


def _tool_use(generation: Generation, request: Request) -> dict[str, Any]:
    assert generation.tool is not None
    return {"type": "tool_use", "id": f"toolu_{request.serial:024d}", "name": generation.tool.name}


def _blocks(generation: Generation, request: Request) -> Iterator[bytes]:
    """The events of each content block."""
    index = 0
    if thinks(request.body):
        opening = {"type": "thinking", "thinking": "", "signature": ""}
        pieces = THOUGHT if _thought(request) else ()
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        yield from _block(index, opening, [*deltas, {"type": "signature_delta", **_SIGNED}])
        index += 1
    if generation.tool:
        payload = _payload(generation)
        cut = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *cut)]
        yield from _block(index, {**_tool_use(generation, request), "input": {}}, deltas)
    else:
        deltas = [{"type": "text_delta", "text": piece} for piece in generation.pieces]
        yield from _block(index, {"type": "text", "text": ""}, deltas)


def _block(index: int, opening: Mapping[str, Any], deltas: list[dict[str, str]]) -> Iterator[bytes]:
    yield _event({"type": "content_block_start", "index": index, "content_block": opening})
    for delta in deltas:
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
