"""What is marked `dates` passes on any day: it runs again at the MOMENTS."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.dates.moved_clock import MOMENTS, ORDINARY, ROOT, Moment, python_at

_HOLDS = """
import json, time
from datetime import UTC, datetime, timedelta
now = datetime.now(UTC)
print(json.dumps({"now": now.timestamp(), "offset": time.localtime().tm_gmtoff}), flush=True)
assert %s
"""


_READS_THE_DAY = re.compile(r"\b(datetime\.now|date\.today)\(")


def modules() -> dict[str, str]:
    """The text of each test module, by its path."""
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return {str(path.relative_to(ROOT)): path.read_text() for path in found}


def marked() -> list[str]:
    """The test modules that have the mark, on all or on some of their tests."""
    return [path for path, text in modules().items() if "pytest.mark.dates" in text]


def test_what_reads_the_day_has_the_mark() -> None:
    readers = {path for path, text in modules().items() if _READS_THE_DAY.search(text)}
    assert len(readers) > 20
    assert readers - set(marked()) == set()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(each, marks=[pytest.mark.soak] if each.soak else [], id=str(each))
        for each in MOMENTS
    ],
)
def test_they_pass(moment: Moment, tmp_path: Path) -> None:
    # pytest's own folder would be cleared of what looks old.
    options = (
        "-m",
        "dates and not soak",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "moved"),
    )
    done = python_at(moment, "-m", "pytest", *options, *marked())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_an_assumption_that_holds_on_most_days_does_not_hold_there(moment: Moment) -> None:
    done = python_at(moment, "-c", _HOLDS % moment.assumption)
    assert done.returncode == 1
    assert done.stderr.endswith(("AssertionError\n", "day is out of range for month\n"))
    said = json.loads(done.stdout)
    assert 0 <= said["now"] - moment.begins.timestamp() < 10
    offset = moment.begins.astimezone(ZoneInfo(moment.zone)).utcoffset()
    assert timedelta(seconds=said["offset"]) == offset
    most_days = python_at(ORDINARY, "-c", _HOLDS % moment.assumption)
    assert most_days.returncode == 0, most_days.stderr
