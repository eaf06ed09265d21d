"""Datadog and OpenTelemetry: not even imported where they are off, told of it where they are on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e import events
from tests.e2e.conftest import ROOT, Stack
from tests.integration.telemetry.collector import attributes, collecting
from tests.runtime_api import Function, running

BODY = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say xyzzy."}]}
# The Redis client imports more of OpenTelemetry wherever that is installed.
SINKS = {
    "controlplane.telemetry.datadog",
    "controlplane.telemetry.traces",
    "datadog",
    "datadog_lambda",
    "ddtrace",
    "opentelemetry.exporter",
    "opentelemetry.sdk.trace.export",
}


@contextmanager
def function(stack: Stack, folder: Path, **env: str) -> Iterator[Function]:
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    handler = "tests.e2e.module_list.handler"
    settings = {**stack.gateway_env, "LLM_CP_LONG_LIVED": "0", **env}
    with running(handler, settings, folder / "log", python_path=path) as started:
        started.wait_ready()
        yield started


@pytest.mark.parametrize("stream", [False, True])
def test_nothing_is_imported_where_they_are_off(stack: Stack, tmp_path: Path, stream: bool) -> None:
    with function(stack, tmp_path) as started:
        key = stack.env["OPENAI_API_KEY"]
        answer = started.invoke(events.rest_v1(BODY | {"stream": stream}, key))
        assert answer.payload["statusCode"] == 200
        modules = set(started.invoke({"type": "test-modules"}).payload)
    assert "fastapi" in modules
    assert not modules & SINKS


def test_the_trace_has_left_before_the_answer_ends(stack: Stack, tmp_path: Path) -> None:
    with (
        collecting() as collector,
        function(stack, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as started,
    ):
        answer = started.invoke(events.rest_v1(BODY, stack.env["OPENAI_API_KEY"]))
        request_id = answer.payload["headers"]["x-request-id"]
        spans = collector.spans()
    (root,) = [span for span in spans if not span.parent_span_id]
    record = stack.record(request_id)
    found = attributes(root)
    assert found["llm_cp.request_id"] == request_id
    assert found["gen_ai.response.model"] == record["model_served"]
    assert found["gen_ai.usage.output_tokens"] == record["tokens_output"]
    assert len(spans) == 1 + len(record["attempts"])
    assert "xyzzy" not in str(spans)


def test_datadogs_package_is_loaded_where_a_key_is_set(stack: Stack, tmp_path: Path) -> None:
    # Without its extension, metrics go to the log for Datadog's forwarder: nothing leaves.
    env = {"DD_API_KEY": "not-a-key", "DD_FLUSH_TO_LOG": "true"}
    with function(stack, tmp_path, **env) as started:
        answer = started.invoke(events.rest_v1(BODY, stack.env["OPENAI_API_KEY"]))
        assert answer.payload["statusCode"] == 200
        assert "datadog_lambda" in started.invoke({"type": "test-modules"}).payload
        assert '"m":"llm_cp.requests"' in started.log()
