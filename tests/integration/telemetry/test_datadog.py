"""Metrics to a DogStatsD socket, as Datadog's extension opens one; nothing where it is off."""

from __future__ import annotations

import socket
from typing import Any

from tests.integration.telemetry.processes import loaded, run

PACKAGES = ("datadog", "datadog_lambda", "ddtrace", "opentelemetry")
TAGS = {"org_id:org-1", "model:gpt-4o-2024-08-06", "provider:openai", "status:200", "stage:prod"}

# The layer of the extension is not on this machine, and its port may be taken.
SEND = """
import os
exists = os.path.exists
os.path.exists = lambda path: path == "/opt/extensions/datadog-agent" or exists(path)
from datadog_lambda.dogstatsd import statsd
statsd.host, statsd.port = "127.0.0.1", {port}
configure(stage="prod", datadog=True)
observe(finished(attempts=(FAILED, ANSWERED)))
count("auth_failed", reason="unknown_key")
"""


def received(listener: socket.socket, number: int) -> dict[str, tuple[float, str, set[str]]]:
    found = {}
    for _ in range(number):
        name, _, rest = listener.recv(65536).decode().partition(":")
        value, kind, tags = rest.split("|")[:3]
        found[name] = (float(value), kind, set(tags.removeprefix("#").split(",")))
    return found


def test_metrics_arrive_with_their_tags() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        lines = run(SEND.format(port=listener.getsockname()[1]))
        found = received(listener, 7)
    expected: dict[str, Any] = {
        "llm_cp.requests": 1,
        "llm_cp.tokens": 52,
        "llm_cp.cost_usd": 0.00043,
        "llm_cp.latency": 310,
        "llm_cp.overhead": 10,
    }
    for name, value in expected.items():
        assert found[name][:2] == (value, "d")
        assert found[name][2] >= TAGS
    assert found["llm_cp.provider_errors"][2] >= {"provider:azure", "failure:status"}
    assert found["llm_cp.auth_failed"][2] >= {"reason:unknown_key", "stage:prod"}
    # CloudWatch gets them all the same.
    assert sum("_aws" in line for line in lines) == 3


def test_nothing_is_imported_where_it_is_off() -> None:
    script = 'configure(stage="prod")\nobserve(finished())\ncount("redis_degraded")\n'
    assert run(script + loaded(PACKAGES))[-1] == []


def test_nothing_is_imported_before_something_is_sent() -> None:
    script = 'configure(stage="prod", datadog=True, traces=True)\n'
    assert run(script + loaded(PACKAGES))[-1] == []


def test_a_package_that_is_missing_is_said_once_and_stops_nothing() -> None:
    script = """
import sys
sys.modules["datadog_lambda"] = None
configure(stage="prod", datadog=True)
observe(finished())
observe(finished())
"""
    messages = [line["message"] for line in run(script)]
    assert messages.count("telemetry_package_missing") == 1
    assert messages.count("chat.completions 200") == 2
