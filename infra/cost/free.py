"""Types of resources without a bill of their own, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_SETTING = "a setting of something that is billed"
_NETWORK = "VPCs and their tables are free; what leaves them is billed"
_RIGHTS = "IAM is free"


def _rows(reason: str, kinds: Iterable[str]) -> Mapping[str, str]:
    return {f"AWS::{kind}": reason for kind in kinds}


FREE: Mapping[str, str] = {
    **_rows(
        _SETTING,
        (
            *("ApiGateway::Account", "ApiGateway::BasePathMapping", "ApiGateway::Deployment"),
            *("ApiGateway::DomainName", "ApiGateway::GatewayResponse", "ApiGateway::Method"),
            *("ApiGateway::RequestValidator", "ApiGateway::Resource", "ApiGateway::Stage"),
            *("CloudFront::CachePolicy", "CloudFront::OriginAccessControl"),
            *("CloudFront::OriginRequestPolicy", "CloudFront::ResponseHeadersPolicy"),
            *("CloudFront::VpcOrigin", "ECS::Cluster"),
            *("ElasticLoadBalancingV2::Listener", "ElasticLoadBalancingV2::ListenerRule"),
            *("ElasticLoadBalancingV2::TargetGroup",),
            *("Cognito::UserPoolClient", "Cognito::UserPoolDomain", "Cognito::UserPoolGroup"),
            *("ElastiCache::User", "ElastiCache::UserGroup", "KMS::Alias"),
            *("Lambda::EventInvokeConfig", "Lambda::Permission", "Lambda::Version"),
            *("Logs::MetricFilter",),
            *("Logs::ResourcePolicy", "RDS::DBClusterParameterGroup"),
            *("RDS::DBSubnetGroup", "S3::BucketPolicy"),
            *("SecretsManager::SecretTargetAttachment", "SNS::Subscription", "SNS::TopicPolicy"),
            *("SQS::QueuePolicy", "WAFv2::LoggingConfiguration", "WAFv2::WebACLAssociation"),
        ),
    ),
    **_rows(
        _NETWORK,
        (
            *("EC2::InternetGateway", "EC2::LaunchTemplate", "EC2::NetworkAcl", "EC2::Route"),
            *("EC2::RouteTable", "EC2::SecurityGroup", "EC2::SecurityGroupEgress"),
            *("EC2::SecurityGroupIngress", "EC2::Subnet", "EC2::SubnetRouteTableAssociation"),
            *("EC2::VPC", "EC2::VPCGatewayAttachment"),
        ),
    ),
    **_rows(_RIGHTS, ("IAM::InstanceProfile", "IAM::ManagedPolicy", "IAM::Policy", "IAM::Role")),
    "AWS::CDK::Metadata": "not a resource of AWS",
    "AWS::CodeDeploy::Application": "CodeDeploy to Lambda is free",
    "AWS::CodeDeploy::DeploymentConfig": "CodeDeploy to Lambda is free",
    "AWS::CodeDeploy::DeploymentGroup": "CodeDeploy to Lambda is free",
    "AWS::Cognito::UserPool": "the tier Essentials is free up to 10,000 users a month",
    "AWS::EC2::FlowLog": "refused connections only: a few lines among the logs",
    "AWS::SNS::Topic": "alarms are a few messages; the first 1,000 mails a month are free",
}
