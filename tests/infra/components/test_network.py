"""Who can reach whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.infra.template import Template, text

ANYWHERE = ("0.0.0.0/0", "::/0")
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
CLOUDFRONT = "pl-3b927c52"
NOWHERE = "255.255.255.255/32"  # how CDK writes "no way out"


def test_nobody_may_come_from_anywhere(template: Template) -> None:
    for _, rule in _rules(template, "Ingress"):
        assert "CidrIp" not in rule
        assert "CidrIpv6" not in rule
        assert "SourceSecurityGroupId" in rule or rule["SourcePrefixListId"] == CLOUDFRONT


@pytest.mark.parametrize("computing", ["NetworkFunction", "NetworkTasks"])
def test_what_computes_leaves_for_https_only_and_reaches_both_stores(
    template: Template, computing: str
) -> None:
    if computing == "NetworkTasks" and not template.has("AWS::ECS::Service"):
        return
    function = _group(template, computing)
    ways: set[tuple[str, Any]] = set()
    for group, rule in _rules(template, "Egress"):
        if group == function:
            assert rule["IpProtocol"] == "tcp"
            assert rule["FromPort"] == rule["ToPort"]
            to = rule.get("CidrIp") or rule["DestinationSecurityGroupId"]["Fn::GetAtt"][0]
            ways.add((to, rule["FromPort"]))
    assert ways == {
        ("0.0.0.0/0", 443),
        (_group(template, "NetworkDatabase"), 5432),
        (_group(template, "NetworkCache"), 6379),
    }


def test_stores_let_in_what_computes_and_never_call_out(template: Template) -> None:
    function, database = _group(template, "NetworkFunction"), _group(template, "NetworkDatabase")
    cache = _group(template, "NetworkCache")
    comes_from: dict[str, set[str]] = {database: set(), cache: set()}
    for group, rule in _rules(template, "Ingress"):
        if group in comes_from:
            comes_from[group].add(rule["SourceSecurityGroupId"]["Fn::GetAtt"][0])
    tasks = {_group(template, "NetworkTasks")} if template.has("AWS::ECS::Service") else set()
    assert comes_from == {database: {function} | tasks, cache: {function} | tasks}
    for group, rule in _rules(template, "Egress"):
        if group in comes_from:
            assert rule.get("CidrIp", NOWHERE) == NOWHERE


def test_stores_are_in_subnets_without_a_way_out(template: Template) -> None:
    tables_with_a_way_out = {
        route["RouteTableId"]["Ref"] for route in template.all("AWS::EC2::Route").values()
    }
    table_of = {
        association["SubnetId"]["Ref"]: association["RouteTableId"]["Ref"]
        for association in template.all("AWS::EC2::SubnetRouteTableAssociation").values()
    }
    subnets = [
        *template.one("AWS::RDS::DBSubnetGroup")["SubnetIds"],
        *template.one("AWS::ElastiCache::ServerlessCache")["SubnetIds"],
    ]
    assert len(subnets) >= 4
    for subnet in subnets:
        assert table_of[subnet["Ref"]] not in tables_with_a_way_out


def test_the_function_is_in_private_subnets(template: Template) -> None:
    configuration = template.one("AWS::Lambda::Function")["VpcConfig"]
    for subnet in configuration["SubnetIds"]:
        assert subnet["Ref"].startswith("NetworkVpcPrivate")
    (group,) = configuration["SecurityGroupIds"]
    assert group["Fn::GetAtt"][0] == _group(template, "NetworkFunction")


def test_the_cheap_way_out_is_a_nano_and_prod_has_a_gateway_in_each_zone(
    templates: dict[str, Template],
) -> None:
    for stage in ("sandbox", "demo"):
        instance = templates[stage].one("AWS::EC2::Instance")
        assert instance["InstanceType"] == "t4g.nano"
        assert instance["SourceDestCheck"] is False
        (disk,) = instance["BlockDeviceMappings"]
        assert disk["Ebs"]["Encrypted"] is True
        assert "KeyName" not in instance
        assert not templates[stage].has("AWS::EC2::NatGateway")
    assert len(templates["prod"].all("AWS::EC2::NatGateway")) == 3
    assert not templates["prod"].has("AWS::EC2::Instance")


def test_s3_is_reached_without_nat(template: Template) -> None:
    endpoint = template.one("AWS::EC2::VPCEndpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert text(endpoint["ServiceName"]).endswith('.s3"]]}')
    tables = {table["Ref"] for table in endpoint["RouteTableIds"]}
    of_function = {
        association["RouteTableId"]["Ref"]
        for association in template.all("AWS::EC2::SubnetRouteTableAssociation").values()
        if association["SubnetId"]["Ref"].startswith("NetworkVpcPrivate")
    }
    assert of_function <= tables


def test_refused_connections_are_logged(template: Template) -> None:
    assert template.one("AWS::EC2::FlowLog")["TrafficType"] == "REJECT"


def _group(template: Template, prefix: str) -> str:
    (group,) = (
        logical_id
        for logical_id in template.all("AWS::EC2::SecurityGroup")
        if logical_id.startswith(prefix)
    )
    return group


def _rules(template: Template, direction: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(logical id of the group, rule), written inside the group or beside it."""
    for group, properties in template.all("AWS::EC2::SecurityGroup").items():
        for rule in properties.get(f"SecurityGroup{direction}", ()):
            yield group, rule
    for rule in template.all(f"AWS::EC2::SecurityGroup{direction}").values():
        yield rule["GroupId"]["Fn::GetAtt"][0], rule


def test_zones_are_named_by_their_ids(template: Template, stage: str) -> None:
    """A name such as us-east-1a is another zone in each account; neither Lambda nor ElastiCache
    Serverless is in use1-az3.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/RegionsAndAZs.html
    """
    zones = [subnet["AvailabilityZoneId"] for subnet in template.all("AWS::EC2::Subnet").values()]
    assert len(set(zones)) == (3 if stage == "prod" else 2)
    assert all(zones.count(zone) == 3 for zone in zones), "public, private, data"
    assert "use1-az3" not in zones
    assert "Fn::GetAZs" not in text(template.body["Resources"])
