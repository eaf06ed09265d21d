"""What the service costs a month: its tasks and the load balancer in front of them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from infra.cost.bill import CostError, Line, Prices, Template
from infra.cost.usage import GIB, HOURS, Usage

# What one capacity unit of a load balancer is worth.
# https://aws.amazon.com/elasticloadbalancing/pricing/
_UNIT_OPEN, _UNIT_BYTES_AN_HOUR = 3_000, GIB


def tasks(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """Fargate: as many tasks as the cores or the open requests need, and no fewer than there are.

    Raises CostError where the stage allows fewer than the load needs.
    """
    task = template.only("AWS::ECS::TaskDefinition")
    cores, memory_gb = int(task["Cpu"]) / 1024, int(task["Memory"]) / 1024
    limits = template.only("AWS::ApplicationAutoScaling::ScalableTarget")
    needed = max(usage.cores, usage.open_requests / _open_per_process(template)) / cores
    number = max(limits["MinCapacity"], math.ceil(needed))
    if number > limits["MaxCapacity"]:
        raise CostError(
            f"The load needs {number:,} tasks, and the stage allows {limits['MaxCapacity']:,}."
        )
    usd = number * cores * prices.cost("fargate.arm64.vcpu_hour", HOURS)
    usd += number * memory_gb * prices.cost("fargate.arm64.gb_hour", HOURS)
    if _have_addresses(template):
        usd += number * prices.cost("vpc.public_ipv4.hour", HOURS)
    yield Line("Fargate", f"{number:,} x {cores:g} vCPU, {memory_gb:g} GB", usd)


def load_balancer(template: Template, usage: Usage, prices: Prices) -> Iterator[Line]:
    """The hours, and units by the larger of what is open and what passes."""
    moved = usage.requests * (usage.request_bytes + usage.answer_bytes) / usage.active_hours
    units = max(usage.open_requests / _UNIT_OPEN, moved / _UNIT_BYTES_AN_HOUR)
    usd = prices.cost("alb.hour", HOURS) + prices.cost("alb.lcu_hour", units * usage.active_hours)
    yield Line("Balancer", f"{units:,.1f} capacity units", usd)


def nat_bytes(template: Template, usage: Usage) -> int:
    """What a request moves through the NAT: nothing where tasks have addresses of their own."""
    return 0 if _have_addresses(template) else usage.nat_bytes


def _have_addresses(template: Template) -> bool:
    services = template.of("AWS::ECS::Service")
    return any(
        row["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED"
        for row in services
    )


def _open_per_process(template: Template) -> float:
    for row in template.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
        policy = row["TargetTrackingScalingPolicyConfiguration"]
        if "CustomizedMetricSpecification" in policy:
            return float(policy["TargetValue"])
    raise CostError("The template has no scaling by open requests.")
