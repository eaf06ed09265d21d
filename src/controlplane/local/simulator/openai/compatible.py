"""Servers that speak OpenAI's format in ways of their own: what each refuses, ignores and sends.

What they do is what was reported of them; the status and the body of a refusal are theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from controlplane.local.simulator.generation import Generation
from controlplane.local.simulator.openai import wire as openai
from controlplane.local.simulator.openai.errors import envelope, error_for
from controlplane.local.simulator.wire import (
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

SayNo = Callable[[str, Any], Refusal]
_OPENAI_ONLY = frozenset(
    {
        *("audio", "function_call", "functions", "logit_bias", "logprobs", "metadata"),
        *("modalities", "moderation", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "safety_identifier", "seed", "service_tier", "store"),
        *("top_logprobs", "user", "verbosity", "web_search_options"),
    }
)


@dataclass(frozen=True, slots=True)
class Server:
    """One server: the path of its API, whether it wants a key, the fields that it refuses and the
    words it says so with, those that it reads over, and how it sends the usage of a stream."""

    path: str
    no: SayNo
    wants_key: bool = True
    refused: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    usage_at_the_end: bool = False
    comment: bytes = b""


class CompatibleWire(openai.OpenAIWire):
    """`{path}/chat/completions` of one server; any model that is no fault's name is there."""

    headers: Headers = ()

    def __init__(self, server: Server) -> None:
        self._server = server

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, fields. Raises Refusal."""
        server = self._server
        if server.wants_key and call.bearer not in API_KEYS:
            raise error_for(401, "")
        if call.method != "POST" or call.path != f"{server.path}/chat/completions":
            raise error_for(404, "")
        body = openai.read_body(call.raw)
        for name, value in body.items():
            if name in server.refused and not (name == "n" and value == 1):
                raise server.no(name, value)
        read = {name: value for name, value in body.items() if name not in server.ignored}
        return Request(str(body["model"]), body, serial, read)

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """Chunks; where the usage is not asked for, some send it with the last one."""
        frames = openai.frames(generation, request, extra=b"", usage=usage)
        if self._server.usage_at_the_end and usage:
            last = orjson.loads(frames.finish[-1].removeprefix(b"data: "))
            last["usage"] = openai.token_usage(generation)
            frames = replace(frames, finish=[*frames.finish[:-1], self.event(orjson.dumps(last))])
        return replace(frames, start=[self._server.comment] if self._server.comment else [])


def _mistral(name: str, value: Any) -> Refusal:
    fault = {"type": "extra_forbidden", "loc": ["body", name], "msg": _EXTRA, "input": value}
    error = {"object": "error", "message": {"detail": [fault]}, "type": "invalid_request_error"}
    return Refusal(422, {**error, "param": None, "code": None})


def _vllm(name: str, value: Any) -> Refusal:
    fault = {"type": "extra_forbidden", "loc": ("body", name), "msg": _EXTRA, "input": value}
    error = {"object": "error", "message": f"[{fault}]", "type": "BadRequestError"}
    return Refusal(400, {**error, "param": None, "code": 400})


def _groq(name: str, _value: Any) -> Refusal:
    error = {"message": f"property '{name}' is unsupported", "type": "invalid_request_error"}
    return Refusal(400, {"error": error})


def _openrouter(name: str, _value: Any) -> Refusal:
    raw = orjson.dumps(envelope(f"{name} is not supported", "invalid_request_error", name, None))
    metadata = {"raw": raw.decode(), "provider_name": "Simulated"}
    error = {"message": "Provider returned error", "code": 400, "metadata": metadata}
    return Refusal(400, {"error": error, "user_id": "user_simulated"})


def _plain(name: str, _value: Any) -> Refusal:
    message = f"{name} is not supported"
    return Refusal(400, envelope(message, "invalid_request_error", name, None))


_EXTRA = "Extra inputs are not permitted"
SERVERS: Mapping[str, Server] = {
    # Before 0.6.4 it refused what it did not know, OpenAI's newer name of the maximum included.
    "vllm": Server("/v1", _vllm, wants_key=False, refused=frozenset({"max_completion_tokens"})),
    "ollama": Server(
        "/v1",
        _plain,
        wants_key=False,
        ignored=frozenset({"max_completion_tokens", "n", "logit_bias", "user", "store"}),
    ),
    "groq": Server(
        "/openai/v1", _groq, refused=frozenset({"logprobs", "top_logprobs", "logit_bias", "n"})
    ),
    "mistral": Server(
        "/v1",
        _mistral,
        refused=_OPENAI_ONLY | {"max_completion_tokens", "stream_options"},
        usage_at_the_end=True,
    ),
    "openrouter": Server(
        "/api/v1",
        _openrouter,
        refused=frozenset({"logit_bias"}),
        comment=b": OPENROUTER PROCESSING\n\n",
    ),
    "together": Server("/v1", _plain, ignored=frozenset({"store", "metadata", "user"})),
}
