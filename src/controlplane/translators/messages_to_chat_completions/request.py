"""A request for a Message -> the body of a chat request. Pure; the request stays as it is.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.translators.messages_to_chat_completions.messages import Conversation
from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.places import (
    Losses,
    a_list,
    a_text,
    an_object,
    cache_mark,
    refuse,
)
from controlplane.translators.messages_to_chat_completions.schema import is_closed
from controlplane.translators.messages_to_chat_completions.thinking import (
    reasoning_effort,
    takes_no_sampling,
)
from controlplane.translators.messages_to_chat_completions.tools import translate_tools
from controlplane.translators.user_id import opaque

MAX_USER = 64
# The name of a schema, which OpenAI wants and Messages does not have.
SCHEMA_NAME = "answer"
_SERVICE_TIERS = {"auto": None, "standard_only": "default"}
_SAMPLING = ("temperature", "top_p")
_OUTPUT_CONFIG = frozenset({"effort", "format", "task_budget"})
_FORMAT = frozenset({"type", "schema"})


def translate(
    body: Mapping[str, Any],
    model: str,
    *,
    messages: Sequence[Any],
    provider: str,
    names: ToolNames,
    losses: Losses,
) -> dict[str, Any]:
    """The body for `model`. `messages` are those of `body`, numbers in them with all digits.

    `losses` is told what says nothing there, `names` what tools are called. Raises
    UnsupportedParameter. What `parameters.py` refuses or leaves out is not looked at here.
    """
    conversation = Conversation(provider, names, losses)
    system = conversation.system(body.get("system"))
    out: dict[str, Any] = {"model": model}
    out["messages"] = system + conversation.messages(messages)
    out["max_completion_tokens"] = _max_tokens(body.get("max_tokens"))
    out |= translate_tools(body, names, losses)
    out |= reasoning_effort(body, model, losses)
    out |= _sampling(body, model, losses)
    out |= _response_format(body, losses)
    out |= _attribution(body, losses)
    out |= cache_mark(body)
    if body.get("stream") is True:
        out["stream"] = True
    return out


def _max_tokens(value: Any) -> int:
    if type(value) is not int or value < 1:
        refuse("max_tokens", "it must be a positive integer")
    return value


def _sampling(body: Mapping[str, Any], model: str, losses: Losses) -> dict[str, Any]:
    """1 is the default of both, and not sent: some models refuse any value."""
    out: dict[str, Any] = {}
    for name in _SAMPLING:
        value = body.get(name)
        if value in (None, 1):
            continue
        if type(value) not in (int, float) or not 0 <= value <= 1:
            refuse(name, "it must be a number from 0 to 1")
        if takes_no_sampling(model):
            losses.add(name)
        else:
            out[name] = value
    sequences = a_list(body.get("stop_sequences"), "stop_sequences")
    stop = [a_text(each, f"stop_sequences.{i}") for i, each in enumerate(sequences)]
    return {**out, "stop": stop} if stop else out


def _response_format(body: Mapping[str, Any], losses: Losses) -> dict[str, Any]:
    config = an_object(body.get("output_config") or {}, "output_config")
    losses.others(config, _OUTPUT_CONFIG, "output_config")
    losses.named(config, frozenset({"task_budget"}), "output_config")
    place, wanted = "output_config.format", config.get("format")
    if (older := body.get("output_format")) is not None:
        if wanted not in (None, older):
            refuse("output_format", "'output_config.format' says something else")
        place, wanted = "output_format", older
    if wanted is None:
        return {}
    wanted = an_object(wanted, place)
    losses.others(wanted, _FORMAT, place)
    if wanted.get("type") != "json_schema":
        refuse(f"{place}.type", "it must be json_schema")
    schema = an_object(wanted.get("schema"), f"{place}.schema")
    described: dict[str, Any] = {"name": SCHEMA_NAME, "schema": schema}
    if is_closed(schema):
        described["strict"] = True
    else:
        # The model reads it, and nothing enforces it.
        losses.add(f"{place}.strict")
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _attribution(body: Mapping[str, Any], losses: Losses) -> dict[str, Any]:
    out: dict[str, Any] = {}
    metadata = an_object(body.get("metadata") or {}, "metadata")
    losses.others(metadata, frozenset({"user_id"}), "metadata")
    if metadata.get("user_id") is not None:
        out["user"] = opaque(a_text(metadata["user_id"], "metadata.user_id"), MAX_USER)
    tier = body.get("service_tier")
    if tier is not None:
        if not isinstance(tier, str) or tier not in _SERVICE_TIERS:
            refuse("service_tier", f"it must be {' or '.join(_SERVICE_TIERS)}")
        if (there := _SERVICE_TIERS[tier]) is not None:
            out["service_tier"] = there
    return out
