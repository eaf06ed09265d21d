"""The stores of one process: connections and repositories. Everything is made when first used."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from controlplane.errors import ConfigurationError
from controlplane.wiring.aws import AwsParts

if TYPE_CHECKING:
    from controlplane.adapters.postgres.api_keys import KeyRepository
    from controlplane.adapters.postgres.budget_owners import BudgetOwners
    from controlplane.adapters.postgres.changes import ChangeLog
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.postgres.directory import Directory
    from controlplane.adapters.postgres.engine import Database
    from controlplane.adapters.postgres.policies import PolicyRepository
    from controlplane.adapters.postgres.prices import PriceRepository
    from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
    from controlplane.adapters.postgres.usage.repository import UsageRepository
    from controlplane.adapters.postgres.usage.roll_up import UsageRollUp
    from controlplane.adapters.redis.client import Login, RedisClient
    from controlplane.adapters.redis.ledger import RedisLedger
    from controlplane.adapters.s3 import PayloadBucket
    from controlplane.adapters.secrets import Secrets
    from controlplane.adapters.sqs import AuditQueue
    from controlplane.adapters.sqs_deliveries import SqsDeliveries
    from controlplane.domain.rotating import Rotating
    from controlplane.wiring.readiness import Readiness

# A function works on one request at a time, a long-lived server on many.
REDIS_CONNECTIONS = {False: 2, True: 64}

T = TypeVar("T")


class Stores(AwsParts):
    """Redis, PostgreSQL, SQS, S3 and Secrets Manager. Making it opens nothing."""

    @cached_property
    def redis(self) -> RedisClient:
        """Redis or Valkey."""
        from controlplane.adapters.redis.client import RedisClient

        settings = self.settings
        connections = REDIS_CONNECTIONS[settings.long_lived]
        url, timeout_ms = settings.redis_url, settings.redis_timeout_ms
        return RedisClient(url, timeout_ms, connections, self.redis_login)

    @cached_property
    def redis_login(self) -> Rotating[Login] | None:
        """User and password; None where the address has them, or none are needed."""
        settings = self.settings
        if settings.redis_secret is None or "@" in settings.redis_url:
            return None
        return self.secret_row(settings.redis_secret, _login)

    @cached_property
    def ledger(self) -> RedisLedger:
        """Limits, holds and spending."""
        from controlplane.adapters.redis.ledger import RedisLedger

        return RedisLedger(self.redis)

    @cached_property
    def deliveries(self) -> SqsDeliveries:
        """The audit queue, from the consumer's side."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.sqs_deliveries import SqsDeliveries

        return SqsDeliveries(lambda: client("sqs", self.settings), self.settings.audit_queue_url)

    @cached_property
    def audit_queue(self) -> AuditQueue:
        """Where audit events go first."""
        from controlplane.adapters.sqs import AuditQueue

        queue = self.sqs_queue
        # The last part that a first request loads. What is there by now stays for the life of the
        # process: a full collection that looks at all of it again stops every request for 80 ms.
        gc.freeze()
        return AuditQueue(queue, self._spill, seconds=self.settings.audit_timeout_ms / 1000)

    @cached_property
    def payloads(self) -> PayloadBucket:
        """The texts that policies keep."""
        from controlplane.adapters.s3 import PayloadBucket

        return PayloadBucket(self.quick_store)

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets Manager."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.secrets import Secrets, SecretTexts

        return Secrets(SecretTexts(boto3_client=client("secretsmanager", self.settings)))

    def secret_text(self, name: str, read: Callable[[str], T]) -> Rotating[T]:
        """A secret as `read` understands it, or refuses it with ConfigurationError."""
        from controlplane.adapters.secrets import RotatingSecret

        return RotatingSecret(self.secrets, name, read)

    def secret_row(self, name: str, read: Callable[[Mapping[str, str]], T]) -> Rotating[T]:
        """The same for a secret that is a JSON object."""
        from controlplane.adapters.secrets import mapping

        return self.secret_text(name, lambda text: read(mapping(name, text)))

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        from controlplane.adapters.postgres.engine import Database

        settings = self.settings
        return Database(
            self.database_address,
            long_lived=settings.long_lived,
            pooled=not settings.database_pauses,
        )

    @cached_property
    def database_address(self) -> Rotating[str]:
        """DATABASE_URL, or the address that the secret of Aurora describes."""
        from controlplane.domain.rotating import Constant

        settings = self.settings
        if settings.database_url:
            return Constant(settings.database_url)
        assert settings.aurora_secret_arn is not None
        return self.secret_row(
            settings.aurora_secret_arn, lambda row: _aurora_url(row, settings.aurora_host)
        )

    @cached_property
    def key_repository(self) -> KeyRepository:
        """API keys in PostgreSQL."""
        from controlplane.adapters.postgres.api_keys import KeyRepository

        return KeyRepository(self.database)

    @cached_property
    def configuration_repository(self) -> ConfigurationRepository:
        """Policies and routes in PostgreSQL."""
        from controlplane.adapters.postgres.configuration import ConfigurationRepository

        return ConfigurationRepository(self.database)

    @cached_property
    def request_logs(self) -> RequestLogRepository:
        """Audit records in PostgreSQL."""
        from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository

        return RequestLogRepository(self.database)

    @cached_property
    def policy_repository(self) -> PolicyRepository:
        """Policies and their history in PostgreSQL."""
        from controlplane.adapters.postgres.policies import PolicyRepository

        return PolicyRepository(self.database)

    @cached_property
    def directory(self) -> Directory:
        """Organisations and applications in PostgreSQL."""
        from controlplane.adapters.postgres.directory import Directory

        return Directory(self.database)

    @cached_property
    def change_log(self) -> ChangeLog:
        """Who changed what, in PostgreSQL."""
        from controlplane.adapters.postgres.changes import ChangeLog

        return ChangeLog(self.database)

    @cached_property
    def price_repository(self) -> PriceRepository:
        """Own prices in PostgreSQL."""
        from controlplane.adapters.postgres.prices import PriceRepository

        return PriceRepository(self.database)

    @cached_property
    def usage(self) -> UsageRepository:
        """Sums over the audit trail in PostgreSQL."""
        from controlplane.adapters.postgres.usage.repository import UsageRepository

        return UsageRepository(self.database)

    @cached_property
    def usage_roll_up(self) -> UsageRollUp:
        """Sums that are made anew from the audit trail in PostgreSQL."""
        from controlplane.adapters.postgres.usage.roll_up import UsageRollUp

        return UsageRollUp(self.database)

    @cached_property
    def budget_owners(self) -> BudgetOwners:
        """Whose the limits are, in PostgreSQL."""
        from controlplane.adapters.postgres.budget_owners import BudgetOwners

        return BudgetOwners(self.database)

    @cached_property
    def readiness(self) -> Readiness:
        """Whether the stores answer."""
        from controlplane.wiring.readiness import TRY_SECONDS, Part, Readiness

        return Readiness(
            {
                "postgresql": Part(
                    lambda: self.database.ping(deadline_seconds=TRY_SECONDS),
                    self.database.breaker,
                    asleep=True,
                ),
                "redis": Part(
                    lambda: self.redis.run(lambda redis: redis.ping()), self.redis.breaker
                ),
                "queue": Part(self.audit_queue.check),
            }
        )

    async def _spill(self, key: str, body: bytes) -> None:
        await self.quick_store.put(key, body, "application/json", None)


def _login(row: Mapping[str, str]) -> Login:
    try:
        return row["username"], row["password"]
    except KeyError as missing:
        raise ConfigurationError(f"The secret of Redis has no {missing}.") from None


def _aurora_url(row: Mapping[str, str], host: str | None) -> str:
    try:
        user, password = quote(row["username"], safe=""), quote(row["password"], safe="")
        place = f"{host or row['host']}:{row.get('port', '5432')}/{row.get('dbname', 'postgres')}"
    except KeyError as missing:
        raise ConfigurationError(f"The secret of Aurora has no {missing}.") from None
    return f"postgresql://{user}:{password}@{place}?sslmode=require"
