"""The composition root: which class stands behind which port. Everything is made when first used.

The only file where an import may stand inside a function: an event loads what it needs, no more.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from controlplane.config import ProviderSettings, Settings, provider_settings
from controlplane.errors import ConfigurationError, Unreachable

if TYPE_CHECKING:
    import httpx

    from controlplane.adapters.cognito.tokens import CognitoVerifier
    from controlplane.adapters.postgres.engine import Database
    from controlplane.adapters.postgres.repositories import (
        KeyRepository,
        RequestLogRepository,
        RuleRepository,
    )
    from controlplane.adapters.prices import GenaiPrices
    from controlplane.adapters.redis.client import RedisClient
    from controlplane.adapters.redis.key_cache import KeyCache
    from controlplane.adapters.redis.rule_cache import OrganizationRules, RuleCache
    from controlplane.adapters.s3 import ObjectStore
    from controlplane.adapters.secrets import Secrets
    from controlplane.adapters.sqs import AuditQueue
    from controlplane.domain.access import ApiKey
    from controlplane.domain.keys import KeyHasher
    from controlplane.gateway.pipeline import Gateway
    from controlplane.gateway.ports import Provider

# A function works on one request at a time, a long-lived server on many.
REDIS_CONNECTIONS = {False: 2, True: 64}


@cache
def container() -> Container:
    """The container of this process, from its environment. Raises ConfigurationError."""
    return Container(Settings.load())


class Container:
    """All parts of one process. Making it opens nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def gateway(self) -> Gateway:
        """What the request path works with."""
        from controlplane.adapters.redis.health import RedisTargetHealth
        from controlplane.adapters.redis.limiter import RedisLimiter
        from controlplane.gateway.pipeline import Gateway

        return Gateway(
            keys=self.key_cache,
            tokens=_Lazily(lambda: self.tokens) if self.settings.cognito else None,
            rules=self.rules_cache,
            limiter=RedisLimiter(self.redis),
            providers=self.providers,
            health=RedisTargetHealth(self.redis),
            prices=_Lazily(lambda: self.prices),
            audit=_Lazily(lambda: self.audit_queue),
        )

    @cached_property
    def redis(self) -> RedisClient:
        """Redis or Valkey."""
        from controlplane.adapters.redis.client import RedisClient

        settings = self.settings
        connections = REDIS_CONNECTIONS[settings.long_lived]
        return RedisClient(settings.redis_url, settings.redis_timeout_ms, connections)

    @cached_property
    def key_hasher(self) -> KeyHasher:
        """Keyed hash of API keys."""
        from controlplane.domain.keys import KeyHasher

        settings = self.settings
        pepper = settings.key_pepper
        if pepper is None and settings.key_pepper_secret:
            pepper = self.secrets.text(settings.key_pepper_secret)
        if not pepper:
            raise ConfigurationError("LLM_CP_KEY_PEPPER is not set.")
        return KeyHasher(pepper)

    @cached_property
    def key_cache(self) -> KeyCache:
        """API keys: Redis, then PostgreSQL."""
        from controlplane.adapters.redis.key_cache import KeyCache

        return KeyCache(self.redis, self.key_hasher, self._load_key)

    @cached_property
    def rules_cache(self) -> RuleCache:
        """Policies and routes: Redis, then PostgreSQL."""
        from controlplane.adapters.redis.rule_cache import RuleCache

        return RuleCache(self.redis, self._load_rules)

    @cached_property
    def tokens(self) -> CognitoVerifier:
        """Cognito's tokens."""
        from controlplane.adapters.cognito.tokens import CognitoVerifier

        if self.settings.cognito is None:
            raise ConfigurationError("COGNITO_USER_POOL_ID is not set.")
        return CognitoVerifier(self.settings.cognito, lambda: self.http)

    @cached_property
    def prices(self) -> GenaiPrices:
        """What tokens cost."""
        from controlplane.adapters.prices import GenaiPrices

        return GenaiPrices()

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """The configured providers by name."""
        from controlplane.providers.registry import PROVIDERS

        rows: dict[str, ProviderSettings] = dict(self.settings.providers)
        if self.settings.providers_secret:
            secret = self.secrets.mapping(self.settings.providers_secret)
            rows |= provider_settings(secret, local=False)
        return {
            name: PROVIDERS[row.kind](row, self.http)
            for name, row in rows.items()
            if row.kind in PROVIDERS
        }

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The one HTTP client: connections are kept and shared."""
        import httpx

        limits = httpx.Limits(max_connections=512, max_keepalive_connections=64)
        transport = None
        if self.settings.long_lived:
            # Half the CPU per call; its import is too slow for a cold start.
            from httpx_aiohttp import AiohttpTransport

            transport = AiohttpTransport(limits=limits)
        return httpx.AsyncClient(transport=transport, limits=limits, follow_redirects=False)

    @cached_property
    def audit_queue(self) -> AuditQueue:
        """Where audit events go first."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.sqs import AuditQueue

        sqs = client("sqs", self.settings)
        # The last part that a first request loads. What is there by now stays for the life of the
        # process: a full collection that looks at all of it again stops every request for 80 ms.
        gc.freeze()
        return AuditQueue(sqs, self.settings.audit_queue_url, self._spill)

    @cached_property
    def object_store(self) -> ObjectStore:
        """The audit bucket."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.s3 import ObjectStore

        return ObjectStore(client("s3", self.settings), self.settings.audit_bucket)

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets Manager."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.secrets import Secrets

        return Secrets(client("secretsmanager", self.settings))

    @cached_property
    def database(self) -> Database:
        """PostgreSQL."""
        from controlplane.adapters.postgres.engine import Database

        return Database(self.database_url, long_lived=self.settings.long_lived)

    @cached_property
    def database_url(self) -> str:
        """DATABASE_URL, or the address that the secret of Aurora describes."""
        settings = self.settings
        if settings.database_url:
            return settings.database_url
        from urllib.parse import quote

        assert settings.aurora_secret_arn is not None
        row = self.secrets.mapping(settings.aurora_secret_arn)
        try:
            user, password = quote(row["username"], safe=""), quote(row["password"], safe="")
            place = f"{row['host']}:{row.get('port', '5432')}/{row.get('dbname', 'postgres')}"
        except KeyError as missing:
            raise ConfigurationError(f"The secret of Aurora has no {missing}.") from None
        return f"postgresql://{user}:{password}@{place}?sslmode=require"

    @cached_property
    def key_repository(self) -> KeyRepository:
        """API keys in PostgreSQL."""
        from controlplane.adapters.postgres.repositories import KeyRepository

        return KeyRepository(self.database)

    @cached_property
    def rule_repository(self) -> RuleRepository:
        """Policies and routes in PostgreSQL."""
        from controlplane.adapters.postgres.repositories import RuleRepository

        return RuleRepository(self.database)

    @cached_property
    def request_logs(self) -> RequestLogRepository:
        """Audit records in PostgreSQL."""
        from controlplane.adapters.postgres.repositories import RequestLogRepository

        return RequestLogRepository(self.database)

    async def check(self) -> dict[str, str]:
        """`ok` or `down` for PostgreSQL, Redis and the audit queue."""
        names = ("postgresql", "redis", "queue")
        results = await asyncio.gather(
            self.database.ping(),
            self.redis.run(lambda redis: redis.ping()),
            self.audit_queue.check(),
            return_exceptions=True,
        )
        states: dict[str, str] = {}
        for name, result in zip(names, results, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, Unreachable):
                raise result
            states[name] = "down" if isinstance(result, Unreachable) else "ok"
        return states

    async def _load_key(self, key_hash: str) -> ApiKey | None:
        return await self.key_repository.find(key_hash)

    async def _load_rules(self, org_id: str) -> OrganizationRules:
        from controlplane.adapters.redis.rule_cache import OrganizationRules

        repository = self.rule_repository
        return OrganizationRules(
            await repository.documents(org_id), await repository.routes(org_id)
        )

    async def _spill(self, key: str, body: bytes) -> None:
        await self.object_store.put(key, body, "application/json", None)


class _Lazily:
    """Stands for a part and makes it at the first use of one of its attributes."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)
