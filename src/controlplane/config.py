"""Settings: the only reader of the environment. `docs/SETUP_GUIDE.md` lists them all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from controlplane.errors import ConfigurationError

STAGES = ("local", "sandbox", "demo", "prod")
PROVIDER_KINDS = ("openai", "azure", "anthropic")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PROVIDER_NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,31}\Z")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider: which wire format it speaks, where, and with which key."""

    name: str
    kind: str
    base_url: str
    api_key: str = field(repr=False)
    api_version: str | None = None


@dataclass(frozen=True, slots=True)
class CognitoSettings:
    """Whose tokens are accepted. `jwks_url` follows from the issuer unless it is set."""

    issuer: str
    jwks_url: str
    client_ids: frozenset[str]


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
    long_lived: bool = False
    datadog: bool = False
    traces: bool = False

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the process environment (or `environ`).

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
            providers=provider_settings(env.values, local=local),
            key_pepper=key_pepper,
            key_pepper_secret=None if local else f"/llm-cp/{stage}/key-pepper",
            cognito=_cognito(env),
            aws_endpoint_url=env.optional("AWS_ENDPOINT_URL"),
            redis_timeout_ms=env.integer("LLM_CP_REDIS_TIMEOUT_MS", 50, low=1, high=10_000),
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


def provider_settings(values: Mapping[str, str], *, local: bool) -> dict[str, ProviderSettings]:
    """The providers that `values` (the environment, or the providers secret) configures.

    Raises ConfigurationError for one that is half configured or has an address that is not https
    (loopback is allowed in the local stage).
    """
    found: dict[str, ProviderSettings] = {}
    if key := values.get("OPENAI_API_KEY"):
        found["openai"] = ProviderSettings(
            "openai", "openai", values.get("LLM_CP_OPENAI_URL") or "https://api.openai.com/v1", key
        )
    if key := values.get("ANTHROPIC_API_KEY"):
        found["anthropic"] = ProviderSettings(
            "anthropic",
            "anthropic",
            values.get("LLM_CP_ANTHROPIC_URL") or "https://api.anthropic.com",
            key,
        )
    if key := values.get("AZURE_OPENAI_API_KEY"):
        url = values.get("LLM_CP_AZURE_URL") or values.get("AZURE_OPENAI_ENDPOINT")
        if not url:
            raise ConfigurationError(
                "AZURE_OPENAI_ENDPOINT is not set, and AZURE_OPENAI_API_KEY is: "
                "set both (https://<resource>.openai.azure.com)."
            )
        version = values.get("AZURE_OPENAI_API_VERSION") or "2024-10-21"
        found["azure"] = ProviderSettings("azure", "azure", url, key, version)
    found |= _named_providers(values.get("LLM_CP_PROVIDERS") or "{}")
    for provider in found.values():
        _check_address(provider, local=local)
    return found


def _named_providers(text: str) -> dict[str, ProviderSettings]:
    try:
        rows = json.loads(text)
        return {name: _named_provider(name, row) for name, row in rows.items()}
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(
            'LLM_CP_PROVIDERS must be JSON such as {"vllm": {"kind": "openai", '
            '"base_url": "https://host/v1", "api_key": "..."}}.'
        ) from None


def _named_provider(name: str, row: Mapping[str, Any]) -> ProviderSettings:
    if not _PROVIDER_NAME.match(name) or row.get("kind") not in PROVIDER_KINDS:
        raise ConfigurationError(
            f"LLM_CP_PROVIDERS: '{name}' needs a name of a-z, 0-9, - and _, "
            f"and a kind of {', '.join(PROVIDER_KINDS)}."
        )
    for key in ("base_url", "api_key"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise ConfigurationError(f"LLM_CP_PROVIDERS: '{name}' has no {key}.")
    return ProviderSettings(
        name, row["kind"], row["base_url"], row["api_key"], row.get("api_version")
    )


def _check_address(provider: ProviderSettings, *, local: bool) -> None:
    parts = urlsplit(provider.base_url)
    if parts.scheme == "https" and parts.hostname:
        return
    if local and parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    raise ConfigurationError(
        f"The address of provider '{provider.name}' must start with https:// "
        "(http:// only for this machine, in the local stage)."
    )
