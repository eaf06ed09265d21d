"""Each migration leaves the release before working: it adds, and what it removes is not used by it.

A release is turned back by moving the alias, never the schema (docs/RUNBOOK.md, "How to go back").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from controlplane.adapters.postgres.migrations import upgrade

FOLDER = Path(__file__).parents[3] / "migrations" / "versions"
REVISIONS = sorted(path.name[:4] for path in FOLDER.glob("0*.py"))
# A migration that takes away what no release uses any more -> the release that has ended its use.
CONTRACTS: dict[str, str] = {}
# What the release before would stumble over.
BREAKING = {
    "a table, column, view or type is dropped": r"DROP (TABLE|COLUMN|VIEW|TYPE)\b",
    "something is renamed": r"\bRENAME\b",
    "a type is changed": r"ALTER COLUMN \S+ (SET DATA )?TYPE\b",
    "what may be left out no longer may": r"ALTER COLUMN \S+ (SET NOT NULL|DROP DEFAULT)",
    "a column must be filled": r"ADD COLUMN (?!.*\bDEFAULT\b)(?!.*\bGENERATED\b).*\bNOT NULL",
    "a right is taken away": r"^\s*REVOKE\b",
}


@pytest.mark.parametrize(("before", "revision"), list(pairwise(REVISIONS)))
def test_the_release_before_goes_on_working(before: str, revision: str, empty_url: str) -> None:
    upgrade(empty_url, before)
    with _statements() as said:
        upgrade(empty_url, revision)
    assert said
    found = {
        f"{what}: {statement[:80]}"
        for statement in said
        for what in _breaking(statement)
        if revision not in CONTRACTS
    }
    assert found == set()


@pytest.mark.parametrize(
    ("statement", "breaks"),
    [
        ("ALTER TABLE request_logs DROP COLUMN session_id", True),
        ("DROP TABLE policies", True),
        ("ALTER TABLE api_keys RENAME COLUMN hash TO key_hash", True),
        ("ALTER TABLE api_keys ALTER COLUMN name TYPE varchar(10)", True),
        ("ALTER TABLE api_keys ALTER COLUMN name SET NOT NULL", True),
        ("ALTER TABLE api_keys ADD COLUMN region TEXT NOT NULL", True),
        ("ALTER TABLE api_keys ADD COLUMN region TEXT DEFAULT '' NOT NULL", False),
        ("ALTER TABLE api_keys ADD COLUMN region TEXT", False),
        ("CREATE INDEX ix ON api_keys (region)", False),
        ("UPDATE alembic_version SET version_num='0002'", False),
    ],
)
def test_the_check_knows_the_difference(statement: str, breaks: bool) -> None:
    assert bool(list(_breaking(statement))) is breaks


def _breaking(statement: str) -> Iterator[str]:
    text = " ".join(statement.split())
    for what, pattern in BREAKING.items():
        if re.search(pattern, text, re.I):
            yield what


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Every statement of every engine, as it is sent."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)
