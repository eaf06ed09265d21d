"""What pages of other origins may send, and which headers of an answer their scripts may read."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.infra.template import ROOT, STAGES, Template, text

from controlplane.api.answer_headers import answer_headers
from controlplane.api.routers.admin.requests import NEXT_CURSOR
from controlplane.domain.limits import Limit, LimitStatus, Measure, Period
from controlplane.errors import QuotaExceeded, Unavailable
from controlplane.gateway.call import Answer
from controlplane.gateway.limit_answers import WARNING_HEADER
from controlplane.gateway.replay import HEADER as IDEMPOTENCY_KEY

SENT = {"authorization", "content-type", "if-match", "if-none-match", IDEMPOTENCY_KEY.lower()}


def headers_of_answers() -> set[str]:
    """Of an answer that has all there are, of refusals and of the admin API."""
    limits = tuple(
        LimitStatus(Limit(measure, "app-1", 100, window), 1, 1.0)
        for measure, window in (
            (Measure.REQUESTS, 60),
            (Measure.TOKENS, 60),
            (Measure.COST, Period.DAY),
        )
    )
    trail = SimpleNamespace(
        provider="openai",
        model_served="m",
        attempts=[1],
        overhead_ms=1.0,
        cost_microusd=1,
        replayed=True,
        ignored_params=("n",),
        passed_over=("openai/m (n)",),
    )
    of_models = answer_headers(cast(Answer, SimpleNamespace(limits=limits, trail=trail)))
    assert WARNING_HEADER in of_models
    of_errors = [*QuotaExceeded("x.").headers, *Unavailable("x.").headers]
    of_others = ["x-request-id", "etag", NEXT_CURSOR, "content-disposition"]
    return {name.lower() for name in (*of_models, *of_errors, *of_others)}


@pytest.fixture
def cors(stage: str) -> dict[str, Any]:
    """The file of `stage`."""
    path = Path(ROOT, "infra", f"{stage}-llm-cp", "cors.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_every_header_that_a_caller_sends_is_allowed(cors: dict[str, Any]) -> None:
    assert set(cors["allow_headers"]) >= SENT


def test_every_header_that_an_answer_has_can_be_read(cors: dict[str, Any]) -> None:
    assert headers_of_answers() - set(cors["expose_headers"]) == set()


def test_each_is_named_once_and_in_small_letters(cors: dict[str, Any]) -> None:
    for names in (cors["allow_headers"], cors["expose_headers"]):
        assert len(names) == len(set(names))
        assert "*" not in names, "which means nothing where credentials are sent"
        assert all(name == name.lower() for name in names)


def test_cors_is_what_the_file_of_the_stage_says(
    template: Template, cors: dict[str, Any], distribution: dict[str, Any]
) -> None:
    preflights = [
        method
        for method in template.all("AWS::ApiGateway::Method").values()
        if method["HttpMethod"] == "OPTIONS"
    ]
    if not cors["allow_origins"]:
        assert not preflights
        assert not template.has("AWS::CloudFront::ResponseHeadersPolicy")
        return
    assert preflights
    for method in preflights:
        (response,) = method["Integration"]["IntegrationResponses"]
        headers = response["ResponseParameters"]
        assert cors["allow_origins"][0] in text(headers)
        assert "authorization" in headers["method.response.header.Access-Control-Allow-Headers"]
    policy = template.one("AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    assert policy["CorsConfig"]["AccessControlAllowOrigins"]["Items"] == cors["allow_origins"]
    assert policy["CorsConfig"]["AccessControlExposeHeaders"]["Items"] == cors["expose_headers"]
    for behaviour in distribution["CacheBehaviors"]:
        assert behaviour["ResponseHeadersPolicyId"]["Ref"] == template.id_of(
            "AWS::CloudFront::ResponseHeadersPolicy"
        )


def test_pages_of_strangers_may_call_the_sandbox_only() -> None:
    origins = {
        stage: json.loads(Path(ROOT, "infra", f"{stage}-llm-cp", "cors.json").read_text())
        for stage in STAGES
    }
    assert "*" not in text(origins)
    assert origins["demo"]["allow_origins"] == []
    assert origins["prod"]["allow_origins"] == []
