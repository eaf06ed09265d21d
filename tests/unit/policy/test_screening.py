"""`screening` beyond actions: own detectors, allow-lists, answers."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.access import Caller, Role
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.policy.document import parse_policy
from controlplane.policy.effective import effective_policy
from controlplane.policy.screening import SCREENING, Action, Answers, CustomPattern, ScreeningPolicy
from controlplane.policy.shape import InvalidPolicy

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
EMPLOYEE = {"kind": "employee_id", "pattern": "EMP-[0-9]{6}", "action": "redact"}


def merged(organization: dict[str, Any], application: dict[str, Any]) -> ScreeningPolicy:
    documents = [
        PolicyDocument(Level.ORGANIZATION, "org-1", 1, {"screening": organization}),
        PolicyDocument(Level.APPLICATION, "app-1", 1, {"screening": application}),
    ]
    return SCREENING.of(effective_policy(CALLER, documents))


def test_own_detectors_of_all_levels_run() -> None:
    other = {"kind": "project", "pattern": "PRJ-[A-Z]{3}"}
    policy = merged({"custom": [EMPLOYEE]}, {"custom": [other, EMPLOYEE]})
    assert policy.custom == (
        CustomPattern("employee_id", "EMP-[0-9]{6}"),
        CustomPattern("project", "PRJ-[A-Z]{3}"),
    )
    assert policy.action("employee_id", "pii") is Action.REDACT
    assert policy.action("project", "pii") is Action.BLOCK


def test_an_allow_list_holds_where_no_level_is_stricter() -> None:
    allow = {"allow": {"domains": ["Acme.com", "acme.org"], "values": ["4111 1111 1111 1111"]}}
    assert merged(allow, {}).allow_domains == {"acme.com", "acme.org"}
    assert merged(allow, {"allow": {"domains": ["acme.com"]}}).allow_domains == {"acme.com"}
    assert merged(allow, {"allow": {"domains": ["acme.com"]}}).allow_values == frozenset()
    assert merged({"pii": "block"}, allow).allow_domains == frozenset()
    assert merged({"responses": "redact"}, allow).allow_domains == {"acme.com", "acme.org"}


def test_answers_are_treated_as_strictly_as_any_level_says() -> None:
    assert merged({}, {}).responses is Answers.OFF
    assert merged({"responses": "redact"}, {"responses": "off"}).responses is Answers.REDACT
    assert merged({"responses": "redact"}, {"responses": "block"}).responses is Answers.BLOCK
    assert merged({"restore": True}, {}).restore is True
    assert merged({"restore": True}, {"restore": False}).restore is False


@pytest.mark.parametrize(
    ("screening", "field"),
    [
        ({"custom": {}}, "screening.custom"),
        ({"custom": [EMPLOYEE] * 33}, "screening.custom"),
        ({"custom": [{**EMPLOYEE, "x": 1}]}, "screening.custom.0.x"),
        ({"custom": [{**EMPLOYEE, "kind": "Employee"}]}, "screening.custom.0.kind"),
        ({"custom": [{**EMPLOYEE, "action": "maybe"}]}, "screening.custom.0.action"),
        ({"custom": [{**EMPLOYEE, "pattern": "(?=a)b"}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": r"(a)\1"}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": "a*"}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": "a" * 513}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": "[^a-z]{900}" * 9}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": "(a)(b)"}]}, "screening.custom.0.pattern"),
        ({"custom": [{**EMPLOYEE, "pattern": "größe"}]}, "screening.custom.0.pattern"),
        ({"custom": [{"kind": "x"}]}, "screening.custom.0.pattern"),
        ({"allow": []}, "screening.allow"),
        ({"allow": {"domains": ["com"]}}, "screening.allow.domains.0"),
        ({"allow": {"values": ["1"]}}, "screening.allow.values.0"),
        ({"responses": "flag"}, "screening.responses"),
        ({"restore": "yes"}, "screening.restore"),
        ({"overrides": {"E-Mail": "redact"}}, "screening.overrides.E-Mail"),
        ({"allow": {"values": ["1234\x00"]}}, "screening.allow.values.0"),
    ],
)
def test_what_is_refused(screening: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy({"screening": screening})
    assert caught.value.field == field
