"""All repositories, for the composition root."""

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.request_logs import RequestLogRepository
from controlplane.adapters.postgres.rules import RuleRepository

__all__ = ["KeyRepository", "RequestLogRepository", "RuleRepository"]
