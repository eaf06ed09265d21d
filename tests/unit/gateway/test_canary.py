"""Nothing of a prompt, a found value or an answer reaches a log, an error, a metric or an event."""

from __future__ import annotations

import dataclasses
import json
import logging

import orjson
import pytest
from tests.unit.gateway.parts import Scripted, body_of, call, chat_completion, completion, gateway

from controlplane.domain.policy import Level, PolicyDocument
from controlplane.errors import GatewayError, ProviderError

CANARY = "canary7f3a9c"
VALUES = [
    f"{CANARY}@example.com",
    "sk-proj-" + f"{CANARY}aB3d" * 4,
    f"postgres://app:{CANARY}Zq1!@db.example.com/app",
    f'password = "{CANARY[:6]}#Q9{CANARY[6:]}"',
    f"EMP-{CANARY}",
    f"Plain words with {CANARY} in them",
]


def documents(action: str, responses: str) -> list[PolicyDocument]:
    own = {"kind": "employee", "pattern": "EMP-[a-z0-9]+", "action": action}
    screening = {"pii": action, "secrets": action, "custom": [own], "responses": responses}
    return [PolicyDocument(Level.APPLICATION, "app-1", 1, {"screening": screening})]


@pytest.mark.parametrize("responses", ["off", "redact", "block"])
@pytest.mark.parametrize("action", ["block", "redact", "flag", "off"])
async def test_no_trace_of_the_canary(
    action: str,
    responses: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for value in VALUES:
        answer = completion(f"You said {value}")
        # A 500 is tried again after a pause: once is enough.
        status = 500 if value == VALUES[0] else 400
        for script in (answer, ProviderError("http", "it broke", status=status)):
            made, sink = gateway({"echo": Scripted(script)}, documents=documents(action, responses))
            try:
                async with chat_completion(call(value), made) as given:
                    assert body_of(given.content)
            except GatewayError as error:
                told += [str(error), orjson.dumps(error.envelope()).decode(), repr(error)]
            told += [json.dumps(dataclasses.asdict(event), default=str) for event in sink.events]
            assert sink.events
    captured = capsys.readouterr()
    told += [captured.out, captured.err, caplog.text]
    text = "".join(told)
    assert "app-1" in text
    for part in (CANARY, CANARY[:6], CANARY[6:]):
        assert part not in text
