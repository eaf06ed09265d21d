"""The rules, one row each: a new rule is a new file and a new row here."""

from __future__ import annotations

from typing import Any

from controlplane.policy import (
    concurrency,
    cost_caps,
    mode,
    model_access,
    output_tokens,
    parameters,
    redis_down,
    request_rate,
    screening_actions,
    stored_payloads,
    token_rate,
    validity,
)
from controlplane.policy.rule import Rule

RULES: dict[str, Rule[Any]] = {
    rule.field: rule
    for rule in (
        model_access.RULE,
        request_rate.RULE,
        token_rate.RULE,
        cost_caps.RULE,
        concurrency.RULE,
        output_tokens.RULE,
        parameters.RULE,
        screening_actions.RULE,
        redis_down.RULE,
        stored_payloads.RULE,
        validity.RULE,
        mode.RULE,
    )
}
