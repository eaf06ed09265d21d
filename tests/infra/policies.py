"""What a policy of a resource allows, worked out as IAM does it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.template import as_list, resolved


def allows(
    statements: Iterable[Mapping[str, Any]],
    principal: str,
    action: str,
    **context: str,
) -> bool:
    """Whether one statement allows and none denies.

    `principal` is a service, or `root` for what the account's own policies hand out. Keys of
    `context` are written with `__` for the colon: `aws__SourceAccount`.
    """
    said = {name.replace("__", ":").lower(): value for name, value in context.items()}
    matching = [
        statement["Effect"]
        for statement in statements
        if _is_about(statement, principal, action) and _holds(statement.get("Condition", {}), said)
    ]
    return "Allow" in matching and "Deny" not in matching


def _is_about(statement: Mapping[str, Any], principal: str, action: str) -> bool:
    patterns = [pattern.lower() for pattern in as_list(statement["Action"])]
    return _names(statement["Principal"], principal) and any(
        fnmatchcase(action.lower(), pattern) for pattern in patterns
    )


def _names(principals: Any, principal: str) -> bool:
    if principals == "*":
        return True
    services = [resolved(name) for name in as_list(principals.get("Service", []))]
    accounts = [resolved(name) for name in as_list(principals.get("AWS", []))]
    if principal == "root":
        return any(name == "*" or name.endswith(":root") for name in accounts)
    return principal in services or "*" in accounts


def _holds(conditions: Mapping[str, Mapping[str, Any]], said: Mapping[str, str]) -> bool:
    return all(
        _compare(operator, said.get(key.lower()), [_text(value) for value in as_list(wanted)])
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (bool, int, float)) else resolved(value)


def _compare(operator: str, actual: str | None, wanted: list[str]) -> bool:
    """Without the key in the request a condition does not hold."""
    if actual is None:
        return False
    match operator:
        case "StringEquals" | "ArnEquals":
            return actual in wanted
        case "Bool":
            return actual.lower() in [value.lower() for value in wanted]
        case "ArnLike" | "StringLike":
            return any(fnmatchcase(actual, pattern) for pattern in wanted)
        case "NumericLessThan":
            return any(float(actual) < float(value) for value in wanted)
    raise AssertionError(f"{operator} is not known here")


def permits(statements: Iterable[Mapping[str, Any]], action: str, resource: str) -> bool:
    """Whether the policies of a role allow an action on what `resource` begins the name of.

    A denial counts whatever its condition: here that is about the code that the role is for.
    """
    effects = {
        statement["Effect"]
        for statement in statements
        if any(
            fnmatchcase(action.lower(), wanted.lower()) for wanted in as_list(statement["Action"])
        )
        and any(
            name == "*" or f"<{resource}" in name or resource in name
            for name in map(resolved, as_list(statement["Resource"]))
        )
    }
    return effects == {"Allow"}
