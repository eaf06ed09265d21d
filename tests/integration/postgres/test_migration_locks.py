"""While usage is summed up, which may take minutes, keys are looked up as before."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, event

from controlplane.adapters.postgres.migrations import upgrade

# What a look-up of a key reads.
LOOK_UPS = ("SELECT 1 FROM api_keys", "SELECT 1 FROM applications", "SELECT 1 FROM organizations")


def test_nothing_waits_for_the_summing_up_of_usage(empty_url: str) -> None:
    upgrade(empty_url, "0002")
    waited: list[str] = []
    looked = 0

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal looked
        if "INSERT INTO usage_daily" not in statement:
            return
        with psycopg.connect(empty_url, autocommit=True) as other:
            other.execute("SET lock_timeout = '200ms'")
            for look_up in LOOK_UPS:
                looked += 1
                try:
                    other.execute(look_up.encode())
                except LockNotAvailable:
                    waited.append(look_up)

    # Its locks are those of the transaction: held from here to its end.
    event.listen(Engine, "after_cursor_execute", look)
    try:
        upgrade(empty_url, "0003")
    finally:
        event.remove(Engine, "after_cursor_execute", look)
    assert looked == len(LOOK_UPS)
    assert waited == []
