"""API Gateway: throttled, logged without credentials, and every path goes to the function."""

from __future__ import annotations

import json

import pytest
from tests.infra.template import Template, text


@pytest.fixture
def template(functions: dict[str, Template], stage: str) -> Template:
    """The stage with the function alone."""
    return functions[stage]


def test_the_api_is_regional_throttled_and_logged_without_credentials(template: Template) -> None:
    api = template.one("AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    stage = template.one("AWS::ApiGateway::Stage")
    log_format = stage["AccessLogSetting"]["Format"]
    assert json.loads(log_format)["status"] == "$context.status"
    assert "authorization" not in log_format.lower()
    assert "query" not in log_format.lower()
    assert "LogsAccess" in text(stage["AccessLogSetting"]["DestinationArn"])
    (settings,) = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] > 0
    assert settings["ThrottlingBurstLimit"] >= settings["ThrottlingRateLimit"]
    assert settings["DataTraceEnabled"] is False, "it would log prompts"
    assert stage["TracingEnabled"] is False


def test_the_function_validates_and_nobody_before_it(template: Template) -> None:
    assert not template.has("AWS::ApiGateway::RequestValidator")
    assert not template.has("AWS::ApiGateway::Model")
    for method in template.all("AWS::ApiGateway::Method").values():
        assert method["AuthorizationType"] == "NONE"
        assert "RequestValidatorId" not in method


def test_api_gateway_refuses_in_the_envelope_of_the_function(template: Template) -> None:
    responses = {
        response["ResponseType"]: response
        for response in template.all("AWS::ApiGateway::GatewayResponse").values()
    }
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "WAF_FILTERED"} == set(responses)
    for response in responses.values():
        body = response["ResponseTemplates"]["application/json"]
        error = json.loads(body.replace("$context.error.messageString", '"Too many requests"'))
        assert list(error["error"]) == ["message", "type", "param", "code"]
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.x-request-id"] == "context.requestId"
    throttled = responses["THROTTLED"]
    assert "rate_limit_exceeded" in throttled["ResponseTemplates"]["application/json"]
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_every_path_reaches_the_function(template: Template) -> None:
    everywhere = {
        template.path_of(method["ResourceId"])
        for method in template.all("AWS::ApiGateway::Method").values()
        if method["HttpMethod"] == "ANY" and method["Integration"]["Type"] == "AWS_PROXY"
    }
    resources = _paths_of_resources(template)
    assert everywhere == {"", *resources}
    # What no other child of a branch is, is its variable one: all that is below, or a branch.
    for branch in {"", *resources}:
        if not branch.endswith("/{proxy+}"):
            assert len(_variable_children(branch, resources)) == 1, branch


def test_no_resource_has_two_variable_children(template: Template) -> None:
    """API Gateway refuses such an API, and no template says so.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    """
    resources = _paths_of_resources(template)
    for parent in {"", *resources}:
        assert len(_variable_children(parent, resources)) <= 1, parent


def _paths_of_resources(template: Template) -> list[str]:
    return [
        template.path_of({"Ref": logical_id})
        for logical_id in template.all("AWS::ApiGateway::Resource")
    ]


def _variable_children(parent: str, resources: list[str]) -> list[str]:
    return [
        path
        for path in resources
        if path.rpartition("/")[0] == parent and path.rpartition("/")[2].startswith("{")
    ]
