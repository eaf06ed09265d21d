"""Traces arrive at a collector, with the names of the semantic conventions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as gen_ai
from tests.integration.telemetry.collector import Collector, attributes, collecting
from tests.integration.telemetry.processes import loaded, run
from tests.unit.telemetry.facts import OCCURRED

START = int(OCCURRED.timestamp()) * 1_000_000_000
MS = 1_000_000

SEND = """
import asyncio
from controlplane.providers.registry import TRACE_NAMES
configure(stage="prod", traces=True, provider_names=TRACE_NAMES)
observe({event})
asyncio.run(flush())
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as server:
        yield server


def test_a_request_and_its_attempts(collector: Collector) -> None:
    run(
        SEND.format(event="finished(attempts=(FAILED, ANSWERED), latency_ms=500)"),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
    )
    ((path, request),) = collector.requests
    assert path == "/v1/traces"
    (resource,) = request.resource_spans
    assert attributes(resource.resource)["service.name"] == "llm-control-plane"

    spans = {span.name: span for span in collector.spans()}
    root = spans["chat gpt-4o"]
    failed, answered = spans["chat gpt-4o-eu"], spans["chat gpt-4o-2024-08-06"]
    assert root.kind == Span.SPAN_KIND_SERVER
    assert not root.parent_span_id
    for child in (failed, answered):
        assert child.kind == Span.SPAN_KIND_CLIENT
        assert (child.parent_span_id, child.trace_id) == (root.span_id, root.trace_id)
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (START, START + 500 * MS)
    assert failed.start_time_unix_nano == START + 10 * MS
    assert failed.end_time_unix_nano == answered.start_time_unix_nano == START + 130 * MS
    assert answered.end_time_unix_nano == START + 430 * MS
    assert failed.status.code == SpanStatus.STATUS_CODE_ERROR
    assert answered.status.code == SpanStatus.STATUS_CODE_UNSET


def test_the_names_of_the_semantic_conventions(collector: Collector) -> None:
    run(
        SEND.format(event="finished(attempts=(FAILED, ANSWERED), tokens_cached=4)"),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
    )
    spans = {span.name: attributes(span) for span in collector.spans()}
    assert spans["chat gpt-4o"] == {
        gen_ai.GEN_AI_OPERATION_NAME: gen_ai.GenAiOperationNameValues.CHAT.value,
        gen_ai.GEN_AI_PROVIDER_NAME: gen_ai.GenAiProviderNameValues.OPENAI.value,
        gen_ai.GEN_AI_REQUEST_MODEL: "gpt-4o",
        gen_ai.GEN_AI_RESPONSE_MODEL: "gpt-4o-2024-08-06",
        gen_ai.GEN_AI_USAGE_INPUT_TOKENS: 12,
        gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS: 40,
        gen_ai.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: 4,
        "http.response.status_code": 200,
        "deployment.environment.name": "prod",
        "llm_cp.request_id": "req_1",
        "llm_cp.org_id": "org-1",
        "llm_cp.application_id": "app-1",
        "llm_cp.cost_usd": 0.00043,
        "llm_cp.overhead_ms": 10,
    }
    assert spans["chat gpt-4o-eu"] == {
        gen_ai.GEN_AI_OPERATION_NAME: "chat",
        gen_ai.GEN_AI_PROVIDER_NAME: gen_ai.GenAiProviderNameValues.AZURE_AI_OPENAI.value,
        gen_ai.GEN_AI_REQUEST_MODEL: "gpt-4o-eu",
        "http.response.status_code": 503,
        "error.type": "status",
    }


def test_a_request_that_no_provider_saw(collector: Collector) -> None:
    event = "finished(operation='embeddings', status=503, code='service_unavailable', attempts=())"
    run(SEND.format(event=event), OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    (span,) = collector.spans()
    assert span.name == "embeddings gpt-4o"
    assert span.status.code == SpanStatus.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "service_unavailable"


def test_a_name_in_which_something_was_found_is_left_out(collector: Collector) -> None:
    event = "finished(status=400, code='secret_detected', model_requested='xyzzy', attempts=())"
    run(SEND.format(event=event), OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert len(collector.requests) == 1
    assert "xyzzy" not in str(collector.requests)


def test_a_collector_that_is_away_stops_nothing() -> None:
    lines = run(
        SEND.format(event="finished()"),
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_TIMEOUT="0.2",
    )
    assert "chat.completions 200" in [line["message"] for line in lines]


def test_nothing_is_imported_where_it_is_off() -> None:
    script = 'configure(stage="prod")\nobserve(finished())\n' + loaded(
        ("opentelemetry", "requests")
    )
    assert run(script)[-1] == []
