"""The gateway as a service: Fargate behind a load balancer that only CloudFront reaches."""

from infra.components.service.load_balancer import LoadBalancer
from infra.components.service.tasks import Service

__all__ = ["LoadBalancer", "Service"]
