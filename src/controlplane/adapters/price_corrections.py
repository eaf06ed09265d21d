"""What the price list lacks or has wrong, one row each, with the page that says it.

A row is laid over what the list says of a model whose whole name it matches; where the list says
nothing, it has to be whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Correction:
    """In `price_list`, models that match have these prices."""

    price_list: str
    models: re.Pattern[str]
    prices: Mapping[str, Any]


def _row(price_list: str, models: str, **prices: Any) -> Correction:
    return Correction(price_list, re.compile(rf"(?:{models})\Z"), prices)


# What comes later is laid over what comes before.
CORRECTIONS: Sequence[Correction] = (
    # Models that search with each request. "Web search preview (non-reasoning models): $25 / 1k
    # calls + search content tokens are free". https://platform.openai.com/docs/pricing
    _row(
        "openai",
        r"gpt-4o(-mini)?-search-preview.*",
        calls={"web_search_preview": "0.025"},
        always="web_search_preview",
        tiers={},
    ),
    # "Web search (all models): $10 / 1k calls + search content tokens billed at model rates", in a
    # window of 128,000 tokens. https://platform.openai.com/docs/guides/tools-web-search
    _row(
        "openai",
        r"gpt-5-search-api.*",
        calls={"web_search": "0.01"},
        always="web_search",
        added_input=128_000,
    ),
    # The older tool of Responses costs more with models that do not reason; same page of prices.
    _row("openai", r"(gpt-5|gpt-6|o3|o4).*", calls={"web_search_preview": "0.01"}),
    _row("openai", r"gpt-4(o|\.1)(-mini|-\d{4}.*)*", calls={"web_search_preview": "0.025"}),
    # Audio at $40 and $80; of the small model $10 and $20.
    # https://platform.openai.com/docs/models/gpt-4o-audio-preview (and gpt-4o-mini-audio-preview)
    _row("openai", r"gpt-4o-audio-preview.*", audio_input="40", audio_output="80"),
    _row("openai", r"gpt-4o-mini-audio-preview.*", audio_input="10", audio_output="20"),
    # The oldest snapshot cost more: $100 and $200. https://platform.openai.com/docs/changelog
    _row("openai", r"gpt-4o-audio-preview-2024-10-01", audio_input="100", audio_output="200"),
    # "The 12-hour retention rate" of cache writes, which the list names and does not model.
    # https://developers.openai.com/api/docs/models/gpt-6.1-terra
    _row("openai", r"gpt-6\.1-terra.*", cache_write_hour="2.50"),
    # "Web fetch usage has no additional charges beyond standard token costs."
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool
    _row("anthropic", r"claude-.*", calls={"web_fetch": "0"}),
    # "us" costs 1.1 times as much, in all kinds of token, with Claude Opus 4.6 and all later
    # models. https://platform.claude.com/docs/en/manage-claude/data-residency
    _row(
        "anthropic",
        r"claude-(opus-4[-.][678]|sonnet-4[-.]6|(fable|haiku|mythos|opus|sonnet)-5).*",
        regions={"us": "1.1"},
    ),
    # Models that Azure sells itself, at prices of its own.
    # https://azure.microsoft.com/pricing/details/ai-foundry-models/deepseek/ (models.dev)
    _row("azure", r"deepseek-r1(-0528)?", input="1.35", output="5.40"),
    # https://learn.microsoft.com/azure/foundry/foundry-models/concepts/models-sold-directly-by-azure
    # (LiteLLM's model_prices_and_context_window.json)
    _row("azure", r"deepseek-v3\.2(-speciale)?", input="0.58", output="1.68"),
    _row("azure", r"deepseek-v4-pro", input="1.74", output="3.48", cached="0.145"),
    # Its name holds that of a cheaper one. $2 and $8, as at OpenAI (Portkey's list).
    # https://azure.microsoft.com/pricing/details/azure-openai/
    _row("azure", r"o4-mini-deep-research.*", input="2", output="8", cached="0.5"),
)


def corrections(price_list: str, model: str) -> Sequence[Mapping[str, Any]]:
    """What is to be laid over the price of a model, in this order."""
    return [
        row.prices
        for row in CORRECTIONS
        if row.price_list == price_list and row.models.match(model)
    ]
