"""A policy document: how it is read, its JSON schema, and the table of its fields.

`python -m controlplane.policy.document` prints the table as it stands in `docs/POLICIES.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from controlplane.policy.mode import MODE, Mode
from controlplane.policy.rules import RULES
from controlplane.policy.shape import MAX_NAME_SHOWN, Faults, JsonSchema


def parse_policy(document: Mapping[str, Any]) -> dict[str, Any]:
    """What each field says. Raises InvalidPolicy, which names every field that is wrong.

    A field that nothing enforces is refused: a policy never promises what does not hold.
    """
    faults, read = Faults(), dict[str, Any]()
    is_shadow = document.get(MODE.field) == Mode.SHADOW
    for field, value in document.items():
        rule = RULES.get(field)
        if rule is None:
            known = ", ".join(RULES)
            faults.add(field[:MAX_NAME_SHOWN], f"is not a field of the policy (known: {known})")
        elif is_shadow and not rule.has_shadow:
            faults.add(field, "cannot be tried out: leave it out where 'mode' is 'shadow'")
        else:
            with faults.noted():
                read[field] = rule.shape.read(value, field)
    faults.check()
    return read


def check_policy(document: Mapping[str, Any]) -> None:
    """Whether a document may be stored. Raises InvalidPolicy like `parse_policy`, and for what is
    only read because it was stored before its bound."""
    faults = Faults()
    for field, value in parse_policy(document).items():
        if (bound := RULES[field].bound) is not None:
            with faults.noted():
                bound(value, field)
    faults.check()


def json_schema() -> JsonSchema:
    """The JSON schema of a document, field by field from the rules."""
    return {
        "type": "object",
        "properties": {field: rule.json_schema() for field, rule in RULES.items()},
        "additionalProperties": False,
    }


def markdown() -> str:
    """The table of the fields, for people."""
    rows = [
        " | ".join(cell.replace("|", r"\|") for cell in (f"`{rule.field}`", rule.says, rule.merges))
        for rule in RULES.values()
    ]
    lines = ["| field | says | over the levels |", "|---|---|---|", *(f"| {row} |" for row in rows)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
