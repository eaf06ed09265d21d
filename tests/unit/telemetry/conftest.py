from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controlplane.telemetry import configure
from controlplane.telemetry.lines import handler

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _as_configured() -> Iterator[None]:
    configure(stage="sandbox")
    yield
    configure(stage="local")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """What was printed so far, an object a line."""
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    return lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]
