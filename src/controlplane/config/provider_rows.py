"""The rows of LLM_CP_PROVIDERS: each fault is one sentence that names the row and the setting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlplane.config.addresses import is_host_of
from controlplane.config.kinds import (
    KindSettings,
    MaxTokensField,
    ProviderSettings,
    SettingsByKind,
)
from controlplane.errors import ConfigurationError

_NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,31}\Z")
_OF_EVERY_KIND = ("kind", "base_url", "api_key", "api_version", "allow_http", "prices")
# The makers and clouds whose price lists are known, as `genai-prices` names them.
PRICE_LISTS = (
    *("anthropic", "aws", "azure", "baseten", "cerebras", "cloudflare", "cohere", "databricks"),
    *("deepseek", "fireworks", "google", "groq", "minimax", "mistral", "moonshotai", "novita"),
    *("openai", "openrouter", "ovhcloud", "perplexity", "together", "voyageai", "x-ai", "zai"),
)
# Without these there is no request.
_NEEDED = frozenset({"model", "messages", "input", "stream"})


def provider_of_row(name: str, row: object, kinds: SettingsByKind) -> tuple[ProviderSettings, bool]:
    """The provider, and whether its address may be http. Raises ConfigurationError."""
    kind = row.get("kind") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not _NAME.match(name) or kind not in tuple(kinds):
        raise ConfigurationError(
            f"LLM_CP_PROVIDERS: '{name}' needs a name of a-z, 0-9, - and _, "
            f"and a kind of {', '.join(kinds)}."
        )
    settings = kinds[kind]
    _check_names(name, row, settings)
    base_url = row.get("base_url")
    if not isinstance(base_url, str) or not base_url:
        raise _fault(name, "has no base_url")
    provider = ProviderSettings(
        name,
        kind,
        base_url,
        _api_key(name, row),
        row.get("api_version"),
        _max_tokens_field(name, row, base_url, settings),
        _flag(name, row, "stream_options", default=True),
        _unsupported_params(name, row),
        _protocols(name, row, base_url, settings),
        _prices(name, row),
    )
    return provider, _flag(name, row, "allow_http", default=False)


def _check_names(name: str, row: Mapping[str, Any], settings: KindSettings) -> None:
    known = (*_OF_EVERY_KIND, *sorted(settings.row))
    for setting in row:
        if setting not in known:
            raise _fault(
                name, f"has a setting '{setting}', and this kind has {', '.join(known)} only"
            )


def _api_key(name: str, row: Mapping[str, Any]) -> str:
    if "api_key" not in row:
        return ""
    key = row["api_key"]
    if not isinstance(key, str) or not key:
        raise _fault(name, "has an empty api_key: leave it out where the server wants none")
    return key


def _max_tokens_field(
    name: str, row: Mapping[str, Any], base_url: str, settings: KindSettings
) -> MaxTokensField | None:
    match row.get("max_tokens_field"):
        case None:
            is_own = is_host_of(base_url, settings.own_hosts)
            return None if is_own else settings.max_tokens_elsewhere
        case "max_tokens":
            return "max_tokens"
        case "max_completion_tokens":
            return "max_completion_tokens"
    raise _fault(name, "has a max_tokens_field that is not max_tokens or max_completion_tokens")


def _flag(name: str, row: Mapping[str, Any], setting: str, *, default: bool) -> bool:
    value = row.get(setting, default)
    if not isinstance(value, bool):
        raise _fault(name, f"has '{setting}' that is not true or false")
    return value


def _unsupported_params(name: str, row: Mapping[str, Any]) -> frozenset[str]:
    value = row.get("unsupported_params", [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _fault(name, "has unsupported_params that are not an array of names")
    if needed := _NEEDED.intersection(value):
        raise _fault(name, f"has unsupported_params with '{min(needed)}', which every call needs")
    return frozenset(value)


def _protocols(
    name: str, row: Mapping[str, Any], base_url: str, settings: KindSettings
) -> tuple[str, ...]:
    if "protocols" not in row:
        is_own = is_host_of(base_url, settings.own_hosts)
        return () if is_own else settings.protocols_elsewhere
    value = row["protocols"]
    known = settings.protocols
    if not isinstance(value, list) or not value or any(each not in known for each in value):
        raise _fault(
            name, f"has protocols that are not an array of one or more of {', '.join(known)}"
        )
    return tuple(dict.fromkeys(value))


def _prices(name: str, row: Mapping[str, Any]) -> str | None:
    value = row.get("prices")
    if value is not None and value not in PRICE_LISTS:
        raise _fault(name, f"has prices that are not one of the lists {', '.join(PRICE_LISTS)}")
    return value


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"LLM_CP_PROVIDERS: '{name}' {what}.")
