"""All repositories, for the composition root."""

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.request_logs import RequestLogRepository

__all__ = ["ConfigurationRepository", "KeyRepository", "RequestLogRepository"]
