"""Moments at which tests of days and months have gone wrong, and processes that live at one.

The clock is moved for a process and all that it starts, PostgreSQL and Valkey included: libfaketime
is loaded before the C library, whose time goes on from the moment at its usual speed.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Moment:
    """When the clock begins, by UTC, and the local time zone.

    `assumption` holds on most days, and is not true at this moment: a Python expression of `now`
    (UTC), `datetime`, `timedelta`. It shows that the moment finds what it is there for. Tests
    run at those with `soak` in `make soak` only.
    """

    name: str
    begins: datetime
    zone: str
    assumption: str
    soak: bool = False

    def __str__(self) -> str:
        return self.name


_AN_HOUR_LATER = (
    "3500 < (datetime.fromtimestamp(now.timestamp() + 3600) - datetime.now()).seconds < 3700"
)

# One row per moment; the tests that are marked `dates` run at each.
MOMENTS = (
    Moment(
        "the first of a month, after a short one",
        datetime(2027, 3, 1, tzinfo=UTC),
        "UTC",
        "(now - timedelta(days=1)).month == now.month",
    ),
    Moment(
        "the last of a month, the day before by local time",
        datetime(2027, 1, 31, 2, tzinfo=UTC),
        "America/St_Johns",
        "(now - timedelta(minutes=40_000)).month != now.month",
    ),
    Moment(
        "a leap day, the day after by local time",
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        "Pacific/Kiritimati",
        "now.replace(year=now.year + 1) > now",
    ),
    Moment(
        "the last seconds of a year",
        datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC),
        "UTC",
        "(now + timedelta(minutes=1)).year == now.year",
    ),
    Moment(
        "the clocks go forward",
        datetime(2027, 3, 14, 5, 29, 50, tzinfo=UTC),
        "America/St_Johns",
        _AN_HOUR_LATER,
        soak=True,
    ),
    Moment(
        "the clocks go back",
        datetime(2027, 11, 7, 4, 29, 50, tzinfo=UTC),
        "America/St_Johns",
        _AN_HOUR_LATER,
        soak=True,
    ),
)
ORDINARY = Moment("an ordinary day", datetime(2027, 6, 15, 12, tzinfo=UTC), "UTC", "False")


def python_at(moment: Moment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process whose clock begins at the moment."""
    ahead = (moment.begins - datetime.now(UTC)).total_seconds()
    # The run that this one is part of is not that one's business.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **inherited,
            "TZ": moment.zone,
            "LD_PRELOAD": str(_library()),
            "FAKETIME": f"{ahead:+f}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # The times of files stay: bytecode goes by that of its source.
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        },
        capture_output=True,
        text=True,
        # Ten times what it takes on a machine with nothing else to do.
        timeout=600,
        check=False,
    )


def _library() -> Path:
    if sys.platform != "linux":
        pytest.skip(f"CLOCKS CANNOT BE MOVED on {sys.platform}: dates are tested by today's only.")
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
    if package := importlib.util.find_spec("libfaketime"):
        assert package.origin is not None
        found += Path(package.origin).parent.glob("vendor/libfaketime/src/libfaketime.so.1")
    if not found and platform.machine() != "x86_64":
        pytest.skip("CLOCKS CANNOT BE MOVED without libfaketime: install the package 'faketime'.")
    assert found, "libfaketime is missing: it comes with the locked packages."
    return found[-1]
