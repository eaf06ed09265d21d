"""How much the model is to think: `thinking` and `output_config.effort` -> `reasoning_effort`.

https://platform.openai.com/docs/guides/reasoning
https://platform.claude.com/docs/en/build-with-claude/effort
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlplane.translators.messages_to_chat_completions.places import (
    Losses,
    a_text,
    an_object,
    refuse,
)

# What a budget of tokens comes to, at least: between those that an effort gives to Claude.
BUDGETS = ((20_000, "xhigh"), (12_000, "high"), (4_096, "medium"), (0, "low"))
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_KINDS = ("adaptive", "enabled", "disabled", "between_tools")
_KNOWN = frozenset({"type", "budget_tokens", "display", "block_binding"})

# Models that do not think, and refuse to be told how much.
_THINKS_NOT = re.compile(r"(?:^|[-/])(?:gpt-(?:3|4)|chatgpt-)")
# OpenAI's that think: they take no sampling parameters.
_THINKS = re.compile(r"(?:^|[-/])(?:o[1-9]|gpt-[5-9](?!-chat))")
# Of those, the ones that can be told not to think, and that know more than a high effort.
_CAN_BE_OFF = re.compile(r"(?:^|[-/])gpt-(?:5\.[1-9]|[6-9])")
_KNOWS_MORE = re.compile(r"(?:^|[-/])gpt-(?:5\.[2-9]|[6-9])")


def takes_no_sampling(model: str) -> bool:
    """True where the model refuses any temperature but its own."""
    return _THINKS.search(model) is not None


def reasoning_effort(body: Mapping[str, Any], model: str, losses: Losses) -> dict[str, Any]:
    """The member `reasoning_effort`; none where the model decides.

    Raises UnsupportedParameter for a kind of thinking or an effort that is not known.
    """
    thinking = an_object(body.get("thinking") or {"type": "adaptive"}, "thinking")
    losses.others(thinking, _KNOWN, "thinking")
    kind = thinking.get("type")
    if kind not in _KINDS:
        refuse("thinking.type", f"it must be one of {', '.join(_KINDS)}")
    if thinking.get("display") not in (None, "summarized"):
        losses.add("thinking.display")
    losses.named(thinking, frozenset({"block_binding"}), "thinking")
    asked = _asked(body)
    if kind == "disabled":
        return _none(model, losses, asked)
    place = "output_config.effort"
    if asked is None and kind == "enabled":
        place = "thinking.budget_tokens"
        asked = _effort_of(thinking.get("budget_tokens"))
    elif kind == "enabled":
        losses.named(thinking, frozenset({"budget_tokens"}), "thinking")
    if kind == "between_tools":
        losses.add("thinking.type")
    if asked is None:
        return {}
    if _THINKS_NOT.search(model):
        losses.add(place)
        return {}
    if asked in ("xhigh", "max") and not _KNOWS_MORE.search(model):
        losses.add(place)
        asked = "high"
    return {"reasoning_effort": asked}


def _asked(body: Mapping[str, Any]) -> str | None:
    config = an_object(body.get("output_config") or {}, "output_config")
    effort = config.get("effort")
    if effort is None:
        return None
    if a_text(effort, "output_config.effort") not in _EFFORTS:
        refuse("output_config.effort", f"it must be {', '.join(_EFFORTS)}")
    return str(effort)


def _effort_of(budget: Any) -> str:
    if type(budget) is not int or budget < 0:
        refuse("thinking.budget_tokens", "it must be a number of tokens")
    return next(effort for least, effort in BUDGETS if budget >= least)


def _none(model: str, losses: Losses, asked: str | None) -> dict[str, Any]:
    """No thinking, or as little as the model can. Of one that is not known, nothing is asked: many
    do not think, and refuse a parameter that they do not have."""
    if asked is not None:
        # Without thinking it is how much Claude says.
        losses.add("output_config.effort")
    if _CAN_BE_OFF.search(model):
        return {"reasoning_effort": "none"}
    if _THINKS.search(model):
        losses.add("thinking.type")
        return {"reasoning_effort": "low"}
    if not _THINKS_NOT.search(model):
        losses.add("thinking.type")
    return {}
