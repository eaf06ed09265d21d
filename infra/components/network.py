"""The VPC: public subnets for NAT, private ones for what computes, isolated ones for data."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.components.nag import acknowledge
from infra.stages import Stage

HTTPS, POSTGRESQL, VALKEY = ec2.Port.tcp(443), ec2.Port.tcp(5432), ec2.Port.tcp(6379)
HTTP, GATEWAY = ec2.Port.tcp(80), ec2.Port.tcp(8080)


class Network(Construct):
    """`vpc`, and one security group each for the function, the database and the cache; where the
    stage has a service, for its tasks and its load balancer too."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, log_group: logs.ILogGroup) -> None:
        super().__init__(scope, id_)
        nat = _nat_instance() if stage.nat_gateways == 0 else None
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(stage.vpc_cidr),
            max_azs=len(stage.zones),
            nat_gateway_provider=nat,
            nat_gateways=stage.nat_gateways or 1,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
                ),
                ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)
            },
        )
        self._place(stage)
        # Refused connections only: the API's access log tells of the others.
        self.vpc.add_flow_log(
            "Refused",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        self.function = self._group("Function", "the function")
        self.database = self._group("Database", "PostgreSQL and its proxy")
        self.cache = self._group("Cache", "Valkey")
        self.computing = [self.function]
        if stage.compute == "service":
            self.tasks = self._group("Tasks", "the tasks of the service")
            self.load_balancer = self._group("LoadBalancer", "the load balancer of the service")
            self._let_in(stage)
            self.computing.append(self.tasks)
        self._connect()
        if nat:
            self._guard(nat)

    def _place(self, stage: Stage) -> None:
        """Give each subnet the id of its zone; a name is another zone in each account."""
        vpc = self.vpc
        for subnets in (vpc.public_subnets, vpc.private_subnets, vpc.isolated_subnets):
            for subnet, zone in zip(subnets, stage.zones, strict=True):
                resource = subnet.node.default_child
                assert isinstance(resource, ec2.CfnSubnet)
                resource.add_property_deletion_override("AvailabilityZone")
                resource.availability_zone_id = zone

    def _group(self, id_: str, whose: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, id_, vpc=self.vpc, description=f"Of {whose}", allow_all_outbound=False
        )

    def _let_in(self, stage: Stage) -> None:
        """CloudFront to the load balancer, and that to the tasks."""
        from_cloudfront = ec2.Peer.prefix_list(stage.cloudfront_prefix_list)
        self.load_balancer.add_ingress_rule(from_cloudfront, HTTP, "CloudFront, inside the VPC")
        self.load_balancer.connections.allow_to(self.tasks, GATEWAY)

    def _connect(self) -> None:
        for computing in self.computing:
            computing.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "Model providers and AWS")
            for group, port in ((self.database, POSTGRESQL), (self.cache, VALKEY)):
                computing.connections.allow_to(group, port)

    def _guard(self, nat: ec2.NatInstanceProviderV2) -> None:
        """Hold the NAT instance to what may be sent through it, and encrypt its disk."""
        group = nat.security_group
        for computing in self.computing:
            group.add_ingress_rule(computing, HTTPS, "To providers and AWS")
        group.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "Providers, AWS, its own packages")
        for instance in nat.gateway_instances:
            resource = instance.node.default_child
            assert isinstance(resource, ec2.CfnInstance)
            resource.block_device_mappings = [
                ec2.CfnInstance.BlockDeviceMappingProperty(
                    device_name="/dev/xvda",
                    ebs=ec2.CfnInstance.EbsProperty(
                        encrypted=True, volume_size=8, volume_type="gp3"
                    ),
                )
            ]
            resource.apply_removal_policy(RemovalPolicy.DESTROY)
            resource.add_property_deletion_override("AvailabilityZone")  # that of its subnet
            acknowledge(
                instance,
                {
                    "EC28": "Detailed monitoring costs a third of the instance; its status check "
                    "and the function's own errors tell.",
                    "EC29": "It keeps nothing and is replaced at will.",
                },
            )


def _nat_instance() -> ec2.NatInstanceProviderV2:
    return ec2.NatProvider.instance_v2(
        instance_type=ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.NANO),
        machine_image=ec2.MachineImage.latest_amazon_linux2023(
            cpu_type=ec2.AmazonLinuxCpuType.ARM_64
        ),
        credit_specification=ec2.CpuCredits.STANDARD,
        default_allowed_traffic=ec2.NatTrafficDirection.NONE,
        associate_public_ip_address=True,
    )
