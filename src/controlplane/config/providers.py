"""The providers that the environment, or the providers secret, configures.

Which kinds there are, and the variables of each, stands in `providers/registry.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from controlplane.errors import ConfigurationError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PROVIDER_NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,31}\Z")


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider: of which kind it is, where, and with which key."""

    name: str
    kind: str
    base_url: str
    api_key: str = field(repr=False)
    api_version: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderVariable:
    """A variable that sets one of the ProviderSettings. Of several that set the same, the first
    that has a value counts. Where one that is `required` is missing, the error shows `example`."""

    name: str
    sets: Literal["base_url", "api_key", "api_version"]
    default: str | None = None
    required: bool = False
    example: str = ""


# For each kind its variables. It is configured where the one that sets `api_key` has a value.
VariablesByKind = Mapping[str, Sequence[ProviderVariable]]


def provider_settings(
    values: Mapping[str, str], kinds: VariablesByKind, *, local: bool
) -> dict[str, ProviderSettings]:
    """The providers that `values` (the environment, or the providers secret) configures.

    Raises ConfigurationError for one that is half configured or has an address that is not https
    (loopback is allowed in the local stage).
    """
    found: dict[str, ProviderSettings] = {}
    for kind, variables in kinds.items():
        if any(variable.sets == "api_key" and values.get(variable.name) for variable in variables):
            found[kind] = _provider_of_kind(kind, variables, values)
    found |= _named_providers(values.get("LLM_CP_PROVIDERS") or "{}", kinds)
    for provider in found.values():
        _check_address(provider, local=local)
    return found


def _provider_of_kind(
    kind: str, variables: Sequence[ProviderVariable], values: Mapping[str, str]
) -> ProviderSettings:
    found = {variable.sets: variable.default for variable in variables if variable.default}
    for variable in reversed(variables):
        if value := values.get(variable.name):
            found[variable.sets] = value
    for variable in variables:
        if variable.required and variable.sets not in found:
            key = next(each.name for each in variables if each.sets == "api_key")
            raise ConfigurationError(
                f"{variable.name} is not set, and {key} is: set both ({variable.example})."
            )
    return ProviderSettings(
        kind, kind, found["base_url"], found["api_key"], found.get("api_version")
    )


def _named_providers(text: str, kinds: VariablesByKind) -> dict[str, ProviderSettings]:
    try:
        rows = json.loads(text)
        return {name: _named_provider(name, row, kinds) for name, row in rows.items()}
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(
            'LLM_CP_PROVIDERS must be JSON such as {"vllm": {"kind": "openai", '
            '"base_url": "https://host/v1", "api_key": "..."}}.'
        ) from None


def _named_provider(name: str, row: Mapping[str, Any], kinds: VariablesByKind) -> ProviderSettings:
    if not _PROVIDER_NAME.match(name) or row.get("kind") not in tuple(kinds):
        raise ConfigurationError(
            f"LLM_CP_PROVIDERS: '{name}' needs a name of a-z, 0-9, - and _, "
            f"and a kind of {', '.join(kinds)}."
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
