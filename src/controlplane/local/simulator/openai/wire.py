"""OpenAI's wire format. https://platform.openai.com/docs/api-reference/chat"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.local.simulator.generation import Generation
from controlplane.local.simulator.openai.embeddings import embedding_list, refuse_embedding
from controlplane.local.simulator.openai.errors import (
    error_for,
    exhausted_account,
    invalid,
    too_long,
)
from controlplane.local.simulator.openai.parameters import refuse_parameters, refuse_tools
from controlplane.local.simulator.wire import (
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

HEADERS: Headers = (
    (b"openai-organization", b"org-simulator"),
    (b"openai-processing-ms", b"12"),
    (b"openai-version", b"2020-10-01"),
    (b"x-ratelimit-limit-requests", b"10000"),
    (b"x-ratelimit-limit-tokens", b"2000000"),
    (b"x-ratelimit-remaining-requests", b"9999"),
    (b"x-ratelimit-remaining-tokens", b"1999988"),
    (b"x-ratelimit-reset-requests", b"6ms"),
    (b"x-ratelimit-reset-tokens", b"0s"),
)
MODELS = ("gpt-", "chatgpt-", "o1", "o3", "o4", "sim-", "text-embedding-")
# OpenAI answers with the dated model behind an alias.
SNAPSHOTS = {
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "gpt-6-luna": "gpt-6-luna-2026-09-22",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
}


class OpenAIWire:
    """`/v1/chat/completions` and `/v1/embeddings`, the key as a bearer token."""

    headers = HEADERS
    request_id_header = b"x-request-id"
    ping = b": keep-alive\n\n"

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, body, parameters, model: in the order of OpenAI. Raises Refusal."""
        if call.bearer not in API_KEYS:
            raise error_for(401, "")
        if call.path not in ("/v1/chat/completions", "/v1/embeddings"):
            raise invalid(
                f"Invalid URL ({call.method} {call.path})", status=404, code="unknown_url"
            )
        if call.method != "POST":
            raise invalid(
                f"Not allowed to {call.method} on {call.path}.",
                status=405,
                code="method_not_supported",
            )
        body = read_body(call.raw)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise invalid("you must provide a model parameter")
        if not model.startswith(MODELS):
            raise error_for(404, model)
        return checked(call, model, body, serial)

    def error(self, status: int, model: str) -> Refusal:
        """OpenAI's error object for a status."""
        return error_for(status, model)

    def quota(self) -> Refusal:
        """OpenAI's 429 that no waiting helps."""
        return exhausted_account()

    def too_long(self) -> Refusal:
        """OpenAI's 400 for a full context."""
        return too_long()

    def signed(self, body: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
        """As it is: the id is in a header only."""
        return body

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """A `chat.completion`, or the embeddings of a request for those."""
        if "messages" not in request.body:
            return embedding_list({**request.body, "model": request.model}, usage=usage)
        text = generation.text
        said, refusal = (None, text) if generation.refused else (text, None)
        message: dict[str, Any] = {"role": "assistant", "content": said}
        if generation.tools:
            message["tool_calls"] = tool_calls(generation, request, 0)
        message |= {"refusal": refusal, "annotations": []}
        return {
            **head(request, "chat.completion"),
            "choices": [
                {
                    "index": index,
                    "message": message,
                    "logprobs": None,
                    "finish_reason": generation.finish_reason,
                }
                for index in range(generation.choices)
            ],
            **({"usage": token_usage(generation)} if usage else {}),
        }

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """No choices, and no data."""
        return {**completion, "data" if "data" in completion else "choices": []}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """`chat.completion.chunk` events."""
        return frames(generation, request, extra=b"", usage=usage)

    def event(self, data: bytes, number: int = 0) -> bytes:
        """Events have no names."""
        return b"data: %b\n\n" % data

    def failed(self, request: Request, status: int, number: int | None) -> bytes | None:
        """A completion has no such state."""
        return None


def checked(call: ProviderCall, model: str, body: dict[str, Any], serial: int) -> Request:
    """The request of a call whose address and model are right. Raises Refusal."""
    if call.path.endswith("/embeddings"):
        refuse_embedding(body)
        # Embeddings show no text.
        return Request(model, body, serial, {"messages": [{"role": "user"}]})
    refuse_parameters(body)
    refuse_tools(model, body)
    return Request(model, body, serial, body)


def read_body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request. Raises Refusal in OpenAI's words."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise invalid(
            "We could not parse the JSON body of your request. (HINT: This likely means you "
            "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload.)"
        )
    return body


