"""Where the test cases from outside are: `$CORPORA`, or `../shared/corpora` beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).parents[2] / "shared" / "corpora"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder; a test that needs it is skipped, and says so, where it is absent."""
    folder = Path(os.environ.get("CORPORA") or _DEFAULT)
    if not folder.is_dir():
        pytest.skip(f"NO CORPORA at {folder}: set CORPORA to run the cases from outside")
    return folder
