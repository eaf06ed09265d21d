"""Settings: the only reader of the environment. `docs/SETUP_GUIDE.md` lists them all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from controlplane.config.kinds import (
    KindSettings,
    ProviderSettings,
    ProviderVariable,
    SettingsByKind,
)
from controlplane.config.providers import provider_settings
from controlplane.errors import ConfigurationError

__all__ = [
    "CliSettings",
    "CognitoSettings",
    "KindSettings",
    "ProviderSettings",
    "ProviderVariable",
    "Settings",
    "SettingsByKind",
    "WaitSettings",
    "cli_settings",
    "provider_settings",
]

STAGES = ("local", "sandbox", "demo", "prod")


@dataclass(frozen=True, slots=True)
class CognitoSettings:
    """Whose tokens are accepted. `jwks_url` follows from the issuer unless it is set."""

    issuer: str
    jwks_url: str
    client_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class WaitSettings:
    """Seconds until those in front of the gateway stop waiting: for an answer that API Gateway
    collects, and for the first byte of a whole one; how often a silent stream gets a heartbeat."""

    collected: float = 27.0
    whole_answer: float = 900.0
    heartbeat: float = 15.0


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The operator's topic for warnings; whether webhooks may go to private addresses."""

    topic_arn: str | None = None
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two deployments. Secrets are left out of `repr`."""

    stage: str
    region: str
    redis_url: str = field(repr=False)
    audit_queue_url: str
    audit_bucket: str
    database_url: str | None = field(default=None, repr=False)
    aurora_secret_arn: str | None = None
    aurora_host: str | None = None
    database_pauses: bool = False
    redis_secret: str | None = None
    providers_secret: str | None = None
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    key_pepper: str | None = field(default=None, repr=False)
    key_pepper_secret: str | None = None
    cognito: CognitoSettings | None = None
    aws_endpoint_url: str | None = None
    redis_timeout_ms: int = 50
    audit_timeout_ms: int = 1_500
    memory_mb: int = 1024
    waits: WaitSettings = field(default_factory=WaitSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    log_percent: int = 100
    long_lived: bool = False
    datadog: bool = False
    traces: bool = False

    @classmethod
    def load(cls, kinds: SettingsByKind, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the process environment (or `environ`); `kinds` are those of the providers.

        Raises ConfigurationError with one sentence that names the setting.
        """
        env = _Environment(os.environ if environ is None else environ)
        stage = env.one_of("LLM_CP_STAGE", STAGES, default="local")
        local = stage == "local"
        database_url = env.optional("DATABASE_URL")
        aurora_secret_arn = env.optional("AURORA_SECRET_ARN")
        if not database_url and not aurora_secret_arn:
            raise ConfigurationError(
                "Set DATABASE_URL (a postgresql:// address) or AURORA_SECRET_ARN "
                "(the secret that holds it); neither is set."
            )
        key_pepper = env.optional("LLM_CP_KEY_PEPPER")
        if local and not key_pepper:
            raise ConfigurationError(
                "LLM_CP_KEY_PEPPER is not set: it keys the hash of every API key "
                "(any random string of 32 characters or more)."
            )
        return cls(
            stage=stage,
            region=env.optional("AWS_REGION") or "us-east-1",
            redis_url=env.url("REDIS_URL", ("redis", "rediss", "unix")),
            audit_queue_url=env.url("AUDIT_QUEUE_URL", ("http", "https")),
            audit_bucket=env.required("AUDIT_BUCKET"),
            database_url=database_url and env.url("DATABASE_URL", ("postgresql", "postgres")),
            aurora_secret_arn=aurora_secret_arn,
            aurora_host=env.optional("AURORA_HOST"),
            database_pauses=env.flag("LLM_CP_DATABASE_PAUSES"),
            redis_secret=None if local else f"/llm-cp/{stage}/redis",
            providers_secret=None if local else f"/llm-cp/{stage}/providers",
            providers=provider_settings(env.values, kinds, local=local),
            key_pepper=key_pepper,
            key_pepper_secret=None if local else f"/llm-cp/{stage}/key-pepper",
            cognito=_cognito(env),
            aws_endpoint_url=env.optional("AWS_ENDPOINT_URL"),
            redis_timeout_ms=env.integer("LLM_CP_REDIS_TIMEOUT_MS", 50, low=1, high=10_000),
            audit_timeout_ms=env.integer("LLM_CP_AUDIT_TIMEOUT_MS", 1_500, low=50, high=20_000),
            memory_mb=env.integer(
                "LLM_CP_MEMORY_MB",
                env.integer("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 1024, low=128, high=32_768),
                low=256,
                high=1_048_576,
            ),
            waits=_waits(env),
            notify=NotifySettings(
                env.optional("LLM_CP_WARNING_TOPIC_ARN"), env.flag("LLM_CP_WEBHOOKS_PRIVATE")
            ),
            log_percent=env.integer("LLM_CP_LOG_PERCENT", 100, low=0, high=100),
            long_lived=env.flag("LLM_CP_LONG_LIVED"),
            datadog=any(map(env.optional, ("DD_API_KEY", "DD_API_KEY_SECRET_ARN"))),
            traces=env.optional("OTEL_EXPORTER_OTLP_ENDPOINT") is not None,
        )


@dataclass(frozen=True, slots=True)
class CliSettings:
    """What the command line needs: where the gateway listens, with which token; whether colours
    are wanted (https://no-color.org)."""

    url: str | None
    token: str | None = field(repr=False)
    colours: bool = True


def cli_settings(environ: Mapping[str, str] | None = None) -> CliSettings:
    """Read the process environment (or `environ`); None for what is not set."""
    env = _Environment(os.environ if environ is None else environ)
    colours = not env.values.get("NO_COLOR") and env.values.get("TERM") != "dumb"
    return CliSettings(env.optional("LLM_CP_URL"), env.optional("LLM_CP_ADMIN_TOKEN"), colours)


class _Environment:
    """Typed reads; every complaint names its variable and never shows its value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def optional(self, name: str) -> str | None:
        return self.values.get(name, "").strip() or None

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise ConfigurationError(f"{name} is not set.")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...], *, default: str) -> str:
        value = self.optional(name) or default
        if value not in allowed:
            raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}.")
        return value

    def flag(self, name: str) -> bool:
        return self.one_of(name, ("0", "1"), default="0") == "1"

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        text = self.optional(name) or str(default)
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ConfigurationError(f"{name} must be a whole number from {low} to {high}.")
        return int(text)

    def url(self, name: str, schemes: tuple[str, ...]) -> str:
        value = self.required(name)
        if urlsplit(value).scheme.split("+")[0] not in schemes:
            raise ConfigurationError(f"{name} must be an address that starts with {schemes[0]}://.")
        return value


def _waits(env: _Environment) -> WaitSettings:
    return WaitSettings(
        collected=env.integer("LLM_CP_COLLECTED_SECONDS", 27, low=2, high=900),
        whole_answer=env.integer("LLM_CP_WHOLE_ANSWER_SECONDS", 900, low=2, high=900),
        heartbeat=env.integer("LLM_CP_HEARTBEAT_SECONDS", 15, low=1, high=60),
    )


def _cognito(env: _Environment) -> CognitoSettings | None:
    pool = env.optional("COGNITO_USER_POOL_ID")
    if not pool:
        return None
    region = env.optional("AWS_REGION") or "us-east-1"
    issuer = env.optional("COGNITO_ISSUER") or f"https://cognito-idp.{region}.amazonaws.com/{pool}"
    return CognitoSettings(
        issuer=issuer,
        jwks_url=env.optional("COGNITO_JWKS_URL") or f"{issuer}/.well-known/jwks.json",
        client_ids=frozenset(
            part.strip() for part in env.required("COGNITO_CLIENT_IDS").split(",") if part.strip()
        ),
    )
