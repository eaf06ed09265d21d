"""docs/POLICIES.md and the OpenAPI schema say what the rules do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controlplane.admin.models.policies import EXAMPLES as SHOWN
from controlplane.policy.document import json_schema, markdown, parse_policy
from controlplane.policy.limits import DEFAULT_RATE
from controlplane.policy.rules import RULES
from controlplane.policy.shape import InvalidPolicy

TEXT = (Path(__file__).parents[3] / "docs" / "POLICIES.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
DOCUMENT = json_schema()
SENT = [each["value"] for each in SHOWN.values()]


def test_the_table_is_the_one_that_the_rules_print() -> None:
    assert markdown() in TEXT, "python -m controlplane.policy.document prints it"


OF_RULES = [{field: rule.shape.example} for field, rule in RULES.items()]


@pytest.mark.parametrize("document", EXAMPLES + SENT + OF_RULES)
def test_every_example_is_a_policy(document: dict[str, Any]) -> None:
    assert parse_policy(document)
    jsonschema.validate(document, DOCUMENT)


def test_the_default_rate_is_the_one_that_is_told() -> None:
    assert (DEFAULT_RATE.capacity, DEFAULT_RATE.window) == (100, 60)
    assert "100 a minute for every application" in TEXT


def test_the_schema_knows_every_field() -> None:
    assert list(DOCUMENT["properties"]) == list(RULES)
    assert all(
        RULES[field].says[1:] in DOCUMENT["properties"][field]["description"] for field in RULES
    )
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)


@pytest.mark.parametrize(
    "document",
    [
        {"budget": 1},
        {"models": {"allow": []}},
        {"rate_limits": [{"requests": 1}]},
        {"rate_limits": [{"requests": -1, "window_seconds": 1}]},
        {"token_limits": [{"tokens": 1, "window_seconds": 86_401}]},
        {"cost_caps": [{"usd": 5, "period": "day"}]},
        {"cost_caps": [{"usd": "5.0000001", "period": "day"}]},
        {"cost_caps": [{"usd": "5"}]},
        {"cost_caps": [{"usd": "5", "period": "day", "window_seconds": 60}]},
        {"parameters": {"allow": ["n"], "deny": ["n"]}},
        {"when_redis_is_down": {"rate": "ajar"}},
        {"valid": {}},
        {"mode": "audit"},
        {"screening": {"overrides": {"email": "maybe"}}},
        {"screening": {"overrides": {"E-mail": "block"}}},
        {"screening": {"custom": [{"kind": "employee_id"}]}},
        {"screening": {"allow": {"values": ["abc"]}}},
    ],
)
def test_the_schema_refuses_what_the_rules_refuse(document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, DOCUMENT)
    with pytest.raises(InvalidPolicy):
        parse_policy(document)
