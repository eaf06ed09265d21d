"""WAF before the API: only through CloudFront, not too often, none of the known attacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.components.edge import CALLER_HEADER, ORIGIN_HEADER, VIEWER_HEADER
from infra.stages import Stage

# AWS's rule groups, and their rules that only count here: a prompt is text about anything, code,
# markup and attacks included, and often longer than 8 KB; programs need not name themselves.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
MANAGED_RULES: Mapping[str, tuple[str, ...]] = {
    "AWSManagedRulesCommonRuleSet": (
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "JavaDeserializationRCE_BODY",
        "Log4JRCE_BODY",
        "ReactJSRCE_BODY",
    ),
}
_Acl = wafv2.CfnWebACL


class Firewall(Construct):
    """`name` of the web ACL, which stands before the API's stage or the load balancer."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        before_arn: str,
        origin_secret: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, id_)
        self.name = stage.prefix
        acl = _Acl(
            self,
            "Acl",
            name=self.name,
            scope="REGIONAL",
            default_action=_Acl.DefaultActionProperty(allow={}),
            visibility_config=_visibility(self.name),
            rules=[
                _only_through_cloudfront(origin_secret),
                _not_too_often(stage),
                *_not_from_one_address(stage),
                *(
                    _managed(priority, name, counted)
                    for priority, (name, counted) in enumerate(MANAGED_RULES.items(), start=3)
                ),
            ],
        )
        wafv2.CfnWebACLAssociation(
            self, "BeforeApi", resource_arn=before_arn, web_acl_arn=acl.attr_arn
        )


def _only_through_cloudfront(secret: secretsmanager.ISecret) -> wafv2.CfnWebACL.RuleProperty:
    """Else a caller could say from which address it comes."""
    shown = _Acl.ByteMatchStatementProperty(
        field_to_match=_Acl.FieldToMatchProperty(single_header={"Name": ORIGIN_HEADER}),
        positional_constraint="EXACTLY",
        search_string=secret.secret_value.unsafe_unwrap(),  # a reference, no value
        text_transformations=[_Acl.TextTransformationProperty(priority=0, type="NONE")],
    )
    statement = _Acl.StatementProperty(
        not_statement=_Acl.NotStatementProperty(
            statement=_Acl.StatementProperty(byte_match_statement=shown)
        )
    )
    return _rule(0, "OnlyThroughCloudFront", statement, action={"block": {}})


def _not_too_often(stage: Stage) -> wafv2.CfnWebACL.RuleProperty:
    """By the credential: callers are servers, and many of them share an address.

    https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-aggregation-options.html
    """
    caller = _Acl.RateLimitHeaderProperty(
        name=CALLER_HEADER,
        text_transformations=[_Acl.TextTransformationProperty(priority=0, type="NONE")],
    )
    rate = _Acl.RateBasedStatementProperty(
        limit=stage.firewall_requests_per_5_minutes,
        evaluation_window_sec=300,
        aggregate_key_type="CUSTOM_KEYS",
        custom_keys=[_Acl.RateBasedStatementCustomKeyProperty(header=caller)],
    )
    statement = _Acl.StatementProperty(rate_based_statement=rate)
    return _rule(1, "NotTooOften", statement, action={"block": {}})


def _not_from_one_address(stage: Stage) -> list[wafv2.CfnWebACL.RuleProperty]:
    """By the viewer's address, for who tries a new credential each time.

    What reaches the API comes from CloudFront's own addresses.
    """
    if stage.firewall_requests_of_address_per_5_minutes is None:
        return []
    rate = _Acl.RateBasedStatementProperty(
        limit=stage.firewall_requests_of_address_per_5_minutes,
        evaluation_window_sec=300,
        aggregate_key_type="FORWARDED_IP",
        forwarded_ip_config=_Acl.ForwardedIPConfigurationProperty(
            header_name=VIEWER_HEADER, fallback_behavior="MATCH"
        ),
    )
    statement = _Acl.StatementProperty(rate_based_statement=rate)
    return [_rule(2, "NotFromOneAddress", statement, action={"block": {}})]


def _managed(priority: int, name: str, counted: tuple[str, ...]) -> wafv2.CfnWebACL.RuleProperty:
    group = _Acl.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            _Acl.RuleActionOverrideProperty(
                name=rule, action_to_use=_Acl.RuleActionProperty(count={})
            )
            for rule in counted
        ],
    )
    statement = _Acl.StatementProperty(managed_rule_group_statement=group)
    return _rule(priority, name, statement, override_action={"none": {}})


def _rule(
    priority: int, name: str, statement: wafv2.CfnWebACL.StatementProperty, **action: Any
) -> wafv2.CfnWebACL.RuleProperty:
    return _Acl.RuleProperty(
        name=name,
        priority=priority,
        statement=statement,
        visibility_config=_visibility(name),
        **action,
    )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Counted, never sampled: a sample shows the headers, and so the credentials."""
    return _Acl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
