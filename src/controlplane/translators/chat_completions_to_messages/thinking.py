"""How much the model is to think: `reasoning_effort` -> `thinking` and `output_config.effort`.

https://platform.claude.com/docs/en/build-with-claude/thinking
https://platform.claude.com/docs/en/build-with-claude/effort
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_messages.messages import calls_without_thoughts
from controlplane.translators.chat_completions_to_messages.places import refuse
from controlplane.translators.chat_completions_to_messages.tools import is_forced

MIN_BUDGET = 1024
MIN_TOP_P = 0.95
# Tokens to think, where a model takes a budget; allowed on top where the caller sets no maximum.
BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 20480,
    "max": 23552,
}
# Claude 3.7 to 4.5 think within a budget of tokens; later models take an effort and no budget.
_TAKES_BUDGET = re.compile(
    r"claude-(3|4-|(opus|sonnet|haiku)-4(\Z|[-@.]([0-5](?!\d)|\d{8}|latest)))"
)


def translate_thinking(
    body: Mapping[str, Any], model: str, max_tokens: int | None
) -> tuple[dict[str, Any], str | None]:
    """The member `thinking`, if any, and the effort. `max_tokens` is the maximum a caller set.

    Raises UnsupportedParameter for an effort that is unknown, and for sampling parameters that
    thinking does not allow.
    """
    effort = body.get("reasoning_effort")
    if effort is None:
        return {}, None
    takes_budget = _TAKES_BUDGET.search(model) is not None
    if effort == "none":
        return ({} if takes_budget else {"thinking": {"type": "disabled"}}), None
    if not isinstance(effort, str) or effort not in BUDGETS:
        refuse("reasoning_effort", f"it must be none, {', '.join(BUDGETS)}")
    given = None if takes_budget else "low" if effort == "minimal" else effort
    if is_forced(body):
        return {}, given
    _check_sampling(body)
    if not takes_budget:
        return {"thinking": {"type": "adaptive", "display": "summarized"}}, given
    if not _has_room(body, max_tokens):
        return {}, None
    # The budget is part of max_tokens; half is left for the answer itself.
    budget = BUDGETS[effort]
    if max_tokens is not None:
        budget = max(MIN_BUDGET, min(budget, max_tokens // 2))
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}, None


def is_left_out(body: Mapping[str, Any], model: str, max_tokens: int | None) -> bool:
    """True where the model will not think although an effort is asked for."""
    if body.get("reasoning_effort") in (None, "none"):
        return False
    if is_forced(body):
        return True
    return _TAKES_BUDGET.search(model) is not None and not _has_room(body, max_tokens)


def _has_room(body: Mapping[str, Any], max_tokens: int | None) -> bool:
    # With a budget, a turn that called tools has to start with its signed thinking.
    if calls_without_thoughts(body["messages"]):
        return False
    return max_tokens is None or max_tokens > MIN_BUDGET


def _check_sampling(body: Mapping[str, Any]) -> None:
    if body.get("temperature") not in (None, 1):
        refuse("temperature", "together with 'reasoning_effort' it can only be 1")
    if (top_p := body.get("top_p")) is not None and top_p < MIN_TOP_P:
        refuse("top_p", f"together with 'reasoning_effort' it must be at least {MIN_TOP_P}")
