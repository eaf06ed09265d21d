"""A request for a Response -> the body of a chat completion. Pure; the request stays as it is.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import Fate
from controlplane.translators.reading import Reading
from controlplane.translators.responses_to_chat_completions.conversation import translate_input
from controlplane.translators.responses_to_chat_completions.tools import Offer, translate_choice

Body = dict[str, Any]

ENCRYPTED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"
# They mean the same there.
_SAME = (
    *("temperature", "top_p", "safety_identifier", "user", "metadata"),
    *("prompt_cache_key", "prompt_cache_retention"),
)
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_CACHE_OPTIONS = frozenset({"mode", "ttl"})


def chat_body(body: Mapping[str, Any], offer: Offer, reading: Reading) -> Body:
    """The body. Raises UnsupportedParameter, naming the parameter or the place.

    What `parameters.py` refuses or leaves out is not looked at here.
    """
    offer.add(reading.a_list(body.get("tools"), "tools"), "tools")
    out: Body = {
        "model": body.get("model"),
        "messages": translate_input(body, offer, reading),
    }
    offer.check()
    out |= {name: body[name] for name in _SAME if body.get(name) is not None}
    if body.get("max_output_tokens") is not None:
        out["max_completion_tokens"] = body["max_output_tokens"]
    out |= _tools(body, offer, reading) | _text(body, reading) | _reasoning(body, reading)
    out |= _probabilities(body, reading) | _costs(body, reading)
    for name in ("store", "client_metadata"):
        if body.get(name):
            reading.leave_out(name)
    options = body.get("stream_options") or {}
    if reading.an_object(options, "stream_options").get("include_obfuscation"):
        reading.leave_out("stream_options")
    if body.get("stream") is True:
        out["stream"] = True
    return out


def _tools(body: Mapping[str, Any], offer: Offer, reading: Reading) -> Body:
    choice = translate_choice(body, offer, reading)
    if not offer.functions:
        return {}
    out: Body = {"tools": offer.functions}
    if choice is not None:
        out["tool_choice"] = choice
    if body.get("parallel_tool_calls") is not None:
        out["parallel_tool_calls"] = body["parallel_tool_calls"]
    return out


def _text(body: Mapping[str, Any], reading: Reading) -> Body:
    text = reading.an_object(body.get("text") or {}, "text")
    reading.only(text, frozenset({"format", "verbosity"}), "text")
    out: Body = {}
    if text.get("verbosity") is not None:
        out["verbosity"] = text["verbosity"]
    if text.get("format") is None:
        return out
    wanted = reading.an_object(text["format"], "text.format")
    kind = wanted.get("type")
    if kind == "json_object":
        return {**out, "response_format": {"type": "json_object"}}
    if kind == "text":
        return out
    if kind != "json_schema":
        reading.refuse("text.format.type", "it must be text, json_object or json_schema")
    described = {name: value for name, value in wanted.items() if name != "type"}
    known = frozenset({"name", "schema", "strict", "description"})
    reading.only(described, known, "text.format")
    kept = {name: value for name, value in described.items() if value is not None and name in known}
    return {**out, "response_format": {"type": "json_schema", "json_schema": kept}}


def _reasoning(body: Mapping[str, Any], reading: Reading) -> Body:
    asked = reading.an_object(body.get("reasoning") or {}, "reasoning")
    known = frozenset({"effort", "summary", "generate_summary", "context", "mode"})
    reading.only(asked, known, "reasoning")
    for name in ("summary", "generate_summary"):
        if asked.get(name) not in (None, "auto"):
            # How long the summary is; what was thought is shown wherever it is told.
            reading.leave_out(f"reasoning.{name}")
    if asked.get("context") not in (None, "auto"):
        reading.leave_out("reasoning.context")
    if asked.get("mode") not in (None, "standard"):
        reading.lack("reasoning.mode", Fate.DETAIL)
    return {} if asked.get("effort") is None else {"reasoning_effort": asked["effort"]}


def _probabilities(body: Mapping[str, Any], reading: Reading) -> Body:
    include = reading.a_list(body.get("include"), "include")
    for index, name in enumerate(include):
        if name not in (ENCRYPTED, _LOGPROBS):
            # What the provider's own tools found: none is there.
            reading.leave_out(f"include.{index}", "include")
    top = body.get("top_logprobs")
    out: Body = {"logprobs": True} if _LOGPROBS in include or top else {}
    return {**out, "top_logprobs": top} if top else out


def _costs(body: Mapping[str, Any], reading: Reading) -> Body:
    out: Body = {}
    tier = body.get("service_tier")
    if tier in _TIERS:
        out["service_tier"] = tier
    elif tier is not None:
        reading.lack("service_tier", Fate.DETAIL, f"it must be one of {', '.join(_TIERS)}")
    options = reading.an_object(body.get("prompt_cache_options") or {}, "prompt_cache_options")
    for name in options:
        if name not in _CACHE_OPTIONS or (name == "ttl" and options[name] != "30m"):
            reading.leave_out("prompt_cache_options")
        else:
            out.setdefault("prompt_cache_options", {})[name] = options[name]
    return out
