"""The providers that the environment, or the providers secret, configures.

Which kinds there are, and the settings of each, stands in `providers/registry.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from controlplane.config.addresses import check_address
from controlplane.config.kinds import ProviderSettings, ProviderVariable, SettingsByKind
from controlplane.config.provider_rows import provider_of_row
from controlplane.errors import ConfigurationError


def provider_settings(
    values: Mapping[str, str], kinds: SettingsByKind, *, local: bool
) -> dict[str, ProviderSettings]:
    """The providers that `values` (the environment, or the providers secret) configures.

    Raises ConfigurationError for one that is half configured or has an address that is not allowed.
    """
    found: dict[str, ProviderSettings] = {}
    for kind, settings in kinds.items():
        variables = settings.variables
        if any(variable.sets == "api_key" and values.get(variable.name) for variable in variables):
            found[kind] = _provider_of_kind(kind, variables, values)
            check_address(kind, found[kind].base_url, local=local, allow_http=False)
    if text := values.get("LLM_CP_PROVIDERS"):
        for name, row in _rows(text).items():
            provider, allow_http = provider_of_row(name, row, kinds)
            check_address(name, provider.base_url, local=local, allow_http=allow_http)
            found[name] = provider
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


def _rows(text: str) -> dict[str, object]:
    try:
        rows = json.loads(text)
    except ValueError:
        rows = None
    if not isinstance(rows, dict):
        raise ConfigurationError(
            'LLM_CP_PROVIDERS must be JSON such as {"vllm": {"kind": "openai", '
            '"base_url": "https://host/v1", "api_key": "..."}}.'
        )
    return rows
