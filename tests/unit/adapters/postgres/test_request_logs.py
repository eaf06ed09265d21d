"""Cursors that no page gave are refused before any connection is made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "AAAA",
        "ü",
        _encoded("text"),
        _encoded([]),
        _encoded(["a"]),
        _encoded(["a", 1]),
        _encoded([1, "2026-01-01T00:00:00+00:00"]),
        _encoded(["a\x00", "2026-01-01T00:00:00+00:00"]),
        _encoded(["a\ud800", "2026-01-01T00:00:00+00:00"]),
        _encoded(["a", "tomorrow"]),
        _encoded(["a", "2026-01-01T00:00:00"]),
        _encoded(["a", "0001-01-01T00:00:00+14:00"]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
async def test_a_made_up_cursor_is_a_value_error(cursor: str) -> None:
    repository = RequestLogRepository(Database("postgresql://127.0.0.1:9/db"))
    with pytest.raises(ValueError, match="cursor"):
        await repository.page("org-1", limit=10, before=cursor)
