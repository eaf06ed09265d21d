"""Wherever a test reads the time, it is the same one: also where the clock has been moved."""

from __future__ import annotations

import time

import psycopg
import pytest
import redis

pytestmark = pytest.mark.dates


def test_postgresql_and_valkey_have_the_time_of_this_process(
    postgres_server: str, redis_url: str
) -> None:
    with psycopg.connect(postgres_server) as connection:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    assert row is not None
    with redis.Redis.from_url(redis_url) as client:
        seconds, _ = client.time()
    assert abs(float(row[0]) - time.time()) < 5
    assert abs(seconds - time.time()) < 5
