"""A run without the corpora says what it leaves out in one line, or fails where it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests import corpora
from tests.conftest import pytest_terminal_summary


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """The start of a run over the corpora in a folder, with REQUIRE_CORPORA set to a value."""

    def start(folder: Path, required: str) -> None:
        monkeypatch.setattr(corpora, "FOLDER", folder)
        monkeypatch.setenv("REQUIRE_CORPORA", required)
        corpora.pytest_sessionstart()

    return start


def test_a_run_that_requires_them_fails_at_its_start(
    start: Callable[[Path, str], None], tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(pytest.UsageError, match=f"no folder {absent}"):
        start(absent, "1")
    start(tmp_path, "1")
    start(absent, "")


def test_each_reason_is_one_line_at_the_end() -> None:
    written: list[str] = []
    reasons = ["Skipped: No corpora.", "Skipped: No corpora.", "Skipped: No client."]
    skipped = [SimpleNamespace(longrepr=("test_x.py", 1, reason)) for reason in reasons]
    reporter: Any = SimpleNamespace(
        stats={"skipped": skipped},
        write_line=written.append,
        config=SimpleNamespace(stash=pytest.Stash()),
    )
    pytest_terminal_summary(reporter)
    assert written == ["NOT RUN: 2 tests. No corpora.", "NOT RUN: 1 test. No client."]
