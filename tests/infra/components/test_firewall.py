"""The firewall before the API: only through CloudFront, not too often, and prompts pass."""

from __future__ import annotations

from typing import Any

import pytest
from tests.infra.components.conftest import ViewerRequest
from tests.infra.template import Template, resolved, text


@pytest.fixture
def rules(template: Template) -> dict[str, dict[str, Any]]:
    """The rules of the web ACL by name."""
    acl = template.one("AWS::WAFv2::WebACL")
    return {rule["Name"]: rule for rule in sorted(acl["Rules"], key=lambda rule: rule["Priority"])}


def test_the_firewall_stands_before_the_api(template: Template) -> None:
    association = template.one("AWS::WAFv2::WebACLAssociation")
    assert association["WebACLArn"]["Fn::GetAtt"] == [template.id_of("AWS::WAFv2::WebACL"), "Arn"]
    before = "AWS::ApiGateway::Stage"
    if not template.has(before):
        before = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    assert template.id_of(before) in text(association["ResourceArn"])
    assert template.one("AWS::WAFv2::WebACL")["Scope"] == "REGIONAL"


def test_only_cloudfront_gets_past_the_firewall(
    rules: dict[str, dict[str, Any]], distribution: dict[str, Any]
) -> None:
    first = next(iter(rules.values()))
    assert first["Name"] == "OnlyThroughCloudFront"
    assert first["Action"] == {"Block": {}}
    shown = first["Statement"]["NotStatement"]["Statement"]["ByteMatchStatement"]
    assert shown["PositionalConstraint"] == "EXACTLY"
    (origin,) = (entry for entry in distribution["Origins"] if "OriginCustomHeaders" in entry)
    (header,) = origin["OriginCustomHeaders"]
    assert shown["FieldToMatch"]["SingleHeader"] == {"Name": header["HeaderName"]}
    assert resolved(shown["SearchString"]) == resolved(header["HeaderValue"])
    assert "{{resolve:secretsmanager:" in resolved(header["HeaderValue"])


def test_the_firewall_counts_requests_by_address(
    rules: dict[str, dict[str, Any]],
    distribution: dict[str, Any],
    viewer_request: ViewerRequest,
    stage: str,
) -> None:
    assert ("NotFromOneAddress" in rules) is (stage != "sandbox"), "a dollar a month"
    if stage == "sandbox":
        return
    rule = rules["NotFromOneAddress"]
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
    sent = viewer_request("api_request.js", _request({header: "1.2.3.4"}))
    assert sent["headers"][header] == {"value": "203.0.113.9"}


def test_the_firewall_counts_requests_by_credential(
    rules: dict[str, dict[str, Any]], viewer_request: ViewerRequest
) -> None:
    """Callers are servers: many keys come from one address, and one key from many.

    https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-aggregation-options.html
    """
    rule = rules["NotTooOften"]
    assert rule["Action"] == {"Block": {}}
    rate = rule["Statement"]["RateBasedStatement"]
    assert rate["AggregateKeyType"] == "CUSTOM_KEYS"
    (key,) = rate["CustomKeys"]
    header = key["Header"]["Name"]

    def caller(**headers: str) -> str:
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = viewer_request("api_request.js", _request(shown | {header: "mine"}))
        return str(sent["headers"][header]["value"])

    assert caller(authorization="Bearer sk-cp-one") != caller(authorization="Bearer sk-cp-two")
    assert caller(x_api_key="sk-cp-one") == caller(x_api_key="sk-cp-one")
    assert caller(api_key="sk-cp-one") != "mine"
    assert "sk-cp" not in caller(authorization="Bearer sk-cp-one"), "a hash, not the credential"
    assert caller() == "203.0.113.9"


@pytest.mark.parametrize("stage", ["demo", "prod"])
def test_one_caller_does_not_use_up_what_an_address_may(rules: dict[str, dict[str, Any]]) -> None:
    limits = {
        name: rules[name]["Statement"]["RateBasedStatement"]["Limit"]
        for name in ("NotTooOften", "NotFromOneAddress")
    }
    assert limits["NotFromOneAddress"] >= 5 * limits["NotTooOften"]


@pytest.mark.parametrize("stage", ["demo", "prod"])
def test_the_firewall_lets_through_what_the_api_does(
    rules: dict[str, dict[str, Any]], functions: dict[str, Template], stage: str
) -> None:
    """A stage's own throttle is for all callers; behind one address may be all of them."""
    (settings,) = functions[stage].one("AWS::ApiGateway::Stage")["MethodSettings"]
    limit = rules["NotFromOneAddress"]["Statement"]["RateBasedStatement"]["Limit"]
    assert limit >= 300 * settings["ThrottlingRateLimit"]


def _request(headers: dict[str, str]) -> dict[str, Any]:
    shown = {name: {"value": value} for name, value in headers.items()}
    return {"request": {"headers": shown, "uri": "/v1/models"}, "viewer": {"ip": "203.0.113.9"}}


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
