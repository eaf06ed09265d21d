"""An OpenAI chat request -> the body of `POST /v1/messages`. Pure; the request stays as it is.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_messages.cache_marks import cache_mark
from controlplane.translators.chat_completions_to_messages.messages import translate_messages
from controlplane.translators.chat_completions_to_messages.places import (
    LeftOut,
    a_text,
    an_object,
    refuse,
)
from controlplane.translators.chat_completions_to_messages.schema import closed_schema
from controlplane.translators.chat_completions_to_messages.thinking import (
    BUDGETS,
    is_left_out,
    translate_thinking,
)
from controlplane.translators.chat_completions_to_messages.tools import translate_tools
from controlplane.translators.user_id import opaque

# Messages needs a maximum. Where none is set, this is it, and the thinking comes on top.
DEFAULT_MAX_TOKENS = 8192
MAX_TEMPERATURE = 1
MAX_USER_ID = 256

# There is no JSON mode without a schema, and newer models do not let a tool be forced.
JSON_OBJECT_INSTRUCTION = (
    "Answer with exactly one JSON object and nothing else: no text before or after it, "
    "no code fence."
)
# Where there is priority capacity, it is used unless the request says otherwise.
_SERVICE_TIERS = {"auto": "auto", "priority": "auto", "default": "standard_only"}


def translate(
    body: Mapping[str, Any], model: str, *, stream: bool = False, left_out: LeftOut | None = None
) -> dict[str, Any]:
    """The body for `model`. Raises UnsupportedParameter, naming the parameter or the place.

    `left_out` is told what else says nothing to this model. What `parameters.py` refuses or leaves
    out is not looked at here.
    """
    left_out = left_out or LeftOut()
    system, turns = translate_messages(body["messages"], left_out)
    if wants_json_object(body):
        system.append({"type": "text", "text": JSON_OBJECT_INSTRUCTION})
    asked = asked_max_tokens(body)
    thinking, effort = translate_thinking(body, model, asked)
    if is_left_out(body, model, asked):
        left_out.add("reasoning_effort")
    room = BUDGETS.get(str(body.get("reasoning_effort")), 0)
    out: dict[str, Any] = {"model": model, "max_tokens": asked or DEFAULT_MAX_TOKENS + room}
    if system:
        out["system"] = system
    out["messages"] = turns
    out |= cache_mark(body, "")
    out |= translate_tools(body) | thinking | _sampling(body) | _attribution(body, left_out)
    output: dict[str, Any] = {"effort": effort} if effort else {}
    if (schema := _output_schema(body)) is not None:
        output["format"] = {"type": "json_schema", "schema": schema}
    if output:
        out["output_config"] = output
    if stream:
        out["stream"] = True
    return out


def wants_json_object(body: Mapping[str, Any]) -> bool:
    """True where the answer is to be a JSON object of any shape."""
    wanted = body.get("response_format")
    return isinstance(wanted, Mapping) and wanted.get("type") == "json_object"


def asked_max_tokens(body: Mapping[str, Any]) -> int | None:
    """The smaller of the two maxima that a caller may set; None where it sets none."""
    both = (body.get("max_completion_tokens"), body.get("max_tokens"))
    return min((value for value in both if value is not None), default=None)


def _sampling(body: Mapping[str, Any]) -> dict[str, Any]:
    """1 is the default of both: it is not sent, because newer models refuse any value."""
    out: dict[str, Any] = {}
    temperature = body.get("temperature")
    if temperature not in (None, 1):
        if temperature > MAX_TEMPERATURE:
            refuse("temperature", f"it must be at most {MAX_TEMPERATURE}")
        out["temperature"] = temperature
    if body.get("top_p") not in (None, 1):
        if out:
            refuse("top_p", "it cannot be set together with 'temperature'")
        out["top_p"] = body["top_p"]
    if stop := body.get("stop"):
        out["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
        if not all(text.strip() for text in out["stop_sequences"]):
            refuse("stop", "each has to contain more than white space")
    return out


def _attribution(body: Mapping[str, Any], left_out: LeftOut) -> dict[str, Any]:
    out: dict[str, Any] = {}
    # safety_identifier is what replaces `user` at OpenAI.
    labels = body.get("metadata") or {}
    user = body.get("safety_identifier") or body.get("user") or labels.get("user_id")
    if labels.keys() - {"user_id"}:
        left_out.add("metadata")
    if body.get("user") not in (None, user):
        left_out.add("user")
    if user is not None:
        out["metadata"] = {"user_id": opaque(a_text(user, "safety_identifier"), MAX_USER_ID)}
    tier = body.get("service_tier")
    if tier is not None:
        if not isinstance(tier, str) or tier not in _SERVICE_TIERS:
            refuse("service_tier", f"it must be {' or '.join(_SERVICE_TIERS)}")
        out["service_tier"] = _SERVICE_TIERS[tier]
    return out


def _output_schema(body: Mapping[str, Any]) -> dict[str, Any] | None:
    wanted = body.get("response_format")
    if wanted is None or wanted.get("type") in ("text", "json_object"):
        return None
    if wanted.get("type") != "json_schema":
        refuse("response_format", "its type must be text, json_object or json_schema")
    place = "response_format.json_schema"
    described = an_object(wanted.get("json_schema"), place)
    place = f"{place}.schema"
    schema = closed_schema(an_object(described.get("schema"), place), place)
    if purpose := described.get("description"):
        said = schema.get("description")
        schema["description"] = f"{purpose}\n\n{said}" if said else purpose
    return schema
