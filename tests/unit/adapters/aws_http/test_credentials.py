"""Credentials are looked for and renewed beside the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from controlplane.adapters.aws_http.credentials import CurrentCredentials

pytestmark = pytest.mark.dates


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def refreshed(expires_in: list[float], fetched: list[int]) -> RefreshableCredentials:
    """Each refresh takes a while, and lasts for the next of `expires_in` seconds."""

    def fetch() -> dict[str, str]:
        fetched.append(threading.get_ident())
        time.sleep(0.05)
        ends = datetime.now(UTC) + timedelta(seconds=expires_in.pop(0))
        return {
            "access_key": f"key-{len(fetched)}",
            "secret_key": "s",
            "token": "t",
            "expiry_time": ends.isoformat(),
        }

    made: RefreshableCredentials = RefreshableCredentials.create_from_metadata(
        fetch(), refresh_using=fetch, method="test"
    )
    return made


async def longest_stop(work: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """How long the loop stood still at most."""
    longest, last = 0.0, time.monotonic()
    task = asyncio.create_task(work())
    while not task.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    await task
    return longest


async def test_those_of_the_environment_need_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "c")

    def find() -> Credentials:
        raise AssertionError("not looked for")

    found = await CurrentCredentials(find).get()
    assert (found.access_key, found.secret_key, found.token) == ("a", "b", "c")


async def test_others_are_looked_for_once_in_a_thread() -> None:
    threads = []

    def find() -> Credentials:
        threads.append(threading.get_ident())
        time.sleep(0.05)
        return Credentials("a", "b")

    current = CurrentCredentials(find)
    found = await asyncio.gather(*(current.get() for _ in range(20)))
    assert {each.access_key for each in found} == {"a"}
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_a_search_that_found_nothing_is_made_again() -> None:
    found = [None, Credentials("a", "b")]

    def find() -> Credentials:
        credentials = found.pop(0)
        if credentials is None:
            raise NoCredentialsError
        return credentials

    current = CurrentCredentials(find)
    with pytest.raises(NoCredentialsError):
        await current.get()
    assert (await current.get()).access_key == "a"


async def test_they_are_renewed_beside_the_loop_and_the_old_ones_serve_meanwhile() -> None:
    fetched: list[int] = []
    made = await asyncio.to_thread(refreshed, [300.0, 7_200.0], fetched)
    current = CurrentCredentials(lambda: made)
    # Five minutes are left: botocore renews within fifteen.
    first = await current.get()
    assert first.access_key in ("key-1", "key-2")
    stop = await longest_stop(current.get)
    assert stop < 0.04
    await asyncio.sleep(0.2)
    assert (await current.get()).access_key == "key-2"
    assert len(fetched) == 2
    assert threading.get_ident() not in fetched
