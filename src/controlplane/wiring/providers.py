"""The configured providers: what a kind needs is imported when one of it is first called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from controlplane.config import ProviderSettings
from controlplane.providers.registry import KINDS

if TYPE_CHECKING:
    import httpx

    from controlplane.gateway.ports import Provider


def open_provider(settings: ProviderSettings, client: httpx.AsyncClient) -> Provider:
    """The provider of a row, made by the module that its kind names."""
    kind = KINDS[settings.kind]
    made: Provider = import_module(kind.module).provider(kind, settings, client)
    return made


class ConfiguredProviders(Mapping[str, "Provider"]):
    """Providers by name; each is made when it is first looked up."""

    def __init__(self, rows: Mapping[str, ProviderSettings], client: httpx.AsyncClient) -> None:
        self._rows = rows
        self._client = client
        self._made: dict[str, Provider] = {}

    def __getitem__(self, name: str) -> Provider:
        if name not in self._made:
            self._made[name] = open_provider(self._rows[name], self._client)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
