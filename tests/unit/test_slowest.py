"""The table of the slowest tests."""

from __future__ import annotations

import pytest
from tests.slowest import BEGIN, DOCUMENT, END, replaced, table

REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one[1]" time="1.4"/>
<testcase classname="tests.unit.test_a" name="test_one[a::b.c]" time="2.0"/>
<testcase classname="tests.e2e.test_b.TestAll" name="test_two" time="120.2"/>
</testsuite></testsuites>"""


def test_files_and_tests_with_their_variants_slowest_first() -> None:
    rows = [row for row in table(REPORT).splitlines() if row.startswith("| `")]
    assert rows == [
        "| `tests/e2e/test_b.py` | 120 |",
        "| `tests/unit/test_a.py` | 3 |",
        "| `tests/e2e/test_b.py::TestAll::test_two` | 120 |",
        "| `tests/unit/test_a.py::test_one` | 3 |",
    ]
    assert table(REPORT).startswith("All tests together: 2.1 minutes")


def test_it_replaces_the_one_before() -> None:
    assert replaced(f"a\n{BEGIN}old\n{END}b\n", "new \\1\n") == f"a\n{BEGIN}new \\1\n{END}b\n"
    assert "| seconds |" in replaced(DOCUMENT.read_text(), table(REPORT))
    with pytest.raises(ValueError, match="no place"):
        replaced("a", "new")
