"""How old a value may be, who waits for a new one, and how often Secrets Manager is asked."""

from __future__ import annotations

import asyncio
import io
import socket
import time

import pytest
from tests.integration.secrets.vault import Vault

from controlplane.adapters.secrets import (
    MAX_AGE_SECONDS,
    PATIENCE_SECONDS,
    QUIET_SECONDS,
    mapping,
)
from controlplane.errors import ConfigurationError, Unreachable
from controlplane.telemetry.lines import handler


@pytest.fixture
def log_text(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    return buffer


async def test_a_new_value_is_in_force_after_five_minutes_and_not_before(vault: Vault) -> None:
    assert MAX_AGE_SECONDS == 300
    secret = vault.rotating(str)
    assert await secret.current() == "one"
    vault.write("two")
    vault.wait(299)
    assert await secret.current() == "one"
    assert vault.asked == 1
    vault.wait(2)
    assert await secret.current() == "two"
    vault.wait(299)
    assert await secret.current() == "two"
    assert vault.asked == 2


async def test_a_refused_value_is_replaced_at_once(vault: Vault, log_text: io.StringIO) -> None:
    secret = vault.rotating(str)
    assert await secret.current() == "one"
    vault.write("two")
    assert await secret.renewed("one") == "two"
    assert await secret.current() == "two"
    assert '"message":"secret_renewed"' in log_text.getvalue()
    assert vault.name in log_text.getvalue()


async def test_a_storm_of_refusals_asks_once_in_ten_seconds(vault: Vault) -> None:
    secret = vault.rotating(str)
    await secret.current()
    assert await asyncio.gather(*(secret.renewed("one") for _ in range(200))) == [None] * 200
    assert vault.asked == 2
    vault.write("two")
    vault.wait(QUIET_SECONDS - 0.1)
    assert await secret.renewed("one") is None
    assert vault.asked == 2
    vault.wait(0.2)
    answers = await asyncio.gather(*(secret.renewed("one") for _ in range(200)))
    assert answers == ["two"] * 200
    assert vault.asked == 3


async def test_many_who_need_a_value_share_one_read(vault: Vault) -> None:
    secret = vault.rotating(str)
    assert set(await asyncio.gather(*(secret.current() for _ in range(50)))) == {"one"}
    vault.wait(301)
    await asyncio.gather(*(secret.current() for _ in range(50)))
    assert vault.asked == 2


async def test_what_cannot_be_read_again_stays_and_the_log_names_it(
    vault: Vault, log_text: io.StringIO
) -> None:
    secret = vault.rotating(str)
    await secret.current()
    vault.client.delete_secret(SecretId=vault.name, ForceDeleteWithoutRecovery=True)
    vault.wait(301)
    for _ in range(20):
        assert await secret.current() == "one"
    assert vault.asked == 2
    vault.write("two")
    vault.wait(QUIET_SECONDS)
    assert await secret.current() == "two"
    lines = log_text.getvalue()
    assert vault.name in lines
    assert '"reason":"ResourceNotFoundException"' in lines
    assert '"one"' not in lines


async def test_nobody_waits_long_and_the_loop_goes_on_while_secrets_manager_is_silent(
    vault: Vault,
) -> None:
    secret = vault.rotating(str)
    await secret.current()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        vault.move_to(f"http://127.0.0.1:{silent.getsockname()[1]}")
        vault.wait(301)
        ticks, started = 0, time.monotonic()
        waiting = asyncio.create_task(secret.current())
        while not waiting.done():
            ticks += 1
            await asyncio.sleep(0.01)
        assert await waiting == "one"
        assert PATIENCE_SECONDS * 0.9 < time.monotonic() - started < PATIENCE_SECONDS + 2
        assert ticks > 20


async def test_without_a_first_value_there_is_an_error(vault: Vault) -> None:
    vault.move_to("http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="secrets manager"):
        await vault.rotating(str).current()


async def test_a_text_that_makes_no_sense_changes_nothing(
    vault: Vault, log_text: io.StringIO
) -> None:
    vault.write({"username": "u"})
    secret = vault.rotating(lambda text: mapping(vault.name, text))
    assert await secret.current() == {"username": "u"}
    vault.write("no json, but hunter2")
    vault.wait(301)
    assert await secret.current() == {"username": "u"}
    vault.write({"username": "v"})
    vault.wait(301)
    assert await secret.current() == {"username": "v"}
    assert f"The secret '{vault.name}' must be a JSON object." in log_text.getvalue()
    assert "hunter2" not in log_text.getvalue()


async def test_a_secret_of_bytes_is_refused(vault: Vault) -> None:
    name = f"{vault.name}-bytes"
    vault.client.create_secret(Name=name, SecretBinary=b"one")
    with pytest.raises(ConfigurationError, match=name):
        await vault.secrets.text(name)
