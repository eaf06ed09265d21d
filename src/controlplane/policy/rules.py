"""The rules, one row each: a new rule is a new file and a new row here."""

from __future__ import annotations

from typing import Any

from controlplane.policy import (
    model_access,
    output_tokens,
    redis_down,
    request_rate,
    screening_actions,
)
from controlplane.policy.rule import Rule

RULES: dict[str, Rule[Any]] = {
    rule.field: rule
    for rule in (
        model_access.RULE,
        request_rate.RULE,
        output_tokens.RULE,
        screening_actions.RULE,
        redis_down.RULE,
    )
}