def head(request: Request, kind: str) -> dict[str, Any]:
    """The members that an answer and each of its chunks begin with."""
    return {
        "id": f"chatcmpl-{request.serial:029d}",
        "object": kind,
        "created": int(time.time()),
        "model": SNAPSHOTS.get(request.model, request.model),
        "service_tier": "default",
        "system_fingerprint": "fp_50906f2aac",
    }


def token_usage(generation: Generation) -> dict[str, Any]:
    """Token counts, with both details objects."""
    return {
        "prompt_tokens": generation.prompt_tokens,
        "completion_tokens": generation.completion_tokens,
        "total_tokens": generation.prompt_tokens + generation.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def tool_calls(generation: Generation, request: Request, choice: int) -> list[dict[str, Any]]:
    """The tool calls of one choice, arguments included."""
    calls = []
    for index, use in enumerate(generation.tools):
        id_ = f"call_{request.serial:018d}{index:03d}{choice:03d}"
        field = "input" if use.kind == "custom" else "arguments"
        details = {"name": use.name, field: use.payload}
        calls.append({"id": id_, "type": use.kind, use.kind: details})
    return calls


def frames(generation: Generation, request: Request, *, extra: bytes, usage: bool) -> Frames:
    """The events of a stream; `extra` is put into every choice (`,"name":value`)."""
    wants_usage = bool((request.body.get("stream_options") or {}).get("include_usage"))
    start = b"data: " + orjson.dumps(head(request, "chat.completion.chunk"))[:-1] + b',"choices":['
    stop = b'],"usage":null}\n\n' if wants_usage else b"]}\n\n"
    range_of_choices = range(generation.choices)

    def event(index: int, delta: bytes, reason: bytes = b"null") -> bytes:
        return b'%b{"index":%d,"delta":%b,"logprobs":null,"finish_reason":%b%b}%b' % (
            *(start, index, delta, reason),
            *(extra, stop),
        )

    content = [event(index, _role_delta(generation)) for index in range_of_choices]
    for index in range_of_choices:
        for place, call in enumerate(tool_calls(generation, request, index)):
            content += [event(index, delta) for delta in _tool_deltas(place, call)]
    for piece in generation.pieces:
        delta = orjson.dumps({"refusal" if generation.refused else "content": piece})
        content += [event(index, delta) for index in range_of_choices]
    reason = orjson.dumps(generation.finish_reason)
    counts = start + b'],"usage":' + orjson.dumps(token_usage(generation)) + b"}\n\n"
    return Frames(
        start=[],
        content=content,
        finish=[event(index, b"{}", reason) for index in range_of_choices],
        usage=[counts] if wants_usage and usage else [],
        done=[b"data: [DONE]\n\n"],
    )


def _role_delta(generation: Generation) -> bytes:
    content = b"null" if generation.tools else b'""'
    return b'{"role":"assistant","content":%b,"refusal":null}' % content


def _tool_deltas(index: int, call: Mapping[str, Any]) -> list[bytes]:
    kind = call["type"]
    field = "input" if kind == "custom" else "arguments"
    payload = call[kind][field]
    opening = {"index": index, **call, kind: {**call[kind], field: ""}}
    pieces = [payload[at : at + 8] for at in range(0, len(payload), 8)]
    deltas = [opening, *({"index": index, kind: {field: piece}} for piece in pieces)]
    return [orjson.dumps({"tool_calls": [delta]}) for delta in deltas]
