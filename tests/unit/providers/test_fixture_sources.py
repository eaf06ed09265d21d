"""`tests/fixtures/providers/README.md` says of each fixture where it comes from."""

from __future__ import annotations

import re

from tests.unit.providers.cases import FIXTURES

ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
SOURCE = re.compile(r"written here\b|edited from .*\]\(https://[^)]+\)")


def test_the_list_names_each_fixture_and_no_other() -> None:
    files = (path.relative_to(FIXTURES) for path in FIXTURES.glob("*/*/*") if path.is_file())
    there = {str(path if path.parent.name == "errors" else path.parent) for path in files}
    listed = [name for name, _ in ROW.findall((FIXTURES / "README.md").read_text())]
    assert listed == sorted(there)


def test_each_source_is_the_project_or_a_public_example() -> None:
    rows = ROW.findall((FIXTURES / "README.md").read_text())
    assert [name for name, source in rows if not SOURCE.match(source)] == []
