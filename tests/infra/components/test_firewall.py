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
    rules: dict[str, dict[str, Any]],
    distribution: dict[str, Any],
    viewer_request: ViewerRequest,
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
    event = {"request": request, "viewer": {"ip": "203.0.113.9"}}
    sent = viewer_request("api_request.js", event)
    assert sent["headers"][header] == {"value": "203.0.113.9"}


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
