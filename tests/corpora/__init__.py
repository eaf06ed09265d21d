"""Cases that others wrote: `$CORPORA`, or `../shared/corpora` beside the project.

They are no part of the project. Without them the tests over them are skipped, and the end of the
run says so in one line. With REQUIRE_CORPORA=1, as in CI, the run fails before its first test.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("CORPORA") or Path(__file__).parents[3] / "shared" / "corpora"
).absolute()


def pytest_sessionstart() -> None:
    """No run that requires the corpora starts without them."""
    if os.environ.get("REQUIRE_CORPORA") and not FOLDER.is_dir():
        raise pytest.UsageError(f"REQUIRE_CORPORA is set and there is no folder {FOLDER}.")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the corpora."""
    if not FOLDER.is_dir():
        pytest.skip(f"There are no corpora at {FOLDER}; CORPORA=... names another folder.")
    return FOLDER
