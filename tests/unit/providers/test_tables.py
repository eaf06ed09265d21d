"""docs/PROVIDERS.md says of the kinds what their rows say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.providers.tables import TABLES

DOCUMENT = Path(__file__).parents[3] / "docs" / "PROVIDERS.md"


@pytest.mark.parametrize("table", TABLES)
def test_the_document_holds_the_table(table: Callable[[], str]) -> None:
    assert table() in DOCUMENT.read_text(), "python -m controlplane.providers.tables prints it"
