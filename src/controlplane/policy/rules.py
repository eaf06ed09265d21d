"""The rules, one row each: a new rule is a new file and a new row here."""

from __future__ import annotations

from typing import Any

from controlplane.policy.cost_caps import COST_CAPS
from controlplane.policy.limits import CONCURRENCY, RATE_LIMITS, TOKEN_LIMITS
from controlplane.policy.mode import MODE
from controlplane.policy.models import MODELS
from controlplane.policy.output_tokens import MAX_OUTPUT_TOKENS
from controlplane.policy.parameters import PARAMETERS
from controlplane.policy.redis_down import WHEN_REDIS_IS_DOWN
from controlplane.policy.rule import MergedRule, Rule
from controlplane.policy.screening import SCREENING
from controlplane.policy.stored_payloads import STORE_PAYLOADS
from controlplane.policy.stored_responses import STORED_RESPONSES
from controlplane.policy.validity import VALID

# In the order in which they refuse, and in which people see them.
_ROWS: tuple[Rule[Any], ...] = (
    MODELS,
    RATE_LIMITS,
    TOKEN_LIMITS,
    COST_CAPS,
    CONCURRENCY,
    PARAMETERS,
    MAX_OUTPUT_TOKENS,
    SCREENING,
    WHEN_REDIS_IS_DOWN,
    STORE_PAYLOADS,
    STORED_RESPONSES,
    VALID,
    MODE,
)
RULES = {rule.field: rule for rule in _ROWS}
MERGED = tuple(rule for rule in _ROWS if isinstance(rule, MergedRule))
REFUSING = tuple((rule.field, rule.refuse) for rule in MERGED if rule.refuse is not None)
