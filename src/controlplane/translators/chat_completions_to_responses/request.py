"""A chat request -> the body of `POST /v1/responses`. Pure; the request stays as it is.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_responses.messages import translate_messages
from controlplane.translators.chat_completions_to_responses.tools import translate_tools
from controlplane.translators.reading import Reading

Body = dict[str, Any]

MIN_TOKENS = 16
ENCRYPTED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"
# They mean the same there.
_SAME = (
    *("temperature", "top_p", "safety_identifier", "user", "metadata", "service_tier"),
    *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
)


def responses_body(body: Mapping[str, Any], reading: Reading, *, reasons: bool) -> Body:
    """The body. `reasons` is true where the model may think before it speaks: others refuse to be
    asked for what they thought. Raises UnsupportedParameter, naming the parameter or the place.

    What `parameters.py` refuses or leaves out is not looked at here.
    """
    out: Body = {
        "model": body.get("model"),
        "input": translate_messages(body["messages"], reading),
        "store": False,
    }
    for name in ("store", "cache_control"):
        if body.get(name):
            reading.leave_out(name)
    out |= {name: body[name] for name in _SAME if body.get(name) is not None}
    out |= _maximum(body, reading) | translate_tools(body, reading) | _text(body, reading)
    if body.get("reasoning_effort") is not None:
        out["reasoning"] = {"effort": body["reasoning_effort"]}
    out |= _told(body, reasons=reasons)
    if body.get("stream") is True:
        out["stream"] = True
        options = reading.an_object(body.get("stream_options") or {}, "stream_options")
        known = frozenset({"include_usage", "include_obfuscation"})
        reading.only(options, known, "stream_options")
        if options.get("include_obfuscation") is not None:
            out["stream_options"] = {"include_obfuscation": options["include_obfuscation"]}
    return out


def _maximum(body: Mapping[str, Any], reading: Reading) -> Body:
    names = [n for n in ("max_completion_tokens", "max_tokens") if body.get(n) is not None]
    if not names:
        return {}
    name = min(names, key=lambda name: int(body[name]))
    if body[name] < MIN_TOKENS:
        # More than was allowed would be paid for.
        reading.refuse(name, f"it must be at least {MIN_TOKENS}")
    return {"max_output_tokens": body[name]}


def _told(body: Mapping[str, Any], *, reasons: bool) -> Body:
    """What is told beside the answer."""
    include = [ENCRYPTED] if reasons else []
    out: Body = {}
    if body.get("logprobs"):
        include.append(_LOGPROBS)
    if body.get("top_logprobs") is not None:
        out["top_logprobs"] = body["top_logprobs"]
    return {**out, "include": include} if include else out


def _text(body: Mapping[str, Any], reading: Reading) -> Body:
    text: Body = {}
    if body.get("verbosity") is not None:
        text["verbosity"] = body["verbosity"]
    wanted = body.get("response_format")
    if wanted is not None and wanted.get("type") != "text":
        text["format"] = _format(wanted, reading)
    return {"text": text} if text else {}


def _format(wanted: Mapping[str, Any], reading: Reading) -> Body:
    place = "response_format"
    if wanted.get("type") == "json_object":
        return {"type": "json_object"}
    if wanted.get("type") != "json_schema":
        reading.refuse(place, "its type must be text, json_object or json_schema")
    place = f"{place}.json_schema"
    described = reading.an_object(wanted.get("json_schema"), place)
    known = frozenset({"name", "schema", "strict", "description"})
    reading.only(described, known, place)
    kept = {name: value for name, value in described.items() if value is not None and name in known}
    return {"type": "json_schema", "schema": {}, "strict": False, **kept}
