"""The composition root: which class stands behind which port. Everything is made when first used.

The only place where an import may stand inside a function: an event loads what it needs, no more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from controlplane.config import Settings, provider_settings
from controlplane.errors import ConfigurationError
from controlplane.telemetry import configure
from controlplane.wiring.notifying import Notifying

if TYPE_CHECKING:
    import httpx

    from controlplane.adapters.cognito.tokens import CognitoVerifier
    from controlplane.adapters.prices import GenaiPrices
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache
    from controlplane.adapters.redis.key_cache import KeyCache
    from controlplane.adapters.refreshes import Refreshes
    from controlplane.admin.ledger_keeper import LedgerKeeper
    from controlplane.domain.access import ApiKey
    from controlplane.domain.configuration import StoredConfiguration
    from controlplane.domain.keys import KeyHasher
    from controlplane.domain.memory import Memory
    from controlplane.domain.rotating import Rotating
    from controlplane.domain.stored_answers import StoredIds
    from controlplane.gateway.pipeline import Gateway
    from controlplane.gateway.ports import Providers
    from controlplane.wiring.providers import Rows

T = TypeVar("T")


@cache
def container() -> Container:
    """The container of this process, from its environment. Raises ConfigurationError."""
    from controlplane.providers.registry import SETTINGS, TRACE_NAMES

    settings = Settings.load(SETTINGS)
    configure(
        stage=settings.stage,
        datadog=settings.datadog,
        traces=settings.traces,
        long_lived=settings.long_lived,
        log_percent=settings.log_percent,
        provider_names=TRACE_NAMES,
    )
    return Container(settings)


class Container(Notifying):
    """All parts of one process. Making it opens nothing."""

    @cached_property
    def gateway(self) -> Gateway:
        """What the request path works with."""
        from controlplane.adapters.redis.health import RedisTargetHealth
        from controlplane.adapters.redis.replays import RedisReplays
        from controlplane.gateway.local_ledger import LocalLedger
        from controlplane.gateway.pipeline import Gateway
        from controlplane.gateway.ports import Ledgers

        return Gateway(
            keys=self.key_cache,
            tokens=lazily(lambda: self.tokens) if self.settings.cognito else None,
            configuration=self.configuration_cache,
            ledgers=Ledgers(self.ledger, LocalLedger()),
            replays=RedisReplays(self.redis),
            payloads=lazily(lambda: self.payloads),
            providers=self.providers,
            health=RedisTargetHealth(self.redis),
            prices=lazily(lambda: self.prices),
            audit=lazily(lambda: self.audit_queue),
            stored_ids=lazily(lambda: self.stored_ids),
        )

    @cached_property
    def key_hasher(self) -> Rotating[KeyHasher]:
        """Keyed hash of API keys."""
        from controlplane.domain.keys import KeyHasher
        from controlplane.domain.rotating import Constant

        settings = self.settings
        if settings.key_pepper:
            return Constant(KeyHasher(settings.key_pepper))
        if settings.key_pepper_secret:
            return self.secret_text(settings.key_pepper_secret, KeyHasher)
        raise ConfigurationError("LLM_CP_KEY_PEPPER is not set.")

    @cached_property
    def stored_ids(self) -> Rotating[StoredIds]:
        """Seals of the ids of stored answers; the secret is that of the API keys."""
        from controlplane.domain.rotating import Constant
        from controlplane.domain.stored_answers import StoredIds

        settings = self.settings
        if settings.key_pepper:
            return Constant(StoredIds(settings.key_pepper))
        if settings.key_pepper_secret:
            return self.secret_text(settings.key_pepper_secret, StoredIds)
        raise ConfigurationError("LLM_CP_KEY_PEPPER is not set.")

    @cached_property
    def refreshes(self) -> Refreshes:
        """What the caches read anew at this moment."""
        from controlplane.adapters.refreshes import Refreshes

        return Refreshes()

    @cached_property
    def key_cache(self) -> KeyCache:
        """API keys: Redis, then PostgreSQL."""
        from controlplane.adapters.redis.key_cache import KeyCache

        return KeyCache(self.redis, self.key_hasher, self._load_key, self.refreshes)

    @cached_property
    def configuration_cache(self) -> ConfigurationCache:
        """Policies and routes: Redis, then PostgreSQL."""
        from controlplane.adapters.redis.configuration_cache import ConfigurationCache

        return ConfigurationCache(self.redis, self._load_rules, self.refreshes)

    @cached_property
    def ledger_keeper(self) -> LedgerKeeper:
        """Who keeps the ledger: opens it, compares it, counts it anew."""
        from controlplane.adapters.postgres.resets import Resets
        from controlplane.adapters.postgres.spending import Spending
        from controlplane.admin.ledger_keeper import LedgerKeeper

        return LedgerKeeper(
            self.ledger.books,
            Spending(self.database),
            self.configuration_repository,
            Resets(self.database),
        )

    @cached_property
    def tokens(self) -> CognitoVerifier:
        """Cognito's tokens, their signatures checked by joserfc."""
        from controlplane.adapters.cognito.joserfc_key import JoserfcKey
        from controlplane.adapters.cognito.tokens import CognitoVerifier

        if self.settings.cognito is None:
            raise ConfigurationError("COGNITO_USER_POOL_ID is not set.")
        return CognitoVerifier(self.settings.cognito, lambda: self.http, JoserfcKey)

    @cached_property
    def prices(self) -> GenaiPrices:
        """What tokens cost."""
        from controlplane.adapters.prices import GenaiPrices
        from controlplane.providers.registry import PRICE_LISTS

        return GenaiPrices(PRICE_LISTS)

    @cached_property
    def providers(self) -> Providers:
        """The configured providers by name."""
        from controlplane.wiring.providers import ConfiguredProviders

        return ConfiguredProviders(self.provider_rows, lambda: self.http)

    @cached_property
    def provider_rows(self) -> Rotating[Rows]:
        """Of the configured providers by name: from the environment, and from the secret."""
        from controlplane.domain.rotating import Constant
        from controlplane.providers.registry import SETTINGS

        fixed, name = self.settings.providers, self.settings.providers_secret
        if name is None:
            return Constant(fixed)
        return self.secret_row(
            name, lambda row: {**fixed, **provider_settings(row, SETTINGS, local=False)}
        )

    @cached_property
    def memory(self) -> Memory:
        """What requests may hold: half of what the process has; the other half is its own."""
        from controlplane.domain.memory import MEGABYTE, Memory

        return Memory(self.settings.memory_mb * MEGABYTE // 2)

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """The one HTTP client: connections are kept and shared."""
        import httpx

        limits = httpx.Limits(max_connections=512, max_keepalive_connections=64)
        transport = None
        if self.settings.long_lived:
            # Half the CPU per call; its import is too slow for a cold start.
            from controlplane.providers.aiohttp_transport import AiohttpOverHttpx

            transport = AiohttpOverHttpx(limits, self.tls)
        return httpx.AsyncClient(
            verify=self.tls, transport=transport, limits=limits, follow_redirects=False
        )

    async def _load_key(self, key_hash: str) -> ApiKey | None:
        return await self.key_repository.find(key_hash)

    async def _load_rules(self, org_id: str) -> StoredConfiguration:
        return await self.configuration_repository.all_of(org_id)


def lazily(make: Callable[[], T]) -> T:
    """Stands for a part, which is made at the first use of one of its attributes."""
    # To the type checker it is the part itself, so that each port checks what stands behind it.
    return cast(T, _Lazily(make))


class _Lazily:
    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> object:
        return getattr(self._make(), name)
