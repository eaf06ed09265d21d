"""What pages of other origins may send, and which headers of an answer their scripts may read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anthropic
import openai
import pytest
from tests.infra.template import ROOT, STAGES, Template, text

from controlplane.api.answer_headers import answer_headers
from controlplane.api.inbound import AGENT_HEADER, SESSION_HEADERS, TAGS_HEADER
from controlplane.api.routers.admin.requests import NEXT_CURSOR
from controlplane.domain.limits import Limit, LimitStatus, Measure, Period
from controlplane.errors import QuotaExceeded, Unavailable
from controlplane.gateway.call import Answer
from controlplane.gateway.limit_answers import WARNING_HEADER
from controlplane.gateway.replay import HEADER as IDEMPOTENCY_KEY
from controlplane.protocols.messages.limits import budget_headers, rejected_headers

SENT = {
    *("authorization", "x-api-key", "api-key", "content-type", "if-match", "if-none-match"),
    *(IDEMPOTENCY_KEY.lower(), TAGS_HEADER, AGENT_HEADER, *SESSION_HEADERS),
    # Anthropic's client in a browser sends the last of them by itself.
    *("anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"),
    # OpenAI's, and Firefox lets a script name its own agent.
    *("openai-organization", "openai-project", "openai-beta", "user-agent"),
}
# A new version of OpenAI's or Anthropic's package may bring one more.
STAINLESS = re.compile(r"\bx-stainless-[a-z-]+\b", re.IGNORECASE)
# They stay inside the packages for Python.
INSIDE = {"x-stainless-raw-response", "x-stainless-custom-event-handler"}


def headers_of_answers() -> set[str]:
    """Of an answer that has all there are, of refusals and of the admin API."""
    limits = tuple(
        LimitStatus(Limit(measure, "app-1", 100, window), 1, 1.0)
        for measure, window in (
            (Measure.REQUESTS, 60),
            (Measure.TOKENS, 60),
            (Measure.COST, Period.DAY),
            (Measure.COST, Period.MONTH),
        )
    )
    trail = SimpleNamespace(
        provider="openai",
        model_served="m",
        attempts=[1],
        overhead_ms=1.0,
        cost_microusd=1,
        fitted_output=1,
        replayed=True,
        ignored_params=("n",),
        passed_over=("openai/m (n)",),
    )
    of_models = answer_headers(cast(Answer, SimpleNamespace(limits=limits, trail=trail)))
    assert WARNING_HEADER in of_models
    of_budgets = [*budget_headers(limits), *rejected_headers({"Retry-After": "1"})]
    of_errors = [*QuotaExceeded("x.").headers, *Unavailable("x.").headers]
    of_others = ["x-request-id", "etag", NEXT_CURSOR, "content-disposition"]
    return {name.lower() for name in (*of_models, *of_budgets, *of_errors, *of_others)}


@pytest.fixture
def cors(stage: str) -> dict[str, Any]:
    """The file of `stage`."""
    path = Path(ROOT, "infra", f"{stage}-llm-cp", "cors.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_every_header_that_a_caller_sends_is_allowed(cors: dict[str, Any]) -> None:
    assert set(cors["allow_headers"]) >= SENT


def test_every_header_that_the_packages_of_providers_send_is_allowed(cors: dict[str, Any]) -> None:
    named = {
        name.lower()
        for package in (openai, anthropic)
        for path in Path(package.__path__[0]).rglob("*.py")
        for name in STAINLESS.findall(path.read_text("utf-8"))
    }
    assert "x-stainless-retry-count" in named
    assert named - INSIDE - set(cors["allow_headers"]) == set()


def test_every_header_that_an_answer_has_can_be_read(cors: dict[str, Any]) -> None:
    assert headers_of_answers() - set(cors["expose_headers"]) == set()


def test_each_is_named_once_and_in_small_letters(cors: dict[str, Any]) -> None:
    for names in (cors["allow_headers"], cors["expose_headers"]):
        assert len(names) == len(set(names))
        assert "*" not in names, "which means nothing where credentials are sent"
        assert all(name == name.lower() for name in names)


def test_cors_is_what_the_file_of_the_stage_says(
    template: Template,
    functions: dict[str, Template],
    stage: str,
    cors: dict[str, Any],
    distribution: dict[str, Any],
) -> None:
    preflights = [
        method
        for method in functions[stage].all("AWS::ApiGateway::Method").values()
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
